"""Two hundred cuts, stalls and restarts of OPC UA servers: nothing leaks, and each missing value is in a gap."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import pytest

from kits.opcua_peers import Account, Peer, Seen, has_node
from servers.relay import Relay
from soak.conftest import RESULT, kept
from trivet.device.clock import WallClock
from trivet.signals import Item
from trivet_opcua import adapter

pytestmark = pytest.mark.soak

EVENTS = int(os.environ.get("TRIVET_CHAOS", "200"))
TICK = 0.25
WARM = 40
"""Events after which memory shall not grow any more."""
MOST_GROWTH = 6.0
PAGE = os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.fixture(scope="module")
def tell() -> Iterator[Callable[[str], None]]:
    """Takes lines for ``benchmarks/results/soak_opcua.txt``."""
    yield from kept(RESULT.with_name("soak_opcua.txt"))


def memory() -> float:
    """Resident memory of this process [MB]."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


class Chaos:
    """A server behind a relay, everything that happens to it, and what a source says meanwhile."""

    def __init__(self, stack: str, seed: int) -> None:
        self.peer = Peer(stack, TICK)
        self.done: Counter[str] = Counter()
        self.seen = Seen(self.peer.counter)
        self.memory: list[float] = []
        self.tasks: list[int] = []
        self._dice = random.Random(seed)  # noqa: S311 # repeatable trouble

    async def read(self, source: AsyncIterator[Item]) -> None:
        """Notes all that a source says."""
        async with aclosing(cast("Any", source)) as stream:
            async for item in stream:
                self.seen.take(item)

    async def event(self, relay: Relay) -> None:
        """One thing that goes wrong and is well again afterwards."""
        kind = self._dice.choice(("cut", "cut", "stall", "stall", "refuse", "delay", "restart"))
        if kind == "restart" and self._dice.random() < 0.4:
            kind = "close" if self.peer.stack == "asyncua" else "restart"
        self.done[kind] += 1
        await getattr(self, f"_{kind}")(relay)

    async def _cut(self, relay: Relay) -> None:
        for _ in range(self._dice.randint(1, 3)):
            relay.cut()
            await asyncio.sleep(self._dice.uniform(0.0, 0.3))

    async def _stall(self, relay: Relay) -> None:
        relay.mute()
        await asyncio.sleep(self._dice.uniform(0.2, 4.0))
        relay.unmute()

    async def _refuse(self, relay: Relay) -> None:
        await relay.refuse()
        relay.cut()
        await asyncio.sleep(self._dice.uniform(0.2, 2.5))
        await relay.accept()

    async def _delay(self, relay: Relay) -> None:
        relay.delay = self._dice.uniform(0.05, 0.6)
        await asyncio.sleep(self._dice.uniform(0.5, 2.0))
        relay.cut()
        relay.delay = 0.0

    async def _restart(self, relay: Relay) -> None:
        await self.peer.kill()
        if self._dice.random() < 0.5:
            relay.cut()
        await asyncio.sleep(self._dice.uniform(0.0, 1.0))
        await self.peer.start(self._dice.randrange(6))

    async def _close(self, _: Relay) -> None:
        await self.peer.order(end=True)

    async def run(self) -> Account:
        """All events; tasks and memory are looked at in the calm after each."""
        async with Relay("127.0.0.1", self.peer.port) as relay:
            await self.peer.start()
            wanted = self.peer.target(relay, timeout=2, publishing=TICK, periods={"normal": TICK})
            reader = asyncio.create_task(self.read(adapter.connect(wanted, WallClock())))
            try:
                for _ in range(EVENTS):
                    await asyncio.sleep(self._dice.uniform(0.3, 2.0))
                    await self.event(relay)
                    self.memory.append(memory())
                await asyncio.sleep(12.0)
                self.tasks.append(len(asyncio.all_tasks()))
                sessions = await self.peer.count()
                assert sessions == (1, 1), f"{sessions} sessions and subscriptions on the server, of one reader"
            finally:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)
            await asyncio.sleep(1.0)
            assert await self.peer.count() == (0, 0), "a closed source leaves no session on the server"
            await self.peer.kill()
        return self.seen.account(TICK)


@pytest.mark.parametrize("stack", ["asyncua", "node-opcua"])
async def test_each_missing_value_is_inside_a_gap(stack: str, tell: Callable[[str], None]) -> None:
    if stack == "node-opcua" and not has_node():
        pytest.skip("run `npm install` in tests/servers/node_opcua first")
    before = len(asyncio.all_tasks())
    chaos = Chaos(stack, 3)
    found = await chaos.run()
    left = len(asyncio.all_tasks()) - before
    growth = chaos.memory[-1] - chaos.memory[min(WARM, EVENTS - 1)]
    done = ", ".join(f"{n} {kind}" for kind, n in sorted(chaos.done.items()))
    tell(
        f"OPC UA against {stack}, {EVENTS} events ({done}): of {found.produced} values {found.delivered} delivered,"
        f" {found.missing} inside {found.gaps - found.empty} gaps, {len(found.lost)} unaccounted,"
        f" {found.empty} outages without any loss;"
        f" {left} tasks left, {growth:+.1f} MB after the first {WARM} events"
    )
    assert found.lost == ()
    assert left == 0
    assert growth < MOST_GROWTH
    assert found.empty > EVENTS / 10
