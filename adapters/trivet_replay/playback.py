"""A recording as items in order of time: thinned rows restored, gaps said, blocks cut.

A thinned recording left out rows that equalled the one before. Those rows were samples,
so they come back as samples of their own time, ``period`` apart, up to the next row. Rows
further apart than ``gap`` (``hold`` unless given) have data missing between them: nothing is
restored there and a ``Gap`` says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trivet.errors import DataError
from trivet.signals import SECOND, Codes, Condition, Floats, Gap, Ints, Item, Readings, Status
from trivet_replay.recording import GOOD, Recording

HOUR = 3600 * SECOND
MOST_CELLS = 36_000
MOST_ROWS = 200_000_000
REASONS = {int(Status.BAD_DECODING_ERROR): "not_a_number", int(Status.BAD_NO_DATA): "sentinel"}


class Schedule(NamedTuple):
    """All rows of a replay, restored ones included.

    Attributes:
        times: UTC [ns], rising, int64 ``(rows,)``.
        row: Row of the recording that each is, or repeats; int64 ``(rows,)``.
        after_gap: Rows before which data are missing, rising.
    """

    times: Ints
    row: Ints
    after_gap: Ints


def schedule(recording: Recording) -> Schedule:
    """When each row of a recording is due.

    Raises:
        DataError: Restoring the thinned rows would make too many.
    """
    spacing = np.diff(recording.times)
    gap = recording.layout.gap
    apart = spacing > gap * SECOND if gap is not None else np.zeros(len(spacing), np.bool_)
    more = np.zeros(len(recording.times), np.int64)
    if recording.hold is not None:
        period = round(recording.layout.period * SECOND)
        more[:-1] = np.where(apart, 0, (spacing - 1) // period)
    if int(more.sum()) > MOST_ROWS:
        raise DataError(
            "the recording has too many rows once those that thinning removed are restored", hint="split it"
        )
    row = np.repeat(np.arange(len(more)), more + 1)
    begins = np.cumsum(more + 1) - (more + 1)
    steps = np.arange(len(row)) - begins[row]
    times = recording.times[row] + steps * round(recording.layout.period * SECOND)
    return Schedule(times, row, begins[1:][apart])


class Playback:
    """The reading of one recording, from its first row to its last."""

    def __init__(self, recording: Recording, origin: str) -> None:
        self._recording = recording
        self._origin = origin
        self._schedule = schedule(recording)
        self._filler = Filler(recording, self._schedule)
        self._at = 0
        self._most = max(MOST_CELLS // max(len(recording.names), 1), 1)

    @property
    def next(self) -> int | None:
        """Time of the next row [ns, UTC], or None at the end."""
        return int(self._schedule.times[self._at]) if self._at < len(self._schedule.times) else None

    def remarks(self) -> Condition | None:
        """What a person should know about the rows of this recording, or None when all was in order."""
        remarks = self._recording.counts.remarks()
        if not remarks:
            return None
        first = int(self._schedule.times[0])
        return Condition("recording", False, None, 0, "; ".join(remarks), first, first, self._origin)

    def take(self, until: int) -> Iterator[Item]:
        """The rows up to a time that were not taken yet, at most one block of them, and gaps between them."""
        times, _, after_gap = self._schedule
        start = self._at
        stop = min(int(np.searchsorted(times, until, "right")), start + self._most)
        self._at = max(stop, start)
        cuts = after_gap[(after_gap >= start) & (after_gap < stop)].tolist()
        for number, (begin, end) in enumerate(zip([start, *cuts], [*cuts, stop], strict=True)):
            if number:
                yield self._gap(int(times[begin - 1]), int(times[begin]))
            if begin < end:
                yield decode(self._filler, begin, end, self._origin)

    def _gap(self, start: int, end: int) -> Gap:
        return Gap(start, end, "recording", self._origin, f"no rows for {(end - start) / SECOND:g} s")


class Filler:
    """Values of scheduled rows; of a cell that thinning left blank, the value that stands for it.

    Attributes:
        names: Point names.
        schedule: Its rows.
    """

    def __init__(self, recording: Recording, rows: Schedule) -> None:
        self.names = recording.names
        self.schedule = rows
        self._recording = recording
        blank = np.isnan(recording.values) & (recording.status == GOOD)
        self._last: NDArray[np.int64] | None = None
        if recording.hold is not None and blank.any():
            own = np.where(blank, -1, np.arange(len(blank))[:, np.newaxis])
            self._last = np.maximum.accumulate(own, axis=0)
        self._stretch = np.zeros(len(recording.times), np.int64)
        self._stretch[rows.row[rows.after_gap]] = 1
        self._stretch = np.cumsum(self._stretch)

    def cells(self, begin: int, end: int) -> tuple[NDArray[np.float64], NDArray[np.uint32]]:
        """Values and StatusCodes ``(rows, names)``; NaN with a Good status where there is no sample."""
        row = self.schedule.row[begin:end]
        if self._last is None:
            return self._recording.values[row], self._recording.status[row]
        last = self._last[row]
        times = self._recording.times
        hold = round((self._recording.hold or 0.0) * SECOND)
        recent = self.schedule.times[begin:end, np.newaxis] - times[last] <= hold
        stands = (last >= 0) & (recent | (last == row[:, np.newaxis]))
        stands &= self._stretch[last] == self._stretch[row][:, np.newaxis]
        column = np.arange(len(self.names))
        values = np.where(stands, self._recording.values[last, column], np.nan)
        return values, np.where(stands, self._recording.status[last, column], GOOD)


def decode(filler: Filler, begin: int, end: int, origin: str) -> Readings:
    """Scheduled rows ``begin`` to ``end`` as readings, in order of time, then of names."""
    values, status = filler.cells(begin, end)
    present = ~(np.isnan(values) & (status == GOOD))
    when, column = np.nonzero(present)
    times = filler.schedule.times[begin:end][when]
    codes: Codes = status[present]
    numbers: Floats = values[present]
    reasons = {int(row): REASONS.get(int(codes[row]), "status") for row in np.flatnonzero(codes)}
    return Readings(filler.names, column, numbers, codes, times, times, origin, reasons)
