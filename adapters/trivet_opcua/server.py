"""A real OPC UA server that shows a plant through a profile; for simulators and tests.

It builds DI's DeviceSet, one device of the profile's type and its variables with the
companion model's names, types and units. Values, source times and the server's own
clock follow the given clock. Its namespaces can be shifted by fillers, since a client
must not depend on their order.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import Server, ua

from trivet.device.adapter import Clock, Snapshot, Values
from trivet.device.document import Profile
from trivet.errors import ConnectError, DocumentError
from trivet.signals import SECOND, Condition
from trivet.units import unece_id
from trivet_opcua import companion
from trivet_opcua.library import hush
from trivet_opcua.points import BASE, DI, KITCHEN, Name
from trivet_opcua.show import Shown, Slot, count, encode, slots

OWN = "urn:trivet:simulator"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STEP = SECOND // 4
MOST_STEPS = 64

hush()


@contextlib.asynccontextmanager
async def serve(
    profile: Profile, values: Values, bind: str, clock: Clock, *, fillers: Sequence[str] = ()
) -> AsyncIterator[str]:
    """Serves a plant until the context is left.

    Args:
        profile: What the controller offers; its points' signals name the plant's values, in the profile's units.
        values: The plant.
        bind: ``host:port`` to listen on; port 0 takes a free one.
        clock: Gives source times and the server's own time.
        fillers: Namespace URIs to register before all others.

    Yields:
        The URL to connect to.

    Raises:
        ConnectError: The address is taken or not ours.
        DocumentError: The profile does not fit an OPC UA server.
    """
    host, port = _address(bind)
    server = _Simulator(profile, values, clock)
    await server.build(fillers)
    try:
        listening = await server.listen(host, port)
    except OSError as error:
        raise ConnectError(f"cannot listen on {bind}: {error.strerror}", hint="choose another port") from error
    follower = asyncio.create_task(server.follow())
    try:
        yield f"opc.tcp://{host}:{listening}"
    finally:
        follower.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await follower
        await server.stop()


def _address(bind: str) -> tuple[str, int]:
    host, _, port = bind.rpartition(":")
    if not host or not port.isdigit():
        raise DocumentError(f"{bind!r} is no address to listen on", hint="write HOST:PORT, such as 127.0.0.1:4840")
    return host, int(port)


class _Simulator:
    """One server, one device."""

    def __init__(self, profile: Profile, values: Values, clock: Clock) -> None:
        self.profile = profile
        self.values = values
        self.clock = clock
        self.server: Any = Server()
        self.slots: list[Slot] = []
        self._types: dict[Name, Any] = {}
        self._objects: dict[tuple[Name | None, tuple[Name, ...]], Any] = {}
        self._nodes: list[Any] = []
        self._shown: dict[str, Shown] = {}
        self._alarms: dict[str, Any] = {}
        self._conditions: dict[str, Condition] = {}
        self._namespaces: dict[str, int] = {}

    async def build(self, fillers: Sequence[str]) -> None:
        """The whole address space, with the values of this moment."""
        server = self.server
        server.name = "Trivet simulator"
        server.disable_clock(True)
        server.iserver.bind_condition_methods = True
        await server.init()
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        await server.set_application_uri(f"{OWN}:server")
        for uri in (*fillers, DI, KITCHEN, OWN):
            self._namespaces[uri] = await server.register_namespace(uri)
        now = self.clock.now()
        snapshot = self.values(now)
        self.slots = slots(self.profile, snapshot)
        await self._set_clock(now)
        self._nodes = [await self._variable(slot) for slot in self.slots]
        await self._show(snapshot, now)

    async def listen(self, host: str, port: int) -> int:
        """Opens the port and gives its number."""
        self.server.set_endpoint(f"opc.tcp://{host}:{port}")
        await self.server.start()
        return int(self.server.bserver.port)

    async def stop(self) -> None:
        """Closes the port and every session."""
        await self.server.stop()

    async def follow(self) -> None:
        """Shows every step of the plant with its own source time, also those that the machine was late for."""
        step = STEP if self.clock.speed <= 1 else SECOND
        at = self.clock.now()
        while True:
            await self.clock.sleep((at + step - self.clock.now()) / SECOND)
            now = self.clock.now()
            at = max(at, now - MOST_STEPS * step)
            while at + step <= now:
                at += step
                await self._show(self.values(at), at)
            await self._set_clock(now)

    # --- address space

    async def _variable(self, slot: Slot) -> Any:
        if slot.at.node is not None:
            uri, identifier = slot.at.node
            parent, name = self.server.nodes.objects, Name(uri, slot.name)
            node_id = ua.NodeId.from_string(f"ns={await self._index(uri)};{identifier}")
        else:
            parent, name = await self._object(slot.at.type, slot.at.path[:-1]), slot.at.path[-1]
            node_id = ua.NodeId("/".join(part.text for part in slot.at.path), self._namespaces[OWN])
        kind = getattr(ua.VariantType, slot.data)
        zero = False if slot.data == "Boolean" else 0.0 if slot.data in ("Float", "Double") else 0
        node = await parent.add_variable(node_id, await self._qualified(name), zero, kind)
        await self._engineering_units(node, slot)
        return node.nodeid

    async def _engineering_units(self, node: Any, slot: Slot) -> None:
        if slot.at.unit in (None, "1") or slot.at.scale != 1.0 or slot.at.offset != 0.0:
            return
        try:
            number = unece_id(slot.at.unit or "")
        except DocumentError:
            return
        unit = ua.EUInformation(
            NamespaceUri=companion.UNIT_NAMESPACE,
            UnitId=number,
            DisplayName=ua.LocalizedText(slot.at.unit),
            Description=ua.LocalizedText(slot.at.unit),
        )
        await node.add_property(
            ua.NodeId(f"{node.nodeid.Identifier}/unit", self._namespaces[OWN]), "0:EngineeringUnits", unit
        )

    async def _object(self, type_: Name | None, path: tuple[Name, ...]) -> Any:
        """The object at a path from the device, or from Objects; built with all above it when it is new."""
        key = (type_, path)
        if key not in self._objects:
            if path:
                parent = await self._object(type_, path[:-1])
                kind = await self._parameters_type(type_) if type_ and len(path) == 1 else ua.ObjectIds.BaseObjectType
                self._objects[key] = await parent.add_object(
                    self._own_id("/".join(part.text for part in path)), await self._qualified(path[-1]), kind
                )
            else:
                self._objects[key] = self.server.nodes.objects if type_ is None else await self._device(type_)
        return self._objects[key]

    async def _device(self, type_: Name) -> Any:
        fact = companion.DEVICES.get(type_.text) if type_.namespace == KITCHEN else None
        above = Name(KITCHEN, "CommercialKitchenDeviceType") if fact else Name(DI, "DeviceType")
        kind = await self._type(type_, fact.id if fact else 0, above)
        device = await (await self._device_set()).add_object(
            self._own_id("device"), ua.QualifiedName(self.profile.id, self._namespaces[OWN]), kind
        )
        plate = companion.nameplate(fact.device_class if fact else "", self.profile.title.get("en", self.profile.id))
        for name, value in plate.items():
            text = ua.LocalizedText(str(value)) if name in ("Manufacturer", "Model") else value
            await device.add_property(self._own_id(name), ua.QualifiedName(name, self._namespaces[DI]), text)
        for name in ("ErrorConditions", "InformationConditions"):
            await device.add_object(self._own_id(name), ua.QualifiedName(name, self._namespaces[KITCHEN]))
        return device

    async def _device_set(self) -> Any:
        node = self.server.get_node(ua.NodeId(companion.DEVICE_SET, self._namespaces[DI]))
        if node.nodeid in self.server.iserver.aspace:
            return node
        return await self.server.nodes.objects.add_object(
            node.nodeid, ua.QualifiedName("DeviceSet", self._namespaces[DI])
        )

    async def _parameters_type(self, type_: Name) -> Any:
        fact = companion.DEVICES.get(type_.text)
        if fact is None:
            return ua.ObjectIds.BaseObjectType
        above = Name(KITCHEN, "KitchenDeviceParameterType")
        return await self._type(Name(KITCHEN, fact.parameters), fact.parameters_id, above)

    async def _type(self, name: Name, number: int, above: Name | None) -> Any:
        """A type's node id; the type is added, with what it derives from, when it is new."""
        if name not in self._types:
            if above is None:
                parent = self.server.nodes.base_object_type
            else:
                parent = self.server.get_node(await self._type(above, *companion.SUPERTYPES[above]))
            index = await self._index(name.namespace)
            node_id = ua.NodeId(number, index) if number else ua.NodeId(name.text, index)
            await parent.add_object_type(node_id, ua.QualifiedName(name.text, index))
            self._types[name] = node_id
        return self._types[name]

    async def _qualified(self, name: Name) -> Any:
        return ua.QualifiedName(name.text, await self._index(name.namespace))

    async def _index(self, uri: str) -> int:
        if uri == BASE:
            return 0
        if uri not in self._namespaces:
            self._namespaces[uri] = await self.server.register_namespace(uri)
        return self._namespaces[uri]

    def _own_id(self, path: str) -> Any:
        return ua.NodeId(path, self._namespaces[OWN])

    # --- values

    async def _show(self, snapshot: Snapshot, at: int) -> None:
        moment = _moment(at)
        for slot, node in zip(self.slots, self._nodes, strict=True):
            has = slot.signal in snapshot.values or slot.signal in snapshot.status
            shown = encode(slot, snapshot) if has else Shown(count(slot, self.slots), 0)
            if shown != self._shown.get(slot.name):
                self._shown[slot.name] = shown
                await self._write(node, slot.data, shown, moment)
        for condition in snapshot.conditions:
            if condition != self._conditions.get(condition.id):
                self._conditions[condition.id] = condition
                await self._raise(condition)

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
        event.NodeId = self._own_id(f"condition/{condition.id}")
        event.ConditionName = event.SourceName = condition.id
        event.Retain = condition.active
        event.Severity = min(max(condition.severity, 1), 1000)
        event.add_variable("ActiveState", _state(condition.active, "Active", "Inactive"), ua.VariantType.LocalizedText)
        event.add_property("ActiveState/Id", condition.active, ua.VariantType.Boolean)
        if condition.acked is not None:
            event.add_property("AckedState/Id", condition.acked, ua.VariantType.Boolean)
        await self._alarms[condition.id].trigger(_moment(condition.source), condition.message or condition.id)


def _state(holds: bool, yes: str, no: str) -> Any:
    return ua.LocalizedText(yes if holds else no)


def _moment(at: int) -> datetime:
    return EPOCH + timedelta(microseconds=at // 1000)
