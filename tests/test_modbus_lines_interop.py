"""Peers on every transport: mbpoll and modbus-serial read our server, our client reads theirs, socat lies between."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kits.contract import close, samples, until
from kits.modbus import profile, target
from test_modbus_interop import libmodbus, running
from test_modbus_tls import files
from trivet.device.adapter import Snapshot
from trivet.device.clock import ScaledClock, WallClock
from trivet.device.document import Point, PointRepeat
from trivet.signals import Item, Readings
from trivet_modbus import adapter
from trivet_modbus.server import serve

pytestmark = pytest.mark.interop
__all__ = ["files", "libmodbus"]
SAFE = 30.0
PEER = Path(__file__).parent / "servers" / "node_modbus" / "peer.js"
MODULES = os.environ.get("TRIVET_MODBUS_SERIAL", "")
HELD = profile({"held": Point(at={"table": "holding", "address": 0, "type": "uint16"}, repeat=PointRepeat(max=60))})
SHOWN = Snapshot({f"p{n}": 100.0 * n for n in range(5)})
PLANT = profile(
    {f"p{n}": Point(at={"table": "holding", "address": n, "type": "uint16"}, signal=f"p{n}") for n in range(5)}
)


def program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed (Debian: {package})")
    return found


@asynccontextmanager
async def started(*words: str, line: bool = True) -> AsyncIterator[str]:
    """A programme that runs meanwhile, and its first line."""
    env = {**os.environ, "NODE_PATH": MODULES}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, stdout=pipe if line else None, env=env)
    try:
        yield (await process.stdout.readline()).decode().strip() if process.stdout else ""
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def node(*words: str) -> tuple[str, ...]:
    if not MODULES:
        pytest.skip("modbus-serial is not installed (npm; TRIVET_MODBUS_SERIAL names its node_modules)")
    return (program("node", "nodejs"), str(PEER), *words)


@asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """A cable between two serial ports."""
    ends = (str(folder / "a"), str(folder / "b"))
    words = [f"PTY,raw,echo=0,link={end}" for end in ends]
    async with started(program("socat", "socat"), *words, line=False):
        for _ in range(250):
            if all(map(os.path.exists, ends)):
                break
            await asyncio.sleep(0.02)
        yield ends


async def read(url: str, folder: Path | None = None, **settings: str) -> dict[str, float]:
    """What our client reads of sixty holding registers."""
    asked = target(HELD, url, folder=str(folder or "/dev/null"), **settings)
    stream, items = adapter.connect(asked, ScaledClock(10.0)), list[Item]()
    async with asyncio.timeout(SAFE):
        while len({sample.name for sample in samples(items)}) < 60:
            items += await until(stream, lambda item: isinstance(item, Readings))
    await close(stream)
    return {sample.name: sample.value for sample in samples(items)}


async def test_mbpoll_reads_our_serial_line() -> None:
    async with serve(PLANT, lambda now: SHOWN, "pty", WallClock()) as url:
        path = url.split("//")[1].split("?")[0]
        words = ("-m", "rtu", "-b", "19200", "-P", "none", "-a", "1", "-0", "-1", "-t", "4", "-r", "0", "-c", "5", path)
        process = await asyncio.create_subprocess_exec(
            program("mbpoll", "mbpoll"), *words, stdout=asyncio.subprocess.PIPE
        )
        text = (await process.communicate())[0].decode()
    found = re.findall(r"^\[(\d+)\]:\s+(\d+)", text, re.MULTILINE)
    assert [(int(key), int(value)) for key, value in found] == [(n, 100 * n) for n in range(5)]


@pytest.mark.parametrize("kind", ["tcp", "rtuovertcp", "rtu"])
async def test_modbus_serial_reads_our_server(kind: str) -> None:
    bind = "pty" if kind == "rtu" else f"modbus+{kind}://127.0.0.1:0"
    async with (
        serve(PLANT, lambda now: SHOWN, bind, WallClock()) as url,
        started(*node("read", kind, url.split("//")[1].split("?")[0], "1", "0", "5")) as answer,
    ):
        assert json.loads(answer) == [100 * n for n in range(5)]


async def test_our_client_reads_modbus_serial_over_tcp() -> None:
    async with started(*node("serve", "tcp")) as port:
        values = await read(f"modbus+tcp://127.0.0.1:{port}?unit=7")
    assert values == {f"held_{n + 1}": 3.0 * n + 7 for n in range(60)}


async def test_our_client_reads_modbus_serial_over_a_cable_and_through_a_gateway(tmp_path: Path) -> None:
    words = node("serve", "rtu")
    async with pair(tmp_path) as (theirs, ours), started(*words, theirs) as path:
        assert path == theirs
        values = await read(f"modbus+rtu://{ours}?unit=7&baud=19200")
        assert values == {f"held_{n + 1}": 3.0 * n + 7 for n in range(60)}
        port = 40_000 + os.getpid() % 20_000
        gateway = (f"TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork", f"FILE:{ours},raw,echo=0")
        async with started(program("socat", "socat"), *gateway, line=False):
            values = await read(f"modbus+rtuovertcp://127.0.0.1:{port}?unit=8")
    assert values == {f"held_{n + 1}": 3.0 * n + 8 for n in range(60)}


async def test_our_client_reads_libmodbus_through_tls(libmodbus: Path, files: Path) -> None:  # a fixture
    port = 40_000 + (os.getpid() + 1) % 20_000
    async with running(libmodbus) as plain:
        tls = (
            f"OPENSSL-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,cert={files}/server.pem,key={files}/server.key,"
            f"cafile={files}/ca.pem,verify=1",
            f"TCP:127.0.0.1:{plain}",
        )
        async with started(program("socat", "socat"), *tls, line=False):
            shown = {"ca": "ca.pem", "certificate": "client.pem", "private_key": "client.key"}
            values = await read(f"modbus+tls://127.0.0.1:{port}", files, **shown)
    assert values == {f"held_{n + 1}": 3.0 * n for n in range(60)}
