"""The OPC UA source against a real server on loopback."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from kits.devices import interface, readings
from kits.opcua import DISHWASHER, Reader, Stage, dishwasher, open_server, profile, shipped, target
from trivet.device.clock import ScaledClock, WallClock
from trivet.device.document import Point, PointRepeat
from trivet.device.faults import SensorWatch
from trivet.interface.columns import columns
from trivet.signals import SECOND, Condition, Quality, Readings, Status
from trivet_opcua.server import serve

pytestmark = pytest.mark.asyncio(loop_scope="module")

MODES = ["subscribe", "poll"]


class Rig:
    """One server for all tests of this file; a test puts back what it changes."""

    def __init__(self, plant: Stage, url: str) -> None:
        self.plant = plant
        self.url = url

    def reader(self, mode: str = "subscribe") -> Reader:
        return Reader(target(shipped(DISHWASHER), self.url, mode=mode))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served() -> AsyncIterator[tuple[Stage, str]]:
    plant = dishwasher()
    async with open_server(plant) as url:
        yield plant, url


@pytest.fixture
def rig(served: tuple[Stage, str]) -> Rig:
    plant, url = served
    fresh = dishwasher()
    plant.values, plant.status, plant.conditions, plant.counter = fresh.values, fresh.status, (), ""
    return Rig(plant, url)


@pytest.mark.parametrize("mode", MODES)
async def test_values_come_with_status_times_and_origin(rig: Rig, mode: str) -> None:
    async with rig.reader(mode=mode) as reader:
        sample = await reader.sample("rinse_temperature")
    assert sample.value == 84.0, "the controller shows whole degrees"
    assert sample.status == Status.GOOD
    assert sample.origin == "washer/controller"
    assert 0 < sample.source <= sample.receive


async def test_the_first_read_covers_every_point_that_exists_and_names_the_missing(rig: Rig) -> None:
    async with rig.reader() as reader:
        first = await reader.until(lambda _: True)
    assert isinstance(first, Readings)
    rows = {sample.name: sample for sample in first.samples()}
    assert rows["operation_mode"].value == 7
    assert rows["tank_temperature_1"].value == 60
    assert rows["rinse_count"].value == 1
    assert "tank_temperature_2" not in rows, "instances that are not fitted are not missing"
    missing = rows["pre_tank_temperature"]
    assert (missing.status, missing.reason) == (Status.BAD_NODE_ID_UNKNOWN, "missing")
    assert math.isnan(missing.value)


@pytest.mark.parametrize("mode", MODES)
async def test_a_bad_status_is_kept_and_its_value_is_no_number(rig: Rig, mode: str) -> None:
    async with rig.reader(mode=mode) as reader:
        await reader.sample("tank_temperature_1", lambda s: s.value == 60)
        rig.plant.status["tank_temperature_1"] = Status.BAD_SENSOR_FAILURE
        bad = await reader.sample("tank_temperature_1", lambda s: s.quality is Quality.BAD)
        others = [s for s in reader.all("operation_mode") if s.quality is not Quality.GOOD]
    assert bad.status == Status.BAD_SENSOR_FAILURE
    assert math.isnan(bad.value)
    assert not others


@pytest.mark.parametrize("mode", MODES)
async def test_an_uncertain_status_keeps_its_value(rig: Rig, mode: str) -> None:
    rig.plant.status["tank_temperature_1"] = Status.UNCERTAIN_LAST_USABLE_VALUE
    async with rig.reader(mode=mode) as reader:
        found = await reader.sample("tank_temperature_1", lambda s: s.quality is Quality.UNCERTAIN)
    assert (found.value, found.status) == (60, Status.UNCERTAIN_LAST_USABLE_VALUE)


@pytest.mark.parametrize("mode", MODES)
async def test_an_unchanged_value_is_confirmed_with_its_old_source_time(rig: Rig, mode: str) -> None:
    async with rig.reader(mode=mode) as reader:
        first = await reader.sample("operation_mode", lambda s: s.value == 7)
        later = await reader.sample("operation_mode", lambda s: s.receive > first.receive + 800_000_000)
    assert later.source == first.source
    assert later.value == 7


async def test_a_changed_value_brings_the_controllers_time(rig: Rig) -> None:
    rig.plant.counter = "hygiene_value"
    async with rig.reader() as reader:
        start = await reader.sample("hygiene_value", lambda s: s.value != 30)
        await reader.sample("hygiene_value", lambda s: s.value == start.value + 2)
        found = {s.source: s for s in reader.all("hygiene_value") if s.value >= start.value}
    assert [s.value - start.value for s in found.values()] == [0, 1, 2]
    for sample in found.values():
        assert sample.source // SECOND % 60_000 == sample.value, "the time is the controller's, of the change"
        assert sample.receive >= sample.source


async def test_a_number_that_is_no_known_state_is_kept(rig: Rig) -> None:
    rig.plant.values["operation_mode"] = 14.0
    async with rig.reader() as reader:
        found = await reader.sample("operation_mode", lambda s: s.value == 14)
    assert found.status == Status.GOOD, "binding judges it, not the adapter"


async def test_conditions_from_before_and_after_connecting_come_once_each(rig: Rig) -> None:
    before = Condition("service_12", True, False, 700, "Wash pump", 10**18, 10**18, "plant")
    rig.plant.conditions = (before,)
    async with rig.reader() as reader:
        first = await reader.until(lambda item: isinstance(item, Condition))
        rig.plant.conditions = (replace(before, active=False, source=2 * 10**18),)
        second = await reader.until(lambda item: isinstance(item, Condition))
    assert isinstance(first, Condition)
    assert isinstance(second, Condition)
    assert (first.active, first.acked, first.severity, first.message) == (True, False, 700, "Wash pump")
    assert first.source == 10**18
    assert first.id == second.id == "nsu=urn:trivet:simulator;s=condition/service_12"
    assert not second.active


async def test_a_wrong_device_name_is_a_gap_that_says_what_there_is(rig: Rig) -> None:
    instances = {"DishWashingMachineDeviceType": "Washer 9"}
    async with Reader(target(shipped(DISHWASHER), rig.url, instances)) as reader:
        await reader.until(lambda _: True)
    assert reader.gaps[0].reason == "no_device"
    assert "opc30200-dishwashing-machine" in reader.gaps[0].detail


async def test_units_of_the_server_are_converted(rig: Rig) -> None:
    at = {"path": "Parameters/ActualMainTankTemperature_<No.>"}
    points = {"tank": Point(at=at, unit="[degF]", repeat=PointRepeat(max=2)), "pump": Point(at=at, unit="bar")}
    async with Reader(target(profile(points), rig.url)) as reader:
        fahrenheit = await reader.sample("tank_1")
        pressure = reader.all("pump")[0]
    assert fahrenheit.value == pytest.approx(140.0)
    assert (pressure.status, pressure.reason) == (Status.BAD_CONFIGURATION_ERROR, "unit")


async def test_a_node_with_its_namespace_uri_is_found_too(rig: Rig) -> None:
    at = {"node": "nsu=urn:trivet:simulator;s=Parameters/OperationMode"}
    async with Reader(
        target(profile({"mode": Point(at=at), "gone": Point(at={"node": "nsu=urn:x;i=1"})}), rig.url)
    ) as reader:
        assert (await reader.sample("mode")).value == 7
        assert reader.all("gone")[0].status == Status.BAD_NODE_ID_UNKNOWN


async def test_a_server_that_has_no_subscriptions_is_polled_by_itself() -> None:
    plant = dishwasher()
    plant.counter = "hygiene_value"
    faults = ("no_subscriptions",)
    async with (
        serve(shipped(DISHWASHER), plant, "127.0.0.1:0", WallClock(), faults=faults) as url,
        Reader(target(shipped(DISHWASHER), url)) as reader,
    ):
        first = await reader.sample("hygiene_value")
        await reader.sample("hygiene_value", lambda s: s.value == first.value + 2)
        constant = reader.all("operation_mode")
    assert constant[-1].receive > constant[0].receive
    assert constant[-1].source == constant[0].source
    assert not reader.gaps


async def test_a_value_that_stands_on_a_server_that_lives_is_confirmed_and_its_sensor_suspected() -> None:
    """A link that is down and a server that is frozen are gaps (see the link's tests); this is neither."""
    clock = ScaledClock(30.0)
    async with open_server(dishwasher(), clock) as url, Reader(target(shipped(DISHWASHER), url), clock) as reader:
        start = await reader.sample("rinse_temperature", lambda s: s.quality is Quality.GOOD)
        await reader.sample("rinse_temperature", lambda s: s.receive > start.receive + 60 * SECOND)
        rows = reader.all("rinse_temperature")
    assert {row.source for row in rows} == {start.source}
    assert not reader.gaps, "the link is up and the server's clock goes on"
    assert len(rows) > 10, "each answer confirms it"
    bench = interface()
    names, watch = tuple(columns(bench)), SensorWatch(bench, set(columns(bench)))
    washing = next(float(code) for code, state in columns(bench)["mode"].enumeration.items() if state == "wash")
    for row in rows:
        after = (row.receive - start.receive) / SECOND
        watch.feed(readings([("mode", washing, after), ("water_pressure", row.value / 20, after)], names))
    assert watch.faults["water_pressure"].kind == "frozen"
