"""Every kitchen device type: served from the real nodesets, found by type, read through its profile, diagnosed."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kits.opcua import DISHWASHER, Reader, closed, dishwasher, samples, shipped, target
from trivet.commission.exhibit import Exhibit
from trivet.device.adapter import Diagnosis
from trivet.device.clock import ScaledClock, WallClock
from trivet.device.document import Profile
from trivet.device.library import load_profile
from trivet.errors import ConnectError, DocumentError
from trivet.interface.library import shipped as documents
from trivet.interface.rules import rules as known_rules
from trivet.signals import Gap, Quality, Readings
from trivet_opcua import adapter
from trivet_opcua.checks import points
from trivet_opcua.companion import devices
from trivet_opcua.diagnose import Look, Row
from trivet_opcua.server import serve
from trivet_opcua.settings import settings
from trivet_opcua.transport import Unit, Value
from trivet_opcua.troubles import KINDS, parse

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROFILES = {name: load_profile(name).document for name in documents("profile") if name.startswith("opc30200")}
FRYER = "opc30200-fryer"


async def look(url: str, profile: Profile, seconds: float = 0.5) -> Diagnosis:
    assert adapter.diagnose is not None
    return await adapter.diagnose(target(profile, url), WallClock(), seconds)


def rules(found: Diagnosis, name: str = "") -> set[str]:
    return {finding.rule for finding in found.findings if finding.where.endswith(name)}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def kitchen() -> AsyncIterator[str]:
    """A fryer with a second cup beside the one that its profile reads."""
    fryer = shipped(FRYER)
    async with serve(fryer, Exhibit(fryer), "127.0.0.1:0", WallClock(), fillers=("urn:filler",)) as url:
        yield url


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(devices()))
async def test_every_type_is_served_found_and_read(name: str) -> None:
    fact = devices()[name]
    profile = PROFILES[fact.profile]
    plant = Exhibit(profile)
    async with serve(profile, plant, "127.0.0.1:0", WallClock()) as url:
        assert adapter.identify is not None
        (found,) = await adapter.identify(url, PROFILES)
        async with Reader(target(profile, url)) as reader:
            first = await reader.until(lambda item: isinstance(item, Readings))
    assert found.profiles == (fact.profile,)
    assert found.nameplate["DeviceClass"] == fact.device_class
    assert found.settings == {"security": "none"}
    assert [finding.rule for finding in found.findings] == ["TRV-U002"]
    rows = {sample.name: sample for sample in samples(first)}
    assert not [row for row in rows.values() if row.quality is not Quality.GOOD]
    assert set(profile.points) <= {row.rstrip("0123456789").rstrip("_") for row in rows} | set(rows)


async def test_a_fryer_is_found_with_its_plate_and_profile(kitchen: str) -> None:
    assert adapter.identify is not None
    (found,) = await adapter.identify(kitchen, PROFILES)
    assert found.profiles == (FRYER,)
    assert found.nameplate["SerialNumber"] == f"SIM-{FRYER}"
    assert found.url == kitchen
    (unknown,) = await adapter.identify(kitchen, {})
    assert unknown.profiles == ()
    assert "TRV-U004" in {finding.rule for finding in unknown.findings}


async def test_a_url_without_a_server_says_so() -> None:
    assert adapter.identify is not None
    with pytest.raises(ConnectError, match="nothing listens"):
        await adapter.identify("opc.tcp://127.0.0.1:9", PROFILES)
    with pytest.raises(DocumentError):
        await adapter.identify("http://127.0.0.1", PROFILES)


async def test_a_healthy_endpoint_has_nothing_but_its_open_connection(kitchen: str) -> None:
    found = await look(kitchen, shipped(FRYER), 1.0)
    assert rules(found) - {"TRV-U006"} == {"TRV-U002", "TRV-U008"} - (
        {"TRV-U008"} if not found.facts["missing"] else set()
    )
    assert found.facts["models"]["http://opcfoundation.org/UA/DI/"]["version"] == "1.04.0"
    assert found.facts["devices"][0]["type"] == "FryerDeviceType"
    assert found.facts["server"]["limits"]["nodes_per_read"] > 0
    rows = {row["point"]: row for row in found.facts["points"]}
    assert (rows["actual_temperature"]["unit"], rows["actual_temperature"]["server_unit"]) == ("Cel", "Cel")
    assert rows["actual_temperature"]["sampling_s"] <= rows["actual_temperature"]["period_s"]
    assert rows["program_mode"]["data"] == "FryerModeEnumeration"
    assert rows["program_mode"]["state"]
    assert all(row["arrived"] for row in rows.values())
    json.dumps(found.facts)


async def test_a_sick_endpoint_is_told_point_by_point() -> None:
    faults = ("bad:point=rinse_temperature", "fahrenheit", "literal")
    plant = dishwasher()
    plant.values["tank_temperature_2"] = 61.0
    async with serve(shipped(DISHWASHER), plant, "127.0.0.1:0", WallClock(), faults=faults) as url:
        found = await look(url, shipped(DISHWASHER))
        async with Reader(target(shipped(DISHWASHER), url)) as reader:
            first = await reader.until(lambda item: isinstance(item, Readings))
    rows = {row["point"]: row for row in found.facts["points"]}
    assert rows["tank_temperature_1"]["value"] == pytest.approx(60.0)
    assert rows["tank_temperature_1"]["server_unit"] == "[degF]"
    assert rows["rinse_temperature"]["value"] is None
    assert "TRV-U012" in rules(found, "rinse_temperature")
    assert "TRV-U008" in rules(found, "hygiene_mode")
    assert "TRV-U009" in rules(found, "/tank_temperature")
    assert not [name for name in rows if "<" in name]
    names = {sample.name for sample in samples(first)}
    assert "tank_temperature_1" in names
    assert "tank_temperature_2" not in names, "its count says that it is not fitted"


async def test_a_server_that_is_not_there_is_a_finding() -> None:
    found = await look("opc.tcp://127.0.0.1:9", shipped(DISHWASHER))
    assert [finding.rule for finding in found.findings] == ["TRV-U005"]
    assert "nothing listens" in found.findings[0].message


OTHER = "OperationModeEnumeration"


async def test_units_states_and_sampling_are_judged() -> None:
    asked = target(shipped(DISHWASHER), "opc.tcp://127.0.0.1:9")
    chosen = settings(asked.endpoint)
    good = Value(60, 0, 1, 1)
    rows = [
        Row("tank_temperature_1", None, good, "UInt16", {}, 0.5, 0.5),
        Row("tank_temperature_2", Unit(7, "frobs"), good, "UInt16", {}, 0.5, 0.5),
        Row("tank_temperature_3", Unit(4408652, "C"), good, "UInt16", {}, 0.5, 5.0),
        Row("program_mode", None, good, OTHER, {0: "OperationOFF", 2: "Rest", 99: "Steam"}, 0.5, foreign=OTHER),
    ]
    found = points(Look({}, {row.name: row for row in rows}), asked, chosen)
    assert [(finding.where.rpartition("/")[2], finding.rule) for finding in found] == [
        ("tank_temperature_1", "TRV-U011"),
        ("tank_temperature_2", "TRV-U010"),
        ("tank_temperature_3", "TRV-U013"),
        ("program_mode", "TRV-U014"),
        ("program_mode", "TRV-U015"),
        ("program_mode", "TRV-U016"),
    ]
    assert "99 Steam" in found[4].message
    assert all(finding.rule in known_rules() for finding in found)


async def test_a_restart_with_another_namespace_table_is_survived_by_path() -> None:
    clock = ScaledClock(1.0)
    faults = ("shuffle:down=0.5,at=1",)
    async with (
        serve(shipped(DISHWASHER), dishwasher(), "127.0.0.1:0", clock, faults=faults) as url,
        Reader(target(shipped(DISHWASHER), url), clock) as reader,
    ):
        end = await reader.until(closed)
        after = await reader.sample("tank_temperature_1")
    assert isinstance(end, Gap)
    assert after.value == 60.0


@pytest.mark.soak
async def test_a_server_without_subscriptions_is_polled() -> None:
    faults = ("no_subscriptions",)
    async with (
        serve(shipped(DISHWASHER), dishwasher(), "127.0.0.1:0", WallClock(), faults=faults) as url,
        Reader(target(shipped(DISHWASHER), url, mode="poll")) as reader,
    ):
        assert (await reader.sample("tank_temperature_1")).value == 60.0


@pytest.mark.parametrize("text", ["", "explode", "bad", "bad:point=", "restart", "restart:down=x", "frozen:point=a"])
async def test_a_fault_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        parse(text)
    assert set(adapter.faults) == KINDS
