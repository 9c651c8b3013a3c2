"""A session's data over one channel: publications in their sequence, or polls at whole periods."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

from trivet.device.adapter import Clock
from trivet.signals import SECOND, Gap, Item
from trivet_opcua.alarms import source
from trivet_opcua.backfill import backfill
from trivet_opcua.cover import Cover
from trivet_opcua.feed import Feed
from trivet_opcua.loss import Lost
from trivet_opcua.transport import Change, Granted, Node, Publication, Transport

SHORTEST_INTERVAL = 0.05
LATE = 0.8
"""Silence beyond two publishing intervals that makes a link lost [s of real time]."""
GONE = "BadSubscriptionIdInvalid"


@dataclass(slots=True)
class Standing:
    """A session that the server has, and what was learnt in it.

    Attributes:
        session: Its number on the line.
        nodes: The points; items index them.
        granted: The subscription, or None when polling.
        feed: What came so far.
        provenance: Where its values come from.
    """

    session: int
    nodes: Sequence[Node]
    granted: Granted | None
    feed: Feed
    provenance: Mapping[str, str]


class Subscribed:
    """A subscription over one channel."""

    def __init__(self, transport: Transport, known: Standing, granted: Granted, clock: Clock, cover: Cover) -> None:
        self._transport = transport
        self._known = known
        self._granted = granted
        self._clock = clock
        self._cover = cover

    async def items(self, again: bool) -> AsyncGenerator[Item, None]:
        """Items, endless; ends with ``Lost``.

        Args:
            again: The subscription was followed on another channel before, so what it sent meanwhile comes first.
        """
        transport, granted, feed = self._transport, self._granted, self._known.feed
        beat = len(self._known.nodes)
        while again and (message := await transport.republish(granted.id, feed.numbers.next, beat)) is not None:
            for item in await self._passed(message, live=False):
                yield item
        transport.listen(granted.id, beat)
        await transport.refresh(granted.id)
        patience = max(2 * granted.publishing, granted.quiet) + LATE
        checked = again
        while True:
            publication = await transport.publication(granted.id, patience)
            if checked:
                async for item in self._before(publication):
                    yield item
            checked = checked or publication.message
            if again or publication.message:
                async for item in self._resumed(again):
                    yield item
            if not feed.numbers.known(publication):
                for item in await self._passed(publication, live=True):
                    yield item
            await transport.renew()

    async def _passed(self, publication: Publication, live: bool) -> list[Item]:
        feed = self._known.feed
        if publication.events:
            await feed.events.learn(self._transport, filter(None, map(source, publication.events)))
        now = self._clock.now()
        found = [self._cover.seen(item) for item in feed.items(publication, now, live)]
        self._cover.heard(feed.covered, now)
        return found

    async def _before(self, publication: Publication) -> AsyncGenerator[Item, None]:
        """Messages that should have come before this one, as far as the server still has them."""
        numbers = self._known.feed.numbers.missing(publication)
        if numbers is None:
            raise Lost("sequence", "the server numbers its messages anew", GONE)
        lost = 0
        for number in numbers:
            message = await self._transport.republish(self._granted.id, number, len(self._known.nodes))
            if message is None:
                lost += 1
                continue
            for item in await self._passed(message, live=False):
                yield item
        if lost:
            words = f"{lost} of the server's messages never came, and it has them no longer"
            for gap in self._cover.hole(self._clock.now(), "sequence", words):
                yield gap

    async def _resumed(self, again: bool) -> AsyncGenerator[Item, None]:
        """The end of an open gap, after what a new session can read back of it."""
        if self._cover.gap is None or self._cover.gap.reason == "frozen":
            return
        if not again:
            async for readings in backfill(
                self._transport, self._known.nodes, self._known.feed, self._cover, self._clock.now()
            ):
                yield readings
        for gap in self._cover.flows(self._clock.now()):
            yield gap


async def polled(
    transport: Transport, known: Standing, periods: Sequence[float], clock: Clock, cover: Cover
) -> AsyncGenerator[Item, None]:
    """Reads each point at the whole multiples of its period [s]; without subscriptions there are no conditions."""
    steps = [round(period * SECOND) for period in periods]
    hole = max(2 * min(steps, default=SECOND), round(SECOND * clock.speed))
    due = [0] * len(steps)
    feed = known.feed
    cover.missed()
    while True:
        start = clock.now()
        items = [item for item, at in enumerate(due) if at <= start]
        values, beat = await transport.poll([known.nodes[item] for item in items])
        receive = clock.now()
        gap = feed.heart.listen(beat, receive)
        if gap is not None:
            yield cover.seen(gap)
        if feed.heart.beats:
            for told in _ended(cover, start, receive, hole):
                yield told
            changes = [Change(item, value) for item, value in zip(items, values, strict=True)]
            if changes:
                yield feed.readings(changes, receive)
            cover.heard(start, receive)
        for item in items:
            due[item] = (start // steps[item] + 1) * steps[item]
        await transport.renew()
        await _until(min(due, default=start + SECOND), clock)


def _ended(cover: Cover, start: int, receive: int, hole: int) -> list[Gap]:
    """The end of an open gap, or polls that were passed over while an answer was waited for."""
    if cover.gap is None and cover.last and start - cover.until > hole:
        words = f"no answer for {(start - cover.until) / SECOND:.1f} s, so polls were passed over"
        return cover.hole(start, "late", words)
    return cover.flows(receive)


async def _until(at: int, clock: Clock) -> None:
    """Waits for a moment of the clock, but never so briefly that a controller is flooded."""
    wait = (at - clock.now()) / SECOND
    await clock.sleep(max(wait, SHORTEST_INTERVAL * clock.speed))
