"""Minutes of cuts, silences, stopped and killed controllers: each value is delivered, or known to be missing."""

from __future__ import annotations

import asyncio
import random
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from kits import modbus, opcua
from servers.relay import Relay
from soak.controller import METER, TURN
from trivet.device.adapter import Target
from trivet.device.clock import WallClock
from trivet.signals import SECOND, Gap, Item, Quality, Readings, Sample
from trivet_modbus import adapter as modbus_adapter
from trivet_opcua import adapter as opcua_adapter

pytestmark = pytest.mark.soak
TESTS = Path(__file__).parents[1]
DURATION = 150.0
START = 60.0
NEAR = 2


@dataclass
class Controller:
    """A controller process behind a relay, and everything that can happen to it."""

    protocol: str
    port: int
    relay: Relay
    process: asyncio.subprocess.Process | None = None
    done: Counter[str] = field(default_factory=Counter)

    async def start(self) -> None:
        words = (sys.executable, "-m", "soak.controller", self.protocol, str(self.port))
        self.process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.PIPE, cwd=TESTS)
        assert self.process.stdout is not None
        async with asyncio.timeout(START):
            assert await self.process.stdout.readline() == b"ready\n"

    async def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None

    async def trouble(self, dice: random.Random) -> None:
        """One thing that goes wrong, and is well again afterwards."""
        kind = dice.choice(("cut", "mute", "refuse", "stop", "kill"))
        self.done[kind] += 1
        if kind == "cut":
            self.relay.cut()
        elif kind == "mute":
            self.relay.mute()
            await asyncio.sleep(dice.uniform(0.3, 5.0))
            self.relay.unmute()
        elif kind == "refuse":
            await self.relay.refuse()
            self.relay.cut()
            await asyncio.sleep(dice.uniform(0.5, 4.0))
            await self.relay.accept()
        elif kind == "stop" and self.process is not None:
            self.process.send_signal(signal.SIGSTOP)
            await asyncio.sleep(dice.uniform(0.5, 6.0))
            self.process.send_signal(signal.SIGCONT)
        elif kind == "kill":
            await self.kill()
            await asyncio.sleep(dice.uniform(0.1, 2.0))
            await self.start()


@dataclass(frozen=True)
class Account:
    """What became of each second's value.

    Attributes:
        delivered: Seconds whose value came, as Good.
        missing: Seconds inside a gap.
        refused: Seconds that a Bad row stands for.
        lost: Seconds of which nothing is known.
        strange: Values that the controller did not show at that time.
        gaps: Gaps that were closed.
    """

    delivered: int
    missing: int
    refused: int
    lost: tuple[int, ...]
    strange: tuple[Sample, ...]
    gaps: int

    @property
    def produced(self) -> int:
        """Seconds from the first to the last that was delivered."""
        return self.delivered + self.missing + self.refused + len(self.lost)


def account(items: list[Item], name: str) -> Account:
    rows = [row for item in items if isinstance(item, Readings) for row in item.samples() if row.name == name]
    good = [row for row in rows if row.quality is Quality.GOOD]
    delivered = {second for row in good if (second := _second(row)) is not None}
    gaps = [item for item in items if isinstance(item, Gap) and item.end is not None]
    spans = [(gap.start, gap.end or 0) for gap in gaps]
    refused: list[tuple[int, int]] = []
    for before, row, after in zip([good[0], *rows], rows, [*rows[1:], good[-1]], strict=False):
        if row.quality is Quality.BAD:
            refused.append((before.receive, after.receive))
    everything = range(min(delivered), max(delivered) + 1)
    absent = [second for second in everything if second not in delivered]
    missing = [second for second in absent if _inside(second, spans)]
    told = [second for second in absent if second not in missing and _inside(second, refused)]
    return Account(
        len(delivered),
        len(missing),
        len(told),
        tuple(second for second in absent if second not in missing and second not in told),
        tuple(row for row in good if _second(row) is None),
        len(gaps),
    )


def _second(row: Sample) -> int | None:
    """The second whose value a row carries, None when none near its source time has it."""
    near = row.source // SECOND
    return next((n for d in range(NEAR + 1) for n in (near - d, near + d) if n % TURN == row.value), None)


def _inside(second: int, spans: list[tuple[int, int]]) -> bool:
    return any(start < (second + 1) * SECOND and end > second * SECOND for start, end in spans)


async def read(source: AsyncIterator[Item], items: list[Item]) -> None:
    async with aclosing(cast("Any", source)) as stream:
        async for item in stream:
            items.append(item)  # noqa: PERF401 # what came before the end counts


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def source(protocol: str, port: int) -> AsyncIterator[Item]:
    if protocol == "modbus":
        url = f"modbus+tcp://127.0.0.1:{port}"
        return modbus_adapter.connect(modbus.target(METER, url, timeout=1), WallClock())
    asked: Target = opcua.target(opcua.shipped(opcua.DISHWASHER), f"opc.tcp://127.0.0.1:{port}", timeout=2)
    return opcua_adapter.connect(asked, WallClock())


async def soaked(protocol: str, seed: int) -> tuple[list[Item], Counter[str]]:
    """Everything that a source said while its controller had a hard time; the last seconds are quiet."""
    dice, items, port = random.Random(seed), list[Item](), free_port()  # noqa: S311 # repeatable trouble
    async with Relay("127.0.0.1", port) as relay:
        controller = Controller(protocol, port, relay)
        await controller.start()
        reader = asyncio.create_task(read(source(protocol, relay.port), items))
        try:
            end = asyncio.get_running_loop().time() + DURATION
            while asyncio.get_running_loop().time() < end:
                await asyncio.sleep(dice.uniform(2.0, 6.0))
                await controller.trouble(dice)
            await asyncio.sleep(15.0)
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)
            await controller.kill()
    return items, controller.done


async def test_nothing_is_lost_unaccounted(tell: Callable[[str], None]) -> None:
    runs = await asyncio.gather(soaked("modbus", 1), soaked("opcua", 2))
    accounts = [account(items, name) for (items, _), name in zip(runs, ("seconds", "hygiene_value"), strict=True)]
    for name, found, (_, done) in zip(("Modbus", "OPC UA"), accounts, runs, strict=True):
        tell(
            f"links, {name}, {DURATION:g} s, {', '.join(f'{n} {kind}' for kind, n in sorted(done.items()))}:"
            f" of {found.produced} values {found.delivered} delivered, {found.missing} inside {found.gaps} gaps,"
            f" {found.refused} told as Bad, {len(found.lost)} unaccounted, {len(found.strange)} wrong"
        )
    for found in accounts:
        assert (found.lost, found.strange) == ((), ())
        assert found.delivered > found.produced / 4
        assert found.gaps > 3
