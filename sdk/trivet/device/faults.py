"""What readings say about the sensors themselves; nothing here depends on how readings are chunked.

============== ==========================================================================
kind           holds while
============== ==========================================================================
open, short    a temperature is above, or below, what is physically possible; so reads a
               broken or shorted resistance thermometer or thermocouple, an NTC conversely
out_of_range   another quantity is outside what is physically possible
failed         the controller itself says that the sensor failed
frozen         the value has not changed for the signal's ``frozen_after``
rate           for a minute after a change faster than the signal's ``max_rate``
contradicting  a total has differed from the sum of its parts for half a minute
============== ==========================================================================

Of several at one column the first in this order is its fault. Rows that are Bad for
want of a connection say nothing about a sensor.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trivet import units
from trivet.errors import DocumentError
from trivet.interface.columns import codes, columns
from trivet.interface.document import FrozenAfter, Interface, Signal
from trivet.signals import SECOND, Floats, Ints, Readings, Status

Flags = NDArray[np.bool_]

KINDS = ("", "open", "short", "out_of_range", "failed", "frozen", "rate", "contradicting")
IMPOSSIBLE, FROZEN, RATE, CONTRADICTING = range(4)
RATE_HOLD = 60 * SECOND
CONTRADICTION_HOLD = 30 * SECOND
SUMS: Mapping[str, tuple[str, ...]] = {"active_power": ("power_l1", "power_l2", "power_l3")}
SHARE, FLOOR = 0.2, 50.0
"""A total may differ from its parts by this share, and this much in its own unit, as meters do."""

CODE = np.uint32(0xFFFF_0000)
NEVER = np.iinfo(np.int64).min // 2


class SensorFault(NamedTuple):
    """A fault that a sensor has.

    Attributes:
        column: Interface column.
        kind: One of ``KINDS``.
        since: When it began [ns, UTC].
    """

    column: str
    kind: str
    since: int


class Change(NamedTuple):
    """A sensor's fault came, changed or went.

    Attributes:
        column: Interface column.
        fault: What it has now, or None.
        at: Receive time of the reading that showed it [ns, UTC].
    """

    column: str
    fault: SensorFault | None
    at: int


class SensorWatch:
    """The sensor faults of one device, kept up to date by its bound readings.

    Attributes:
        faults: Column to the fault that its sensor has now.
    """

    def __init__(self, interface: Interface, fitted: Collection[str]) -> None:
        signals = columns(interface)
        self._names = tuple(signals)
        watched = [name in fitted and signal.role != "label" for name, signal in signals.items()]
        self._watched = np.array(watched, np.bool_)
        self._low, self._high = np.array([signal.range for signal in signals.values()], np.float64).reshape(-1, 2).T
        self._temperature = np.array([_is_temperature(signal) for signal in signals.values()], np.bool_)
        self._impossible = np.zeros(len(signals), np.int64)
        self._rate = _Rate(list(signals.values()))
        place = {name: number for number, name in enumerate(signals)}
        self._frozen = {
            place[name]: _Frozen(signal.frozen_after, place, signals)
            for name, signal in signals.items()
            if signal.frozen_after and name in fitted
        }
        self._sums = {
            place[total]: _Sum([place[part] for part in parts])
            for total, parts in SUMS.items()
            if {total, *parts} <= set(fitted)
        }
        self._active: dict[tuple[int, int], SensorFault] = {}
        self.faults: dict[str, SensorFault] = {}

    def feed(self, readings: Readings) -> list[Change]:
        """Takes bound readings; gives what they changed, in the order received.

        Args:
            readings: As ``Binding.apply`` gives them: ``names`` are the interface's columns.
        """
        if not len(readings):
            return []
        column, quality = readings.column, readings.status >> 30
        unknown = [row for row, reason in readings.reasons.items() if reason == "unknown_state"]
        usable = (quality < 2) & ~np.isnan(readings.values) & self._watched[column]
        usable[unknown] = False
        events = self._range_events(readings, usable)
        rows = np.flatnonzero(usable)
        events += self._rate.feed(readings, rows)
        for number, frozen in self._frozen.items():
            events += frozen.feed(readings, rows[column[rows] == number], rows, number)
        for number, total in self._sums.items():
            events += total.feed(readings, rows[column[rows] == number], rows, number)
        return self._changes(readings, sorted(events)) if events else []

    def _range_events(self, readings: Readings, usable: Flags) -> list[_Event]:
        """Where impossible values, or what the controller says of its sensor, begin and end."""
        column, code = readings.column, readings.status & CODE
        failed = code == np.uint32(Status.BAD_SENSOR_FAILURE)
        beyond = code == np.uint32(Status.BAD_OUT_OF_RANGE)
        rows = np.flatnonzero(usable | ((failed | beyond) & self._watched[column]))
        at, value = column[rows], readings.values[rows]
        high, low = value > self._high[at], value < self._low[at]
        if not (high.any() or low.any() or readings.status.any() or self._impossible.any()):
            return []
        warm = self._temperature[at]
        kind = np.where(high & warm, 1, np.where(low & warm, 2, np.where(high | low | beyond[rows], 3, 0)))
        kind = np.where(failed[rows], 4, kind)
        times = readings.receive[rows]
        return [
            _Event(int(rows[i]), IMPOSSIBLE, int(at[i]), int(kind[i]), int(times[i]))
            for i in _turns(at, kind, self._impossible)
        ]

    def _changes(self, readings: Readings, events: list[_Event]) -> list[Change]:
        changes = []
        for event in events:
            name = self._names[event.column]
            if event.kind:
                self._active[event.column, event.rule] = SensorFault(name, KINDS[event.kind], event.since)
            else:
                self._active.pop((event.column, event.rule), None)
            held = [self._active.get((event.column, rule)) for rule in range(CONTRADICTING + 1)]
            now = next((fault for fault in held if fault), None)
            if now == self.faults.get(name):
                continue
            if now:
                self.faults[name] = now
            else:
                del self.faults[name]
            changes.append(Change(name, now, int(readings.receive[event.row])))
        return changes


class _Event(NamedTuple):
    """At a row, a rule's verdict on a column turned; kind 0 is none."""

    row: int
    rule: int
    column: int
    kind: int
    since: int


