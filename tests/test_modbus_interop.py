"""Peers that share nothing with us: mbpoll reads our server, our client reads a libmodbus server."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kits.contract import close, samples, until
from kits.modbus import profile, target
from trivet.device.adapter import Snapshot
from trivet.device.clock import ScaledClock, WallClock
from trivet.device.document import Point, PointRepeat, Profile
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet.signals import Item, Readings
from trivet_modbus import adapter
from trivet_modbus.server import serve
from trivet_modbus.settings import parse_url

pytestmark = pytest.mark.interop
SOURCE = Path(__file__).parent / "servers" / "modbus_libmodbus.c"
SAFE = 20.0


async def mbpoll(url: str, *options: str) -> dict[int, float]:
    """Address to value as mbpoll prints them, with zero-based addresses."""
    program = shutil.which("mbpoll")
    if program is None:
        pytest.skip("mbpoll is not installed (Debian: mbpoll)")
    host, port, unit = parse_url(url)
    arguments = ("-m", "tcp", "-p", str(port), "-a", str(unit), "-0", "-1", "-B", *options, host)
    process = await asyncio.create_subprocess_exec(program, *arguments, stdout=asyncio.subprocess.PIPE)
    text = (await process.communicate())[0].decode()
    assert process.returncode == 0, text
    return {int(key): float(value) for key, value in re.findall(r"^\[(\d+)\]:\s+(-?[0-9.]+)", text, re.MULTILINE)}


async def test_mbpoll_reads_a_meter() -> None:
    meter = read(find("profile", "eastron-sdm630"), Profile).document
    shown: dict[str, float | str] = {
        "voltage_l1": 230.5,
        "power_l1": 2000.0,
        "power_l2": -1.5,
        "active_energy": 1234500.0,
    }
    async with asyncio.timeout(SAFE), serve(meter, lambda now: Snapshot(shown), "127.0.0.1:0", WallClock()) as url:
        assert (await mbpoll(url, "-t", "3:float", "-r", "0", "-c", "1"))[0] == 230.5
        powers = await mbpoll(url, "-t", "3:float", "-r", "12", "-c", "2")
        assert powers == {12: 2000.0, 14: -1.5}
        assert await mbpoll(url, "-t", "3:float", "-r", "72", "-c", "1") == {72: 1234.5}


async def test_mbpoll_reads_the_reference_dishwasher() -> None:
    washer = read(find("profile", "trivet-dishwasher-modbus"), Profile).document
    shown: dict[str, float | str] = {
        "tank_temperature_1": 61.5,
        "operation_mode": "operation",
        "rack_count": 70000.0,
        "tank_setpoint_1": 62.0,
        "fill_valve": "on",
    }
    async with asyncio.timeout(SAFE), serve(washer, lambda now: Snapshot(shown), "127.0.0.1:0", WallClock()) as url:
        measured = await mbpoll(url, "-t", "3", "-r", "0", "-c", "6")
        assert (measured[0], measured[4]) == (615.0, 40.0)
        assert await mbpoll(url, "-t", "3:int", "-r", "26", "-c", "1") == {26: 70000.0}
        assert await mbpoll(url, "-t", "4", "-r", "0", "-c", "1") == {0: 620.0}
        assert await mbpoll(url, "-t", "1", "-r", "0", "-c", "3") == {0: 0.0, 1: 1.0, 2: 0.0}


@pytest.fixture(scope="module")
def libmodbus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled server."""
    compiler, program = shutil.which("cc"), tmp_path_factory.mktemp("libmodbus") / "server"
    command = [compiler or "cc", str(SOURCE), "-lmodbus", "-o", str(program)]
    if compiler is None or subprocess.run(command, capture_output=True, check=False).returncode:  # noqa: S603 # our file
        pytest.skip("libmodbus or a C compiler is not installed (Debian: libmodbus-dev)")
    return program


@asynccontextmanager
async def running(program: Path) -> AsyncIterator[int]:
    process = await asyncio.create_subprocess_exec(program, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


async def test_our_client_reads_libmodbus_in_all_four_orders(libmodbus: Path) -> None:
    orders = {
        "abcd": (0, "big", "big"),
        "cdab": (10, "little", "big"),
        "badc": (20, "big", "little"),
        "dcba": (30, "little", "little"),
    }
    points = {
        name: Point(
            at={"table": "input", "address": address, "type": "float32", "word_order": words, "byte_order": order},
            repeat=PointRepeat(max=5, stride=2),
        )
        for name, (address, words, order) in orders.items()
    }
    points["holding"] = Point(at={"table": "holding", "address": 0, "type": "uint16"}, repeat=PointRepeat(max=200))
    points["coil"] = Point(at={"table": "coil", "address": 0}, repeat=PointRepeat(max=100))
    expected = {f"{name}_{n + 1}": 0.5 + n for name in orders for n in range(5)}
    expected |= {f"holding_{n + 1}": 3.0 * n for n in range(200)}
    expected |= {f"coil_{n + 1}": float(n % 3 == 0) for n in range(100)}
    async with asyncio.timeout(SAFE), running(libmodbus) as port:
        stream = adapter.connect(target(profile(points), f"modbus+tcp://127.0.0.1:{port}"), ScaledClock(10.0))
        items: list[Item] = []
        while len({sample.name for sample in samples(items)}) < len(expected):
            items += await until(stream, lambda item: isinstance(item, Readings))
        await close(stream)
    assert {sample.name: sample.value for sample in samples(items)} == expected
