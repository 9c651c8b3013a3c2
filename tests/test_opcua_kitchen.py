"""One server with three appliances: three documents, one session, and to each its own alarms."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
import pytest_asyncio
import yaml

from kits.opcua import Reader, port
from servers import relay as wire
from servers.opcua_kitchen import Kitchen, kitchen
from servers.relay import Relay
from trivet.cli import main
from trivet.commission.connect import ask, profiles, propose
from trivet.device.adapter import Target
from trivet.device.library import resolve
from trivet.signals import Condition

pytestmark = [pytest.mark.waits, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall() -> AsyncIterator[Kitchen]:
    async with kitchen() as hall:
        yield hall


async def proposed(url: str, folder: Path) -> dict[str, Target]:
    """Targets out of the documents that `connect` would write, by the appliance's name."""
    answers = await ask(url, profiles())
    made = {}
    for answer, one in zip(answers, propose("hall", answers), strict=True):
        path = folder / f"{one.name}.yaml"
        path.write_text(yaml.safe_dump(one.tree), encoding="utf-8")
        made[answer.found.name] = resolve(path).targets["controller"]
    return made


async def test_three_appliances_are_three_devices_in_one_session(hall: Kitchen, tmp_path: Path) -> None:
    async with Relay("127.0.0.1", port(hall.url)) as relay, AsyncExitStack() as stack:
        targets = await proposed(f"opc.tcp://127.0.0.1:{relay.port}", tmp_path)
        assert set(targets) == {"Washer 1", "Washer 2", "Combi"}
        before = relay.services[wire.CREATE_SESSION], relay.connections
        readers = {name: await stack.enter_async_context(Reader(target)) for name, target in targets.items()}
        wanted = {"Washer 1": "rinse_temperature", "Washer 2": "rinse_temperature", "Combi": "chamber_temperature"}
        values = await asyncio.gather(*(readers[name].sample(point) for name, point in wanted.items()))
        assert [sample.value for sample in values] == [81.0, 82.0, 180.0]
        assert (relay.services[wire.CREATE_SESSION], relay.connections) == (before[0] + 1, before[1] + 1)


async def test_an_alarm_is_told_to_its_appliance_and_one_of_the_server_to_all(hall: Kitchen, tmp_path: Path) -> None:
    targets = await proposed(hall.url, tmp_path)
    await hall.alarm("Washer 2", "before")
    async with AsyncExitStack() as stack:
        readers = {name: await stack.enter_async_context(Reader(target)) for name, target in targets.items()}
        await asyncio.gather(*(reader.until(lambda _: True) for reader in readers.values()))
        await hall.alarm("Washer 1", "pump")
        await hall.alarm("Combi", "steam")
        await hall.alarm("", "fan")
        await asyncio.gather(*(reader.until(fan) for reader in readers.values()))
        told = {name: [condition.message for condition in conditions(reader)] for name, reader in readers.items()}
        for name, message in (("Washer 1", "pump"), ("Washer 2", "before"), ("Combi", "steam"), ("", "fan")):
            await hall.alarm(name, message, active=False)
    assert told == {"Washer 1": ["pump", "fan"], "Washer 2": ["before", "fan"], "Combi": ["steam", "fan"]}


def fan(item: object) -> bool:
    return isinstance(item, Condition) and item.message == "fan"


def conditions(reader: Reader) -> list[Condition]:
    return [item for item in reader.items if isinstance(item, Condition)]


async def test_read_shows_three_devices_over_one_session(
    hall: Kitchen, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Relay("127.0.0.1", port(hall.url)) as relay:
        found = await proposed(f"opc.tcp://127.0.0.1:{relay.port}", tmp_path)
        before = relay.services[wire.CREATE_SESSION]
        paths = [str(tmp_path / f"hall-{number}.yaml") for number in range(1, len(found) + 1)]
        assert await asyncio.to_thread(main, ["read", *paths, "--wait", "6"]) == 0
        assert relay.services[wire.CREATE_SESSION] == before + 1
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if line.startswith("hall-")] == ["hall-1:", "hall-2:", "hall-3:"]
    assert "81" in shown
    assert "180" in shown


async def test_doctor_looks_around_in_one_session_and_watches_in_another(
    hall: Kitchen, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with Relay("127.0.0.1", port(hall.url)) as relay:
        await proposed(f"opc.tcp://127.0.0.1:{relay.port}", tmp_path)
        before = relay.services[wire.CREATE_SESSION]
        await asyncio.to_thread(main, ["doctor", str(tmp_path / "hall-1.yaml"), "--for", "4", "--format", "json"])
        assert relay.services[wire.CREATE_SESSION] == before + 2
    facts = json.loads(capsys.readouterr().out)["facts"]["endpoints"]["controller"]
    assert {each["name"] for each in facts["devices"]} == {"Washer 1", "Washer 2", "Combi"}