def _turns(column: Ints, verdict: Ints, carry: Ints) -> list[int]:
    """Rows at which a column's verdict differs from the one before; ``carry`` keeps the last of each column."""
    if not verdict.any() and not carry.any():
        return []
    order = np.argsort(column, kind="stable")
    at, now = column[order], verdict[order]
    first = np.ones(len(at), np.bool_)
    first[1:] = at[1:] != at[:-1]
    before = np.where(first, carry[at], np.roll(now, 1))
    last = np.roll(first, -1)
    carry[at[last]] = now[last]
    return sorted(order[now != before].tolist())


class _Rate:
    """Changes faster than a signal can."""

    def __init__(self, signals: list[Signal]) -> None:
        self._limit = np.array([np.inf if s.max_rate is None else s.max_rate for s in signals], np.float64)
        self._period = np.array([s.period for s in signals], np.float64)
        self._value = np.full(len(signals), np.nan)
        self._source = np.full(len(signals), NEVER, np.int64)
        self._last = np.full(len(signals), NEVER, np.int64)
        self._verdict = np.zeros(len(signals), np.int64)

    def feed(self, readings: Readings, rows: Ints) -> list[_Event]:
        """Where the verdict on a column turns."""
        rows = rows[np.isfinite(self._limit[readings.column[rows]])]
        if not len(rows):
            return []
        rows = rows[np.argsort(readings.column[rows], kind="stable")]
        at, value = readings.column[rows], readings.values[rows]
        source, receive = readings.source[rows], readings.receive[rows]
        first = np.ones(len(at), np.bool_)
        first[1:] = at[1:] != at[:-1]
        before = np.where(first, self._value[at], np.roll(value, 1))
        elapsed = (source - np.where(first, self._source[at], np.roll(source, 1))) / SECOND
        jumped = np.abs(value - before) > self._limit[at] * np.maximum(elapsed, self._period[at])
        place = np.maximum.accumulate(np.where(jumped | first, np.arange(len(at)), 0))
        since = np.where(jumped[place], receive[place], self._last[at])
        verdict = np.where(receive - since < RATE_HOLD, KINDS.index("rate"), 0)
        last = np.roll(first, -1)
        self._value[at[last]], self._source[at[last]], self._last[at[last]] = value[last], source[last], since[last]
        return [
            _Event(int(rows[i]), RATE, int(at[i]), int(verdict[i]), int(since[i]))
            for i in _turns(at, verdict, self._verdict)
        ]


