"""The fault matrix: every kind of trouble at the wire, on every transport, and how many values were wrong.

Each register holds a word made of its address, so that a value of another request is recognised. The
server is a process of its own: ``python -m kits.matrix SCHEME FAULT`` says its URL and serves until its
input ends.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, cast

from kits.modbus import profile, target
from trivet.device.clock import ScaledClock
from trivet.device.document import Point
from trivet.signals import Condition, Gap, Quality
from trivet_modbus import adapter
from trivet_modbus.faults import Fault
from trivet_modbus.route import RTU, RTU_OVER_TCP, TCP, Route
from trivet_modbus.server import listening

TESTS = Path(__file__).parents[1]
TRANSPORTS = (TCP, RTU_OVER_TCP, RTU)
FAULTS = ("stall", "late", "duplicate", "short", "garbage", "split", "wrong_transaction", "wrong_unit", "flip")
RETRIES = (0, 3)
MEANINGLESS = frozenset({("wrong_transaction", RTU_OVER_TCP), ("wrong_transaction", RTU), ("flip", TCP)})
EVERY = 30
TURNAROUND = 0.002
DELAY = 0.12
TIMEOUT = 0.08
WORST_TURNAROUND = 0.35
ADDRESSES = tuple(range(0, 160, 20))
NAMES = {f"p{address}": address for address in ADDRESSES}


class Cell(NamedTuple):
    """One field of the matrix."""

    fault: str
    scheme: str
    retries: int


@dataclass
class Tally:
    """What became of a number of reads."""

    right: int = 0
    wrong: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    gaps: int = 0

    @property
    def reads(self) -> int:
        return self.right + self.wrong + self.errors.total()


def word(address: int) -> int:
    """What the register at an address holds."""
    return (address * 257 + 4099) % 65536


def answer(unit: int, request: bytes) -> bytes | None:
    """A controller with a word in every register."""
    if unit != 1:
        return None
    address, count = (int.from_bytes(request[index : index + 2], "big") for index in (1, 3))
    data = b"".join(word(address + index).to_bytes(2, "big") for index in range(count))
    return bytes([request[0], len(data)]) + data


def cells(faults: Sequence[str] = FAULTS, transports: Sequence[str] = TRANSPORTS) -> Iterator[Cell]:
    """Every field that means something."""
    for fault, scheme, retries in itertools.product(faults, transports, RETRIES):
        if (fault, scheme) not in MEANINGLESS:
            yield Cell(fault, scheme, retries)


@asynccontextmanager
async def served(scheme: str, fault: str) -> AsyncIterator[str]:
    """A server process with a fault; the context gives its URL."""
    words = (sys.executable, "-m", "kits.matrix", scheme, fault)
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, cwd=TESTS)
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        assert url, "the server did not start"
        yield url
    finally:
        process.kill()
        await process.wait()


async def ours(url: str, retries: int, reads: int, worst: float = WORST_TURNAROUND) -> Tally:
    """Reads one register after the other through the whole adapter."""
    points = {name: Point(at={"table": "holding", "address": at, "type": "uint16"}) for name, at in NAMES.items()}
    meter = profile(points, max_gap=0, worst_turnaround=worst, turnaround=0.001, periods={"normal": 1e-3})
    asked = target(meter, url, timeout=TIMEOUT, retries=retries)
    tally = Tally()
    async with aclosing(cast("Any", adapter.connect(asked, ScaledClock(1.0)))) as stream:
        async for item in stream:
            if isinstance(item, Gap):
                tally.gaps += item.end is None
            elif not isinstance(item, Condition):
                for sample in item.samples():
                    if sample.quality is not Quality.GOOD:
                        tally.errors[sample.reason] += 1
                    elif sample.value == word(NAMES[sample.name]):
                        tally.right += 1
                    else:
                        tally.wrong += 1
            if tally.reads >= reads:
                break
    return tally


async def cell(one: Cell, reads: int) -> Tally:
    """One field of the matrix, ours."""
    async with served(one.scheme, one.fault) as url:
        return await ours(url, one.retries, reads)


def trouble(scheme: str, fault: str, every: int = EVERY) -> AbstractAsyncContextManager[Route]:
    """The server; duplicates come before the next request, delays stay below the declared turnaround."""
    route = Route(scheme, baud=115200) if scheme == RTU else Route(scheme, "127.0.0.1")
    return listening(route, answer, [Fault(fault, every, DELAY), Fault("slow", 1, TURNAROUND)])


async def serve(scheme: str, fault: str) -> None:
    """Serves until standard input ends."""
    async with trouble(scheme, fault) as bound:
        print(bound.url(1), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(*sys.argv[1:]))
