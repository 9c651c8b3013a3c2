"""The OPC UA source against node-opcua with the companion model's real nodeset; see servers/node_opcua."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kits.opcua import DISHWASHER, Reader, closed, opened, shipped, target
from kits.opcua_peers import Peer, Seen, free_port, has_node
from servers import relay as wire
from servers.relay import Relay
from trivet.signals import Condition, Gap, Quality, Readings, Status
from trivet_opcua.security import approve
from trivet_opcua.settings import settings

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(not has_node(), reason="run `npm install` in tests/servers/node_opcua first"),
]


@asynccontextmanager
async def peer(port: int, *fillers: str, **environment: str) -> AsyncIterator[Server]:
    server = Server("node-opcua", 1.0, environment, port)
    try:
        await server.start(len(fillers))
        yield server
    finally:
        await server.kill()


class Server(Peer):
    """A running server with a URL of its own."""

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"


@pytest.mark.parametrize("mode", ["subscribe", "poll"])
async def test_a_dishwasher_is_found_and_read_within_its_limits(mode: str) -> None:
    async with peer(free_port()) as server, Reader(target(shipped(DISHWASHER), server.url, mode=mode)) as reader:
        first = await reader.until(lambda item: isinstance(item, Readings))
        assert isinstance(first, Readings)
        rows = {sample.name: sample for sample in first.samples()}
        await server.order(set="OperationMode", value=9)
        await reader.sample("operation_mode", lambda s: s.value == 9)
        await server.order(set="ActualMainTankTemperature_1", value=61, status="BadSensorFailure")
        bad = await reader.sample("tank_temperature_1", lambda s: s.quality is Quality.BAD)
        unchanged = reader.all("program_mode")
    assert rows["tank_temperature_1"].value == 61
    assert rows["tank_temperature_2"].value == pytest.approx(60.0), "140 degF on the wire"
    assert rows["pre_tank_temperature"].reason == "missing"
    assert "tank_temperature_3" not in rows
    assert bad.status == Status.BAD_SENSOR_FAILURE
    assert unchanged[-1].receive > unchanged[0].receive
    assert unchanged[-1].source == unchanged[0].source
    assert not reader.gaps


async def test_conditions_are_refreshed_and_followed() -> None:
    async with peer(free_port()) as server:
        await server.order(alarm=True)
        async with Reader(target(shipped(DISHWASHER), server.url)) as reader:
            first = await reader.until(lambda item: isinstance(item, Condition))
            await server.order(alarm=False)
            second = await reader.until(lambda item: isinstance(item, Condition))
    assert isinstance(first, Condition)
    assert isinstance(second, Condition)
    assert (first.active, first.severity, first.message) == (True, 640, "Wash pump")
    assert (second.id, second.active) == (first.id, False)


async def test_a_restart_with_another_namespace_table_goes_on() -> None:
    port = free_port()
    async with peer(port) as server:
        reader = Reader(target(shipped(DISHWASHER), server.url))
        await reader.sample("tank_temperature_1", lambda s: s.value == 61)
    await reader.until(opened)
    async with peer(port, "urn:filler:1", "urn:filler:2", "urn:filler:3"), reader:
        await reader.until(closed)
        after = await reader.sample("tank_temperature_2")
    assert after.value == pytest.approx(60.0)


async def steps(reader: Reader, count: int) -> None:
    """Reads until the counter has gone on by so many steps."""
    first = await reader.sample("hygiene_value")
    await reader.sample("hygiene_value", lambda s: s.value >= first.value + count)


def lost(reader: Reader) -> tuple[float, ...]:
    seen = Seen("hygiene_value")
    for item in reader.items:
        seen.take(item)
    return seen.account(1.0).lost


@pytest.mark.parametrize("security", ["none", "strongest"])
async def test_outages_are_survived_with_security_on_and_off(
    security: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))
    async with peer(free_port(), PKI=str(tmp_path / "pki")) as server, Relay("127.0.0.1", server.port) as relay:
        wanted = target(shipped(DISHWASHER), f"opc.tcp://127.0.0.1:{relay.port}", None, security=security, timeout=2)
        if security != "none":
            await approve(settings(wanted.endpoint))
        async with Reader(wanted) as reader:
            await server.order(alarm=True)
            raised = await reader.until(lambda item: isinstance(item, Condition))
            await steps(reader, 2)
            relay.cut()
            await reader.until(closed)
            relay.mute()
            await reader.until(opened)
            await server.order(alarm=False)
            await asyncio.sleep(4.0)
            relay.unmute()
            ended = await reader.until(lambda item: isinstance(item, Condition))
            if not isinstance(reader.items[-1], Gap) and not closed(reader.gaps[-1]):
                await reader.until(closed)
            await steps(reader, 2)
            assert await server.count() == (1, 1)
    assert isinstance(raised, Condition)
    assert isinstance(ended, Condition)
    assert (raised.active, ended.active, ended.id) == (True, False, raised.id)
    assert [gap.end == gap.start for gap in reader.gaps if gap.end is not None] == [True, True], reader.gaps
    assert lost(reader) == ()
    if security == "none":
        assert relay.services[wire.CREATE_SESSION] == 1
        assert relay.services[wire.ACTIVATE] == 3


async def test_a_new_session_reads_the_history_of_what_has_one() -> None:
    async with peer(free_port(), HISTORY="1") as server, Relay("127.0.0.1", server.port) as relay:
        url = f"opc.tcp://127.0.0.1:{relay.port}"
        async with Reader(target(shipped(DISHWASHER), url, None, timeout=2)) as reader:
            await steps(reader, 2)
            await server.order(end=True)
            gap = await reader.until(opened)
            end = await reader.until(closed)
            await steps(reader, 2)
    assert isinstance(gap, Gap)
    assert isinstance(end, Gap)
    assert end.end is not None
    assert end.end > end.start, "the other points have none"
    assert "1 of " in end.detail
    assert "points were read back" in end.detail
    assert relay.services[wire.HISTORY_READ] >= 1
    assert lost(reader) == ()


async def test_a_queue_that_overflowed_is_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten places for three seconds of samples, twenty of them a second."""
    monkeypatch.setattr("trivet_opcua.requests.OUTAGE", 0.0)
    async with peer(free_port(), TICK="5") as server:
        wanted = target(shipped(DISHWASHER), server.url, None, periods={"normal": 0.1}, publishing=3.0)
        async with Reader(wanted) as reader:
            await reader.sample("hygiene_value")
            found = await reader.until(lambda item: isinstance(item, Gap) and item.reason == "overflow")
            await reader.sample("hygiene_value")
    assert isinstance(found, Gap)
    assert found.end is not None
    assert found.end > found.start
    assert "hygiene_value" in found.detail
    assert {s.quality for s in reader.all("hygiene_value")} == {Quality.GOOD}
