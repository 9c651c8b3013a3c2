"""One OPC UA server with three appliances, two of them of one type, as a kitchen's gateway shows them; on asyncua."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from asyncua import Server, ua

from trivet.device.adapter import Snapshot
from trivet.device.document import Profile
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet_opcua.server import _state
from trivet_opcua.show import encode, slots
from trivet_opcua.space import OWN, Space

WASHER, COMBI = "opc30200-dishwashing-machine", "opc30200-combi-steamer"
APPLIANCES: Mapping[str, tuple[str, Mapping[str, float | str]]] = {
    "Washer 1": (WASHER, {"rinse_temperature": 81.0, "operation_mode": "operation"}),
    "Washer 2": (WASHER, {"rinse_temperature": 82.0, "operation_mode": "operation"}),
    "Combi": (COMBI, {"chamber_temperature": 180.0}),
}


class _Appliance(Space):
    """One of several devices in a server."""

    def own_id(self, path: str) -> Any:
        return ua.NodeId(f"{self.profile.id}/{path}", self._namespaces[OWN])

    def beside(self, other: _Appliance) -> None:
        """Takes over what the other has loaded."""
        self._namespaces, self._enumerations = other._namespaces, other._enumerations


@dataclass
class Kitchen:
    """A running server.

    Attributes:
        url: Where it listens.
        appliances: Name to its part of the address space.
    """

    url: str
    server: Any
    appliances: Mapping[str, _Appliance]

    async def alarm(self, appliance: str, name: str, active: bool = True) -> None:
        """Raises or ends an alarm below an appliance's ErrorConditions, or with no name one of the server itself."""
        generator = await self.server.get_event_generator(ua.ObjectIds.AlarmConditionType)
        event = generator.event
        if appliance:
            event.SourceNode = self.appliances[appliance].own_id("ErrorConditions")
        event.NodeId = ua.NodeId(f"condition/{appliance}/{name}", 2)
        event.ConditionName = event.SourceName = name
        event.Retain, event.Severity = active, 700
        event.add_variable("ActiveState", _state(active, "Active", "Inactive"), ua.VariantType.LocalizedText)
        event.add_property("ActiveState/Id", active, ua.VariantType.Boolean)
        await generator.trigger(datetime.now(UTC), name)


@asynccontextmanager
async def kitchen() -> AsyncIterator[Kitchen]:
    """Serves until the context is left."""
    server: Any = Server()
    server.iserver.bind_condition_methods = True
    await server.init()
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    appliances: dict[str, _Appliance] = {}
    for name, (profile, values) in APPLIANCES.items():
        known: Profile = read(find("profile", profile), Profile).document
        appliance = appliances[name] = _Appliance(replace(known, id=name), server)
        if len(appliances) == 1:
            await appliance.load(())
        else:
            appliance.beside(next(iter(appliances.values())))
        await _show(appliance, Snapshot(values))
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    await server.start()
    try:
        yield Kitchen(f"opc.tcp://127.0.0.1:{server.bserver.port}", server, appliances)
    finally:
        await server.stop()


async def _show(appliance: _Appliance, snapshot: Snapshot) -> None:
    for slot in slots(appliance.profile, snapshot):
        node = await appliance.variable(slot)
        shown = encode(slot, snapshot) if slot.signal in snapshot.values else None
        raw = 1 if shown is None else shown.raw
        await appliance.server.write_attribute_value(
            node, ua.DataValue(ua.Variant(raw, getattr(ua.VariantType, slot.data)))
        )
