"""Finding nodes on a server that a vendor might have built: subtypes, folders, twins, literal placeholders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asyncua import Server, ua

from kits.opcua import DISHWASHER, Reader, opened, shipped, target
from trivet.signals import Readings, Status
from trivet_opcua.points import DI, KITCHEN

pytestmark = pytest.mark.asyncio(loop_scope="module")

TYPE = "DishWashingMachineDeviceType"


class Vendor:
    """A server of its own make: a vendor's subtype, one device in DeviceSet, one in a folder below Objects."""

    def __init__(self) -> None:
        self.server: Any = Server()
        self.kitchen = self.di = self.own = 0

    async def build(self) -> None:
        await self.server.init()
        self.server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        self.server.set_endpoint("opc.tcp://127.0.0.1:0")
        self.own = await self.server.register_namespace("urn:vendor:washers")
        self.kitchen = await self.server.register_namespace(KITCHEN)
        self.di = await self.server.register_namespace(DI)
        nodes = self.server.nodes
        companion = await nodes.base_object_type.add_object_type(
            ua.NodeId(1026, self.kitchen), f"{self.kitchen}:{TYPE}"
        )
        subtype = await companion.add_object_type(ua.NodeId("Undercounter", self.own), f"{self.own}:UndercounterType")
        devices = await nodes.objects.add_object(ua.NodeId(5001, self.di), f"{self.di}:DeviceSet")
        await self.device(devices, "Washer 1", subtype, 61)
        await self.device(devices, "<DeviceIdentifier>", subtype, 0)
        line = await nodes.objects.add_folder(self.own, "Line")
        await self.device(line, "Washer 2", companion, 62)

    async def device(self, parent: Any, name: str, type_: Any, temperature: int) -> None:
        device = await parent.add_object(ua.NodeId(name, self.own), ua.QualifiedName(name, self.own), type_.nodeid)
        parameters = await device.add_object(
            ua.NodeId(f"{name}/Parameters", self.own), ua.QualifiedName("Parameters", self.kitchen)
        )
        for number in ("1", "2", "<No.>"):
            path = ua.QualifiedName(f"ActualMainTankTemperature_{number}", self.kitchen)
            value = 0 if "<" in number else temperature
            await parameters.add_variable(ua.NodeId(f"{name}/{number}", self.own), path, value, ua.VariantType.UInt16)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url() -> AsyncIterator[str]:
    vendor = Vendor()
    await vendor.build()
    async with vendor.server:
        yield f"opc.tcp://127.0.0.1:{vendor.server.bserver.port}"


@pytest.mark.parametrize(("name", "temperature"), [("Washer 1", 61), ("Washer 2", 62)])
async def test_a_device_is_found_by_type_and_name_wherever_it_stands(url: str, name: str, temperature: int) -> None:
    async with Reader(target(shipped(DISHWASHER), url, {TYPE: name})) as reader:
        first = await reader.until(lambda item: isinstance(item, Readings))
    assert isinstance(first, Readings)
    tanks = {s.name: s.value for s in first.samples() if s.name.startswith("tank_temp")}
    assert tanks == {"tank_temperature_1": temperature, "tank_temperature_2": temperature}
    missing = next(s for s in first.samples() if s.name == "operation_mode")
    assert missing.status == Status.BAD_NODE_ID_UNKNOWN


async def test_several_devices_of_a_type_ask_for_a_choice(url: str) -> None:
    async with Reader(target(shipped(DISHWASHER), url)) as reader:
        await reader.until(opened)
    (gap,) = reader.gaps
    assert gap.reason == "ambiguous"
    assert "Washer 1, Washer 2" in gap.detail, "the literal placeholder is no device"
    assert "instances" in gap.detail


async def test_a_type_that_is_not_there_is_a_gap(url: str) -> None:
    async with Reader(target(shipped("opc30200-combi-steamer"), url)) as reader:
        await reader.until(opened)
    assert reader.gaps[0].reason == "no_device"
    assert "CombiSteamerDeviceType" in reader.gaps[0].detail
