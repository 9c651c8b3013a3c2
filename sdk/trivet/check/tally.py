"""What the values of one signal were like, counted over batches; memory does not grow with rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trivet.interface.document import Signal
from trivet.signals import Floats, Ints

Flags = NDArray[np.bool_]

OFFENDERS = 3
"""First wrong values of each kind that are kept."""

SAMPLE = 64
"""Values of a batch that are kept to look at their spread."""


class Offender(NamedTuple):
    """One wrong value: row number in the file, from 1, its time [ns] and what it was."""

    row: int
    time: int
    value: str


class Moments(NamedTuple):
    """The times of one batch.

    Attributes:
        row: Number of its first row, from 0.
        times: int64 ``(rows,)`` [ns].
        before: Time of the last row of the batch before [ns], or None.
    """

    row: int
    times: Ints
    before: int | None


@dataclass(slots=True)
class Tally:
    """One signal's counts.

    Attributes:
        signal: What is expected.
        rows: Rows seen.
        known: Values given.
        outside: Values outside the range.
        unknown: Values of no known state.
        not_numbers: Cells that are no number.
        jumps: Changes faster than ``max_rate``.
        gaps: Silences longer than ``max_age``.
        longest: The longest time between two values [s].
        intervals: Times between values that are no gaps.
        spent: Their sum [s].
        same: Rows in a row with the last value.
        offenders: Kind of fault to its first ones.
        sample: A part of the values, at most ``SAMPLE`` a batch.
        lowest: Smallest value.
        highest: Largest value.
    """

    signal: Signal
    rows: int = 0
    known: int = 0
    outside: int = 0
    unknown: int = 0
    not_numbers: int = 0
    jumps: int = 0
    gaps: int = 0
    longest: float = 0.0
    intervals: int = 0
    spent: float = 0.0
    offenders: dict[str, list[Offender]] = field(default_factory=dict)
    sample: list[Floats] = field(default_factory=list)
    lowest: float = np.inf
    highest: float = -np.inf
    last_time: int | None = None

    @property
    def good(self) -> int:
        """Values that a model could use."""
        return self.known - self.outside - self.unknown

    @property
    def quality(self) -> float:
        """Share of rows with a usable value."""
        return self.good / self.rows if self.rows else 0.0

    @property
    def period(self) -> float | None:
        """Mean time between values, gaps left out [s]."""
        return self.spent / self.intervals if self.intervals else None

    def numbers(self, moments: Moments, values: Floats) -> None:
        """Counts one batch of a quantity, float64 ``(rows,)`` with NaN where there is none."""
        low, high = self.signal.range
        missing = np.isnan(values)
        count = len(values) - int(missing.sum())
        whole = count == len(values)
        self.rows += len(values)
        self.known += count
        if not count:
            return
        times = moments.times if whole else moments.times[~missing]
        kept = values if whole else values[~missing]
        lowest, highest = float(kept.min()), float(kept.max())
        self.lowest, self.highest = min(self.lowest, lowest), max(self.highest, highest)
        if lowest < low or highest > high:
            outside = (values < low) | (values > high)
            self.outside += int(outside.sum())
            self._keep("outside", moments, outside, values)
        self.sample.append(kept[:: max(1, len(kept) // SAMPLE)][:SAMPLE].copy())
        self._spacing(times)
        self._rate(times, kept)
        self.last_time = int(times[-1])

    def states(self, moments: Moments, given: Flags, strange: Flags, texts: list[str], index: Ints) -> None:
        """Counts one batch of a state.

        Args:
            moments: The batch's times.
            given: Rows with a value, ``(rows,)``.
            strange: Rows with a value of no known state, ``(rows,)``.
            texts: The values that occur.
            index: For each row the number of its value among ``texts``.
        """
        self.rows += len(given)
        self.known += int(given.sum())
        self.unknown += int(strange.sum())
        for row in np.flatnonzero(strange)[:OFFENDERS].tolist():
            self._offend("unknown", moments, row, texts[index[row]])
        times = moments.times[given]
        if len(times):
            self._spacing(times)
            self.last_time = int(times[-1])

    def cells(self, moments: Moments, wrong: Flags, texts: list[str]) -> None:
        """Counts cells that are no number; ``texts`` are those of the first."""
        self.not_numbers += int(wrong.sum())
        for row, text in zip(np.flatnonzero(wrong)[:OFFENDERS].tolist(), texts, strict=False):
            self._offend("not_numbers", moments, row, text)

    def values(self) -> Floats:
        """The kept part of the values."""
        return np.concatenate(self.sample) if self.sample else np.zeros(0)

    def _spacing(self, times: Ints) -> None:
        first = times[:1] if self.last_time is None else np.array([self.last_time], np.int64)
        steps = np.diff(times, prepend=first) / 1e9
        if self.last_time is None:
            steps = steps[1:]
        if not len(steps):
            return
        longest = float(steps.max())
        self.longest = max(self.longest, longest)
        total, count = float(steps.sum()), len(steps)
        if longest > self.signal.max_age:
            far = steps > self.signal.max_age
            self.gaps += int(far.sum())
            total, count = total - float(steps[far].sum()), count - int(far.sum())
        self.intervals += count
        self.spent += total

    def _rate(self, times: Ints, values: Floats) -> None:
        limit = self.signal.max_rate
        if limit is None or self.signal.counter or len(values) < 2:
            return
        seconds = np.diff(times) / 1e9
        self.jumps += int((np.abs(np.diff(values)) > limit * np.maximum(seconds, 1e-9)).sum())

    def _keep(self, kind: str, moments: Moments, wrong: Flags, values: Floats) -> None:
        for row in np.flatnonzero(wrong)[:OFFENDERS].tolist():
            self._offend(kind, moments, row, f"{values[row]:g}")

    def _offend(self, kind: str, moments: Moments, row: int, value: str) -> None:
        kept = self.offenders.setdefault(kind, [])
        if len(kept) < OFFENDERS:
            kept.append(Offender(moments.row + row + 1, int(moments.times[row]), value[:80]))
