"""How far an endpoint's clock is from ours, judged by its own source times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trivet.signals import SECOND, Ints

BOUND = 86_400 * SECOND
"""Source times that are further off [ns] say nothing about a clock."""

SINK = 10
"""The estimate sinks by one nanosecond in two to this power, about 1 ms a second."""

NEVER = -(1 << 62)
"""Before all times."""


class ClockOffset:
    """The clock offset of one endpoint: the largest (source - receive) of its samples so far.

    No controller can date a sample after we have it, so the largest is the one with the least
    delay. The estimate sinks with time, so that it follows a clock that drifts or is set back.
    """

    def __init__(self, tolerance: int) -> None:
        self._tolerance = tolerance
        self._raised = NEVER
        self._latest = 0

    @property
    def seconds(self) -> float | None:
        """The offset as of the last sample [s], above zero when that clock is ahead; None before one."""
        return None if self._raised == NEVER else (self._raised - (self._latest >> SINK)) / SECOND

    def at(self, receive: Ints, order: NDArray[np.intp], ahead: Ints) -> Ints | int:
        """The offset [ns] as known at each row; zero while it is within the tolerance.

        Args:
            receive: Receive times in the order received [ns].
            order: Which of these the rows are, in the order of the result.
            ahead: Source less receive time of these rows [ns], ``NEVER`` for those that do not count.
        """
        sunk = receive >> SINK
        counted = order[ahead != NEVER]
        if len(counted):
            self._latest = max(self._latest, int(receive[counted].max()))
        if self._plain(sunk, ahead):
            self._raised = max(self._raised, int((ahead + sunk[order]).max()))
            return 0
        raised = np.full(len(receive), NEVER)
        raised[order] = ahead
        raised += sunk
        raised[0] = max(raised[0], self._raised)
        np.maximum.accumulate(raised, out=raised)
        self._raised = int(raised[-1]) if self._latest else NEVER
        offset: Ints = (raised - sunk)[order]
        offset[(np.abs(offset) <= self._tolerance) | (offset < NEVER // 2)] = 0
        return offset

    def _plain(self, sunk: Ints, ahead: Ints) -> bool:
        """Whether no row can have an offset beyond the tolerance: the common case, and a cheap one to see."""
        within = int(ahead.min()) >= -self._tolerance and int(ahead.max()) <= self._tolerance
        return within and self._raised - int(sunk.min()) <= self._tolerance
