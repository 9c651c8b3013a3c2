"""A real OPC UA server that shows a plant through a profile; for simulators and tests.

It has the companion models' own nodesets and, in DI's DeviceSet, one device of the profile's
type with the variables that the plant shows. Values, source times and the server's own clock
follow the given clock. Its namespaces can be shifted by fillers, since a client must not depend
on their order, and it has troubles on demand: see ``troubles``.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import Server, ua
from asyncua.common.utils import ServiceError

from trivet.device.adapter import Clock, Snapshot, Values
from trivet.device.document import Profile
from trivet.errors import ConnectError, DocumentError
from trivet.signals import SECOND, Condition
from trivet_opcua.library import hush
from trivet_opcua.show import Shown, Slot, count, encode, slots
from trivet_opcua.space import OWN, Space
from trivet_opcua.troubles import Troubles, parse

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STEP = SECOND // 4
MOST_STEPS = 64
SHUFFLED = ("urn:trivet:filler:1", "urn:trivet:filler:2")

hush()


@contextlib.asynccontextmanager
async def serve(
    profile: Profile,
    values: Values,
    bind: str,
    clock: Clock,
    *,
    fillers: Sequence[str] = (),
    faults: Sequence[str] = (),
) -> AsyncIterator[str]:
    """Serves a plant until the context is left.

    Args:
        profile: What the controller offers; its points' signals name the plant's values, in the profile's units.
        values: The plant.
        bind: ``host:port`` to listen on; port 0 takes a free one.
        clock: Gives source times and the server's own time.
        fillers: Namespace URIs to register before all others.
        faults: Of the server, as ``troubles.parse`` reads them.

    Yields:
        The URL to connect to.

    Raises:
        ConnectError: The address is taken or not ours.
        DocumentError: The profile does not fit an OPC UA server, or a fault is none.
    """
    host, port = _address(bind)
    stage = _Stage(profile, values, clock, Troubles(map(parse, faults), clock.now()))
    try:
        listening = await stage.start(host, port, fillers)
    except OSError as error:
        raise ConnectError(f"cannot listen on {bind}: {error.strerror}", hint="choose another port") from error
    stage.troubles.start = clock.now()
    director = asyncio.create_task(stage.direct(host, listening, fillers))
    try:
        yield f"opc.tcp://{host}:{listening}"
    finally:
        director.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await director
        await stage.stop()


def _address(bind: str) -> tuple[str, int]:
    host, _, port = bind.rpartition(":")
    if not host or not port.isdigit():
        raise DocumentError(f"{bind!r} is no address to listen on", hint="write HOST:PORT, such as 127.0.0.1:4840")
    return host, int(port)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Without searches for garbage: an address space is a million objects that all stay, and is built twice as fast."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class _Stage:
    """The servers that follow each other at one address."""

    def __init__(self, profile: Profile, values: Values, clock: Clock, troubles: Troubles) -> None:
        self.profile = profile
        self.values = values
        self.clock = clock
        self.troubles = troubles
        self._now: _Simulator | None = None

    async def start(self, host: str, port: int, fillers: Sequence[str]) -> int:
        """Builds a server, opens the port and gives its number."""
        simulator = _Simulator(self.profile, self.values, self.clock, self.troubles)
        with _uncollected():
            await simulator.build(fillers)
        listening = await simulator.listen(host, port)
        self._now = simulator
        return listening

    async def stop(self) -> None:
        """Closes what listens."""
        now, self._now = self._now, None
        if now is not None:
            await now.stop()

    async def direct(self, host: str, port: int, fillers: Sequence[str]) -> None:
        """Follows the plant, and restarts the server when a trouble says so."""
        for trouble in self.troubles.restarts():
            until = self.troubles.start + round(trouble.at * SECOND)
            await self._follow(until)
            await self.stop()
            await self.clock.sleep(trouble.down)
            await self.start(host, port, (*fillers, *SHUFFLED) if trouble.kind == "shuffle" else fillers)
        await self._follow(None)

    async def _follow(self, until: int | None) -> None:
        if self._now is not None:
            await self._now.follow(until)


class _Simulator:
    """One server, one device."""

    def __init__(self, profile: Profile, values: Values, clock: Clock, troubles: Troubles) -> None:
        self.profile = profile
        self.values = values
        self.clock = clock
        self.troubles = troubles
        self.server: Any = Server()
        self.space = Space(
            profile,
            self.server,
            units=not troubles.has("no_units", clock.now()),
            fahrenheit=troubles.has("fahrenheit", clock.now()),
        )
        self.slots: list[Slot] = []
        self._nodes: list[Any] = []
        self._shown: dict[str, Shown] = {}
        self._alarms: dict[str, Any] = {}
        self._conditions: dict[str, Condition] = {}

    async def build(self, fillers: Sequence[str]) -> None:
        """The whole address space, with the values of this moment."""
        server = self.server
        server.name = "Trivet simulator"
        server.disable_clock(True)
        server.iserver.bind_condition_methods = True
        await server.init()
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        await server.set_application_uri(f"{OWN}:server")
        await self.space.load(fillers)
        now = self.clock.now()
        snapshot = self.values(now)
        self.slots = slots(self.profile, snapshot)
        await self._set_clock(now)
        self._nodes = [await self.space.variable(slot) for slot in self.slots]
        if self.troubles.has("literal", now):
            await self.space.literal()
        if self.troubles.has("no_subscriptions", now):
            server.iserver.subscription_service.create_subscription = _refuse
        await self._show(snapshot, now)

    async def listen(self, host: str, port: int) -> int:
        """Opens the port and gives its number."""
        self.server.set_endpoint(f"opc.tcp://{host}:{port}")
        await self.server.start()
        return int(self.server.bserver.port)

    async def stop(self) -> None:
        """Closes the port and every session."""
        await self.server.stop()

    async def follow(self, until: int | None) -> None:
        """Shows every step of the plant with its own source time, also those that the machine was late for."""
        step = STEP if self.clock.speed <= 1 else SECOND
        at = self.clock.now()
        while until is None or at < until:
            await self.clock.sleep((at + step - self.clock.now()) / SECOND)
            now = self.clock.now()
            at = max(at, now - MOST_STEPS * step)
            while at + step <= now:
                at += step
                if not (self.troubles.has("frozen", at) or self.troubles.has("stopped", at)):
                    await self._show(self.values(at), at)
            if not self.troubles.has("frozen", now):
                await self._set_clock(now)

    # --- values

    async def _show(self, snapshot: Snapshot, at: int) -> None:
        moment = _moment(at)
        for slot, node in zip(self.slots, self._nodes, strict=True):
            shown = self._looks(slot, snapshot, at)
            if shown is not None and shown != self._shown.get(slot.name):
                self._shown[slot.name] = shown
                await self._write(node, slot.data, shown, moment)
        for condition in snapshot.conditions:
            if condition != self._conditions.get(condition.id):
                self._conditions[condition.id] = condition
                await self._raise(condition)

    def _looks(self, slot: Slot, snapshot: Snapshot, at: int) -> Shown | None:
        has = slot.signal in snapshot.values or slot.signal in snapshot.status
        shown = encode(slot, snapshot) if has else Shown(count(slot, self.slots), 0)
        if self.space.fahrenheit and slot.at.unit == "Cel" and shown.raw is not None:
            warm = shown.raw * 1.8 + 32
            shown = shown._replace(raw=round(warm) if isinstance(shown.raw, int) else warm)
        return self.troubles.shown(slot.name, shown, at)

    async def _write(self, node: Any, data: str, shown: Shown, moment: datetime) -> None:
        kind = ua.VariantType.Null if shown.raw is None else getattr(ua.VariantType, data)
        value = ua.DataValue(
            ua.Variant(shown.raw, kind), StatusCode=ua.StatusCode(shown.status), SourceTimestamp=moment
        )
        await self.server.write_attribute_value(node, value)

    async def _set_clock(self, now: int) -> None:
        node = ua.NodeId(ua.ObjectIds.Server_ServerStatus_CurrentTime)
        moment = _moment(now)
        value = ua.DataValue(ua.Variant(moment, ua.VariantType.DateTime), SourceTimestamp=moment)
        await self.server.write_attribute_value(node, value)

    async def _raise(self, condition: Condition) -> None:
        """The condition as an event of an AlarmConditionType, kept for ConditionRefresh while it is active."""
        if condition.id not in self._alarms:
            self._alarms[condition.id] = await self.server.get_event_generator(ua.ObjectIds.AlarmConditionType)
        event = self._alarms[condition.id].event
        event.NodeId = self.space.own_id(f"condition/{condition.id}")
        event.ConditionName = event.SourceName = condition.id
        event.Retain = condition.active
        event.Severity = min(max(condition.severity, 1), 1000)
        event.add_variable("ActiveState", _state(condition.active, "Active", "Inactive"), ua.VariantType.LocalizedText)
        event.add_property("ActiveState/Id", condition.active, ua.VariantType.Boolean)
        if condition.acked is not None:
            event.add_property("AckedState/Id", condition.acked, ua.VariantType.Boolean)
        await self._alarms[condition.id].trigger(_moment(condition.source), condition.message or condition.id)


async def _refuse(*_: Any, **__: Any) -> Any:
    raise ServiceError(ua.StatusCodes.BadServiceUnsupported)


def _state(holds: bool, yes: str, no: str) -> Any:
    return ua.LocalizedText(yes if holds else no)


def _moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at // 1000)
