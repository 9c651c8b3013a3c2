"""Blocks of 100 registers as ``Readings`` against bare asyncio and pymodbus, interleaved in one run.

The server is ours, in a process of its own. "raw asyncio" is a protocol that sends a block request, waits
for its bytes without a deadline, and unpacks the registers. "Readings" is the link and the decoder; "source"
is the whole endless source with clock and schedule; "samples" makes every ``Sample`` as well.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import struct
import sys
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import cast

from pymodbus.client import AsyncModbusTcpClient

from trivet.device.adapter import Snapshot
from trivet.device.clock import ScaledClock, WallClock
from trivet.device.document import Endpoint, Point, Profile, Provenance
from trivet.signals import Readings
from trivet_modbus.client import Link
from trivet_modbus.codec import Decoder, compile_decoder
from trivet_modbus.cost import cost
from trivet_modbus.layout import profile_map
from trivet_modbus.plan import blocks
from trivet_modbus.points import point
from trivet_modbus.route import tcp
from trivet_modbus.schedule import Schedule, Turn
from trivet_modbus.server import serve
from trivet_modbus.settings import line, parse_url
from trivet_modbus.source import stream

REGISTERS = 100
KINDS = {"uint16": 1, "float32": 2}


def profile(kind: str) -> Profile:
    """A hundred registers full of one type."""
    width = KINDS[kind]
    points = {
        f"p{address}": Point(
            at={"table": "input", "address": address, "type": kind},
            signal=f"p{address}",
            scale=0.1 if width == 1 else 1.0,
        )
        for address in range(0, REGISTERS, width)
    }
    return Profile(
        kind="profile",
        format=0,
        id=kind,
        version="0.1.0",
        title={},
        adapter="modbus",
        source=Provenance(document="", date="", confidence="own"),
        points=points,
        settings={"addressing": "zero"},
    )


async def server(kind: str) -> None:
    """Serves until it is killed; says where on standard output."""
    plant = Snapshot({f"p{address}": float(address) for address in range(REGISTERS)})

    def values(_now: int) -> Snapshot:
        return plant

    async with serve(profile(kind), values, "127.0.0.1:0", WallClock()) as url:
        print(url, flush=True)
        await asyncio.Event().wait()


async def compare(kind: str, rounds: int, requests: int) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--serve", kind, stdout=asyncio.subprocess.PIPE
    )
    try:
        if process.stdout is not None:
            url = (await process.stdout.readline()).decode().strip()
            await measure(kind, url, rounds, requests)
    finally:
        process.kill()
        await process.wait()


class Raw(asyncio.Protocol):
    """The least that reads a block."""

    def __init__(self) -> None:
        self.buffer = b""
        self.size = 9 + 2 * REGISTERS
        self.waiting: asyncio.Future[bytes] | None = None
        self.transaction = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        if len(self.buffer) >= self.size and self.waiting is not None:
            answer, self.buffer = self.buffer, b""
            self.waiting.set_result(answer)

    async def read(self, unit: int) -> tuple[int, ...]:
        self.transaction = (self.transaction + 1) & 0xFFFF
        self.waiting = asyncio.get_running_loop().create_future()
        self.transport.write(struct.pack(">HHHBBHH", self.transaction, 0, 6, unit, 4, 0, REGISTERS))
        return struct.unpack_from(f">{REGISTERS}H", await self.waiting, 9)


TARGETS = {"Readings": 0.9, "samples": 0.7}
"""Of bare asyncio."""


async def measure(kind: str, url: str, rounds: int, requests: int) -> None:
    host, port, unit = parse_url(url)
    source = profile(kind)
    typed = tuple(point(one, source) for one in source.points.values())
    layout, price = profile_map(source), cost(0, 0.01)
    (block,) = blocks(typed, layout, price)
    decoder = compile_decoder(block, [one.name for one in typed])
    link, bare = Link(tcp(host, port)), AsyncModbusTcpClient(host, port=port, retries=0)
    await link.open(5.0)
    await bare.connect()
    _, raw = await asyncio.get_running_loop().create_connection(Raw, host, port)
    # a period far below what can be polled keeps the source busy all the time
    turns = (Turn("normal", 1),)
    plan = Schedule("d/m", line(Endpoint(profile=kind, url=url)), layout, price, typed, turns)
    endless = stream(plan, ScaledClock(1.0), random.random)

    async def least() -> None:
        await raw.read(unit)

    async def ours() -> None:
        await read(link, decoder, unit)

    async def with_samples() -> None:
        (await read(link, decoder, unit)).samples()

    async def whole() -> None:
        await anext(endless)

    async def theirs() -> None:
        await bare.read_input_registers(0, count=REGISTERS, device_id=unit)

    calls = {"raw asyncio": least, "pymodbus": theirs, "Readings": ours, "source": whole, "samples": with_samples}
    rates = await interleaved(calls, rounds, requests)
    link.drop("done")
    bare.close()
    for name in calls:
        show(kind, len(typed), name, rates)


def show(kind: str, points: int, name: str, rates: Mapping[str, list[float]]) -> None:
    """One row: blocks a second, and the ratio to bare asyncio and to pymodbus."""
    target = TARGETS.get(name)
    rate = statistics.median(rates[name])
    to_raw, to_pymodbus = (
        statistics.median(a / b for a, b in zip(rates[name], rates[base], strict=True))
        for base in ("raw asyncio", "pymodbus")
    )
    verdict = "" if target is None else f"target {target} of raw  {'reached' if to_raw >= target else 'NOT reached'}"
    words = f"{rate:8.0f} blocks/s  {to_raw:5.2f} of raw  {to_pymodbus:5.2f} of pymodbus"
    print(f"{kind:8} {points:4} points  {name:11} {words}  {verdict}")


async def read(link: Link, decoder: Decoder, unit: int) -> Readings:
    answer = await link.read(unit, decoder.block, 5.0)
    if not isinstance(answer, bytes):
        raise TypeError(answer.reason)
    return decoder.decode(answer, 0, 0, "d/m")[0]


async def interleaved(
    calls: Mapping[str, Callable[[], Awaitable[None]]], rounds: int, requests: int
) -> dict[str, list[float]]:
    """Rate of each call in each round [1/s]; the first round only warms up."""
    rates: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            start = perf_counter()
            for _ in range(requests):
                await call()
            if number:
                rates[name].append(requests / (perf_counter() - start))
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=500)
    parser.add_argument("--serve", choices=sorted(KINDS))
    given = parser.parse_args()
    if given.serve:
        asyncio.run(server(given.serve))
        return
    for kind in KINDS:
        asyncio.run(compare(kind, given.rounds, given.requests))


if __name__ == "__main__":
    main()
