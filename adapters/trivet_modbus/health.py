"""How a unit is doing, in one line a change: ``ok``, ``degraded`` or ``offline``."""

from __future__ import annotations

import logging
from collections import Counter

OK, DEGRADED, OFFLINE = "ok", "degraded", "offline"
CALM = 60.0

_log = logging.getLogger(__name__)


class Health:
    """The state of one unit.

    Attributes:
        state: ``ok``; ``degraded`` after a block that could not be read, until a minute passed without another;
            ``offline`` while nothing is heard.
        troubles: Cause to how often it came since the unit was last ok.
    """

    def __init__(self, name: str) -> None:
        """Starts with a unit that was never heard.

        Args:
            name: What lines call it: target, profile, unit and place.
        """
        self.state = ""
        self.troubles: Counter[str] = Counter()
        self._name = name
        self._last = 0.0

    def good(self, now: float) -> None:
        """A block was read, at a time [s]."""
        if self.state == OK or (self.state == DEGRADED and now - self._last < CALM):
            return
        self._change(OK, logging.INFO)
        self.troubles.clear()

    def bad(self, cause: str, now: float) -> None:
        """A block could not be read for a cause that may pass."""
        self._last = now
        self.troubles[cause] += 1
        if self.state in (OK, ""):
            self._change(DEGRADED, logging.WARNING)

    def lost(self, cause: str, now: float) -> None:
        """Nothing is heard of the unit."""
        self._last = now
        self.troubles[cause] += 1
        if self.state != OFFLINE:
            self._change(OFFLINE, logging.WARNING)

    def _change(self, state: str, level: int) -> None:
        before, self.state = self.state, state
        if before or state != OK:
            causes = ", ".join(f"{count} {cause}" for cause, count in self.troubles.most_common())
            _log.log(level, "%s: %s%s", self._name, state, f" after {causes}" if causes else "")
