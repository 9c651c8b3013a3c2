"""Devices that name one endpoint share a session: counted on the server, over cuts, restarts and departures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from kits import kettles
from kits.opcua import DISHWASHER, Reader, closed, opened, port, shipped, target
from kits.opcua_peers import Peer, Seen
from kits.sinks import Kept
from servers import relay as wire
from servers.relay import Relay
from trivet.device.adapter import Target
from trivet.device.clock import WallClock
from trivet.pipeline.assemble import assemble
from trivet.pipeline.run import run
from trivet.pipeline.store import Store
from trivet.runtime.model import Model
from trivet.signals import Gap

pytestmark = pytest.mark.waits

TICK = 0.25
NAMES = ("combi", "fryer", "washer")


def wanted(peer: Peer, relay: Relay, name: str) -> Target:
    found = peer.target(relay, timeout=5, publishing=TICK, periods={"normal": TICK})
    return replace(found, name=f"{name}/controller")


@asynccontextmanager
async def kitchen() -> AsyncIterator[tuple[Peer, Relay, list[Reader]]]:
    """A server process that counts four times a second, and three devices of it behind a relay."""
    peer = Peer("asyncua", TICK)
    async with Relay("127.0.0.1", peer.port) as relay:
        try:
            await peer.start()
            async with AsyncExitStack() as stack:
                readers = [await stack.enter_async_context(Reader(wanted(peer, relay, name))) for name in NAMES]
                await asyncio.gather(*map(some, readers))
                yield peer, relay, readers
        finally:
            await peer.kill()


async def some(reader: Reader, steps: int = 4) -> None:
    """Reads a few steps more."""
    first = await reader.sample("counter")
    await reader.sample("counter", lambda s: s.source >= first.source + steps * TICK * 1e9)


async def over(reader: Reader) -> Gap:
    """Reads until a gap is over, and a few steps more."""
    await reader.until(opened)
    end = await reader.until(closed)
    await some(reader)
    assert isinstance(end, Gap)
    return end


def lost(reader: Reader) -> tuple[float, ...]:
    seen = Seen("counter")
    for item in reader.items:
        seen.take(item)
    return seen.account(TICK).lost


async def test_three_devices_have_one_session_until_the_last_leaves() -> None:
    async with kitchen() as (peer, relay, readers):
        assert await peer.count() == (1, 3)
        assert (relay.connections, relay.services[wire.CREATE_SESSION]) == (1, 1)
        assert relay.services[wire.TRANSLATE] == 3, "each device resolves its points in one call"
        for reader, name in zip(readers, NAMES, strict=True):
            assert {sample.origin for sample in reader.all("counter")} == {f"{name}/controller"}
        async with readers.pop():
            pass
        assert await peer.count() == (1, 2)
        await asyncio.gather(*map(some, readers))
        assert not any(reader.gaps for reader in readers)
        for reader in readers:
            async with reader:
                pass
        assert await peer.count() == (0, 0)


async def test_a_cut_is_an_empty_gap_of_each_device() -> None:
    async with kitchen() as (peer, relay, readers):
        relay.cut()
        ends = await asyncio.gather(*map(over, readers))
        assert await peer.count() == (1, 3)
    assert [end.origin for end in ends] == [f"{name}/controller" for name in NAMES]
    assert all(end.end == end.start for end in ends)
    assert all(len(reader.gaps) == 2 and lost(reader) == () for reader in readers)
    assert (relay.connections, relay.services[wire.CREATE_SESSION]) == (2, 1)


async def test_a_restart_is_a_gap_of_each_device_and_all_come_back_in_one_session() -> None:
    async with kitchen() as (peer, relay, readers):
        await peer.kill()
        await asyncio.gather(*(reader.until(opened) for reader in readers))
        await peer.start(fillers=3)
        await asyncio.gather(*(reader.until(closed) for reader in readers))
        await asyncio.gather(*map(some, readers))
        assert await peer.count() == (1, 3)
    for reader, name in zip(readers, NAMES, strict=True):
        assert {gap.origin for gap in reader.gaps} == {f"{name}/controller"}
        assert {sample.value for sample in reader.all("constant")} == {7.0}
        assert min(sample.value for sample in reader.all("counter")) >= 0, "a filler's counter shows -1"
        assert lost(reader) == ()
    assert relay.services[wire.CREATE_SESSION] == 2


async def test_a_session_that_the_server_ended_is_replaced_once_for_all() -> None:
    async with kitchen() as (peer, relay, readers):
        await peer.order(end=True)
        ends = await asyncio.gather(*map(over, readers))
        assert await peer.count() == (1, 3)
    assert all(end.end is not None and end.end > end.start for end in ends)
    assert all(lost(reader) == () for reader in readers)
    assert relay.services[wire.CREATE_SESSION] == 2


async def test_a_device_that_is_not_there_disturbs_no_other() -> None:
    async with kitchen() as (peer, relay, readers):
        machine = target(shipped(DISHWASHER), f"opc.tcp://127.0.0.1:{relay.port}", timeout=5)
        async with Reader(replace(machine, name="absent/controller")) as absent:
            gap = await absent.until(opened)
            await asyncio.gather(*map(some, readers))
            assert await peer.count() == (1, 3)
    assert isinstance(gap, Gap)
    assert gap.reason == "no_device"
    assert not any(reader.gaps for reader in readers)
    assert relay.connections == 1


async def test_other_settings_are_another_session() -> None:
    async with kitchen() as (peer, relay, readers):
        other = peer.target(relay, timeout=4, publishing=TICK, periods={"normal": TICK})
        async with Reader(other) as reader:
            await some(reader)
            assert await peer.count() == (2, 4)
        assert await peer.count() == (1, 3)
        assert not readers[0].gaps


async def test_a_device_that_polls_shares_the_session_with_one_that_listens() -> None:
    async with kitchen() as (peer, relay, readers):
        polling = peer.target(relay, timeout=5, mode="poll", periods={"normal": TICK})
        async with Reader(replace(polling, name="poller/controller")) as reader:
            await some(reader)
            assert await peer.count() == (1, 3)
            relay.cut()
            gap, *ends = await asyncio.gather(over(reader), *map(over, readers))
            assert await peer.count() == (1, 3)
    assert all(lost(one) == () for one in readers)
    assert all(end.end == end.start for end in ends)
    assert gap.end is not None
    assert gap.end > gap.start, "what nobody polled is missing"


async def test_a_run_of_three_devices_makes_one_connection(tmp_path: Path) -> None:
    folder, clock, sink = kettles.furnish(tmp_path), WallClock(), Kept()
    model = Model.load(folder / "kettle.trivet", keys=(folder / "maker.pub",), home=folder / "home")
    async with kettles.served(clock) as url, Relay("127.0.0.1", port(url)) as relay:
        through = f"opc.tcp://127.0.0.1:{relay.port}"
        devices = [kettles.device(folder, name, through) for name in NAMES]
        ready = assemble(model, devices, store=Store(None, model), clock=clock)
        running = asyncio.create_task(run(ready.judge, ready.sources, clock, [sink], until=9))
        await asyncio.sleep(4)
        relay.cut()
        await running
        assert relay.services[wire.CREATE_SESSION] == 1
        assert relay.connections == 2
    for name in NAMES:
        told = sink.of("prediction", name)
        assert told[-1]["outputs"]["score"] is not None
        gaps = [gap for gap in sink.of("gap", name) if gap["reason"] == "reset"]
        assert {gap["origin"] for gap in gaps} == {f"{name}/controller"}
        assert [gap["end"] is None for gap in gaps] == [True, False]
