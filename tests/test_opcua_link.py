"""What the OPC UA source does when the link, or the server, is not what it was."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kits.opcua import (
    DISHWASHER,
    PATIENCE,
    Reader,
    Stage,
    closed,
    dishwasher,
    open_server,
    opened,
    port,
    shipped,
    target,
)
from servers import relay as wire
from servers.relay import Relay
from trivet.device.clock import ScaledClock, WallClock
from trivet.signals import SECOND, Condition, Gap, Readings, Status
from trivet_opcua.link import Cover, pause
from trivet_opcua.loss import Lost

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served() -> AsyncIterator[tuple[Stage, str]]:
    plant = dishwasher()
    plant.counter = "hygiene_value"
    async with open_server(plant) as url:
        yield plant, url


def through(relay: Relay, mode: str = "subscribe", timeout: float = PATIENCE) -> Reader:  # a setting
    return Reader(target(shipped(DISHWASHER), f"opc.tcp://127.0.0.1:{relay.port}", mode=mode, timeout=timeout))


class Stopped(WallClock):
    """A clock that a test can stop; waits go on."""

    stands = False
    _last = 0

    def now(self) -> int:
        if not self.stands:
            self._last = super().now()
        return self._last

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(max(seconds, 0.05), 1.0))


async def two_values(reader: Reader) -> None:
    first = await reader.sample("hygiene_value")
    await reader.sample("hygiene_value", lambda s: s.source > first.source)


@pytest.mark.parametrize("mode", ["subscribe", "poll"])
async def test_a_cut_is_one_gap_that_ends_when_data_flow_again(served: tuple[Stage, str], mode: str) -> None:
    async with Relay("127.0.0.1", port(served[1])) as relay, through(relay, mode=mode) as reader:
        before = await reader.sample("hygiene_value")
        relay.cut()
        await reader.until(closed)
        after = await reader.sample("hygiene_value", lambda s: s.source > before.source)
    start, end = reader.gaps
    assert (start.reason, start.end) == ("reset", None)
    assert (end.start, end.reason, end.origin) == (start.start, start.reason, "washer/controller")
    assert end.end is not None
    assert before.receive <= start.start < end.end <= after.receive
    assert relay.connections == 2


@pytest.mark.parametrize("mode", ["subscribe", "poll"])
async def test_a_mute_link_is_noticed_and_given_up(served: tuple[Stage, str], mode: str) -> None:
    async with Relay("127.0.0.1", port(served[1])) as relay, through(relay, mode, 1.5) as reader:
        await reader.sample("hygiene_value")
        relay.mute()
        await reader.until(opened)
        relay.unmute()
        await reader.until(closed)
    assert [gap.reason for gap in reader.gaps] == ["timeout", "timeout"]


async def test_refusal_is_one_gap_however_often_it_is_tried(served: tuple[Stage, str]) -> None:
    async with Relay("127.0.0.1", port(served[1])) as relay:
        await relay.refuse()
        async with through(relay) as reader:
            gap = await reader.until(lambda _: True)
            again = asyncio.create_task(reader.until(lambda _: True))
            await asyncio.sleep(0.5)
            assert not again.done(), "an open gap is told once"
            await relay.accept()
            await again
    assert isinstance(gap, Gap)
    assert gap.reason == "refused"
    assert closed(reader.items[1])


async def test_a_slow_link_still_delivers(served: tuple[Stage, str]) -> None:
    async with Relay("127.0.0.1", port(served[1])) as relay:
        relay.delay = 0.03
        async with through(relay) as reader:
            await two_values(reader)


async def test_conditions_that_ended_while_nobody_listened_are_ended(served: tuple[Stage, str]) -> None:
    plant, url = served
    plant.conditions = (Condition("drain", True, None, 500, "Drain", 10**18, 10**18, "plant"),)
    async with Relay("127.0.0.1", port(url)) as relay, through(relay) as reader:
        first = await reader.until(lambda item: isinstance(item, Condition))
        await relay.refuse()
        relay.cut()
        await reader.until(opened)
        plant.conditions = (Condition("drain", False, None, 500, "Drain", 10**18 + 1, 10**18 + 1, "plant"),)
        await asyncio.sleep(0.5)
        await relay.accept()
        last = await reader.until(lambda item: isinstance(item, Condition))
    assert isinstance(first, Condition)
    assert isinstance(last, Condition)
    assert (first.id, first.active, last.active) == (last.id, True, False)


async def test_nothing_is_ever_written(served: tuple[Stage, str]) -> None:
    """A whole life at the wire: connect, browse, read, subscribe, lose, come back, poll, leave."""
    counts: Counter[int] = Counter()
    for mode in ("subscribe", "poll"):
        async with Relay("127.0.0.1", port(served[1])) as relay:
            async with through(relay, mode=mode) as reader:
                await two_values(reader)
                relay.cut()
                await reader.until(closed)
                await two_values(reader)
            counts += relay.services
    assert counts[wire.READ] > 4
    assert counts[wire.PUBLISH] > 1
    assert counts[wire.CREATE_SUBSCRIPTION] == 2
    assert counts[wire.CALL] == counts[wire.CREATE_SUBSCRIPTION], "ConditionRefresh, once for each subscription"
    assert counts[wire.TRANSLATE] == 4, "one call for all browse paths of a session"
    assert not counts[wire.WRITE]
    assert not counts[wire.HISTORY_UPDATE]
    assert not wire.NODE_MANAGEMENT & set(counts)


async def test_a_restart_with_another_namespace_table_goes_on_from_the_right_nodes() -> None:
    plant = dishwasher()
    plant.counter = "hygiene_value"
    async with open_server(plant) as url:
        reader = Reader(target(shipped(DISHWASHER), url))
        before = await reader.sample("hygiene_value", lambda s: s.status == Status.GOOD)
        tank = reader.all("tank_temperature_1")[0]
        await asyncio.sleep(0)
    await reader.until(opened)
    fillers = tuple(f"urn:filler:{number}" for number in range(7))
    async with open_server(plant, bind=f"127.0.0.1:{port(url)}", fillers=fillers), reader:
        await reader.until(closed)
        after = await reader.sample("hygiene_value", lambda s: s.source > before.source)
        again = await reader.sample("tank_temperature_1", lambda s: s.receive > after.source)
    seconds = (after.source - before.source) / SECOND
    assert abs((after.value - before.value) - seconds) <= 1, "the counter went on with the clock"
    assert again.value == tank.value


async def test_a_server_whose_clock_stands_confirms_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trivet_opcua.session.FROZEN", 1.5)
    clock = Stopped()
    async with open_server(dishwasher(), clock) as url, Reader(target(shipped(DISHWASHER), url)) as reader:
        await reader.sample("operation_mode")
        clock.stands = True
        await reader.until(opened)
        frozen = len(reader.items)
        go_on = asyncio.create_task(reader.until(closed))
        await asyncio.sleep(1.5)
        assert not any(isinstance(item, Readings) for item in reader.items[frozen:])
        clock.stands = False
        await go_on
        await reader.sample("operation_mode")
    assert {gap.reason for gap in reader.gaps} == {"frozen"}


async def test_a_scaled_clock_loses_no_second() -> None:
    plant, clock = dishwasher(), ScaledClock(30.0, 10**18)
    plant.counter = "hygiene_value"
    async with open_server(plant, clock) as url, Reader(target(shipped(DISHWASHER), url), clock) as reader:
        start = await reader.sample("hygiene_value")
        await reader.sample("hygiene_value", lambda s: s.source > start.source + 60 * SECOND)
        # The first value was read before there was a subscription to miss nothing.
        seconds = sorted({s.source // SECOND for s in reader.all("hygiene_value")})[1:]
        confirmed = reader.all("operation_mode")
    assert seconds == list(range(seconds[0], seconds[-1] + 1))
    assert len(confirmed) > 5
    assert confirmed[-1].source == confirmed[0].source


async def test_an_open_gap_is_told_once() -> None:
    lost, cover = Lost("refused", "nothing listens"), Cover("a/b", 5)
    assert cover.lost(lost) == [Gap(5, None, "refused", "a/b", "nothing listens")]
    assert cover.lost(lost) == []
    assert cover.attempts == 2


async def test_pauses_grow_from_fifty_milliseconds_to_four_seconds() -> None:
    pauses = [pause(attempts) for attempts in range(1, 60)]
    assert pauses[:40] == [0.05] * 40
    assert pauses[40:48] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 4.0, 4.0]
    assert pause(10**6) == 4.0
