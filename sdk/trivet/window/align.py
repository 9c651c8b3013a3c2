"""Where readings lie in time: one clock for all endpoints, and the frames that may hold each row.

Rules:
    1. Rows of one column that follow each other with the same source time, value and status
       are one sample: its first row brings it, the others confirm it.
    2. A sample lies at its source time, less the clock offset of its endpoint where that is more
       than ``tolerance``. It lies where it was received when this is more than ``max_age`` before
       or ``tolerance`` after that, when the value changed and the source time did not, and when it
       ends a stretch of Bad rows that would else lie after it (a link is back and shows an old value).
    3. The offset of an endpoint is estimated as ``ClockOffset`` says.
    4. A row is known to the frame at t when it lies at or before t and was received by t + settle.
       Nothing here depends on how the rows were cut into pieces.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trivet.signals import Codes, Floats, Ints, Quality, Readings
from trivet.window import reason as why
from trivet.window.offset import BOUND, NEVER, ClockOffset
from trivet.window.reason import Bytes

Shorts = NDArray[np.int16]
Flags = NDArray[np.bool_]

BAD = np.uint32(Quality.BAD << 30)


class Rows(NamedTuple):
    """Aligned rows, columnar; every array is ``(rows,)``.

    Attributes:
        column: Number of the column.
        first: Number of the first frame that knows the row.
        own: Number of the frame in which the row lies.
        time: Where it lies [ns].
        receive: When it was received [ns].
        values: NaN where the row brings no usable value.
        status: StatusCode.
        reason: reason code of a value that is not usable, else 0.
        fresh: Whether the row brings a sample, and does not merely confirm one.
    """

    column: Shorts
    first: Ints
    own: Ints
    time: Ints
    receive: Ints
    values: Floats
    status: Codes
    reason: Bytes
    fresh: Flags

    def pick(self, which: Flags | NDArray[np.intp]) -> Rows:
        """Some of the rows."""
        return Rows._make(array[which] for array in self)


def join(parts: Sequence[Rows]) -> Rows:
    """Rows one after another."""
    return parts[0] if len(parts) == 1 else Rows._make(map(np.concatenate, zip(*parts, strict=True)))


class Aligner:
    """Aligns the readings of one device; remembers the last sample of each column."""

    def __init__(self, names: Sequence[str], frame: int, settle: int, max_age: Ints, tolerance: int) -> None:
        self._numbers = {name: number for number, name in enumerate(names)}
        self._frame = frame
        self._settle = settle
        self._max_age = max_age
        self._tolerance = tolerance
        self._translations: dict[tuple[str, ...], Shorts] = {}
        self._clocks: dict[str, ClockOffset] = {}
        self._sources = np.full(len(names), NEVER, np.int64)
        self._bits = np.zeros(len(names), np.int64)
        self._status = np.zeros(len(names), np.uint32)
        self._times = np.full(len(names), NEVER, np.int64)
        self._bad = np.zeros(len(names), np.bool_)

    @property
    def offsets(self) -> Mapping[str, float]:
        """Clock offset of each endpoint [s], above zero when its clock is ahead of ours."""
        found = {origin: clock.seconds for origin, clock in self._clocks.items()}
        return {origin: seconds for origin, seconds in found.items() if seconds is not None}

    def numbers(self, readings: Readings) -> Shorts:
        """The column number of each row, -1 for names that are not framed."""
        table = self._translations.get(readings.names)
        if table is None:
            table = np.array([self._numbers.get(name, -1) for name in readings.names], np.int16)
            self._translations[readings.names] = table
        numbers: Shorts = table[readings.column]
        return numbers

    def align(self, column: Shorts, readings: Readings) -> Rows:
        """Aligned rows, sorted by column and otherwise in the order received.

        Args:
            column: Column numbers as from ``numbers``; all readings of an endpoint must pass in order.
            readings: Rows of one endpoint.
        """
        order = np.argsort(column, kind="stable")
        order = order[np.searchsorted(column[order], 0) :]
        column, status = column[order], readings.status[order]
        source, receive = readings.source[order], readings.receive[order]
        values = readings.values[order]
        reason = _usable(values, status, readings.reasons, order)
        bad = reason == why.BAD
        before = _Before(column)
        moved = before.changed(source, self._sources)
        fresh = moved | before.changed(values.view(np.int64), self._bits) | before.changed(status, self._status)
        ahead = source - receive
        counts = fresh & ~bad & (np.abs(ahead) <= BOUND)
        clock = self._clocks.setdefault(readings.origin, ClockOffset(self._tolerance))
        offset = clock.at(readings.receive, order, np.where(counts, ahead, NEVER)) if len(order) else 0
        time = self._place(before, source - offset, receive, fresh, moved)
        time = self._recover(before, time, receive, fresh, bad)
        own = -(-time // self._frame)
        first = np.maximum(own, -((self._settle - receive) // self._frame))
        values[reason != why.KNOWN] = np.nan
        return Rows(column, first, own, time, receive, values, status, reason, fresh)

    def _place(self, before: _Before, time: Ints, receive: Ints, fresh: Flags, moved: Flags) -> Ints:
        """Where each row lies; rows that confirm lie with the row that brought the sample."""
        near = (time >= receive - self._max_age[before.column]) & (time <= receive + self._tolerance)
        time = np.where(moved & near, time, receive)
        if not fresh.all():
            carried = before.heads[~fresh[before.heads]]
            time[carried] = self._times[before.column[carried]]
            time = before.carry(time, fresh)
        return time

    def _recover(self, before: _Before, time: Ints, receive: Ints, fresh: Flags, bad: Flags) -> Ints:
        """Moves samples that follow a Bad row to where they were received, if they would lie before it."""
        ends = fresh & ~bad & before.shift(bad, self._bad)
        if ends.any():
            fixed = before.shift(time, self._times)
            back = ends & (time <= fixed)
            time = before.carry(np.where(back, np.maximum(receive, fixed), time), fresh)
        self._bad[before.owner], self._times[before.owner] = bad[before.tails], time[before.tails]
        return time


class _Before:
    """The row before each row in the same column, for rows that are sorted by column.

    Attributes:
        column: Column number of each row.
        heads: First row of each column.
        tails: Last row of each column.
        owner: Column of each head.
    """

    def __init__(self, column: Shorts) -> None:
        self.column = column
        head = np.ones(len(column), np.bool_)
        np.not_equal(column[1:], column[:-1], out=head[1:])
        self._head = head
        self.heads = np.flatnonzero(head)
        self.tails = np.append(self.heads[1:], len(column)) - 1 if len(column) else self.heads
        self.owner = column[self.heads]

    def shift(self, array: NDArray[Any], known: NDArray[Any]) -> NDArray[Any]:
        """The element of the row before; ``known`` by column stands before the heads."""
        shifted = np.empty_like(array)
        shifted[1:] = array[:-1]
        shifted[self.heads] = known[self.owner]
        return shifted

    def changed(self, array: NDArray[Any], known: NDArray[Any]) -> Flags:
        """Whether each row differs from the row before; ``known`` is moved on to the last rows."""
        differs: Flags = array != self.shift(array, known)
        known[self.owner] = array[self.tails]
        return differs

    def carry(self, array: NDArray[Any], fresh: Flags) -> NDArray[Any]:
        """Every row that is not fresh takes over what the last fresh row, or the head, has."""
        carried: NDArray[Any] = array[np.maximum.accumulate(np.where(self._head | fresh, np.arange(len(array)), 0))]
        return carried


def _usable(values: Floats, status: Codes, reasons: Mapping[int, str], order: NDArray[np.intp]) -> Bytes:
    """Why each row has no usable value; a Good row without a finite number counts as Bad."""
    bad = (status >= BAD) | ~np.isfinite(values)
    reason: Bytes = np.where(bad, np.uint8(why.BAD), np.uint8(why.KNOWN))
    strange = [row for row, word in reasons.items() if word == "unknown_state"]
    if strange:
        reason[np.isin(order, strange) & (status < BAD)] = why.UNKNOWN_STATE
    return reason
