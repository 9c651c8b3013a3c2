"""What becomes of an outage: taken up again, read back from a history, or a gap that is as long as the loss."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from kits.opcua import Reader, closed, opened
from kits.opcua_peers import Peer, Seen
from servers import relay as wire
from servers.relay import Relay
from trivet.signals import Gap

pytestmark = pytest.mark.waits

TICK = 0.25


@asynccontextmanager
async def counting(**environment: str) -> AsyncIterator[tuple[Peer, Relay, Reader]]:
    """A server process that counts four times a second, and a reader of it behind a relay."""
    peer = Peer("asyncua", TICK, environment)
    async with Relay("127.0.0.1", peer.port) as relay:
        await peer.start()
        try:
            wanted = peer.target(relay, timeout=2, publishing=TICK, periods={"normal": TICK})
            async with Reader(wanted) as reader:
                await some(reader)
                yield peer, relay, reader
        finally:
            await peer.kill()


async def some(reader: Reader, steps: int = 4) -> None:
    """Reads a few steps more."""
    first = await reader.sample("counter")
    await reader.sample("counter", lambda s: s.source >= first.source + steps * TICK * 1e9)


def lost(reader: Reader) -> tuple[float, ...]:
    seen = Seen("counter")
    for item in reader.items:
        seen.take(item)
    return seen.account(TICK).lost


async def test_a_session_that_the_server_ended_is_a_gap_and_a_new_one() -> None:
    async with counting() as (peer, relay, reader):
        await peer.order(end=True)
        await reader.until(closed)
        await some(reader)
        assert await peer.count() == (1, 1)
    start, end = reader.gaps
    assert end.end is not None
    assert end.end > start.start
    assert relay.services[wire.CREATE_SESSION] == 2
    assert lost(reader) == ()


async def test_messages_that_the_server_keeps_no_longer_are_a_gap() -> None:
    async with counting(FORGET="1") as (_, relay, reader):
        relay.mute()
        await reader.until(opened)
        await asyncio.sleep(1.0)
        relay.unmute()
        end = await reader.until(closed)
        await some(reader)
    assert isinstance(end, Gap)
    assert end.end is not None
    assert relay.services[wire.CREATE_SESSION] == 1
    assert end.end > end.start
    assert "never came" in end.detail
    assert lost(reader) == ()


async def test_what_a_new_session_missed_is_read_back_from_the_history() -> None:
    async with counting(HISTORY="1") as (peer, relay, reader):
        await relay.refuse()
        relay.cut()
        await reader.until(opened)
        await peer.order(end=True)
        await asyncio.sleep(1.5)
        await relay.accept()
        end = await reader.until(closed)
        await some(reader)
    rows = reader.all("counter")
    values = sorted({row.value for row in rows})
    assert values == [values[0] + n for n in range(len(values))], "every step came, late or not"
    assert relay.services[wire.CREATE_SESSION] == 2
    assert relay.services[wire.HISTORY_READ] >= 2
    assert isinstance(end, Gap)
    assert end.end == end.start
    assert "2 of 2 points were read back" in end.detail
    assert [row.receive for row in rows] == sorted(row.receive for row in rows)


async def test_a_restart_is_a_gap_and_goes_on_from_the_right_nodes() -> None:
    async with counting() as (peer, _, reader):
        await peer.kill()
        await reader.until(opened)
        await peer.start(fillers=3)
        await reader.until(closed)
        await some(reader)
        assert await peer.count() == (1, 1)
    assert {sample.value for sample in reader.all("constant")} == {7.0}
    assert min(sample.value for sample in reader.all("counter")) >= 0, "a filler's counter shows -1"
    assert lost(reader) == ()
