"""Cycles in a stream of frames: where they open, close, or are cut.

Rules:
    1. A condition holds from the first of the frames in which it is true, once they are as many as
       ``hold`` asks for. It counts from there: the cycle opens at that frame, and ends before the
       frame in which its closing condition began to hold, or ``run_on`` later.
    2. An unknown frame (NaN) is false for the opening condition. It neither holds nor breaks the
       closing condition, but only a true frame can complete it.
    3. A closing condition that was true already when the cycle opened closes it only after it was
       false; an opening condition opens a cycle only if it began to hold after the last one ended.
    4. A cycle whose closing condition stays unknown for longer than the ``max_age`` of its signal is
       cut where it became unknown: ``interrupted``.
    5. A cycle whose opening condition was true in the first frame ever known, or known again after
       longer than ``max_age``, is ``joined_late``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trivet.window.trigger import FALSE, TRUE, UNKNOWN, Codes8, Trigger


class Cycle(NamedTuple):
    """One cycle, in frame numbers.

    Attributes:
        opened: First frame.
        closed: First frame after it.
        found: Frame in which its end was certain.
        joined: It was running when the device was first seen.
        cut: Its true end is not known.
    """

    opened: int
    closed: int
    found: int
    joined: bool
    cut: bool


class Opening(NamedTuple):
    """A cycle that has opened and not ended yet.

    Attributes:
        opened: First frame.
        found: Frame in which it was certain.
        joined: It was running when the device was first seen.
    """

    opened: int
    found: int
    joined: bool


class CycleFinder:
    """Finds cycles; looks at stretches of equal frames, so that blocks of any size give the same.

    Attributes:
        current: The cycle that is open, or None.
        reach: Frames by which the certainty of an opening or an end can lag behind it.
    """

    def __init__(self, opens: Trigger, closes: Trigger) -> None:
        self._opens, self._closes = opens, closes
        self.reach = opens.hold + closes.hold + closes.limit + 1
        self.current: Opening | None = None
        self._floor = 0
        self._open_since: int | None = None
        self._open_known: int | None = None
        self._joined = False
        self._close_since: int | None = None
        self._close_known: int | None = None
        self._ends: Cycle | None = None

    def find(self, first: int, opens: Codes8, closes: Codes8) -> list[Opening | Cycle]:
        """What opened and what ended in frames numbered from ``first``, in order.

        Args:
            first: Number of the first frame.
            opens: Opening condition as ``Trigger.judge`` gives it, ``(frames,)``.
            closes: Closing condition likewise.
        """
        if self._close_known is None:
            self._close_known = first - 1
        code = opens * 3 + closes
        bounds = [0, *(np.flatnonzero(code[1:] != code[:-1]) + 1).tolist(), len(code)]
        found: list[Opening | Cycle] = []
        for begin, end, both in zip(bounds[:-1], bounds[1:], code[bounds[:-1]].tolist(), strict=True):
            self._note(both // 3, both % 3, first + begin, first + end)
            self._decide(both % 3, first + begin, first + end, found)
        return found

    def cut(self, last: int) -> Cycle | None:
        """Ends the open cycle after frame ``last``, because frames end; None when there is none."""
        self._open_since = self._open_known = self._close_since = self._ends = None
        if self.current is None:
            return None
        cycle = Cycle(self.current.opened, last + 1, last, self.current.joined, True)
        self.current, self._floor = None, last + 1
        return cycle

    def _note(self, opens: int, closes: int, begin: int, end: int) -> None:
        """Remembers since when the conditions hold, and until when they were known."""
        if opens != TRUE:
            self._open_since = None
        elif self._open_since is None:
            self._open_since = begin
            self._joined = self._open_known is None or begin - self._open_known > self._opens.limit + 1
        if opens != UNKNOWN:
            self._open_known = end - 1
        if closes == FALSE:
            self._close_since = None
        elif closes == TRUE and self._close_since is None:
            self._close_since = begin
        if closes != UNKNOWN:
            self._close_known = end - 1

    def _decide(self, closes: int, begin: int, end: int, found: list[Opening | Cycle]) -> None:
        """Opens and ends cycles within one stretch of equal frames."""
        while True:
            event = (
                self._opening(begin, end) if self.current is None else self._ending(self.current, closes, begin, end)
            )
            if event is None:
                return
            found.append(event)
            if isinstance(event, Opening):
                self.current = event
            else:
                self.current, self._floor = None, event.closed
            begin = event.found

    def _opening(self, begin: int, end: int) -> Opening | None:
        since = self._open_since
        if since is None or since < self._floor:
            return None
        at = max(begin, since + self._opens.hold - 1)
        return Opening(since, at, self._joined) if at < end else None

    def _ending(self, current: Opening, closes: int, begin: int, end: int) -> Cycle | None:
        """The end of the open cycle, once its last frame is there; what decided it may have changed by then."""
        if self._ends is None:
            self._ends = self._end(current, closes, begin, end)
        if self._ends is None or self._ends.found >= end:
            return None
        ended, self._ends = self._ends, None
        return ended

    def _end(self, current: Opening, closes: int, begin: int, end: int) -> Cycle | None:
        since, at = None, end
        if closes == TRUE:
            since, at = self._close_since, max(begin, (self._close_since or 0) + self._closes.hold - 1)
        elif closes == UNKNOWN:
            since = (self._close_known or 0) + 1
            at = max(begin, since + self._closes.limit)
        if since is None or since <= current.opened or at >= end:
            return None
        closed = since if closes == UNKNOWN else since + self._closes.run_on
        return Cycle(current.opened, closed, max(at, closed - 1), current.joined, closes == UNKNOWN)
