"""The server's own clock: whether it moves, and how far it is from ours."""

from __future__ import annotations

import time

from trivet.signals import Gap

FROZEN = 5.0
"""Real time after which a server whose clock stands confirms nothing any more [s]."""
WINDOW = 100
"""Beats after which a smaller offset is forgotten, so that a clock that was set back is followed."""


class Heart:
    """The server's clock as it arrives; one that stands still confirms nothing, whatever the server answers.

    Attributes:
        origin: Endpoint, for the gap.
        beats: False from the moment that the clock was found standing.
        offset: Our clock minus the server's [ns]: the least that was seen lately, so with the shortest way included.
    """

    def __init__(self, origin: str, now: int) -> None:
        self.origin = origin
        self.offset: int | None = None
        self._least: int | None = None
        self._heard = 0
        self._seen = 0
        self.restart(now)

    def restart(self, now: int) -> None:
        """Begins anew on another channel; what stood before may have moved."""
        self.beats = True
        self._receive = now
        self._moved = time.monotonic()

    def listen(self, beat: int, receive: int) -> Gap | None:
        """The gap that opens or ends here, if any.

        Args:
            beat: Server time [ns], or 0 when this answer had none.
            receive: When the answer arrived [ns, UTC].
        """
        real = time.monotonic()
        if beat and beat != self._seen:
            start, stood = self._receive, not self.beats
            self._seen, self._receive, self._moved, self.beats = beat, receive, real, True
            self._measure(receive - beat)
            return self._gap(start, receive) if stood else None
        if self.beats and self._seen and real - self._moved > FROZEN:
            self.beats = False
            return self._gap(self._receive, None)
        return None

    def _measure(self, offset: int) -> None:
        self._heard += 1
        self._least = offset if self._least is None else min(self._least, offset)
        self.offset = self._least if self.offset is None else min(self.offset, offset)
        if self._heard % WINDOW == 0:
            self.offset, self._least = self._least, None

    def _gap(self, start: int, end: int | None) -> Gap:
        return Gap(start, end, "frozen", self.origin, f"the server answers, but its clock has stood for {FROZEN:g} s")
