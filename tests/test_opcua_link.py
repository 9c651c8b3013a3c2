"""What the OPC UA source does when the link, or the server, is not what it was."""

from __future__ import annotations

import asyncio
import random
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
from trivet_opcua.cover import Cover
from trivet_opcua.loss import Lost
from trivet_opcua.pauses import Pauses

pytestmark = [pytest.mark.waits, pytest.mark.asyncio(loop_scope="module")]


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


def seconds_of(reader: Reader) -> list[int]:
    """Every second whose value came, from the first change on."""
    return sorted({s.source // SECOND for s in reader.all("hygiene_value")})[1:]


async def test_a_cut_loses_nothing_and_makes_no_session(served: tuple[Stage, str]) -> None:
    async with Relay("127.0.0.1", port(served[1])) as relay, through(relay) as reader:
        for _ in range(2):
            before = await reader.sample("hygiene_value")
            relay.cut()
            await reader.until(closed)
            await reader.sample("hygiene_value", lambda s: s.source > before.source)  # noqa: B023 # awaited here
        await two_values(reader)
    start, end, *_ = reader.gaps
    assert (start.reason, start.end) == ("reset", None)
    assert (end.start, end.end, end.origin) == (start.start, start.start, "washer/controller"), "an empty gap"
    assert "nothing is missing" in end.detail
    seconds = seconds_of(reader)
    assert seconds == list(range(seconds[0], seconds[-1] + 1))
    assert relay.connections == 3
    assert relay.services[wire.CREATE_SESSION] == relay.services[wire.CREATE_SUBSCRIPTION] == 1
    assert relay.services[wire.REPUBLISH] >= 2


async def test_a_cut_while_polling_is_a_gap_without_a_session_more(served: tuple[Stage, str]) -> None:
    async with Relay("127.0.0.1", port(served[1])) as relay, through(relay, "poll") as reader:
        before = await reader.sample("hygiene_value")
        relay.cut()
        await reader.until(closed)
        after = await reader.sample("hygiene_value", lambda s: s.source > before.source)
    start, end = reader.gaps
    assert (end.start, end.reason) == (start.start, "reset")
    assert end.end is not None
    assert start.start < end.end <= after.receive
    assert start.start <= before.receive


async def test_what_a_mute_link_held_up_comes_with_its_own_times(served: tuple[Stage, str]) -> None:
    async with Relay("127.0.0.1", port(served[1])) as relay, through(relay, timeout=1.0) as reader:
        await reader.sample("hygiene_value")
        relay.mute()
        await reader.until(opened)
        await asyncio.sleep(2.5)
        relay.unmute()
        await reader.until(closed)
        await two_values(reader)
        rows = reader.all("hygiene_value")
    seconds = seconds_of(reader)
    assert seconds == list(range(seconds[0], seconds[-1] + 1))
    assert reader.gaps[1].end == reader.gaps[0].start
    assert [s.receive for s in rows] == sorted(s.receive for s in rows)
    for sample in rows[1:]:
        late = sample.receive - sample.source // SECOND * SECOND
        assert late < 2 * SECOND or sample.value == rows[-1].value or sample.source == rows[0].source


async def test_a_stall_between_session_and_subscription_loses_nothing_unsaid(served: tuple[Stage, str]) -> None:
    """A value that changed twice before anything watched it was once neither delivered nor in a gap."""
    async with Relay("127.0.0.1", port(served[1])) as relay, through(relay) as reader:
        relay.stall = (wire.CREATE_SUBSCRIPTION, 2.5)
        await relay.refuse()
        await reader.until(opened)
        await relay.accept()
        end = await reader.until(closed)
        await two_values(reader)
    assert isinstance(end, Gap)
    assert end.end is not None
    inside = list(range(end.end // SECOND + 1, max(seconds_of(reader)) + 1))
    assert set(inside) <= set(seconds_of(reader))


async def test_a_gap_begins_where_the_server_was_last_heard_not_where_a_slow_link_delivered(
    served: tuple[Stage, str],
) -> None:
    async with Relay("127.0.0.1", port(served[1])) as relay, through(relay, timeout=1.0) as reader:
        await two_values(reader)
        relay.delay = 0.9
        await two_values(reader)
        await relay.refuse()
        relay.cut()
        gap = await reader.until(opened)
        last = reader.all("hygiene_value")[-1]
    assert isinstance(gap, Gap)
    assert gap.start < last.receive - 500_000_000


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
    assert counts[wire.CREATE_SUBSCRIPTION] == 1
    assert counts[wire.CALL] == 2 * counts[wire.CREATE_SUBSCRIPTION], "ConditionRefresh, once for each channel"
    assert counts[wire.TRANSLATE] == counts[wire.CREATE_SESSION], "one call for all browse paths of a session"
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
    monkeypatch.setattr("trivet_opcua.heart.FROZEN", 1.5)
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


async def test_an_open_gap_is_told_once_and_is_empty_when_nothing_is_missing() -> None:
    lost, cover = Lost("refused", "nothing listens"), Cover("a/b", 5)
    assert cover.lost(lost) == [Gap(5, None, "refused", "a/b", "nothing listens")]
    assert cover.lost(lost) == []
    assert [(gap.start, gap.end) for gap in cover.flows(9)] == [(5, 5)]
    cover.until = 7
    cover.lost(lost)
    cover.missed()
    assert [(gap.start, gap.end) for gap in cover.flows(9)] == [(7, 9)]
    assert cover.flows(10) == []


async def test_messages_that_never_came_are_a_gap_also_on_a_link_that_is_up() -> None:
    cover = Cover("a/b", 5)
    assert cover.hole(8, "sequence", "2 messages") == [Gap(5, 8, "sequence", "a/b", "2 messages")]
    cover.lost(Lost("reset", "closed"))
    assert cover.hole(9, "sequence", "2 messages") == []
    (gap,) = cover.flows(11)
    assert (gap.start, gap.end, gap.detail) == (5, 11, "closed; 2 messages")


async def test_pauses_grow_from_fifty_milliseconds_to_four_seconds() -> None:
    pauses, now, found = Pauses(random.Random(1)), 100.0, list[float]()  # noqa: S311 # repeatable
    while now < 140.0:
        found.append(pauses.after(Lost("refused", ""), now, now))
        now += found[-1]
    quick = [pause for pause in found if pause == 0.05]
    assert 38 <= len(quick) <= 44
    assert found[len(quick) :] != sorted(found[len(quick) :]), "with jitter"
    assert 3.0 <= found[-1] <= 4.0
    assert max(found) <= 4.0
    assert pauses.after(Lost("timeout", ""), now, now + 3.5) <= 0.5, "the attempt itself was most of the pause"


async def test_a_server_that_refuses_is_left_alone_for_longer() -> None:
    pauses = Pauses(random.Random(1))  # noqa: S311 # repeatable
    found = [pauses.after(Lost("denied", ""), 0.0, 0.0) for _ in range(10)]
    assert 0.75 <= found[0] <= 1.0
    assert 22.5 <= found[-1] <= 30.0
    pauses.reset()
    assert pauses.after(Lost("reset", ""), 0.0, 0.0) == 0.05
    assert pauses.after(Lost("untrusted", ""), 0.0, 0.0, known=True) == 0.05, "a channel that was cut while it opened"
    assert pauses.after(Lost("untrusted", "", "BadCertificateUntrusted"), 0.0, 0.0, known=True) > 0.5
