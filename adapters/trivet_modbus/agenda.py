"""What to ask a unit next, given what it has answered so far; pure.

A point may be read only while others have certain codes, as often as another counts, in the way
that a setting selects, or times a power of ten that another holds. These others *decide*. Rules:

1. In one poll, what decides is asked first, in the same request as the rest where it lies beside it.
2. A point waits for a decider that is due itself when that was never read, or said last that the
   point does not apply.
3. When an answer changes a decider, what the same answer said under the old value is dropped and
   asked again at once; the rest of the poll is planned anew.
4. A point that does not apply now is not asked for; a row says so. One whose decider has no value
   is not guessed.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from trivet.signals import Floats, Ints, Readings, Status
from trivet_modbus.address import Table
from trivet_modbus.codec import Decoder, compile_decoder
from trivet_modbus.cost import Cost
from trivet_modbus.layout import Map
from trivet_modbus.plan import Block, blocks
from trivet_modbus.points import ModbusPoint
from trivet_modbus.settings import CLASSES

MOST_EXPONENT = 10
MOST_PLANS = 256
NOT_APPLICABLE = "not_applicable"
UNDECIDED = "undecided"
CAUSES: Mapping[str, Status] = {NOT_APPLICABLE: Status.BAD_OUT_OF_SERVICE, UNDECIDED: Status.BAD_NO_DATA}


@dataclass(frozen=True, slots=True)
class Idle:
    """Points that are not asked for now.

    Attributes:
        names: The vocabulary of the readings it makes.
        reasons: Index of each point's name to why it is not.
    """

    names: tuple[str, ...]
    reasons: Mapping[int, str]

    def readings(self, now: int, origin: str) -> Readings:
        """A row without a number for each of them."""
        column: Ints = np.array(list(self.reasons), np.int64)
        status = np.array([CAUSES[reason] for reason in self.reasons.values()], np.uint32)
        times = np.full(len(column), now, np.int64)
        reasons = dict(enumerate(self.reasons.values()))
        return Readings(self.names, column, np.full(len(column), np.nan), status, times, times, origin, reasons)


@dataclass(frozen=True, slots=True)
class _Stage:
    """Requests that may follow each other, and the points that are left out."""

    decoders: tuple[Decoder, ...]
    idle: Idle | None
    settled: frozenset[int]


class Agenda:
    """What one unit is asked, in which order.

    Attributes:
        names: The vocabulary of all readings.
    """

    def __init__(self, points: Iterable[ModbusPoint], layout: Map, cost: Cost) -> None:
        self._points = tuple(one for one in points if one.type != "string")
        self._place = {one.name: index for index, one in enumerate(self._points)}
        self.names = tuple(one.name for one in self._points if not one.severity)
        self._layout, self._cost = layout, cost
        self._deciders = frozenset(name for one in self._points for name in one.deciders())
        factors = {one.scale_register for one in self._points} | {
            case.scale_register for one in self._points for _, case in one.cases
        }
        gates = {name for one in self._points for name in one.deciders() if _gates(one, name)}
        self._gates = tuple(sorted(gates))
        self._factors = frozenset(name for name in factors if name)
        self._known: dict[str, float] = {}
        self._version = self._asked = 0
        self._dropped: set[int] = set()
        self._plans: dict[object, _Stage] = {}

    @property
    def classes(self) -> tuple[str, ...]:
        """Poll classes that have points, the slowest first."""
        polled = {one.poll for one in self._points}
        return tuple(name for name in reversed(CLASSES) if name in polled)

    def ask(self, due: Collection[str]) -> Iterator[Decoder | Idle]:
        """The requests of one poll; look at each answer (``judged``, ``refused``) before taking the next.

        Args:
            due: Poll classes whose turn it is.
        """
        remaining = tuple(index for index, one in enumerate(self._points) if one.poll in due)
        while remaining:
            stage = self._stage(remaining)
            if stage.idle is not None:
                yield stage.idle
            done = set(stage.settled)
            for decoder in stage.decoders:
                self._asked, self._dropped = self._version, set()
                yield decoder
                done |= {self._place[one.name] for one in decoder.points} - self._dropped
                if self._version != self._asked:
                    break
            remaining = tuple(index for index in remaining if index not in done)

    def judged(self, decoder: Decoder, readings: Readings, states: Floats) -> tuple[Readings, Floats]:
        """An answer with scale factors applied and without what it said under a setting that it changes itself.

        States of conditions that it says nothing about are NaN.
        """
        for row, name in decoder.deciding:
            rows = decoder.readings
            self.learn(name, float(readings.values[row] if row < rows else states[row - rows]))
        if decoder.scaled:
            readings = self._factored(decoder, readings)
        # a request may be answered in parts, of which one changes how the others are meant
        return (readings, states) if self._version == self._asked else self._kept(decoder, readings, states)

    def refused(self, decoder: Decoder) -> None:
        """What was not answered decides nothing any more."""
        for _, name in decoder.deciding:
            self.learn(name, math.nan)

    def forget(self) -> None:
        """After a lost link another controller, or another setting, may be at its end."""
        self._known.clear()
        self._version += 1

    def widest(self) -> Mapping[str, float]:
        """Values of the deciders for which the most is asked: conditions hold, all that recur are there."""
        known = dict.fromkeys(self._deciders, 0.0)
        for one in self._points:
            if one.count:
                known[one.count] = max(known[one.count], float(one.number))
            known.update(one.when)
        return known

    def learn(self, name: str, value: float) -> None:
        """Takes note of a decider's value; NaN when it has none."""
        before = self._known.get(name)
        same = before is not None and (before == value or (math.isnan(before) and math.isnan(value)))
        if not same:
            self._known[name] = value
            self._version += name in self._gates

    def within(self, table: Table, address: int, count: int) -> Decoder:
        """What an answer to some request means as far as the deciders are known now."""
        resolved = (self._resolved(one)[0] for one in self._points)
        inside = [
            one
            for one in resolved
            if one and one.table is table and address <= one.address and one.end <= address + count
        ]
        return compile_decoder(Block(table, address, count, tuple(inside)), self.names, self._deciders)

    def decoders(self, known: Mapping[str, float]) -> Mapping[str, tuple[Decoder, ...]]:
        """Poll class to its requests while the deciders have some values, without asking; classes without are left out.

        Args:
            known: Decider to its value; one that is not named has no value.
        """
        planner = Agenda(self._points, self._layout, self._cost)
        planner._known = {name: known.get(name, math.nan) for name in self._deciders}
        made = {}
        for name in self.classes:
            stage = planner._stage(tuple(index for index, one in enumerate(self._points) if one.poll == name))
            if stage.decoders:
                made[name] = stage.decoders
        return made

    def _stage(self, remaining: tuple[int, ...]) -> _Stage:
        known = tuple(_hashable(self._known.get(name)) for name in self._gates)
        key = (remaining, known, tuple(name in self._known for name in self._factors))
        stage = self._plans.get(key)
        if stage is None:
            if len(self._plans) >= MOST_PLANS:
                self._plans.clear()
            stage = self._plans[key] = self._planned(remaining)
        return stage

    def _planned(self, remaining: tuple[int, ...]) -> _Stage:
        pending = {self._points[index].name for index in remaining}
        asked: list[ModbusPoint] = []
        reasons: dict[int, str] = {}
        settled: set[int] = set()
        for index in remaining:
            one = self._points[index]
            due = [name for name in one.deciders() if name in pending]
            if any(name not in self._known for name in due):
                continue
            version, reason = self._resolved(one)
            if version is not None:
                asked.append(version)
                continue
            if due:  # what is known is from the poll before
                continue
            settled.add(index)
            if not one.severity:
                reasons[self.names.index(one.name)] = reason
        decoders = tuple(self._compiled(asked))
        return _Stage(decoders, Idle(self.names, reasons) if reasons else None, frozenset(settled))

    def _compiled(self, asked: list[ModbusPoint]) -> list[Decoder]:
        """Requests with deciders first, then class by class, the slowest first."""
        planned = (
            block
            for name in reversed(CLASSES)
            for block in blocks((one for one in asked if one.poll == name), self._layout, self._cost)
        )
        made = [compile_decoder(block, self.names, self._deciders) for block in planned]
        return sorted(made, key=lambda decoder: not decoder.deciding)

    def _resolved(self, one: ModbusPoint) -> tuple[ModbusPoint | None, str]:
        """The point as it is to be read now, or None and why not."""
        for name, code in one.when:
            value = self._known.get(name, math.nan)
            if math.isnan(value):
                return None, UNDECIDED
            if value != code:
                return None, NOT_APPLICABLE
        if one.count is not None and not one.number <= self._known.get(one.count, math.nan):
            return None, UNDECIDED if math.isnan(self._known.get(one.count, math.nan)) else NOT_APPLICABLE
        if one.selector is None:
            return one, ""
        value = self._known.get(one.selector, math.nan)
        return (None, UNDECIDED) if math.isnan(value) else (dict(one.cases).get(value, one), "")

    def _kept(self, decoder: Decoder, readings: Readings, states: Floats) -> tuple[Readings, Floats]:
        """The rows that are still read as they were when the request was made."""
        kept = [self._resolved(self._points[self._place[one.name]])[0] == one for one in decoder.points]
        self._dropped |= {self._place[one.name] for one, keep in zip(decoder.points, kept, strict=True) if not keep}
        rows = [row for row in range(decoder.readings) if kept[row]]
        reasons = {new: readings.reasons[row] for new, row in enumerate(rows) if row in readings.reasons}
        states = np.where(np.array(kept[decoder.readings :], bool), states, np.nan)
        return replace(
            readings,
            column=readings.column[rows],
            values=readings.values[rows],
            status=readings.status[rows],
            source=readings.source[rows],
            receive=readings.receive[rows],
            reasons=reasons,
        ), states

    def _factored(self, decoder: Decoder, readings: Readings) -> Readings:
        """Readings multiplied by the powers of ten that other registers hold; Bad where one is not known."""
        values, status, reasons = readings.values.copy(), readings.status.copy(), dict(readings.reasons)
        for row, name in decoder.scaled:
            exponent = self._known.get(name, math.nan)
            if exponent == round(exponent if math.isfinite(exponent) else 0.5) and abs(exponent) <= MOST_EXPONENT:
                values[row] *= 10.0**exponent
            elif row not in reasons:
                values[row], status[row], reasons[row] = np.nan, Status.BAD_CONFIGURATION_ERROR, "no_scale_factor"
        return replace(readings, values=values, status=status, reasons=reasons)


def _gates(one: ModbusPoint, name: str) -> bool:
    """Whether a decider changes which request is made, rather than a factor."""
    return name in (one.count, one.selector) or any(name == other for other, _ in one.when)


def _hashable(value: float | None) -> float | str:
    """A decider's value for a key: NaN is not equal to itself."""
    return "?" if value is None else "none" if math.isnan(value) else value
