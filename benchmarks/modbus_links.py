"""Links that break and units that are silent, over loopback: how soon an error, how soon the next value, at what cost.

1. A server that drops the connection in every tenth request: from the drop to the error.
2. A server that is killed and started again twenty times: from its return to the next value.
3. Ten units on one link, one of them silent: the rate of the other nine against that of all ten alive.
4. Fifty devices read once a second in one process: its CPU time.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import statistics
import sys
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from time import perf_counter, process_time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from kits.matrix import answer
from kits.modbus import profile, target
from trivet.device.clock import WallClock
from trivet.device.document import Point, PointRepeat
from trivet.signals import Quality, Readings
from trivet_modbus import adapter
from trivet_modbus.address import Table
from trivet_modbus.client import Link, LostError
from trivet_modbus.faults import Fault
from trivet_modbus.plan import Block
from trivet_modbus.route import TCP, Route, tcp
from trivet_modbus.server import listening

REGISTERS = Point(at={"table": "holding", "address": 0, "type": "uint16"}, repeat=PointRepeat(max=100))
TIMEOUT = 0.2


async def serve(port: int, dead: int, sockets: int) -> None:
    """All units answer but one; a server in a process of its own."""

    def reply(unit: int, request: bytes) -> bytes | None:
        return None if unit == dead else answer(1, request)

    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(listening(Route(TCP, "127.0.0.1", port), reply)) for _ in range(sockets)
        ]
        print(*(bound.port for bound in opened), flush=True)
        await asyncio.Event().wait()


async def started(port: int = 0, dead: int = -1, sockets: int = 1) -> tuple[asyncio.subprocess.Process, list[int]]:
    words = (sys.executable, __file__, "--serve", str(port), str(dead), str(sockets))
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE)
    line = await process.stdout.readline() if process.stdout else b""
    return process, [int(word) for word in line.split()]


async def killed(process: asyncio.subprocess.Process) -> None:
    process.kill()
    await process.wait()


async def drops(rounds: int) -> str:
    """From a request whose connection is dropped to its error; the server is in this process, so both are timed."""
    block, took = Block(Table.HOLDING, 0, 10, ()), []
    async with listening(Route(TCP, "127.0.0.1"), answer, [Fault("drop", 10)]) as bound:
        link = Link(tcp("127.0.0.1", bound.port))
        while len(took) < rounds:
            await link.open(1.0)
            begun = perf_counter()
            try:
                await link.read(1, block, 5.0)
            except LostError:
                took.append(perf_counter() - begun)
        link.drop("done")
    median, most = statistics.median(took) * 1e3, max(took) * 1e3
    return f"error after a dropped request   median {median:6.2f} ms  most {most:6.2f} ms  target 10 ms median"


async def restarts(rounds: int) -> str:
    """From the moment that the server listens again to the next good value."""
    process, (port,) = await started()
    meter = profile({"r": REGISTERS}, periods={"normal": 0.1})
    stream = adapter.connect(target(meter, f"modbus+tcp://127.0.0.1:{port}", timeout=1), WallClock())
    good: asyncio.Queue[float] = asyncio.Queue()

    async def read() -> None:
        async for item in stream:
            if isinstance(item, Readings) and item.sample(0).quality is Quality.GOOD:
                good.put_nowait(perf_counter())

    reader, took = asyncio.create_task(read()), []
    await good.get()
    for number in range(rounds):
        await killed(process)
        await asyncio.sleep(0.1 + number % 10 * 0.1)
        process, _ = await started(port)
        back = perf_counter()
        while not good.empty():
            good.get_nowait()
        took.append(await good.get() - back)
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    await killed(process)
    median, most = statistics.median(took) * 1e3, max(took) * 1e3
    return f"value after a restart, {rounds} rounds  median {median:6.1f} ms  most {most:6.1f} ms  target 100 ms"


async def counted(dead: int, period: float, seconds: float) -> Counter[int]:
    """Good polls of ten units on one link."""
    process, (port,) = await started(0, dead)
    meter = profile({"r": REGISTERS}, periods={"normal": period})
    polls: Counter[int] = Counter()

    async def read(unit: int) -> None:
        url = f"modbus+tcp://127.0.0.1:{port}?unit={unit}"
        async for item in adapter.connect(target(meter, url, f"plant/u{unit}", timeout=TIMEOUT), WallClock()):
            polls[unit] += isinstance(item, Readings) and item.sample(0).quality is Quality.GOOD

    tasks = [asyncio.create_task(read(unit)) for unit in range(1, 11)]
    await asyncio.sleep(seconds)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await killed(process)
    return polls


async def silence(seconds: float) -> str:
    lines = []
    for period in (1.0, 0.1, 0.001):
        alive = await counted(-1, period, seconds)
        one_dead = await counted(10, period, seconds)
        kept = [one_dead[unit] / alive[unit] for unit in range(1, 10)]
        rates = f"{sum(alive[unit] for unit in range(1, 10)) / seconds:7.0f} polls/s with all alive"
        share = f"worst {min(kept):6.1%}, mean {statistics.mean(kept):6.1%} of it with one silent"
        lines.append(f"nine of ten units, every {period:g} s  {rates}; {share}  target 90 %")
    return "\n".join(lines)


async def fifty(seconds: float) -> str:
    process, ports = await started(sockets=50)
    meter = profile({"r": REGISTERS}, periods={"normal": 1})
    polls: Counter[int] = Counter()

    async def read(port: int) -> None:
        asked = target(meter, f"modbus+tcp://127.0.0.1:{port}", f"d{port}/m")
        async for item in adapter.connect(asked, WallClock()):
            polls[port] += isinstance(item, Readings)

    tasks = [asyncio.create_task(read(port)) for port in ports]
    await asyncio.sleep(2.0)
    polls.clear()
    cpu, begun = process_time(), perf_counter()
    await asyncio.sleep(seconds)
    share = (process_time() - cpu) / (perf_counter() - begun)
    rate = polls.total() / seconds
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await killed(process)
    return f"fifty devices of 100 registers at 1 Hz  {rate:5.1f} polls/s  {share:6.2%} of a core  target 10 %"


async def measure(seconds: float) -> None:
    logging.getLogger("trivet_modbus").setLevel(logging.CRITICAL)
    print(await drops(100), flush=True)
    print(await restarts(20), flush=True)
    print(await silence(seconds), flush=True)
    print(await fifty(seconds), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--serve", nargs=3, type=int, metavar=("PORT", "DEAD", "SOCKETS"))
    given = parser.parse_args()
    asyncio.run(serve(*given.serve) if given.serve else measure(given.seconds))


if __name__ == "__main__":
    main()
