"""Finding, trusting and looking at node-opcua with the companion model's real nodeset; see servers/node_opcua."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.opcua import DISHWASHER, Reader, opened, shipped, target
from kits.opcua_peers import free_port
from test_opcua_interop import peer
from test_opcua_interop import pytestmark as conditions
from trivet.device.adapter import Target
from trivet.device.clock import WallClock
from trivet.device.document import Endpoint
from trivet.device.library import load_profile
from trivet.errors import ConnectError
from trivet.interface.library import shipped as documents
from trivet.signals import Readings
from trivet_opcua import adapter

pytestmark = conditions
PROFILES = {name: load_profile(name).document for name in documents("profile")}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))


def secured(url: str) -> Target:
    profile = shipped(DISHWASHER)
    points = {name: adapter.point(point, profile) for name, point in profile.points.items()}
    return Target("washer/controller", Endpoint(profile=profile.id, url=url), profile, points)


async def test_a_secured_server_is_approved_found_read_and_diagnosed() -> None:
    assert adapter.identify is not None
    assert adapter.approve is not None
    assert adapter.diagnose is not None
    async with peer(free_port()) as server:
        with pytest.raises(ConnectError, match="never approved"):
            await adapter.identify(server.url, PROFILES)
        async with Reader(secured(server.url)) as reader:
            await reader.until(opened)
        approved = await adapter.approve(server.url)
        (found,) = await adapter.identify(server.url, PROFILES)
        async with Reader(secured(server.url)) as reader:
            first = await reader.until(lambda item: isinstance(item, Readings))
        told = await adapter.diagnose(secured(server.url), WallClock(), 2.0)
    assert approved.facts["policy"] == "aes256_sha256_rsapss"
    assert (found.name, found.profiles, found.settings) == ("Washer", (DISHWASHER,), {})
    assert isinstance(first, Readings)
    assert first.provenance["policy"] == "aes256_sha256_rsapss"
    assert first.provenance["server_certificate"] == approved.facts["thumbprint"]
    rows = {row["point"]: row for row in told.facts["points"]}
    assert rows["tank_temperature_2"]["server_unit"] == "[degF]"
    assert rows["tank_temperature_2"]["value"] == pytest.approx(60.0)
    assert "TRV-U002" not in {finding.rule for finding in told.findings}
    assert told.facts["models"]["http://opcfoundation.org/UA/CommercialKitchenEquipment/"]["version"].startswith("1")


async def test_an_open_server_is_found_and_said_to_be_open() -> None:
    assert adapter.diagnose is not None
    async with peer(free_port(), "urn:filler:1") as server:
        told = await adapter.diagnose(target(shipped(DISHWASHER), server.url), WallClock(), 1.0)
    assert "TRV-U002" in {finding.rule for finding in told.findings}
    assert told.facts["server"]["limits"]["nodes_per_read"] == 20
    assert told.facts["devices"][0]["type"] == "DishWashingMachineDeviceType"
    assert not [row["point"] for row in told.facts["points"] if "<" in row["point"]]
