"""Sequence numbers of one subscription: which messages never came (OPC 10000-4, 5.14.5); pure."""

from __future__ import annotations

from collections.abc import Sequence

from trivet_opcua.transport import Publication

LARGEST = 0xFFFF_FFFF
FARTHEST = 10_000
"""No server keeps so many messages; a number farther away is another numbering, not a loss."""


def after(number: int) -> int:
    """The number that follows; there is no 0."""
    return 1 if number >= LARGEST else number + 1


class Numbers:
    """The numbers of one subscription, over all the channels it was followed on.

    Attributes:
        last: Number of the last message that was taken; 0 before the first.
    """

    def __init__(self) -> None:
        self.last = 0

    @property
    def next(self) -> int:
        """The number of the message that comes next."""
        return after(self.last)

    def ahead(self, number: int) -> int:
        """How many messages lie between the last one and this number; 0 for the very next, below 0 for a past one."""
        steps = (number - self.next) % LARGEST
        return steps if steps <= LARGEST // 2 else steps - LARGEST

    def missing(self, publication: Publication) -> Sequence[int] | None:
        """Numbers that should have come before this answer; None when they cannot even be counted."""
        if not publication.number:
            return ()
        count = self.ahead(publication.number)
        if abs(count) > FARTHEST:
            return None
        numbers = [self.next]
        while len(numbers) < count:
            numbers.append(after(numbers[-1]))
        return numbers if count > 0 else ()

    def known(self, publication: Publication) -> bool:
        """Whether this message was taken before."""
        return publication.message and bool(publication.number) and -FARTHEST <= self.ahead(publication.number) < 0

    def take(self, publication: Publication) -> None:
        """Notes that a message was taken."""
        if publication.message and publication.number:
            self.last = publication.number