class _Frozen:
    """One column that should move while a state holds."""

    def __init__(self, rule: FrozenAfter, place: Mapping[str, int], signals: Mapping[str, Signal]) -> None:
        self._hold = round(rule.seconds * SECOND)
        self._state = place[rule.signal] if rule.signal else None
        known = codes(signals[rule.signal]) if rule.signal else {}
        self._codes = np.array([known[state] for state in rule.states if state in known], np.float64)
        self._value = np.nan
        self._changed = NEVER
        self._in_state, self._state_since = self._state is None, NEVER
        self._verdict = np.zeros(1, np.int64)

    def feed(self, readings: Readings, own: Ints, rows: Ints, column: int) -> list[_Event]:
        """Where the verdict turns.

        Args:
            readings: Bound readings.
            own: Usable rows of the column.
            rows: Usable rows of any column.
            column: The column's number.
        """
        holds, state_since = self._state_at(readings, own, rows)
        if not len(own):
            return []
        value, receive = readings.values[own], readings.receive[own]
        before = np.concatenate([[self._value], value[:-1]])
        changed = np.maximum.accumulate(np.where(value != before, receive, self._changed))
        since = np.maximum(changed, state_since)
        verdict = np.where(holds & (receive - since >= self._hold), KINDS.index("frozen"), 0)
        self._value, self._changed = float(value[-1]), int(changed[-1])
        return [
            _Event(int(own[i]), FROZEN, column, int(verdict[i]), int(since[i]))
            for i in _turns(np.zeros(len(own), np.int64), verdict, self._verdict)
        ]

    def _state_at(self, readings: Readings, own: Ints, rows: Ints) -> tuple[Flags, Ints]:
        """At each own row, whether the state holds and since when."""
        state = rows[readings.column[rows] == self._state] if self._state is not None else rows[:0]
        inside = np.concatenate([[self._in_state], np.isin(readings.values[state], self._codes)])
        begins = inside & ~np.concatenate([[True], inside[:-1]])
        times = np.concatenate([[self._state_since], readings.receive[state]])
        since = np.maximum.accumulate(np.where(begins, times, self._state_since))
        at = np.searchsorted(state, own, "right")
        self._in_state, self._state_since = bool(inside[-1]), int(since[-1])
        return inside[at], since[at]


class _Sum:
    """A total that its parts should add up to."""

    def __init__(self, parts: list[int]) -> None:
        self._parts = parts
        self._held = [np.nan] * len(parts)
        self._agreed = NEVER
        self._verdict = np.zeros(1, np.int64)

    def feed(self, readings: Readings, own: Ints, rows: Ints, column: int) -> list[_Event]:
        """Where the verdict turns; arguments as ``_Frozen.feed``."""
        total: Floats = np.zeros(len(own))
        for number, part in enumerate(self._parts):
            at = rows[readings.column[rows] == part]
            values = np.concatenate([[self._held[number]], readings.values[at]])
            total += values[np.searchsorted(at, own, "right")]
            self._held[number] = float(values[-1])
        if not len(own):
            return []
        value, receive = readings.values[own], readings.receive[own]
        apart = np.abs(value - total) > SHARE * np.maximum(np.abs(value), np.abs(total)) + FLOOR
        start = int(receive[0]) if self._agreed == NEVER else self._agreed
        agreed = np.maximum.accumulate(np.where(apart, start, receive))
        verdict = np.where(apart & (receive - agreed >= CONTRADICTION_HOLD), KINDS.index("contradicting"), 0)
        self._agreed = int(agreed[-1])
        return [
            _Event(int(own[i]), CONTRADICTING, column, int(verdict[i]), int(agreed[i]))
            for i in _turns(np.zeros(len(own), np.int64), verdict, self._verdict)
        ]


def _is_temperature(signal: Signal) -> bool:
    try:
        return units.quantity(units.parse(signal.unit)) == "temperature"
    except DocumentError:
        return False
