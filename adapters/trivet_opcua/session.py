"""One session: resolve, read everything once, then follow the changes or poll, until the link is lost.

A session is never revived. Its namespace table, nodes and units are its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from trivet.device.adapter import Clock, Target
from trivet.signals import SECOND, Gap, Item
from trivet_opcua.alarms import AlarmTable
from trivet_opcua.browse import find
from trivet_opcua.loss import Lost
from trivet_opcua.points import OpcPoint, expand
from trivet_opcua.settings import Settings
from trivet_opcua.table import Table
from trivet_opcua.transport import Change, Node, Transport
from trivet_opcua.values import Rule, decode, rule

SHORTEST_INTERVAL = 0.05
FROZEN = 5.0
EARLY = 0.3
FAREWELL = 0.2


@dataclass(frozen=True, slots=True)
class Plan:
    """What one endpoint is asked for; the same for all its sessions.

    Attributes:
        origin: Name of the endpoint.
        points: Point name, repeats expanded, to point.
        repeated: Those out of repeated points.
        instances: Which device, where there are several.
        settings: How the endpoint is talked to.
    """

    origin: str
    points: Mapping[str, OpcPoint]
    repeated: frozenset[str]
    instances: Mapping[str, str | int]
    settings: Settings

    def period(self, name: str) -> float:
        """Time between two confirmations of a point [s]."""
        return self.settings.periods[self.points[name].poll]


@dataclass(frozen=True, slots=True)
class Bound:
    """Points that this server has, in one order; items and columns index it."""

    names: tuple[str, ...]
    nodes: Sequence[Node]
    rules: Sequence[Rule]
    missing: Mapping[int, str] = field(default_factory=dict)


def plan(target: Target, settings: Settings) -> Plan:
    """What to ask for, out of a target."""
    points: dict[str, OpcPoint] = {}
    repeated: set[str] = set()
    for name, point in target.points.items():
        instances = expand(name, point, target.endpoint.instances)
        points |= instances
        repeated |= set(instances) if point.most else set()
    return Plan(target.name, points, frozenset(repeated), target.endpoint.instances, settings)


async def session(transport: Transport, asked: Plan, clock: Clock, alarms: AlarmTable) -> AsyncGenerator[Item, None]:
    """Items of one connection; ends with ``Lost`` only.

    Args:
        transport: Not yet open; it is closed however this ends.
        asked: What to read.
        clock: Gives receive times; periods are its seconds.
        alarms: The endpoint's conditions, over all its sessions.
    """
    try:
        await transport.open()
        bound = await bind(transport, asked)
        follow = _polled if asked.settings.mode == "poll" else _subscribed
        async with aclosing(follow(transport, asked, bound, clock, alarms)) as items:
            async for item in items:
                yield item
    except Lost:
        # The farewell is sent, so that a server which can still hear frees the session; nobody waits for it.
        await transport.close(FAREWELL)
        raise
    finally:
        await transport.close(asked.settings.timeout)


async def bind(transport: Transport, asked: Plan) -> Bound:
    """Resolves all points and their units; the missing ones stand last."""
    found = await find(transport, asked.points, asked.repeated, asked.instances)
    names = tuple(found.nodes)
    with_unit = [name for name in names if name in found.units]
    units = dict(zip(with_unit, await transport.units([found.units[name] for name in with_unit]), strict=True))
    rules = [rule(asked.points[name], units.get(name)) for name in names]
    missing = {len(names) + number: "missing" for number in range(len(found.missing))}
    return Bound((*names, *found.missing), [found.nodes[name] for name in names], rules, missing)


async def _subscribed(
    transport: Transport, asked: Plan, bound: Bound, clock: Clock, alarms: AlarmTable
) -> AsyncGenerator[Item, None]:
    table = Table(bound.names, [asked.period(name) for name in bound.names], asked.origin)
    yield await _read_all(transport, asked, bound, clock, table)
    await _subscribe(transport, asked, bound, clock, table)
    heart = Heart(asked.origin, clock.now())
    patience = max(2 * transport.quiet + 1.0, 2.0)
    while True:
        publication = await transport.publication(patience)
        receive = clock.now()
        gap = heart.listen(publication.beat, receive)
        if gap is not None:
            yield gap
        for condition in alarms.update(publication.events, receive):
            yield condition
        if publication.changes:
            readings = decode(publication.changes, bound.rules, bound.names, receive, asked.origin)
            table.note(readings)
            yield readings
        confirmed = table.confirm(receive, EARLY) if publication.complete and heart.beats else None
        if confirmed is not None:
            yield confirmed
        await transport.renew()


async def _read_all(transport: Transport, asked: Plan, bound: Bound, clock: Clock, table: Table) -> Item:
    values = await transport.read(bound.nodes)
    changes = [Change(item, value) for item, value in enumerate(values)]
    readings = decode(changes, bound.rules, bound.names, clock.now(), asked.origin, bound.missing)
    table.note(readings)
    for column in bound.missing:
        table.forget(column)
    return readings


async def _subscribe(transport: Transport, asked: Plan, bound: Bound, clock: Clock, table: Table) -> None:
    periods = [asked.period(name) for name in bound.names[: len(bound.nodes)]]
    sampling = [max(period / 2 / clock.speed, SHORTEST_INTERVAL) for period in periods]
    publishing = asked.settings.publishing or min(periods, default=1.0) / 2
    interval = max(publishing / clock.speed, SHORTEST_INTERVAL)
    statuses = await transport.subscribe(bound.nodes, sampling, interval)
    for column, status in enumerate(statuses):
        if status >> 30:
            table.forget(column)
    await transport.refresh()


async def _polled(
    transport: Transport, asked: Plan, bound: Bound, clock: Clock, alarms: AlarmTable
) -> AsyncGenerator[Item, None]:
    """Reads each point at the whole multiples of its period; without subscriptions there are no conditions either."""
    del alarms
    periods = [round(asked.period(name) * SECOND) for name in bound.names[: len(bound.nodes)]]
    due = [0] * len(periods)
    missing: Mapping[int, str] = bound.missing
    heart = Heart(asked.origin, clock.now())
    while True:
        start = clock.now()
        items = [item for item, at in enumerate(due) if at <= start]
        values, beat = await transport.poll([bound.nodes[item] for item in items])
        receive = clock.now()
        gap = heart.listen(beat, receive)
        if gap is not None:
            yield gap
        changes = [Change(item, value) for item, value in zip(items, values, strict=True)]
        if changes and heart.beats:
            yield decode(changes, bound.rules, bound.names, receive, asked.origin, missing)
            missing = {}
        for item in items:
            due[item] = (start // periods[item] + 1) * periods[item]
        await transport.renew()
        await _until(min(due, default=start + SECOND), clock)


async def _until(at: int, clock: Clock) -> None:
    """Waits for a moment of the clock, but never so briefly that a controller is flooded."""
    wait = (at - clock.now()) / SECOND
    await clock.sleep(max(wait, SHORTEST_INTERVAL * clock.speed))


class Heart:
    """Whether the server's own clock moves; one that stands still confirms nothing, whatever it answers.

    Attributes:
        origin: Endpoint, for the gap.
        beats: False from the moment that the clock was found standing.
    """

    def __init__(self, origin: str, now: int) -> None:
        self.origin = origin
        self.beats = True
        self._seen = 0
        self._receive = now
        self._moved = asyncio.get_running_loop().time()

    def listen(self, beat: int, receive: int) -> Gap | None:
        """The gap that opens or ends here, if any.

        Args:
            beat: Server time [ns], or 0 when this answer had none.
            receive: When the answer arrived [ns, UTC].
        """
        real = asyncio.get_running_loop().time()
        if beat and beat != self._seen:
            start, stood = self._receive, not self.beats
            self._seen, self._receive, self._moved, self.beats = beat, receive, real, True
            return self._gap(start, receive) if stood else None
        if self.beats and self._seen and real - self._moved > FROZEN:
            self.beats = False
            return self._gap(self._receive, None)
        return None

    def _gap(self, start: int, end: int | None) -> Gap:
        return Gap(start, end, "frozen", self.origin, f"the server answers, but its clock has stood for {FROZEN:g} s")
