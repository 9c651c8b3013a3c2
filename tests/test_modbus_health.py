"""Units that go silent: their neighbours keep their rate, lines are few, and what happened is counted."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

import pytest

from kits.contract import close, until
from kits.modbus import profile, target
from servers.modbus_raw import RawServer, running
from trivet.device.clock import ScaledClock, WallClock
from trivet.device.document import Point
from trivet.signals import Gap, Item, Readings
from trivet_modbus import adapter
from trivet_modbus.address import Table
from trivet_modbus.backoff import rest
from trivet_modbus.client import Link, shared
from trivet_modbus.counters import Counters
from trivet_modbus.health import DEGRADED, OFFLINE, OK, Health
from trivet_modbus.plan import Block
from trivet_modbus.route import tcp

ONE = profile({"power": Point(at={"table": "holding", "address": 10, "type": "uint16"})}, periods={"normal": 0.01})
DEAD = 9


def is_gap(item: Item) -> bool:
    return isinstance(item, Gap)


async def test_a_silent_unit_takes_a_twentieth_of_the_link_at_most() -> None:
    server = RawServer(fault=lambda number, request: "silent" if request.unit == DEAD else "")
    async with running(server), asyncio.timeout(30):
        url = f"modbus+tcp://127.0.0.1:{server.port}?unit="
        alive = adapter.connect(target(ONE, f"{url}1", timeout=0.1), WallClock())
        dead = adapter.connect(target(ONE, f"{url}{DEAD}", timeout=0.1), WallClock())
        await until(alive, lambda item: isinstance(item, Readings))
        lost = asyncio.create_task(until(dead, is_gap))
        while not lost.done():
            await until(alive, lambda item: isinstance(item, Readings))
        server.log.clear()
        waiting = asyncio.create_task(until(dead, lambda item: False))
        for _ in range(100):
            await until(alive, lambda item: isinstance(item, Readings))
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await close(alive)
        await close(dead)
    asked = Counter(request.unit for request in server.log)
    assert asked[1] >= 100
    assert asked[DEAD] <= 2, "the next knock comes after twenty times what the last one cost"


def test_the_rest_of_silent_units_grows_with_their_number() -> None:
    assert rest(0.2, 1) == pytest.approx(4.0)
    assert rest(0.2, 3) == pytest.approx(12.0)


async def test_a_unit_that_comes_back_is_heard_again_while_its_neighbour_stays() -> None:
    dead = {DEAD}
    server = RawServer(fault=lambda number, request: "silent" if request.unit in dead else "")
    async with running(server), asyncio.timeout(30):
        url = f"modbus+tcp://127.0.0.1:{server.port}?unit="
        alive = adapter.connect(target(ONE, f"{url}1", timeout=0.02), WallClock())
        silent = adapter.connect(target(ONE, f"{url}{DEAD}", timeout=0.02, retries=0), WallClock())
        await until(alive, lambda item: isinstance(item, Readings))
        await until(silent, is_gap)
        dead.clear()
        (gap,) = (item for item in await until(silent, lambda item: isinstance(item, Gap) and item.end is not None))
        assert isinstance(gap, Gap)
        assert gap.reason == "timeout"
        await close(alive)
        await close(silent)
    assert server.accepted == 1


async def test_half_an_hour_against_a_dead_unit_is_three_lines(caplog: pytest.LogCaptureFixture) -> None:
    dead = {DEAD}
    server = RawServer(fault=lambda number, request: "silent" if request.unit in dead else "")
    with caplog.at_level(logging.INFO, "trivet_modbus"):
        async with running(server), asyncio.timeout(30):
            url = f"modbus+tcp://127.0.0.1:{server.port}?unit={DEAD}"
            stream = adapter.connect(target(ONE, url, timeout=0.01, retries=1), ScaledClock(2000.0))
            pending = asyncio.create_task(until(stream, lambda item: isinstance(item, Gap) and item.end is not None))
            await asyncio.sleep(0.9)
            dead.clear()
            await pending
            await close(stream)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 3
    name = f"dishwasher/meter (test-meter 0.1.0, unit {DEAD} at modbus+tcp://127.0.0.1:{server.port})"
    assert [line.split(":")[0] for line in lines] == [name.split(":")[0]] * 3
    assert lines[0].endswith("degraded after 1 timeout")
    assert "offline after" in lines[1]
    assert ": ok after" in lines[2]


def test_states_change_seldom(caplog: pytest.LogCaptureFixture) -> None:
    health = Health("washer/meter")
    with caplog.at_level(logging.INFO, "trivet_modbus"):
        health.good(0.0)
        for second in range(1, 600):
            (health.bad if second % 20 == 0 else lambda _, now: health.good(now))("busy", float(second))
        assert (health.state, health.troubles["busy"]) == (DEGRADED, 29)
        health.good(700.0)
        assert health.state == OK
        for second in range(700, 800):
            health.lost("refused", float(second))
        assert health.state == OFFLINE
        health.good(800.0)
    assert [record.getMessage() for record in caplog.records] == [
        "washer/meter: degraded after 1 busy",
        "washer/meter: ok after 29 busy",
        "washer/meter: offline after 1 refused",
        "washer/meter: ok after 100 refused",
    ]


async def test_counters_tell_what_became_of_each_request() -> None:
    kinds = {3: "silent", 5: "exception 6", 6: "wrong unit", 8: "exception 2"}
    server = RawServer(fault=lambda number, request: kinds.get(number, ""))
    block = Block(Table.HOLDING, 0, 10, ())
    async with running(server), asyncio.timeout(10):
        link = Link(tcp("127.0.0.1", server.port))
        await link.open(5.0)
        for _ in range(10):
            await link.read(4, block, 0.05)
        counters = link.counted(4)
        link.drop("done")
    assert (counters.requests, counters.answers) == (10, 6)
    assert counters.refusals == {"timeout": 1, "busy": 1, "unit": 1, "illegal_address": 1}
    assert counters.sent == 120
    assert counters.received == 6 * 29 + 29 + 2 * 9
    assert 0.0 < counters.turnaround(50.0) <= counters.turnaround(99.0) <= counters.longest
    assert link.reconnects == 0


def test_counters_without_answers() -> None:
    assert Counters().turnaround(50.0) != Counters().turnaround(50.0)


async def test_callers_at_the_same_time_share_one_attempt() -> None:
    server = RawServer()
    async with running(server), asyncio.timeout(10):
        links = [shared(tcp("127.0.0.1", server.port)) for _ in range(20)]
        await asyncio.gather(*(link.open(5.0) for link in links))
        for link in links:
            link.release()
    assert server.accepted == 1
