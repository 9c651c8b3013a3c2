"""What is asked next, given what was read: conditions, counts, settings, powers of ten; pure, then at the wire."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trivet.device.adapter import Snapshot, Target
from trivet.device.clock import ScaledClock
from trivet.device.document import Endpoint, Point, PointRepeat, Profile, Provenance, Selector
from trivet.signals import Condition, Readings, Status
from trivet_modbus import adapter
from trivet_modbus.agenda import Agenda, Idle
from trivet_modbus.codec import compile_decoder
from trivet_modbus.cost import Cost
from trivet_modbus.layout import profile_map
from trivet_modbus.plan import Block
from trivet_modbus.points import point
from trivet_modbus.words import encode

FEW = Cost(10**9, 1)
CLASSES = ("static", "slow", "normal", "fast")
CASES: dict[str, Any] = {"1": {"unit": "[degF]"}, "2": {"scale": 0.01}}


def profile(**points: Point) -> Profile:
    return Profile(
        kind="profile",
        format=0,
        id="cabinet",
        version="0.1.0",
        title={"en": "Cabinet"},
        adapter="modbus",
        source=Provenance(document="test", date="2026-11-20", confidence="own"),
        points=points,
        settings={"addressing": "zero", "max_gap": 4},
    )


def at(address: int, kind: str = "uint16", at: Mapping[str, Any] | None = None, **more: Any) -> Point:
    return Point(at={"table": "holding", "address": address, "type": kind, **(at or {})}, **more)


class Unit:
    """A controller of holding registers, and what an agenda asked of it."""

    def __init__(self, source: Profile, **raw: float) -> None:
        self.raw = raw
        self.asked: list[tuple[int, int]] = []
        self.points = [one for each in source.points.values() for one in point(each, source).instances()]
        self.agenda = Agenda(self.points, profile_map(source), FEW)
        self.refused: set[int] = set()

    def poll(self, *due: str) -> dict[str, tuple[float, str]]:
        """One poll: name to (value, reason), each name once at most."""
        told: dict[str, tuple[float, str]] = {}
        self.asked = []
        for ask in self.agenda.ask(due or CLASSES):
            if isinstance(ask, Idle):
                readings = ask.readings(5, "d/m")
            else:
                self.asked.append((ask.block.address, ask.block.count))
                if ask.block.address in self.refused:
                    self.agenda.refused(ask)
                    continue
                readings, _ = self.agenda.judged(ask, *ask.decode(self.answer(*self.asked[-1]), 1, 2, "d/m"))
            for sample in readings.samples():
                assert sample.name not in told
                told[sample.name] = (round(sample.value, 6), sample.reason)
        return told

    def answer(self, address: int, count: int) -> bytes:
        memory = bytearray(2 * count)
        for one in self.points:
            if one.name in self.raw and address <= one.address and one.end <= address + count:
                for index, byte in enumerate(encode(one, self.raw[one.name]), 2 * (one.address - address)):
                    memory[index] |= byte
        return bytes(memory)


CONDITIONAL = profile(mode=at(0), rinse=at(1, when={"mode": 3.0}), far=at(100, when={"mode": 3.0}))


def test_a_point_is_asked_for_only_while_its_condition_holds() -> None:
    unit = Unit(CONDITIONAL, mode=1, rinse=7, far=9)
    told = unit.poll()
    assert told["mode"] == (1.0, "")
    for name in ("rinse", "far"):
        assert math.isnan(told[name][0])
        assert told[name][1] == "not_applicable"
    assert unit.asked == [(0, 1)]
    unit.raw["mode"] = 3
    told = unit.poll()
    assert (told["mode"], told["rinse"], told["far"]) == ((3.0, ""), (7.0, ""), (9.0, ""))
    unit.poll()
    assert unit.asked == [(0, 2), (100, 1)]


def test_what_the_same_answer_said_under_the_old_code_is_dropped_and_asked_again() -> None:
    unit = Unit(
        profile(unit=at(0), water=at(1, "int16", unit="Cel", scale=0.1, selector=Selector(point="unit", cases=CASES))),
        unit=0,
        water=200,
    )
    assert unit.poll()["water"] == (20.0, "")
    unit.raw.update(unit=1, water=680)
    assert unit.poll()["water"] == (20.0, "")
    assert unit.asked == [(0, 2), (1, 1)]
    unit.raw.update(unit=2, water=2000)
    assert unit.poll()["water"] == (20.0, "")
    unit.poll()
    assert unit.asked == [(0, 2)]


def test_an_answer_in_parts_is_read_as_its_first_part_says() -> None:
    source = profile(
        unit=at(0), water=at(1, "int16", unit="Cel", scale=0.1, selector=Selector(point="unit", cases=CASES))
    )
    unit = Unit(source, unit=0, water=200)
    unit.poll()
    unit.raw.update(unit=1, water=680)
    asks = unit.agenda.ask(CLASSES)
    whole = next(asks)
    assert not isinstance(whole, Idle)
    told = []
    for one in sorted(whole.points, key=lambda one: one.address):
        part = compile_decoder(Block(one.table, one.address, 1, (one,)), unit.agenda.names, ["unit"])
        readings, _ = unit.agenda.judged(part, *part.decode(unit.answer(one.address, 1), 1, 2, "d/m"))
        told += [sample.name for sample in readings.samples()]
    assert told == ["unit"]
    again = next(asks)
    assert not isinstance(again, Idle)
    readings, _ = unit.agenda.judged(again, *again.decode(unit.answer(1, 1), 1, 2, "d/m"))
    assert readings.samples()[0].value == pytest.approx(20.0)


def test_a_count_says_how_many_are_read() -> None:
    source = profile(fitted=at(50, poll="static"), probe=at(0, repeat=PointRepeat(max=4, stride=2, count="fitted")))
    unit = Unit(source, fitted=2, probe_1=11, probe_2=12, probe_3=13)
    told = unit.poll()
    assert [told[f"probe_{n}"][1] for n in (1, 2, 3, 4)] == ["", "", "not_applicable", "not_applicable"]
    assert unit.asked == [(50, 1), (0, 3)]
    assert set(unit.poll("normal")) == {"probe_1", "probe_2", "probe_3", "probe_4"}
    assert unit.asked == [(0, 3)]


def test_a_decider_of_a_faster_class_is_waited_for() -> None:
    unit = Unit(profile(mode=at(0), level=at(1, poll="slow", when={"mode": 1.0})), mode=1, level=5)
    assert unit.poll()["level"] == (5.0, "")


def test_deciders_of_deciders_are_read_in_turn() -> None:
    source = profile(a=at(0), b=at(20, when={"a": 1.0}), c=at(40, when={"b": 1.0}))
    unit = Unit(source, a=1, b=1, c=9)
    assert unit.poll()["c"] == (9.0, "")
    assert unit.asked == [(0, 1), (20, 1), (40, 1)]


def test_without_its_decider_nothing_is_guessed() -> None:
    unit = Unit(CONDITIONAL, mode=3, rinse=7, far=9)
    unit.refused = {0}
    assert {reason for _, reason in unit.poll().values()} == {"undecided"}
    sentinel = profile(mode=at(0, sentinels=(65535.0,)), rinse=at(1, when={"mode": 3.0}))
    assert Unit(sentinel, mode=65535, rinse=7).poll()["rinse"][1] == "undecided"


def test_after_a_lost_link_nothing_is_known() -> None:
    unit = Unit(CONDITIONAL, mode=3, rinse=7, far=9)
    unit.poll()
    unit.agenda.forget()
    unit.poll()
    assert unit.asked == [(0, 1), (1, 1), (100, 1)]


@pytest.mark.parametrize(("exponent", "expected"), [(-2, 12.5), (0, 1250.0), (3, 1.25e6)])
def test_a_power_of_ten_of_another_register(exponent: int, expected: float) -> None:
    source = profile(amps=at(0, "int16", unit="A", scale_register="factor"), factor=at(90, "int16", poll="static"))
    assert Unit(source, amps=1250, factor=exponent).poll()["amps"] == (expected, "")


@pytest.mark.parametrize("exponent", [-32768, 11, -11])
def test_an_impossible_power_of_ten_is_no_value(exponent: int) -> None:
    source = profile(
        amps=at(0, "int16", scale_register="factor"), factor=at(1, "int16", sentinels=(-32768.0,), poll="static")
    )
    value, reason = Unit(source, amps=1250, factor=exponent).poll()["amps"]
    assert math.isnan(value)
    assert reason == "no_scale_factor"


def test_repeated_points_have_their_own_deciders() -> None:
    twice = PointRepeat(max=2, stride=1)
    source = profile(mode=at(0, repeat=twice), value=at(10, repeat=twice, when={"mode": 1.0}))
    told = Unit(source, mode_1=0, mode_2=1, value_1=5, value_2=6).poll()
    assert told["value_1"][1] == "not_applicable"
    assert told["value_2"] == (6.0, "")


@given(
    st.lists(st.tuples(st.sampled_from(["mode", "unit", "fitted", "factor"]), st.integers(0, 3)), max_size=12),
    st.lists(st.sampled_from(CLASSES), max_size=12),
)
def test_every_poll_ends_with_each_due_point_said_once_and_right(
    changes: list[tuple[str, int]], turns: list[str]
) -> None:
    """A machine that changes its settings between polls: a poll of everything is always right at once."""
    source = profile(
        mode=at(0),
        unit=at(2),
        fitted=at(3),
        factor=at(30, "int16"),
        a=at(1, when={"mode": 1.0}),
        b=at(4, "int16", unit="Cel", scale=0.1, selector=Selector(point="unit", cases=CASES)),
        c=at(5, repeat=PointRepeat(max=3, count="fitted"), poll="fast"),
        d=at(31, "int16", scale_register="factor", when={"mode": 2.0}, poll="slow"),
    )
    unit = Unit(source, mode=0, unit=0, fitted=0, factor=0, a=7, b=680, c_1=1, c_2=2, c_3=3, d=5)
    for (name, value), turn in zip(changes, [*turns, *CLASSES * 3], strict=False):
        unit.poll(turn)
        unit.raw[name] = value
        told = unit.poll()
        assert len(told) == 10
        now = unit.raw
        assert (told["a"][1] == "") == (now["mode"] == 1)
        assert told["b"][0] == {0: 68.0, 1: 20.0, 2: 6.8, 3: 68.0}[int(now["unit"])]
        assert [told[f"c_{n}"][1] == "" for n in (1, 2, 3)] == [n <= now["fitted"] for n in (1, 2, 3)]
        assert (told["d"][0] == 5.0 * 10 ** now["factor"]) == (now["mode"] == 2)


async def test_a_setting_is_honoured_from_server_to_reading() -> None:
    """Our server shows a plant through the profile; the client reads the same values whatever the setting is."""
    source = profile(
        unit=at(0, enumeration={"0": "celsius", "1": "fahrenheit"}),
        water=at(1, "int16", unit="Cel", scale=0.1, selector=Selector(point="unit", cases=CASES)),
        power=at(2, "int16", unit="W", scale_register="factor"),
        factor=at(3, "int16"),
        hot=at(4, "bit", at={"bit": 2, "severity": 700}, when={"unit": 1.0}),
        later=at(5, when={"unit": 0.0}),
    )
    setting = {"unit": "celsius"}

    def plant(now: int) -> Snapshot:
        alarm = Condition("hot", True, None, 700, "", now, now, "")
        return Snapshot({**setting, "water": 61.5, "power": 4200.0, "factor": 2.0, "later": 3.0}, {}, (alarm,))

    assert adapter.serve is not None
    seen: dict[str, tuple[float, str]] = {}
    conditions: list[str] = []

    async def read(url: str, done: Callable[[], bool]) -> None:
        typed = {name: point(one, source) for name, one in source.points.items()}
        target = Target("d/m", Endpoint(profile="cabinet", url=url), source, typed)
        stream = adapter.connect(target, ScaledClock(20.0))
        async for item in stream:
            if isinstance(item, Readings):
                seen.update({s.name: (s.value, s.reason) for s in item.samples()})
            elif isinstance(item, Condition):
                conditions.append(item.id)
            if done():
                break
        await stream.aclose()  # type: ignore[attr-defined]

    async with adapter.serve(source, plant, "127.0.0.1:0", ScaledClock(20.0)) as url:
        async with asyncio.timeout(10):
            await read(url, lambda: len(seen) == 5 and not seen["later"][1])
        assert seen["water"][0] == pytest.approx(61.5)
        assert seen["power"][0] == pytest.approx(4200.0)
        assert conditions == []
        setting["unit"] = "fahrenheit"
        async with asyncio.timeout(10):
            await read(url, lambda: bool(conditions))
        assert seen["water"][0] == pytest.approx(61.5, abs=0.03)
        assert conditions == ["hot"]
        assert seen["later"][1] == "not_applicable"


def test_rows_of_idle_points_are_bad() -> None:
    readings = Idle(("a", "b"), {1: "not_applicable"}).readings(5, "d/m")
    (sample,) = readings.samples()
    assert (sample.name, sample.status, sample.origin) == ("b", int(Status.BAD_OUT_OF_SERVICE), "d/m")
