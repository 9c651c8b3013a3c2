"""One device's endpoints as one stream: live ones side by side, recordings in order of time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import cast

import pytest

from kits.devices import NOON, Played, device, endpoint, interface, point, profile, readings
from trivet.device.binding import bind
from trivet.device.clock import RecordingClock, ScaledClock, WallClock
from trivet.device.inbox import Inbox
from trivet.device.source import open_device
from trivet.errors import AdapterError, ConnectError, DataError, DocumentError, TrivetError
from trivet.signals import SECOND, Condition, Gap, Item, Readings

PROFILES = {
    "plc": profile({"t": point(unit="Cel", signal="rinse_temperature"), "x": point(unit="Cel")}),
    "meter": profile({"p": point(unit="W", signal="active_power")}),
}
DEVICE = device({"plc": endpoint(), "meter": endpoint()})
BINDING = bind(interface(), DEVICE, PROFILES)


def stream(
    played: Played, clock: WallClock | ScaledClock | RecordingClock, capacity: int = 16
) -> AsyncGenerator[Item, None]:
    items = open_device(played.resolved(DEVICE, PROFILES), BINDING, clock, capacity)
    return cast("AsyncGenerator[Item, None]", items)


async def collect(played: Played, clock: WallClock | RecordingClock) -> list[Item]:
    async with aclosing(stream(played, clock)) as items:
        return [item async for item in items]


def temperatures(*seconds: float) -> Readings:
    return readings([("t", 50 + at, at) for at in seconds])


def power(*seconds: float) -> Readings:
    return readings([("p", at, at) for at in seconds], origin="washer/meter")


def seconds(items: Sequence[Item]) -> list[tuple[str, list[float]]]:
    """Origin and seconds after noon of each block."""
    return [
        (item.origin.partition("/")[2], [(at - NOON) / SECOND for at in item.receive.tolist()])
        for item in items
        if isinstance(item, Readings)
    ]


async def test_live_endpoints_are_merged_and_bound() -> None:
    gap = Gap(NOON, None, "timeout", "washer/plc")
    condition = Condition("door", True, None, 500, "Door open", NOON, NOON, "washer/meter")
    items = await collect(Played({"plc": [temperatures(0), gap], "meter": [power(0, 1), condition]}), WallClock())
    assert sorted(seconds(items)) == [("meter", [0, 1]), ("plc", [0])]
    assert gap in items
    assert condition in items
    blocks = [item for item in items if isinstance(item, Readings)]
    assert all(block.names == BINDING.columns for block in blocks)


async def test_readings_that_feed_nothing_are_left_out() -> None:
    unused = readings([("x", 1, 0)], names=("t", "x"))
    assert await collect(Played({"plc": [unused], "meter": []}), WallClock()) == []


async def test_a_silent_endpoint_does_not_hold_up_another() -> None:
    played = Played({"plc": [], "meter": [power(0), power(1), power(2)]}, endless=True)
    async with aclosing(stream(played, WallClock())) as items:
        got = [await anext(items) for _ in range(3)]
    assert seconds(got) == [("meter", [0]), ("meter", [1]), ("meter", [2])]
    assert sorted(played.closed) == ["washer/meter", "washer/plc"]


async def test_an_endpoint_that_fails_is_a_gap_and_the_others_go_on() -> None:
    played = Played({"plc": [temperatures(0), ConnectError("no answer")], "meter": [power(n) for n in range(5)]})
    items = await collect(played, WallClock())
    gaps = [item for item in items if isinstance(item, Gap)]
    assert [(gap.reason, gap.origin, gap.end, gap.detail) for gap in gaps] == [
        ("failed", "washer/plc", None, "no answer")
    ]
    assert sum(origin == "meter" for origin, _ in seconds(items)) == 5


@pytest.mark.parametrize("error", [DocumentError("bad url"), AdapterError("no library"), DataError("broken file")])
async def test_what_must_stop_a_run_reaches_the_reader(error: TrivetError) -> None:
    played = Played({"plc": [error], "meter": [power(0)]}, endless=True)
    with pytest.raises(type(error), match=error.message):
        await collect(played, WallClock())
    assert sorted(played.closed) == ["washer/meter", "washer/plc"]


async def test_a_cancelled_reader_leaves_no_task_behind() -> None:
    played = Played({"plc": [temperatures(0)], "meter": []}, endless=True)
    before = asyncio.all_tasks()
    task = asyncio.create_task(collect(played, WallClock()))
    for _ in range(10):
        await asyncio.sleep(0)
    assert len(asyncio.all_tasks()) == len(before) + 3
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() == before
    assert sorted(played.closed) == ["washer/meter", "washer/plc"]


async def test_recordings_are_merged_in_order_of_time_and_move_the_clock() -> None:
    plc = [temperatures(0, 4), temperatures(10, 14), temperatures(20)]
    meter: list[Item] = [
        power(2, 8),
        Gap(NOON + 8 * SECOND, NOON + 12 * SECOND, "recording", "washer/meter"),
        power(12, 30),
    ]
    clock = RecordingClock()
    seen: list[tuple[float, float]] = []
    async with aclosing(stream(Played({"plc": plc, "meter": meter}, recorded=True), clock)) as items:
        async for item in items:
            start = item.start if isinstance(item, Gap) else int(cast("Readings", item).receive[0])
            seen.append(((start - NOON) / SECOND, (clock.now() - NOON) / SECOND))
    assert [start for start, _ in seen] == [0, 2, 8, 10, 12, 20]
    assert [math.ceil(now) for _, now in seen] == [0, 2, 8, 10, 12, 20]
    assert all(now < start for start, now in seen)
    assert clock.now() == NOON + 30 * SECOND


async def test_several_recorded_devices_keep_in_step() -> None:
    clock = RecordingClock()
    one = stream(Played({"plc": [temperatures(n) for n in range(0, 20, 2)], "meter": []}, recorded=True), clock)
    two = stream(Played({"plc": [], "meter": [power(n) for n in range(1, 20, 2)]}, recorded=True), clock)
    order: list[float] = []

    async def follow(items: AsyncGenerator[Item, None]) -> None:
        async with aclosing(items):
            async for item in items:
                order.append((int(cast("Readings", item).receive[0]) - NOON) / SECOND)
                assert clock.now() < NOON + order[-1] * SECOND

    await asyncio.gather(follow(one), follow(two))
    assert order == list(range(20))


async def test_a_broken_recording_stops_the_run_and_frees_the_clock() -> None:
    clock = RecordingClock()
    with pytest.raises(DataError, match="torn"):
        await collect(Played({"plc": [temperatures(0), DataError("torn")], "meter": []}, recorded=True), clock)
    assert clock.earliest() == clock.now()


async def test_a_live_endpoint_cannot_live_in_recorded_time() -> None:
    with pytest.raises(DocumentError) as caught:
        await collect(Played({"plc": [temperatures(0)], "meter": []}), RecordingClock())
    assert caught.value.rule == "TRV-D017"


async def test_a_recording_waits_for_a_slow_reader_on_a_live_clock() -> None:
    blocks = [power(n) for n in range(50)]
    played = Played({"plc": [], "meter": blocks}, recorded=True)
    async with aclosing(stream(played, WallClock(), capacity=2)) as items:
        got = []
        async for item in items:
            got.append(item)
            for _ in range(5):
                await asyncio.sleep(0)
    assert len(seconds(got)) == 50


async def test_what_is_not_taken_in_time_becomes_a_gap() -> None:
    inbox = Inbox(["meter"], capacity=2)
    for block in (power(0, 1), power(2, 3), power(4, 5), power(6)):
        inbox.put("meter", block)
    assert [await inbox.get(), await inbox.get()] != []
    inbox.put("meter", power(9))
    lost, after = await inbox.get(), await inbox.get()
    assert lost == Gap(
        NOON + 3 * SECOND, NOON + 9 * SECOND, "overflow", "washer/meter", "3 rows in 2 blocks were not taken in time"
    )
    assert isinstance(after, Readings)


async def test_what_was_lost_at_the_end_is_still_said() -> None:
    inbox = Inbox(["meter"], capacity=1)
    inbox.put("meter", power(0))
    inbox.put("meter", power(1))
    inbox.put("meter", Gap(NOON, None, "reset", "washer/meter"))
    inbox.close("meter")
    items = [await inbox.get() for _ in range(4)]
    assert [type(item).__name__ for item in items] == ["Readings", "Gap", "Gap", "NoneType"]
    assert isinstance(items[2], Gap)
    assert (items[2].reason, items[2].end) == ("overflow", NOON + SECOND)
