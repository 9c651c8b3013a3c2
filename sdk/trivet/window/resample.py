"""How the samples of one frame become one value, for whole blocks of frames at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trivet.interface.document import Signal
from trivet.signals import Floats, Ints
from trivet.window import reason as why
from trivet.window.align import Rows
from trivet.window.reason import Bytes


class Pool:
    """The columns whose frames are a mean, a sum or a maximum over the samples in them.

    A frame without a sample keeps the last value for mean and maximum while that is fresh;
    its sum is 0, because nothing was added. Samples that came too late for their frame are
    in none. A cell that is not known by its newest sample is not known at all.
    """

    def __init__(self, signals: Sequence[Signal]) -> None:
        kinds = ["counter" if s.counter else s.resample for s in signals]
        self._of = {kind: np.flatnonzero([k == kind for k in kinds]) for kind in ("mean", "sum", "max")}
        self._pooled = np.isin(kinds, ("mean", "sum", "max"))
        self.empty = not self._pooled.any()

    def apply(self, values: Floats, reason: Bytes, rows: Rows, cell: Ints, first: int) -> None:
        """Replaces the last values of known cells by those of the frames' samples.

        Args:
            values: ``(frames, columns)``, changed in place.
            reason: ``(frames, columns)``.
            rows: Rows sorted by column, then by frame.
            cell: Flat index of the cell of each row.
            first: Number of the first frame.
        """
        chosen = rows.fresh & (rows.reason == why.KNOWN) & (rows.own == rows.first) & self._pooled[rows.column]
        chosen &= rows.own >= first
        where, samples = cell[chosen], rows.values[chosen]
        counts: Ints = np.bincount(where, minlength=values.size).reshape(values.shape)
        known = reason == why.KNOWN
        if len(self._of["mean"]) or len(self._of["sum"]):
            sums = np.bincount(where, samples, minlength=values.size).astype(np.float64).reshape(values.shape)
            _put(values, known & (counts > 0), sums / np.maximum(counts, 1), self._of["mean"])
            _put(values, known, sums, self._of["sum"])
        if len(self._of["max"]) and len(where):
            starts = np.flatnonzero(np.append(True, where[1:] != where[:-1]))
            highest = np.zeros(values.size)
            highest[where[starts]] = np.maximum.reduceat(samples, starts)
            _put(values, known & (counts > 0), highest.reshape(values.shape), self._of["max"])


class Counters:
    """The columns that enter as their increase from frame to frame, in float64.

    An increase needs both frames. A counter that went back has wrapped at the top of its
    ``range`` or was reset to its bottom; which of the two is believed only when the increase
    it means stays within ``max_rate``, the wrap first. Otherwise the frame is NaN, ``RESET``.
    """

    def __init__(self, signals: Sequence[Signal], frame: float) -> None:
        self._columns = np.flatnonzero([s.counter for s in signals])
        chosen = [s for s in signals if s.counter]
        self._low = np.array([s.range[0] for s in chosen])
        self._high = np.array([s.range[1] for s in chosen])
        self._rate = np.array([np.nan if s.max_rate is None else s.max_rate for s in chosen])
        self._frame = frame
        self._level = np.full(len(chosen), np.nan)
        self._time = np.zeros(len(chosen), np.int64)
        self.empty = not chosen

    def forget(self) -> None:
        """Takes the next frame as the first one."""
        self._level[:] = np.nan

    def apply(self, values: Floats, reason: Bytes, time: Ints) -> None:
        """Replaces levels by increases.

        Args:
            values: ``(frames, columns)``, changed in place.
            reason: ``(frames, columns)``, changed in place.
            time: ``(frames, columns)``, where the sample of each cell lies [ns].
        """
        level = values[:, self._columns]
        at = time[:, self._columns]
        before = np.concatenate([self._level[None], level[:-1]])
        since = np.concatenate([self._time[None], at[:-1]])
        self._level, self._time = level[-1].copy(), at[-1].copy()
        increase = level - before
        code = reason[:, self._columns]
        back = increase < 0
        if back.any():
            limit = self._rate * np.maximum((at - since) / 1e9, self._frame)
            increase = np.where(back, self._restart(before, level, limit), increase)
            code[back & np.isnan(increase)] = why.RESET
        code[np.isnan(increase) & (code == why.KNOWN)] = why.ABSENT
        values[:, self._columns], reason[:, self._columns] = increase, code

    def _restart(self, before: Floats, level: Floats, limit: Floats) -> Floats:
        """The believable increase of a counter that went back, else NaN."""
        wrapped, reset = self._high - before + level - self._low, level - self._low
        believed: Floats = np.where(wrapped <= limit, wrapped, np.where(reset <= limit, reset, np.nan))
        return believed


def _put(values: Floats, which: NDArray[np.bool_], new: Floats, columns: NDArray[np.intp]) -> None:
    """Replaces chosen cells of chosen columns."""
    if len(columns):
        values[:, columns] = np.where(which[:, columns], new[:, columns], values[:, columns])
