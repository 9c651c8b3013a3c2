"""The source of one unit: what it yields while all is well, and while it is not."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from itertools import islice, pairwise

import pytest

from kits.modbus import profile, target
from servers.modbus_raw import RawServer, Request, running, word
from trivet.device.adapter import Clock
from trivet.device.clock import ScaledClock, WallClock
from trivet.device.document import Point, Profile
from trivet.errors import ConnectError, DocumentError
from trivet.signals import SECOND, Condition, Gap, Item, Quality, Readings, Status
from trivet_modbus import adapter
from trivet_modbus.backoff import delays

SAFE = 15.0
UNIT = 3
TWO_BLOCKS = profile(
    {
        "power": Point(at={"table": "holding", "address": 10, "type": "uint16"}, unit="W"),
        "energy": Point(at={"table": "holding", "address": 500, "type": "uint32"}, unit="W.h", scale=0.1),
    },
    periods={"normal": 1},
)
POWER = float(word(UNIT, 3, 10))
ENERGY = (word(UNIT, 3, 500) * 65536 + word(UNIT, 3, 501)) * 0.1


def url(server: RawServer, unit: int = UNIT) -> str:
    return f"modbus+tcp://127.0.0.1:{server.port}?unit={unit}"


async def until(stream: AsyncIterator[Item], wanted: Callable[[Item], bool]) -> list[Item]:
    """Items up to and with the first that is wanted."""
    items: list[Item] = []
    async for item in stream:
        items.append(item)
        if wanted(item):
            return items
    raise AssertionError("the source ended")


def has(name: str) -> Callable[[Item], bool]:
    return lambda item: isinstance(item, Readings) and any(sample.name == name for sample in item.samples())


def is_closed_gap(item: Item) -> bool:
    return isinstance(item, Gap) and item.end is not None


def open_stream(server: RawServer, source: Profile = TWO_BLOCKS, clock: Clock | None = None) -> AsyncIterator[Item]:
    return adapter.connect(target(source, url(server)), clock or ScaledClock(50.0))


async def aclose(*streams: AsyncIterator[Item]) -> None:
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined] # connect gives an asynchronous generator


async def test_values_times_and_origin() -> None:
    clock = ScaledClock(50.0, start=1_700_000_000 * SECOND)
    async with running(RawServer()) as server, asyncio.timeout(SAFE):
        stream = open_stream(server, clock=clock)
        items = await until(stream, has("energy"))
        await aclose(stream)
    assert isinstance(items[0], Gap | Readings)
    samples = [sample for item in items if isinstance(item, Readings) for sample in item.samples()]
    assert [(sample.name, sample.value) for sample in samples] == [("power", POWER), ("energy", ENERGY)]
    for sample in samples:
        assert (sample.status, sample.origin) == (0, "dishwasher/meter")
        assert 1_700_000_000 * SECOND <= sample.source <= sample.receive <= clock.now()


async def test_a_refused_block_does_not_stop_the_others() -> None:
    async with running(RawServer(holes={(3, 501)})) as server, asyncio.timeout(SAFE):
        stream = open_stream(server)
        first = await until(stream, has("energy"))
        second = await until(stream, has("energy"))
        await aclose(stream)
    for items in (first, second):
        good, bad = (item.sample(0) for item in items if isinstance(item, Readings))
        assert (good.value, good.quality) == (POWER, Quality.GOOD)
        assert math.isnan(bad.value)
        assert (bad.status, bad.reason) == (Status.BAD_NODE_ID_UNKNOWN, "illegal_address")
    assert server.accepted == 1


@pytest.mark.parametrize("fault", ["exception 5", "exception 6", "garbage", "short", "wrong unit"])
async def test_busy_answers_and_nonsense_are_asked_for_again(fault: str) -> None:
    server = RawServer(fault=lambda number, request: fault if number % 3 == 0 else "")
    async with running(server), asyncio.timeout(SAFE):
        stream = open_stream(server)
        rounds = [await until(stream, has("energy")) for _ in range(4)]
        await aclose(stream)
    samples = [sample for items in rounds for item in items if isinstance(item, Readings) for sample in item.samples()]
    assert {(sample.name, sample.value) for sample in samples} == {("power", POWER), ("energy", ENERGY)}


@pytest.mark.parametrize("fault", ["drop", "half then drop"])
async def test_a_lost_link_is_a_gap_at_once_and_heals(fault: str) -> None:
    server = RawServer(fault=lambda number, request: fault if number == 4 else "")
    async with running(server), asyncio.timeout(SAFE):
        stream = open_stream(server)
        before = await until(stream, lambda item: isinstance(item, Gap))
        after = await until(stream, is_closed_gap)
        more = await until(stream, has("energy"))
        await aclose(stream)
    opened, closed = before[-1], after[-1]
    assert isinstance(opened, Gap)
    assert isinstance(closed, Gap)
    assert len(after) == 1
    last = max(sample.source for item in before if isinstance(item, Readings) for sample in item.samples())
    assert (opened.start, opened.end, opened.origin) == (last, None, "dishwasher/meter")
    assert (closed.start, closed.reason) == (opened.start, opened.reason)
    assert closed.end is not None
    assert closed.end > closed.start
    fresh = more[0]
    assert isinstance(fresh, Readings)
    assert int(fresh.source[0]) == closed.end


async def test_a_link_lost_between_two_polls_is_noticed_then() -> None:
    slow = profile(dict(TWO_BLOCKS.points), periods={"normal": 3600})
    async with asyncio.timeout(SAFE):
        async with running(RawServer()) as server:
            stream = open_stream(server, slow, WallClock())
            await until(stream, has("energy"))
        gap = (await until(stream, lambda item: True))[0]
        assert isinstance(gap, Gap)
        assert (gap.reason, gap.end) == ("reset", None)
        async with running(RawServer(), server.port):
            items = await until(stream, has("energy"))
            await aclose(stream)
    assert is_closed_gap(items[0])


async def test_restarts_of_the_server_need_no_restart_of_the_client() -> None:
    stream: AsyncIterator[Item] | None = None
    port = 0
    async with asyncio.timeout(SAFE):
        for _ in range(5):
            async with running(RawServer(), port) as server:
                port = server.port
                stream = stream or open_stream(server)
                await until(stream, has("energy"))
            assert stream is not None
            assert isinstance((await until(stream, lambda item: isinstance(item, Gap)))[-1], Gap)
        assert stream is not None
        await aclose(stream)


async def test_nobody_there_is_a_gap_from_the_start() -> None:
    clock = ScaledClock(1.0, start=5 * SECOND)
    async with running(RawServer()) as server:
        pass
    async with asyncio.timeout(SAFE):
        stream = open_stream(server, clock=clock)
        gap = await anext(stream)
        await aclose(stream)
    assert isinstance(gap, Gap)
    assert (gap.reason, gap.end) == ("refused", None)
    assert gap.start >= 5 * SECOND


async def test_silence_is_bad_readings_then_a_gap() -> None:
    server = RawServer(fault=lambda number, request: "silent" if number > 2 else "")
    async with running(server), asyncio.timeout(SAFE):
        stream = adapter.connect(target(TWO_BLOCKS, url(server), timeout=0.05, retries=0), ScaledClock(50.0))
        items = await until(stream, lambda item: isinstance(item, Gap))
        await aclose(stream)
    bad, gap = items[-2:]
    assert isinstance(bad, Readings)
    assert (bad.sample(0).status, bad.sample(0).reason) == (Status.BAD_TIMEOUT, "timeout")
    assert isinstance(gap, Gap)
    assert gap.reason == "timeout"


async def test_a_silent_unit_leaves_its_neighbour_alone() -> None:
    server = RawServer(fault=lambda number, request: "silent" if request.unit == 9 else "")
    async with running(server), asyncio.timeout(SAFE):
        alive = adapter.connect(target(TWO_BLOCKS, url(server), timeout=0.05), ScaledClock(50.0))
        dead = adapter.connect(target(TWO_BLOCKS, url(server, 9), timeout=0.05), ScaledClock(50.0))
        lost = asyncio.create_task(until(dead, lambda item: isinstance(item, Gap)))
        rounds = 0
        while not lost.done():
            items = await until(alive, has("energy"))
            assert not any(isinstance(item, Gap) for item in items)
            rounds += 1
        await aclose(alive, dead)
    assert rounds > 1
    assert server.accepted == 1


async def test_polls_that_were_passed_over_are_a_gap() -> None:
    class Held(ScaledClock):
        """A clock whose third sleep takes five seconds too long."""

        time, sleeps = 1_700_000_000 * SECOND, 0

        def now(self) -> int:
            return self.time

        async def sleep(self, seconds: float) -> None:
            self.sleeps += 1
            self.time += round((seconds + 5.0 * (self.sleeps == 3)) * SECOND)
            await asyncio.sleep(0)

    async with running(RawServer()) as server, asyncio.timeout(SAFE):
        stream = open_stream(server, clock=Held(1e-9))
        items = [item for _ in range(6) for item in await until(stream, has("energy"))]
        await aclose(stream)
    (gap,) = (item for item in items if isinstance(item, Gap))
    assert gap.end is not None
    assert [(at - 1_700_000_000 * SECOND) / SECOND for at in (gap.start, gap.end)] == [2.0, 8.0]
    assert (gap.reason, gap.detail) == ("late", "no answer for 6.0 s")
    after = items[items.index(gap) + 1]
    assert isinstance(after, Readings)
    assert int(after.source[0]) == gap.end


async def test_scale_factors_come_from_registers() -> None:
    points = {
        "power": Point(at={"table": "holding", "address": 0, "type": "int16"}, scale_register="factor"),
        "lost": Point(at={"table": "holding", "address": 1, "type": "int16"}, scale_register="none"),
        "factor": Point(at={"table": "holding", "address": 40, "type": "int16"}, poll="static"),
        "none": Point(at={"table": "holding", "address": 41, "type": "int16"}, poll="static", sentinels=(-32768.0,)),
    }
    words = {(UNIT, 3, 0): 1234, (UNIT, 3, 1): 5, (UNIT, 3, 40): 65534, (UNIT, 3, 41): 0x8000}
    async with running(RawServer(words=words)) as server, asyncio.timeout(SAFE):
        stream = open_stream(server, profile(points))
        items = await until(stream, has("power"))
        await aclose(stream)
    samples = {s.name: s for item in items if isinstance(item, Readings) for s in item.samples()}
    assert samples["power"].value == pytest.approx(12.34)
    assert samples["power"].quality is Quality.GOOD
    assert (samples["lost"].status, samples["lost"].reason) == (Status.BAD_CONFIGURATION_ERROR, "no_scale_factor")


async def test_alarm_bits_are_conditions_when_they_change() -> None:
    points = {
        f"alarm_{bit}": Point(
            at={"table": "input", "address": 7, "type": "bit", "bit": bit, "severity": 100 * bit},
            label={"en": f"Alarm {bit}"},
        )
        for bit in (1, 2)
    }
    points["power"] = TWO_BLOCKS.points["power"]
    server = RawServer(words={(UNIT, 4, 7): 0b010})
    async with running(server), asyncio.timeout(SAFE):
        stream = open_stream(server, profile(points))
        first = (await until(stream, lambda item: isinstance(item, Condition)))[-1]
        quiet = [item for _ in range(3) for item in await until(stream, has("power"))]
        server.words[UNIT, 4, 7] = 0b100
        items = await until(stream, lambda item: isinstance(item, Condition) and item.id == "alarm_2")
        await aclose(stream)
    assert isinstance(first, Condition)
    assert (first.id, first.active, first.acked) == ("alarm_1", True, None)
    assert (first.severity, first.message, first.origin) == (100, "Alarm 1", "dishwasher/meter")
    assert all(isinstance(item, Readings) for item in quiet)
    changed = [(c.id, c.active) for c in items if isinstance(c, Condition)]
    assert changed == [("alarm_1", False), ("alarm_2", True)]


async def test_classes_are_polled_at_their_own_rate() -> None:
    points = {
        "fast": Point(at={"table": "holding", "address": 1, "type": "uint16"}, poll="fast"),
        "slow": Point(at={"table": "holding", "address": 2, "type": "uint16"}, poll="slow"),
    }
    clock = ScaledClock(100.0, start=0)
    async with running(RawServer()) as server, asyncio.timeout(SAFE):
        stream = open_stream(server, profile(points, periods={"fast": 1, "slow": 10}), clock)
        seen: list[tuple[str, int]] = []
        while sum(name == "slow" for name, _ in seen) < 4:
            item = await anext(stream)
            assert isinstance(item, Readings)
            seen.append((item.sample(0).name, item.sample(0).receive))
        await aclose(stream)
    fast = [time for name, time in seen if name == "fast"]
    slow = [time for name, time in seen if name == "slow"]
    assert len(slow) < len(fast) <= (seen[-1][1] - seen[0][1]) // SECOND + 2
    assert all(b > a for a, b in pairwise(fast))
    assert slow[3] - slow[1] >= 19 * SECOND


async def test_polls_are_on_whole_periods_however_late_the_last_one_was() -> None:
    class Late(ScaledClock):
        """A clock that stands still but for its sleeps, each of which takes a quarter of a second too long."""

        time = 1_700_000_000_370_000_000

        def now(self) -> int:
            return self.time

        async def sleep(self, seconds: float) -> None:
            self.time += round((seconds + 0.25) * SECOND)
            await asyncio.sleep(0)

    async with running(RawServer()) as server, asyncio.timeout(SAFE):
        stream = open_stream(server, clock=Late(1e-9))
        polls = [(await until(stream, has("power")))[-1] for _ in range(4)]
        await aclose(stream)
    seconds = [int(item.source[0]) / SECOND - 1_700_000_000 for item in polls if isinstance(item, Readings)]
    assert seconds == pytest.approx([0.37, 1.25, 2.25, 3.25], abs=1e-6)


async def test_only_reads_ever_reach_the_wire() -> None:
    kinds = ["", "drop", "", "exception 2", "exception 6", "short", "", "garbage", "wrong transaction", "half"]

    def fault(number: int, request: Request) -> str:
        return kinds[number // 3 % len(kinds)] if number % 3 == 0 else ""

    points = {
        **TWO_BLOCKS.points,
        "door": Point(at={"table": "coil", "address": 4}),
        "pump": Point(at={"table": "discrete", "address": 9}),
        "flow": Point(at={"table": "input", "address": 9, "type": "float32"}),
    }
    server = RawServer(fault=fault, objects={0: b"Maker"})
    async with running(server), asyncio.timeout(SAFE):
        stream = adapter.connect(target(profile(points), url(server), timeout=0.05), ScaledClock(50.0))
        for _ in range(12):
            await until(stream, has("energy"))
        await aclose(stream)
        server.fault = lambda number, request: ""
        assert adapter.identify is not None
        (found,) = await adapter.identify(url(server), {})
        assert found.nameplate == {"manufacturer": "Maker"}
    assert server.accepted > 3
    assert {request.function for request in server.log} == {1, 2, 3, 4, 43}
    frames, rest = 0, bytes(server.raw)
    while rest:
        length = int.from_bytes(rest[4:6], "big")
        assert rest[7] in (1, 2, 3, 4, 43)
        frames, rest = frames + 1, rest[6 + length :]
    assert frames == len(server.log)


def test_delays_are_quick_for_two_seconds_then_double_up_to_four() -> None:
    waits = list(islice(delays(lambda: 0.0), 50))
    assert waits[:40] == [0.05] * 40
    assert waits[40:] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 4.0, 4.0, 4.0, 4.0]
    spread = list(islice(delays(lambda: 1.0), 80))
    assert spread[0] == pytest.approx(0.0375)
    assert max(spread) == pytest.approx(3.0)


def test_a_wrong_endpoint_is_refused_before_anything_is_opened() -> None:
    with pytest.raises(DocumentError) as caught:
        adapter.connect(target(TWO_BLOCKS, "opc.tcp://127.0.0.1"), WallClock())
    assert caught.value.where == "dishwasher/meter"


async def test_identify_says_when_nobody_answers() -> None:
    assert adapter.identify is not None
    async with running(RawServer()) as server, asyncio.timeout(SAFE):
        (found,) = await adapter.identify(url(server), {})
        assert dict(found.nameplate) == {}
    with pytest.raises(ConnectError, match="refused"):
        await adapter.identify(url(server), {})
