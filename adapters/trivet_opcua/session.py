"""What one device has of a session, over as many channels as it takes: resolve, then follow the changes or poll.

A channel and its client are used once. The session outlives them: on a fresh channel it is activated
again, what was sent meanwhile is asked for once more, and only where the server refuses that is there
a new session with a namespace table, nodes and units of its own. The session is the line's, shared with
the other devices of the endpoint; the subscription and what is known of the points are this device's.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from trivet.device.adapter import Clock, Target
from trivet.signals import Item, Readings
from trivet_opcua.alarms import AlarmTable
from trivet_opcua.browse import find
from trivet_opcua.cover import Cover
from trivet_opcua.enumerations import foreign
from trivet_opcua.feed import Bound, Feed
from trivet_opcua.follow import SHORTEST_INTERVAL, Standing, Subscribed, polled
from trivet_opcua.line import FAREWELL, Channel, Line
from trivet_opcua.loss import Lost
from trivet_opcua.ownership import Ownership
from trivet_opcua.points import OpcPoint, expand
from trivet_opcua.provenance import provenance
from trivet_opcua.settings import Settings, declared
from trivet_opcua.table import Table
from trivet_opcua.transport import Granted, Transport
from trivet_opcua.values import rule

UNSUPPORTED = frozenset({"BadServiceUnsupported", "BadNotImplemented", "BadNotSupported"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one endpoint is asked for; the same for all its sessions.

    Attributes:
        origin: Name of the endpoint.
        points: Point name, repeats expanded, to point.
        repeated: Those out of repeated points.
        instances: Which device, where there are several.
        settings: How the endpoint is talked to.
        max_age: Point name to the age after which its signal no longer counts [s].
    """

    origin: str
    points: Mapping[str, OpcPoint]
    repeated: frozenset[str]
    instances: Mapping[str, str | int]
    settings: Settings
    max_age: Mapping[str, float] = field(default_factory=dict)

    def period(self, name: str) -> float:
        """Time between two confirmations of a point [s]."""
        return self.settings.periods[self.points[name].poll]


def plan(target: Target, settings: Settings) -> Plan:
    """What to ask for, out of a target."""
    points: dict[str, OpcPoint] = {}
    repeated: set[str] = set()
    for name, point in target.points.items():
        instances = expand(name, point, target.endpoint.instances)
        points |= instances
        repeated |= set(instances) if point.most else set()
    chosen = target.endpoint.instances
    return Plan(target.name, points, frozenset(repeated), chosen, settings, target.max_age)


class Session:
    """What one endpoint has of the sessions on its line, one at a time."""

    def __init__(self, asked: Plan, clock: Clock, alarms: AlarmTable, cover: Cover) -> None:
        self._asked = asked
        self._clock = clock
        self._alarms = alarms
        self._cover = cover
        self._standing: Standing | None = None
        self._channel: Channel | None = None

    @property
    def stands(self) -> bool:
        """Whether the server may still have the session."""
        return self._standing is not None

    async def items(self, line: Line) -> AsyncGenerator[Item, None]:
        """Items of one channel; ends with ``Lost`` only.

        Args:
            line: Shared with the other devices of this endpoint; what is ours on it ends however this ends.
        """
        try:
            async with aclosing(self._items(line)) as items:
                async for item in items:
                    yield item
        except Lost as lost:
            if lost.final or self._standing is None:
                await self._part(line, FAREWELL, lost)
            else:
                channel, self._channel = self._channel, None
                await line.lose(channel, self._subscription, lost)
            raise
        finally:
            if self._channel is not None:
                await self._part(line, self._asked.settings.timeout)

    @property
    def _subscription(self) -> int | None:
        granted = None if self._standing is None else self._standing.granted
        return None if granted is None else granted.id

    async def _part(self, line: Line, patience: float, lost: Lost | None = None) -> None:
        """Gives up what we have in the session."""
        channel, subscription = self._channel, self._subscription
        self._channel = self._standing = None
        if channel is not None:
            await line.part(channel, subscription, patience, lost)

    async def _items(self, line: Line) -> AsyncGenerator[Item, None]:
        known = self._standing
        transport = self._channel = await line.open(None if known is None else known.session)
        again = known is not None
        if known is None:
            self._cover.missed()
            known = self._standing = await self._begin(transport, line.session)
        known.feed.heart.restart(self._clock.now())
        async with aclosing(self._follow(transport, known, again)) as items:
            async for item in items:
                yield replace(item, provenance=known.provenance) if isinstance(item, Readings) else item

    def _follow(self, transport: Transport, known: Standing, again: bool) -> AsyncGenerator[Item, None]:
        if known.granted is not None:
            return Subscribed(transport, known, known.granted, self._clock, self._cover).items(again)
        periods = [self._asked.period(name) for name in known.feed.table.names[: len(known.nodes)]]
        return polled(transport, known, periods, self._clock, self._cover)

    async def _begin(self, transport: Transport, session: int) -> Standing:
        asked, clock = self._asked, self._clock
        bound = await bind(transport, asked)
        told = await provenance(transport, asked, bound.told)
        interval = _publishing(asked, bound, clock)
        granted = await _subscribe(transport, asked, bound, clock, interval) if asked.settings.mode != "poll" else None
        refused = {} if granted is None else {n: code for n, code in enumerate(granted.statuses) if code >> 30}
        # What a server looks at less often than asked is not confirmed more often than it looks.
        looked = [*(() if granted is None else granted.sampling), *[0.0] * len(bound.names)]
        periods = [max(asked.period(n), s * clock.speed) for n, s in zip(bound.names, looked, strict=False)]
        feed = Feed(
            Table(bound.names, periods, asked.origin), bound, refused, self._alarms, interval * clock.speed, clock.now()
        )
        feed.floor = self._cover.last
        return Standing(session, bound.nodes, granted, feed, told)


