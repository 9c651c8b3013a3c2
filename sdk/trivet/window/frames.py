"""Readings to frames: one row for each step of the grid, one column for each signal.

Rules (those about where a row lies in time are in ``align``):
    1. The grid is the integer multiples of the frame step since the epoch. It begins with the
       frame in which the first row was received. Frames never repeat and never go back.
    2. A frame closes at t + ``settle``. A sample that came too late for its own frame is counted,
       and is never inserted there; open frames still see it as the last known value.
    3. A cell holds the newest sample at or before t, while the last confirmation of it is not older
       than ``max_age``; then see ``resample``.
    4. A Bad sample holds until a newer good one; so does a code that the profile does not map.
    5. Frames strictly inside a gap are missing for the columns of its endpoint, once they had a sample.
    6. After ``SILENCE`` frames without any row there are no frames until a row comes.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trivet.interface.document import Signal
from trivet.signals import SECOND, Codes, Floats, Frame, Gap, Ints, Readings, Status
from trivet.window import reason as why
from trivet.window.align import Aligner, Flags, Rows, Shorts, join
from trivet.window.offset import NEVER
from trivet.window.reason import Bytes
from trivet.window.resample import Counters, Pool

BLOCK = 1 << 12
"""Most frames in one block; bounds the memory of one step."""

SILENCE = 1 << 16
"""Frames without any row after which a device has no frames; at least ``BLOCK``."""

LAST_KNOWN = np.uint32(Status.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE)
UNCERTAIN = np.uint32(Status.UNCERTAIN)

PIECE = 1 << 15
"""Longer readings are taken up in pieces of so many rows."""


@dataclass(frozen=True, slots=True)
class FrameBlock:
    """Closed frames, in order.

    Attributes:
        columns: Column names.
        times: Ends of the frames [ns, UTC], int64 ``(frames,)``.
        values: float64 ``(frames, columns)``; NaN is not known.
        reason: Why a cell is NaN, a code of ``reason`` as uint8 ``(frames, columns)``.
        status: StatusCode of the newest sample, uint32 ``(frames, columns)``; kept where the value is NaN.
    """

    columns: tuple[str, ...]
    times: Ints
    values: Floats
    reason: Bytes
    status: Codes

    def __len__(self) -> int:
        return len(self.times)

    def frame(self, row: int) -> Frame:
        """One frame."""
        return Frame(int(self.times[row]), self.values[row], self.status[row])


class Framer:
    """Frames of one device.

    All rows received by ``now`` must be fed before ``advance(now)``; a row that is fed after the
    frames it belongs to were closed counts as late.
    """

    def __init__(
        self,
        columns: Mapping[str, Signal],
        frame: float,
        settle: float,
        tolerance: float = 1.0,
    ) -> None:
        """Starts without a grid.

        Args:
            columns: Column name to its signal; names as in the readings to come.
            frame: Step of the grid [s].
            settle: How long a frame waits for late samples [s].
            tolerance: Largest clock offset [s] that is left alone.
        """
        self.columns = tuple(columns)
        signals = list(columns.values())
        self._frame, self._settle = round(frame * SECOND), round(settle * SECOND)
        self._max_age = np.array([round(s.max_age * SECOND) for s in signals], np.int64)
        self._aligner = Aligner(self.columns, self._frame, self._settle, self._max_age, round(tolerance * SECOND))
        self._pool, self._counters = Pool(signals), Counters(signals, frame)
        self._fed: deque[tuple[Shorts, Readings]] = deque()
        self._pending: list[tuple[int, int, Rows]] = []
        self._state = _nothing(len(signals))
        self._origins: dict[str, int] = {}
        self._origin = np.full(len(signals), -1)
        self._gaps: list[Gap] = []
        self._start: int | None = None
        self._next = self._heard = 0
        self._late = np.zeros(len(signals), np.int64)

    @property
    def start(self) -> int | None:
        """End of the first frame [ns, UTC], or None before the first row."""
        return None if self._start is None else self._start * self._frame

    @property
    def late(self) -> Mapping[str, int]:
        """Samples that came too late for their own frame, for each column that had any."""
        return {name: n for name, n in zip(self.columns, self._late.tolist(), strict=True) if n}

    @property
    def offsets(self) -> Mapping[str, float]:
        """Estimated clock offset of each endpoint [s], above zero when its clock is ahead of ours."""
        return self._aligner.offsets

    def feed(self, readings: Readings) -> None:
        """Takes bound readings; names that are not framed are passed over."""
        for begin in range(0, len(readings), PIECE):
            piece = readings if len(readings) <= PIECE else _piece(readings, begin, begin + PIECE)
            numbers = self._aligner.numbers(piece)
            if self._start is None:
                wanted = np.flatnonzero(numbers >= 0)
                if not len(wanted):
                    continue
                self._start = self._next = self._heard = -(-int(piece.receive[wanted[0]]) // self._frame)
            self._fed.append((numbers, piece))

    def gap(self, gap: Gap) -> None:
        """Marks a stretch as missing; the same gap told again with its end replaces the open one."""
        told = (gap.start, gap.origin)
        self._gaps = [g for g in self._gaps if g.end is not None or (g.start, g.origin) != told]
        self._gaps.append(gap)

    def end(self) -> int:
        """When all that was fed can be framed [ns, UTC]; 0 before the first row."""
        self._take_up()
        last = max((high for _, high, _ in self._pending), default=self._next - 1)
        return 0 if self._start is None else last * self._frame + self._settle

    def due(self, now: int) -> bool:
        """Whether a frame can be closed at ``now`` [ns, UTC]."""
        return self._start is not None and now >= self._next * self._frame + self._settle

    def advance(self, now: int) -> FrameBlock:
        """The next frames that are closed at ``now`` [ns, UTC], at most ``BLOCK`` of them; call until empty."""
        if not self.due(now):
            return self._nothing_yet()
        self._take_up()
        last = self._until((now - self._settle) // self._frame)
        return self._nothing_yet() if last < self._next else self._close(last)

    def _take_up(self) -> None:
        """Aligns what was fed and puts it with the pending rows."""
        while self._fed:
            numbers, readings = self._gather()
            rows = self._aligner.align(numbers, readings)
            if not len(rows.column):
                continue
            first = np.maximum(rows.first, self._next)
            late = rows.fresh & (first > rows.own) & (rows.own >= (self._start or 0))
            counts = np.bincount(rows.column, minlength=len(self.columns))
            self._origin[counts > 0] = self._origins.setdefault(readings.origin, len(self._origins))
            if late.any():
                self._late += np.bincount(rows.column[late], minlength=len(self.columns))
            self._pending.append((int(first.min()), int(first.max()), rows._replace(first=first)))

    def _gather(self) -> tuple[Shorts, Readings]:
        """The oldest readings fed, with those of the same endpoint that followed, up to ``PIECE`` rows."""
        parts = [self._fed.popleft()]
        size = len(parts[0][1])
        while self._fed and self._fed[0][1].origin == parts[0][1].origin and size + len(self._fed[0][1]) <= PIECE:
            size += len(self._fed[0][1])
            parts.append(self._fed.popleft())
        return parts[0] if len(parts) == 1 else _merge(parts)

    def _until(self, last: int) -> int:
        """The last frame of the next block; skips a stretch in which the device was silent for too long."""
        quiet = self._heard + SILENCE
        end = min(last, self._next + BLOCK - 1)
        if end <= quiet:
            return end
        heard = min((low for low, _, _ in self._pending), default=last + 1)
        if heard <= quiet:
            return end
        if self._next <= quiet:
            return min(end, quiet)
        if heard <= last:
            self._next = heard
            self._counters.forget()
        return min(last, heard + BLOCK - 1) if heard <= last else self._next - 1

    def _close(self, last: int) -> FrameBlock:
        first, width = self._next, len(self.columns)
        rows, newest = _ordered(join([self._state, *self._taken(last)]))
        cell = np.asarray((np.maximum(rows.first, first) - first) * width + rows.column, np.int64)
        at = np.zeros((last - first + 1) * width, np.int64)
        at[cell[newest]] = newest
        at = np.maximum.accumulate(at.reshape(-1, width), axis=0)
        times = np.arange(first, last + 1) * self._frame
        values, reason, status = rows.values[at], rows.reason[at], rows.status[at]
        self._age(times, rows.receive[at], values, reason, status)
        self._cut(first, last, values, reason, status)
        if not self._pool.empty:
            self._pool.apply(values, reason, rows, cell, first)
        if not self._counters.empty:
            self._counters.apply(values, reason, rows.time[at])
        self._state, self._next = rows.pick(at[-1]), last + 1
        return FrameBlock(self.columns, times, values, reason, status)

    def _taken(self, last: int) -> list[Rows]:
        """Takes the pending rows that are known to frames up to ``last``."""
        taken, rest = [], []
        for low, high, rows in self._pending:
            if low > last:
                rest.append((low, high, rows))
            elif high <= last:
                taken.append(rows)
            else:
                now = rows.first <= last
                taken.append(rows.pick(now))
                later = rows.pick(~now)
                rest.append((int(later.first.min()), high, later))
        self._pending = rest
        self._heard = max(self._heard, *(int(rows.first.max()) for rows in taken)) if taken else self._heard
        return taken

    def _age(self, times: Ints, receive: Ints, values: Floats, reason: Bytes, status: Codes) -> None:
        """Drops values whose last confirmation is too old."""
        stale = (times[:, None] - receive > self._max_age) & (reason == why.KNOWN)
        if stale.any():
            values[stale] = np.nan
            reason[stale] = why.STALE
            status[stale & (status < UNCERTAIN)] = LAST_KNOWN

    def _cut(self, first: int, last: int, values: Floats, reason: Bytes, status: Codes) -> None:
        """Drops what lies inside a gap, and forgets gaps that are over."""
        for gap in self._gaps:
            begin = max(gap.start // self._frame + 1, first) - first
            stop = min(last + 1 if gap.end is None else -(-gap.end // self._frame), last + 1) - first
            if begin < stop:
                cells = np.zeros(values.shape, np.bool_)
                cells[begin:stop] = self._hit(gap)
                cells &= reason != why.ABSENT
                values[cells], reason[cells], status[cells] = np.nan, why.GAP, Status.BAD_NO_DATA
        self._gaps = [g for g in self._gaps if g.end is None or g.end > (last + 1) * self._frame]

    def _hit(self, gap: Gap) -> Flags:
        """Columns that a gap concerns: those of its endpoint, or of all endpoints of its device."""
        hit = [n for origin, n in self._origins.items() if _within(origin, gap)]
        return np.isin(self._origin, hit)

    def _nothing_yet(self) -> FrameBlock:
        shape = (0, len(self.columns))
        return FrameBlock(
            self.columns, np.zeros(0, np.int64), np.zeros(shape), np.zeros(shape, np.uint8), np.zeros(shape, np.uint32)
        )


def _ordered(rows: Rows) -> tuple[Rows, Ints]:
    """Rows by column, frame, time and receipt; and the numbers of those that are not older than one before."""
    rows = rows.pick(np.argsort(rows.column, kind="stable"))
    if _rises(rows):
        return rows, np.arange(len(rows.column))
    rows = rows.pick(np.lexsort((rows.receive, rows.time, rows.first, rows.column)))
    newest = np.empty(len(rows.column), np.bool_)
    bounds = np.flatnonzero(np.diff(rows.column, prepend=-1, append=-1))
    for begin, end in itertools.pairwise(bounds.tolist()):
        time = rows.time[begin:end]
        newest[begin:end] = time >= np.maximum.accumulate(time)
    return rows, np.flatnonzero(newest)


def _rises(rows: Rows) -> bool:
    """Whether the rows of each column come in order already, as they nearly always do."""
    column = rows.column
    falls: Flags = rows.first[1:] < rows.first[:-1]
    falls |= rows.time[1:] < rows.time[:-1]
    falls |= rows.receive[1:] < rows.receive[:-1]
    return not (falls & (column[1:] == column[:-1])).any()


def _within(origin: str, gap: Gap) -> bool:
    return not gap.origin or gap.reason == "clock_step" or origin == gap.origin or origin.startswith(f"{gap.origin}/")


def _nothing(width: int) -> Rows:
    """What is known of each column before its first sample."""
    never = np.full(width, NEVER)
    return Rows(
        np.arange(width, dtype=np.int16),
        never,
        never,
        never,
        never,
        np.full(width, np.nan),
        np.full(width, Status.BAD_WAITING_FOR_INITIAL_DATA, np.uint32),
        np.full(width, why.ABSENT, np.uint8),
        np.zeros(width, np.bool_),
    )


def _piece(readings: Readings, begin: int, end: int) -> Readings:
    return Readings(
        readings.names,
        readings.column[begin:end],
        readings.values[begin:end],
        readings.status[begin:end],
        readings.source[begin:end],
        readings.receive[begin:end],
        readings.origin,
        {row - begin: word for row, word in readings.reasons.items() if begin <= row < end},
    )


def _merge(parts: list[tuple[Shorts, Readings]]) -> tuple[Shorts, Readings]:
    """Readings of one endpoint one after another; the column numbers stand beside them."""
    numbers = np.concatenate([n for n, _ in parts])
    blocks = [r for _, r in parts]
    reasons: dict[int, str] = {}
    base = 0
    for block in blocks:
        reasons.update((base + row, word) for row, word in block.reasons.items())
        base += len(block)
    return numbers, Readings(
        (),
        numbers.astype(np.int64),
        np.concatenate([b.values for b in blocks]),
        np.concatenate([b.status for b in blocks]),
        np.concatenate([b.source for b in blocks]),
        np.concatenate([b.receive for b in blocks]),
        blocks[0].origin,
        reasons,
    )
