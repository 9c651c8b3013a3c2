"""Blocks of 100 registers as ``Readings`` against pymodbus's own block rate, interleaved in one run.

The server is ours, in a process of its own. "Readings" is the link and the decoder; "source" is the
whole endless source with clock and schedule; "samples" makes every ``Sample`` as well.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter

from pymodbus.client import AsyncModbusTcpClient

from trivet.device.adapter import Snapshot
from trivet.device.clock import ScaledClock, WallClock
from trivet.device.document import Endpoint, Point, Profile, Provenance
from trivet.signals import Readings
from trivet_modbus.client import Link
from trivet_modbus.codec import Decoder, compile_decoder
from trivet_modbus.layout import profile_map
from trivet_modbus.plan import blocks
from trivet_modbus.points import point
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


async def measure(kind: str, url: str, rounds: int, requests: int) -> None:
    host, port, unit = parse_url(url)
    source = profile(kind)
    typed = [point(one, source) for one in source.points.values()]
    (block,) = blocks(typed, profile_map(source))
    decoder = compile_decoder(block, [one.name for one in typed])
    link, bare = Link(host, port), AsyncModbusTcpClient(host, port=port, retries=0)
    await link.open(5.0)
    await bare.connect()
    # a period far below what can be polled keeps the source busy all the time
    turn = Turn("fast", 1, (decoder,))
    endless = stream(Schedule("d/m", line(Endpoint(profile=kind, url=url)), (turn,)), ScaledClock(1.0), random.random)

    async def ours() -> None:
        await read(link, decoder, unit)

    async def with_samples() -> None:
        (await read(link, decoder, unit)).samples()

    async def whole() -> None:
        await anext(endless)

    async def theirs() -> None:
        await bare.read_input_registers(0, count=REGISTERS, device_id=unit)

    calls = {"pymodbus": theirs, "Readings": ours, "source": whole, "samples": with_samples}
    rates = await interleaved(calls, rounds, requests)
    link.drop("done")
    bare.close()
    for name, target in (("pymodbus", None), ("Readings", 0.9), ("source", None), ("samples", 0.7)):
        rate = statistics.median(rates[name])
        ratio = statistics.median(a / b for a, b in zip(rates[name], rates["pymodbus"], strict=True))
        verdict = "" if target is None else f"target {target}  {'reached' if ratio >= target else 'NOT reached'}"
        print(f"{kind:8} {len(typed):4} points  {name:9} {rate:8.0f} blocks/s  ratio {ratio:5.2f}  {verdict}")


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