async def bind(transport: Transport, asked: Plan) -> Bound:
    """Resolves all points, their units and enumerations; the missing ones stand last."""
    found = await find(transport, asked.points, asked.repeated, asked.instances)
    names = tuple(found.nodes)
    with_unit = [name for name in names if name in found.units]
    units = dict(zip(with_unit, await transport.units([found.units[name] for name in with_unit]), strict=True))
    others = await foreign(transport, asked.points, found.nodes)
    for name, other in others.items():
        _log.warning("%s: %s is of %s, so its states are not believed", asked.origin, name, other)
    given = asked.settings.units
    rules = [rule(asked.points[name], units.get(name), declared(given, name), name in others) for name in names]
    missing = {len(names) + number: "missing" for number in range(len(found.missing))}
    events = Ownership(found.own, found.others)
    return Bound((*names, *found.missing), [found.nodes[name] for name in names], rules, missing, found.told, events)


def _publishing(asked: Plan, bound: Bound, clock: Clock) -> float:
    """Publishing interval to ask for [s of real time]."""
    periods = [asked.period(name) for name in bound.names[: len(bound.nodes)]]
    publishing = asked.settings.publishing or min(periods, default=1.0) / 2
    return max(publishing / clock.speed, SHORTEST_INTERVAL)


async def _subscribe(transport: Transport, asked: Plan, bound: Bound, clock: Clock, interval: float) -> Granted | None:
    """The subscription, or None where the server has none: such a server is polled, with the same contract."""
    periods = [asked.period(name) for name in bound.names[: len(bound.nodes)]]
    sampling = [max(period / 2 / clock.speed, SHORTEST_INTERVAL) for period in periods]
    try:
        granted = await transport.subscribe(bound.nodes, sampling, interval)
    except Lost as refused:
        if refused.code not in UNSUPPORTED:
            raise
        _log.warning("%s: the server has no subscriptions and is polled", asked.origin)
        return None
    late = slow(asked, bound.names, granted, clock.speed)
    if late:
        _log.warning("%s: %s%s", asked.origin, late[0], f"; {len(late) - 1} more likewise" if len(late) > 1 else "")
    return granted


def slow(asked: Plan, names: Sequence[str], granted: Granted, speed: float) -> list[str]:
    """What a server confirms less often than its signal's ``max_age``, or the point's period, asks for; in words.

    Args:
        asked: Has both.
        names: The monitored points.
        granted: What the server made of it.
        speed: Seconds of the clock in a real one.
    """
    found = []
    for name, sampling in zip(names, granted.sampling, strict=False):
        real, oldest = max(sampling, granted.publishing), asked.max_age.get(name)
        each = real * speed
        if oldest is not None and each > oldest:
            found.append(f"{name} comes every {each:g} s, and its signal counts for {oldest:g} s only")
        elif real > max(asked.period(name) / speed, SHORTEST_INTERVAL):
            found.append(f"{name} is sampled every {each:g} s, which is slower than its period")
    return found
