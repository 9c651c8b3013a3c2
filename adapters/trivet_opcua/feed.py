"""Publications of one subscription to items: what is confirmed, what is covered, what a queue lost.

A value of several in one answer, or out of a message that was sent again, was current at its own
time and not now; its row says so, or the frames would take the oldest for the newest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from trivet.signals import SECOND, Gap, Item, Readings
from trivet_opcua.alarms import AlarmTable, source
from trivet_opcua.heart import Heart
from trivet_opcua.ownership import Ownership
from trivet_opcua.sequence import Numbers
from trivet_opcua.table import Table
from trivet_opcua.transport import Change, Node, Publication, Value
from trivet_opcua.values import Rule, decode

EARLY = 0.3
OVERFLOW = 0x480
"""InfoType DataValue with the Overflow bit: the queue of a monitored item was full (OPC 10000-4, 7.39)."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Points that this server has, in one order; items and columns index it."""

    names: tuple[str, ...]
    nodes: Sequence[Node]
    rules: Sequence[Rule]
    missing: Mapping[int, str] = field(default_factory=dict)
    told: Mapping[str, Node] = field(default_factory=dict)
    events: Ownership = field(default_factory=Ownership)


class Feed:
    """What a subscription said so far, over all the channels it was followed on.

    Attributes:
        numbers: Sequence numbers.
        covered: Up to when nothing is missing, by the server's own clock where it shows one [ns, UTC].
        heart: The server's clock.
        floor: When something came last in the session before this one [ns, UTC]; no row is older.
        events: Whose events are ours; asked about sources before ``items`` is.
    """

    def __init__(
        self,
        table: Table,
        bound: Bound,
        refused: Mapping[int, int],
        alarms: AlarmTable,
        interval: float,
        now: int,
    ) -> None:
        """A feed of which nothing came yet.

        Args:
            table: For the points of ``bound``.
            bound: The points.
            refused: Points that the server does not monitor, with its StatusCode.
            alarms: The endpoint's conditions.
            interval: Publishing interval, in seconds of the clock.
            now: Now [ns, UTC].
        """
        self.table = table
        self.rules = bound.rules
        self.events = bound.events
        self._missing = dict(bound.missing)
        self._refused = [Change(item, Value(None, code, 0, 0)) for item, code in refused.items()]
        self.alarms = alarms
        self.numbers = Numbers()
        self.heart = Heart(table.origin, now)
        self.covered = now
        self.floor = 0
        self._interval = round(interval * SECOND)
        self._before = now

    def items(self, publication: Publication, receive: int, live: bool = True) -> Iterator[Item]:
        """Items of one publication.

        Args:
            publication: The next in the sequence.
            receive: When it arrived [ns, UTC].
            live: False for a message that is sent again, which confirms nothing else.
        """
        self.numbers.take(publication)
        gap = self.heart.listen(publication.beat, receive) if live else None
        if gap is not None:
            yield gap
        ours = (fields for fields in publication.events if self.events.concerns(source(fields)))
        yield from self.alarms.update(ours, receive)
        if publication.changes:
            lost = self._overflow(publication.changes, receive)
            if lost is not None:
                yield lost
            yield self.readings(publication.changes, receive, live)
        confirmed = self.table.confirm(receive, EARLY) if live and publication.complete and self.heart.beats else None
        if confirmed is not None:
            yield confirmed
        if live or publication.beat:
            self._cover(publication.beat, receive)

    def readings(self, changes: Sequence[Change], receive: int, live: bool = True) -> Readings:
        """Rows of changes in the order of their times; those that are not current keep their own time."""
        known = [change for change in changes if 0 <= change.item < len(self.rules)]
        several = not live or len({change.item for change in known}) < len(known)
        confirmed = self._confirmed(known, receive, live) if several else [receive] * len(known)
        missing, self._missing = self._missing, {}
        refused, self._refused = self._refused, []
        confirmed += [receive] * (len(refused) + len(missing))
        names, origin = self.table.names, self.table.origin
        found = decode(known + refused, self.rules, names, receive, origin, missing, confirmed)
        self.table.note(found)
        for column in [*missing, *(change.item for change in refused)]:
            self.table.forget(column)
        return found

    def ours(self, server: int) -> int:
        """A time of the server's clock on ours [ns, UTC]."""
        return server + (self.heart.offset or 0)

    def _confirmed(self, changes: Sequence[Change], receive: int, live: bool) -> list[int]:
        last = {change.item: row for row, change in enumerate(changes)} if live else {}
        floor: dict[int, int] = {}
        found = []
        for row, (item, value) in enumerate(changes):
            least = floor.get(item) or self.table.received(item) or self.floor
            own = self.ours(value.source or value.server)
            at = receive if last.get(item) == row else min(max(own, least), receive)
            floor[item] = at
            found.append(at)
        return found

    def _overflow(self, changes: Sequence[Change], receive: int) -> Gap | None:
        full = [change for change in changes if change.value.status & OVERFLOW == OVERFLOW]
        full = [change for change in full if 0 <= change.item < len(self.rules)]
        if not full:
            return None
        start = min(self.table.received(change.item) or self.covered for change in full)
        end = max(min(self.ours(change.value.source), receive) for change in full)
        names = ", ".join(sorted({self.table.names[change.item] for change in full}))
        return Gap(start, max(start, end), "overflow", self.table.origin, f"the server's queue was full: {names}")

    def _cover(self, beat: int, receive: int) -> None:
        """What the server sent after its beat, and a sampling before it, may not have been in the message."""
        until = min(self.ours(beat), receive) if beat else self._before
        self.covered = max(self.covered, until - self._interval)
        self._before = receive
