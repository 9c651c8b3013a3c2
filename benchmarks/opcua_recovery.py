"""How soon the OPC UA source notices a lost link, how soon data flow again, and what is lost; against two stacks.

A counter goes up four times a second in a server process of its own, behind a relay on the same machine. Servers:
plain asyncua, and node-opcua with the companion model's real nodeset where it is installed (NODE_PATH). The same
events happen to a bare asyncua client with `auto_reconnect=True`, as its users would write it.
Run: python benchmarks/opcua_recovery.py [asyncua|node-opcua ...]
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple, cast

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from kits.opcua_peers import Account, Peer, Seen, has_node
from servers.relay import Relay
from trivet.device.clock import WallClock
from trivet.signals import Gap, Item, Readings
from trivet_opcua import adapter

TICK = 0.25
PUBLISHING = 0.25
CALM = 4.0
LONGEST = 60.0


class Event(NamedTuple):
    """Something that happens, and what is asked for.

    Attributes:
        name: In words.
        happen: Makes it happen; gives when the link, or the server, was well again [s, monotonic].
        notice: Time within which it shall be noticed [s]; 0 when that is not asked.
        again: Time within which data shall flow after it is well again [s].
    """

    name: str
    happen: Callable[[Peer, Relay], Awaitable[float]]
    notice: float
    again: float


async def cut(_: Peer, relay: Relay) -> float:
    relay.cut()
    return monotonic()


def mute(seconds: float) -> Callable[[Peer, Relay], Awaitable[float]]:
    async def happen(_: Peer, relay: Relay) -> float:
        relay.mute()
        await asyncio.sleep(seconds)
        relay.unmute()
        return monotonic()

    return happen


def restart(fillers: int) -> Callable[[Peer, Relay], Awaitable[float]]:
    async def happen(peer: Peer, relay: Relay) -> float:
        await peer.kill()
        relay.cut()
        await asyncio.sleep(3.0)
        await peer.start(fillers)
        return monotonic()

    return happen


EVENTS = (
    Event("all sockets cut", cut, 0.0, 2.0),
    Event("link mute 5 s", mute(5.0), 2 * PUBLISHING + 1.0, 5.0),
    Event("link mute 20 s", mute(20.0), 2 * PUBLISHING + 1.0, 5.0),
    Event("restart, 3 s down", restart(0), 0.0, 10.0),
    Event("restart, other namespaces", restart(5), 0.0, 10.0),
)


class Reading:
    """A source that is read, with the time at which each thing came."""

    def __init__(self, peer: Peer, relay: Relay) -> None:
        self.seen = Seen(peer.counter)
        self.fresh = self.told = 0.0
        self._newest = 0
        self._peer, self._relay = peer, relay

    async def run(self) -> None:
        wanted = self._peer.target(self._relay, publishing=PUBLISHING, periods={"normal": TICK})
        source = cast("Any", adapter.connect(wanted, WallClock()))
        async with aclosing(source) as stream:
            async for item in stream:
                self.seen.take(item)
                self._note(item)

    def _note(self, item: Item) -> None:
        if isinstance(item, Gap) and item.end is None:
            self.told = monotonic()
        if isinstance(item, Readings) and max(self.seen.steps, default=0) > self._newest:
            self._newest, self.fresh = max(self.seen.steps), monotonic()

    def account(self) -> Account:
        return self.seen.account(TICK)


class Bare:
    """The same with asyncua alone: its client reconnects and restores the subscription by itself."""

    def __init__(self, peer: Peer, relay: Relay) -> None:
        self.values: list[float] = []
        self.fresh = self.told = 0.0
        self._peer, self._relay = peer, relay

    def datachange_notification(self, _: Any, value: float, __: Any) -> None:
        if not self.values or value != self.values[-1]:
            self.values.append(value)
            self.fresh = monotonic()

    async def run(self) -> None:
        from asyncua import Client

        client: Any = Client(f"opc.tcp://127.0.0.1:{self._relay.port}", timeout=3, auto_reconnect=True)
        async with client:
            subscription = await client.create_subscription(PUBLISHING * 1000, self)
            await subscription.subscribe_data_change(await self._node(client), queuesize=100)
            await asyncio.Event().wait()

    async def _node(self, client: Any) -> Any:
        if self._peer.stack == "asyncua":
            index = await client.get_namespace_index("urn:plain:machine")
            return client.get_node(f"ns={index};s=Counter")
        di = await client.get_namespace_index("http://opcfoundation.org/UA/DI/")
        kitchen = await client.get_namespace_index("http://opcfoundation.org/UA/CommercialKitchenEquipment/")
        own = await client.get_namespace_index("urn:independent:washers")
        path = [f"{di}:DeviceSet", f"{own}:Washer", f"{kitchen}:Parameters", f"{kitchen}:ActualHygieneValue"]
        return await client.nodes.objects.get_child(path)

    def lost(self) -> int:
        right = [value for value in self.values if value >= 0]
        return sum(max(round(b - a) - 1, 0) for a, b in pairwise(right))


@asynccontextmanager
async def running(peer: Peer, kind: type[Reading | Bare]) -> AsyncIterator[tuple[Any, Relay]]:
    async with Relay("127.0.0.1", peer.port) as relay:
        await peer.start()
        reading = kind(peer, relay)
        task = asyncio.create_task(reading.run())
        try:
            await until(lambda: reading.fresh > 0, LONGEST)
            await asyncio.sleep(CALM)
            yield reading, relay
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await peer.kill()


async def until(done: Callable[[], bool], longest: float) -> bool:
    end = monotonic() + longest
    while not done() and monotonic() < end:  # noqa: ASYNC110 # watches as a stranger, from outside
        await asyncio.sleep(0.01)
    return done()


async def ours(stack: str, event: Event) -> bool:
    peer = Peer(stack, TICK)
    async with running(peer, Reading) as (reading, relay):
        begun = monotonic()
        well = await event.happen(peer, relay)
        came = await until(lambda: reading.fresh > well, LONGEST)
        again = reading.fresh - well
        await asyncio.sleep(CALM)
        found = reading.account()
    noticed = reading.told - begun
    kept = came and again <= event.again and not found.lost and (not event.notice or noticed <= event.notice)
    kept = kept and (event.name != "all sockets cut" or not found.missing)
    limits = f"noticed after {noticed:5.2f} s" + (f" (at most {event.notice:g})" if event.notice else "")
    print(
        f"{stack:10} {event.name:26} {limits}, data again after {again:5.2f} s (at most {event.again:g}): of"
        f" {found.produced} values {found.delivered} came, {found.missing} in gaps, {len(found.lost)} unaccounted;"
        f" {'reached' if kept else 'MISSED'}",
        flush=True,
    )
    return kept


async def bare(stack: str, event: Event) -> None:
    peer = Peer(stack, TICK)
    async with running(peer, Bare) as (reading, relay):
        well = await event.happen(peer, relay)
        came = await until(lambda: reading.fresh > well, LONGEST / 2)
        again = reading.fresh - well
        await asyncio.sleep(CALM)
    after = f"after {again:5.2f} s" if came else f"not within {LONGEST / 2:g} s"
    wrong = ", from the wrong node" if came and reading.values[-1] < 0 else ""
    lost = f"{reading.lost()} values lost in silence" if not wrong else "none of the right ones"
    print(f"{'bare':10} {event.name:26} data again {after}{wrong}: {lost}", flush=True)


async def main(stacks: list[str]) -> int:
    logging.disable(logging.CRITICAL)
    kept = [await ours(stack, event) for stack in stacks for event in EVENTS]
    for event in EVENTS:
        await bare("asyncua", event)
    return 0 if all(kept) else 1


if __name__ == "__main__":
    chosen = sys.argv[1:] or ["asyncua", *(["node-opcua"] if has_node() else [])]
    sys.exit(asyncio.run(main(chosen)))
