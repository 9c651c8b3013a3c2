"""Which time is covered by data, and the gap while it is not."""

from __future__ import annotations

import logging
from dataclasses import replace

from trivet.signals import Gap, Item
from trivet_opcua.loss import Lost

WHOLE = "nothing is missing: the session was taken up again"

_log = logging.getLogger(__name__)


class Cover:
    """The gaps of one endpoint, over all its sessions and channels.

    A gap is told when it opens, and again with its end. When the server still had everything, it ends where it
    began: data came late, and none are missing.

    Attributes:
        until: Last moment up to which nothing is missing [ns, UTC].
        gap: The open gap, or None.
        last: When something came last [ns, UTC]; 0 before there were data.
    """

    def __init__(self, origin: str, now: int) -> None:
        self.until = now
        self.gap: Gap | None = None
        self.last = 0
        self._origin = origin
        self._missing = False
        self._words: list[str] = []

    def lost(self, lost: Lost) -> list[Gap]:
        """The gap that a loss opens; nothing when one is open already."""
        if self.gap is not None:
            return []
        _log.warning("%s: %s: %s", self._origin, lost.reason, lost.detail)
        self._missing, self._words = False, []
        self.gap = Gap(self.until, None, lost.reason, self._origin, lost.detail)
        return [self.gap]

    def heard(self, until: int, now: int) -> None:
        """Data came now, and nothing is missing up to ``until`` [ns, UTC]."""
        self.until, self.last = until, now

    def missed(self, words: str = "") -> None:
        """What lies in the open gap will not come any more."""
        self._missing = True
        if words:
            self._words.append(words)

    def returned(self, points: int, of: int) -> None:
        """So many points were read back from the server's history; with all of them nothing is missing."""
        if points:
            self._words.append(f"{points} of {of} points were read back from the server's history")
            self._missing = points < of

    def hole(self, now: int, reason: str, words: str) -> list[Gap]:
        """Something between ``until`` and now [ns, UTC] is missing though the link is up."""
        if self.gap is not None:
            self.missed(words)
            return []
        _log.warning("%s: %s: %s", self._origin, reason, words)
        return [Gap(self.until, max(now, self.until), reason, self._origin, words)]

    def flows(self, now: int) -> list[Gap]:
        """The end of the open gap, now that data flow again [ns, UTC]."""
        gap, self.gap = self.gap, None
        if gap is None:
            return []
        _log.info("%s: data flow again", self._origin)
        words = [gap.detail, *(self._words if self._missing or self._words else [WHOLE])]
        return [replace(gap, end=max(now, gap.start) if self._missing else gap.start, detail="; ".join(words))]

    def seen(self, item: Item) -> Item:
        """Notes a gap that opens or ends while the link is up, such as that of a frozen server."""
        if isinstance(item, Gap) and (item.end is None or (self.gap is not None and self.gap.start == item.start)):
            self.gap, self._missing, self._words = (None if item.end is not None else item), True, []
        return item
