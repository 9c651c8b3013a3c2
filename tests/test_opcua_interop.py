"""The OPC UA source against node-opcua with the companion model's real nodeset; see servers/node_opcua."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kits.opcua import DISHWASHER, PATIENCE, Reader, closed, opened, shipped, target
from trivet.signals import Condition, Quality, Readings, Status

HERE = Path(__file__).parent / "servers" / "node_opcua"
NODE = shutil.which("node")
INSTALLED = (HERE / "node_modules" / "node-opcua").is_dir() or bool(os.environ.get("NODE_PATH"))

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(NODE is None or not INSTALLED, reason="run `npm install` in tests/servers/node_opcua first"),
]


class Peer:
    """A running server."""

    def __init__(self, url: str, process: asyncio.subprocess.Process) -> None:
        self.url = url
        self._process = process

    async def order(self, **order: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()


@asynccontextmanager
async def peer(port: int, *fillers: str) -> AsyncIterator[Peer]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        str(NODE),
        str(HERE / "server.js"),
        str(port),
        *fillers,
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(3 * PATIENCE):
            while not (line := await process.stdout.readline()).startswith(b"ready"):
                assert line, "the peer ended"
        yield Peer(line.split()[1].decode(), process)
    finally:
        process.stdin.close()
        async with asyncio.timeout(PATIENCE):
            await process.stdout.read()
            await process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
