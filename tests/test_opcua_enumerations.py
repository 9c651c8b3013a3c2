"""A variable of another enumeration than its profile maps never becomes a state."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kits.opcua import DISHWASHER, Reader, dishwasher, profile, shipped, target
from trivet.device.clock import WallClock
from trivet.device.document import Point
from trivet.signals import Quality, Status
from trivet_opcua import adapter
from trivet_opcua.server import serve

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATES = {"2": "wash", "7": "rinse"}


def mode(data: str, path: str = "Parameters/OperationMode") -> Point:
    return Point(at={"path": path, "data": data}, enumeration=STATES)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def url() -> AsyncIterator[str]:
    async with serve(shipped(DISHWASHER), dishwasher(), "127.0.0.1:0", WallClock()) as url:
        yield url


@pytest.mark.parametrize("how", ["subscribe", "poll"])
async def test_its_number_is_no_state(url: str, how: str) -> None:
    points = {
        "ours": mode("OperationModeEnumeration"),
        "other": mode("ProgramModeEnumeration"),
        "plain": mode("Int32"),
        "temperature": Point(at={"path": "Parameters/ActualFinalRinseTemperature_1", "data": "UInt16"}, unit="Cel"),
    }
    async with Reader(target(profile(points), url, mode=how)) as reader:
        other, ours = await reader.sample("other"), await reader.sample("ours")
        plain, temperature = await reader.sample("plain"), await reader.sample("temperature")
    assert (other.status, other.reason, other.quality) == (Status.BAD_CONFIGURATION_ERROR, "enumeration", Quality.BAD)
    assert math.isnan(other.value)
    assert (ours.value, plain.value, temperature.value) == (7.0, 7.0, 84.0)


async def test_of_every_shipped_point_the_enumeration_is_the_servers(url: str) -> None:
    async with Reader(target(shipped(DISHWASHER), url)) as reader:
        for name in ("operation_mode", "program_mode"):
            assert (await reader.sample(name)).quality is Quality.GOOD


async def test_doctor_says_which_it_is(url: str) -> None:
    assert adapter.diagnose is not None
    asked = target(profile({"other": mode("ProgramModeEnumeration"), "ours": mode("OperationModeEnumeration")}), url)
    found = await adapter.diagnose(asked, WallClock(), 0.5)
    (finding,) = (one for one in found.findings if one.rule == "TRV-U014")
    assert finding.where == "washer/controller/other"
    assert "its data type is OperationModeEnumeration" in str(finding.message)
    assert finding.severity == "error"
    (row,) = (row for row in found.facts["points"] if row["point"] == "other")
    assert (row["value"], row["reason"]) == (None, "enumeration")
