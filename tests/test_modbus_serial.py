"""Serial lines, on pseudo-terminals: opened, taken, unplugged, and quiet before anything is asked again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kits.contract import close, samples, until
from kits.matrix import answer
from kits.matrix import word as held
from kits.modbus import profile, target
from trivet.device.adapter import Snapshot
from trivet.device.clock import ScaledClock, WallClock
from trivet.device.document import Point
from trivet.errors import AdapterError, DocumentError
from trivet.signals import Gap, Readings
from trivet_modbus import FAULTS, adapter
from trivet_modbus.address import Table
from trivet_modbus.client import Link, LostError
from trivet_modbus.faults import Fault, parse
from trivet_modbus.frame import Refusal
from trivet_modbus.plan import Block
from trivet_modbus.route import RTU, Route
from trivet_modbus.server import listening, serve

LINE = Route(RTU, baud=115200)
POWER = profile({"power": Point(at={"table": "holding", "address": 10, "type": "uint16"})}, worst_turnaround=0.1)


def block(address: int) -> Block:
    return Block(Table.HOLDING, address, 3, ())


def words(address: int) -> bytes:
    return b"".join(held(address + index).to_bytes(2, "big") for index in range(3))


async def test_a_line_is_quiet_after_silence_for_longer_than_the_unit_ever_took() -> None:
    async with asyncio.timeout(20), listening(LINE, answer, [Fault("late", 2, 0.1)]) as route:
        link = Link(route)
        link.declare(1, 0.2)
        await link.open(1.0)
        assert await link.read(1, block(0), 1.0) == words(0)
        refused = await link.read(1, block(20), 0.03)
        assert isinstance(refused, Refusal)
        assert refused.reason == "timeout"
        begun = asyncio.get_running_loop().time()
        assert await link.read(1, block(40), 1.0) == words(40)
        assert link.sent - begun > 0.2
        assert link.quarantines == 1
        assert link.counted(1).longest >= 0.09, "the late answer told how long the unit takes"
        link.drop("done")


async def test_what_is_learned_about_the_line_outlives_a_wrong_declaration() -> None:
    async with asyncio.timeout(20), listening(LINE, answer, [Fault("late", 2, 0.12)]) as route:
        link = Link(route)
        link.declare(1, 0.06)
        await link.open(1.0)
        assert await link.read(1, block(0), 1.0) == words(0)
        await link.read(1, block(20), 0.06)
        assert link.worst(1) == 0.06
        await asyncio.sleep(0.1)
        assert link.worst(1) > 0.11
        link.drop("done")


async def test_an_answer_to_whoever_had_the_line_before_is_not_taken() -> None:
    async with asyncio.timeout(20), listening(LINE, answer, [Fault("late", 1, 0.1)]) as route:
        for address in (0, 20, 40):
            link = Link(route)
            link.declare(1, 0.15)
            await link.open(1.0)
            begun = link.sent
            refused = await link.read(1, block(address), 0.03)
            assert isinstance(refused, Refusal)
            assert (refused.reason, begun) == ("timeout", 0.0)
            link.drop("done")


async def test_a_unit_that_is_not_there_is_silent_and_its_neighbour_answers() -> None:
    async with asyncio.timeout(20), listening(LINE, answer) as route:
        link = Link(route)
        link.declare(2, 0.02)
        await link.open(1.0)
        absent = await link.read(2, block(0), 0.03)
        assert isinstance(absent, Refusal)
        assert absent.absent
        assert await link.read(1, block(0), 1.0) == words(0)
        link.drop("done")


async def test_a_port_that_is_taken_absent_or_no_port() -> None:
    async with listening(LINE, answer) as route:
        link, other = Link(route), Link(route)
        await link.open(1.0)
        with pytest.raises(LostError, match="another program") as caught:
            await other.open(1.0)
        assert caught.value.reason == "taken"
        link.drop("done")
        await other.open(1.0)
        other.drop("done")
    for device, reason in (("/dev/no-such-port", "absent"), ("/dev/null", "unreachable")):
        with pytest.raises(LostError) as caught:
            await Link(Route(RTU, device=device, baud=9600)).open(1.0)
        assert caught.value.reason == reason


async def test_a_cable_that_is_pulled_is_a_gap_at_once() -> None:
    async with asyncio.timeout(20):
        async with listening(LINE, answer) as route:
            stream = adapter.connect(target(POWER, route.url(1)), WallClock())
            (*_, item) = await until(stream, lambda item: isinstance(item, Readings))
            assert samples([item])[0].value == held(10)
        gap = (await until(stream, lambda item: isinstance(item, Gap)))[-1]
        assert isinstance(gap, Gap)
        assert gap.reason == "unplugged"
        await close(stream)


async def test_a_profile_is_served_on_a_pseudo_terminal() -> None:
    source = profile({"power": Point(at={"table": "input", "address": 3, "type": "float32"}, signal="power")})
    async with asyncio.timeout(20), serve(source, lambda now: Snapshot({"power": 61.5}), "pty", WallClock()) as url:
        assert url.startswith("modbus+rtu:///dev/")
        assert await asyncio.to_thread(Path(url.split("//")[1].split("?")[0]).exists)
        stream = adapter.connect(target(source, url), ScaledClock(10.0))
        (*_, item) = await until(stream, lambda item: isinstance(item, Readings))
        assert samples([item])[0].value == 61.5
        await close(stream)
        assert adapter.identify is not None
    with pytest.raises(AdapterError, match="cannot open"):
        async with serve(source, lambda now: Snapshot({}), "modbus+rtu:///dev/no-such-port", WallClock()):
            pass
    with pytest.raises(DocumentError, match="TLS"):
        async with serve(source, lambda now: Snapshot({}), "modbus+tls://127.0.0.1:0", WallClock()):
            pass


def test_faults_as_people_write_them() -> None:
    assert parse("stall") == Fault("stall", 30, 0.3)
    assert parse("late:every=5,delay=0.1") == Fault("late", 5, 0.1)
    assert parse("hole:first=12,last=14") == Fault("hole", 30, 0.3, 12, 14)
    assert parse("hole:first=12") == Fault("hole", 30, 0.3, 12, 12)
    assert {parse(name).name for name in FAULTS} == set(FAULTS)
    for wrong in (
        "",
        "melt",
        "stall:every",
        "stall:every=0",
        "stall:delay=-1",
        "hole:first=9,last=2",
        "a:b=1",
    ):
        with pytest.raises(DocumentError, match="no fault"):
            parse(wrong)
