"""When a link is tried again."""

from __future__ import annotations

import random

from trivet_opcua.loss import Lost

QUICK = 0.05
QUICK_TIME = 2.0
LONGEST = 4.0
LONGEST_REFUSED = 30.0
FIRST_REFUSED = 1.0
JITTER = 0.25
REFUSED = frozenset({"denied", "untrusted", "busy", "no_device", "ambiguous"})
"""A server that answers, but not with what was asked for, is left alone for longer: somebody has to do something."""


class Pauses:
    """The pauses of one endpoint: every 50 ms for 2 s, then doubling to 4 s, or to 30 s when it refuses.

    A pause counts from the beginning of the attempt before it, as one to a mute host may take long itself.
    """

    def __init__(self, jitter: random.Random) -> None:
        self._jitter = jitter
        self.reset()

    def reset(self) -> None:
        """Data flow."""
        self._since: float | None = None
        self._last = 0.0

    def after(self, lost: Lost, begun: float, now: float, known: bool = False) -> float:
        """How long to wait now [s].

        Args:
            lost: Why the attempt failed.
            begun: When it was begun [s of the loop's time].
            now: Now.
            known: The server has a session of ours, so that a secured channel cut short is no refusal.
        """
        if self._since is None:
            self._since = now
        if lost.reason in REFUSED and (lost.code or not known):
            self._last = min(max(self._last * 2, FIRST_REFUSED), LONGEST_REFUSED)
        elif now - self._since < QUICK_TIME:
            self._last = QUICK
        else:
            self._last = min(max(self._last, QUICK) * 2, LONGEST)
        pause = self._last * self._jitter.uniform(1 - JITTER, 1)
        return max(pause - (now - begun), QUICK)
