"""Shipped Modbus profiles: golden frames, few requests, and names, units and states that interfaces know."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import pytest

from trivet import units
from trivet.device.adapter import Snapshot
from trivet.device.clock import ScaledClock
from trivet.device.document import Profile
from trivet.interface.document import Interface, Signal
from trivet.interface.library import find, shipped
from trivet.interface.parse import read
from trivet_modbus.address import Table
from trivet_modbus.codec import compile_decoder
from trivet_modbus.frame import REQUEST, judge, wanted
from trivet_modbus.layout import profile_map
from trivet_modbus.plan import Block, poll_classes
from trivet_modbus.points import ModbusPoint, point
from trivet_modbus.server import Controller
from trivet_schemas import __file__ as schemas_file

FRAMES = Path(__file__).parent / "conformance" / "registers" / "eastron-sdm630.txt"
NAMES = ("eastron-sdm630", "trivet-dishwasher-modbus", "trivet-oven-modbus")


@cache
def load(name: str) -> Profile:
    return read(find("profile", name), Profile).document


@cache
def signals() -> dict[str, list[Signal]]:
    known: dict[str, list[Signal]] = {}
    for name in shipped("interface"):
        for key, signal in read(find("interface", name), Interface).document.signals.items():
            known.setdefault(key, []).append(signal)
    return known


def points(name: str) -> list[ModbusPoint]:
    source = load(name)
    return [one for other in source.points.values() for one in point(other, source).instances()]


def exchanges() -> list[tuple[bytes, bytes, dict[str, float]]]:
    found: list[tuple[bytes, bytes, dict[str, float]]] = []
    for row in FRAMES.read_text().splitlines():
        mark, _, rest = row.partition(" ")
        if mark == ">":
            found.append((bytes.fromhex(rest), b"", {}))
        elif mark == "<":
            found[-1] = (found[-1][0], bytes.fromhex(rest), {})
        elif mark == "=":
            name, value = rest.split()
            found[-1][2][name] = float(value)
    return found


@pytest.mark.parametrize(("request_frame", "answer", "expected"), exchanges())
def test_golden_frame(request_frame: bytes, answer: bytes, expected: dict[str, float]) -> None:
    assert judge(answer, wanted(request_frame)) == ""
    address, count = REQUEST.unpack(request_frame[8:])
    members = tuple(one for one in points("eastron-sdm630") if one.name in expected)
    decoder = compile_decoder(Block(Table.INPUT, address, count, members), list(expected))
    readings = decoder.decode(answer[9:], 0, 0, "meter")[0]
    decoded = {sample.name: sample.value for sample in readings.samples()}
    assert decoded == pytest.approx(expected, nan_ok=True, rel=0, abs=0)


@pytest.mark.parametrize(("request_frame", "answer", "expected"), exchanges())
def test_the_server_gives_the_golden_frame(request_frame: bytes, answer: bytes, expected: dict[str, float]) -> None:
    profile = load("eastron-sdm630")
    shown: dict[str, float | str] = {
        profile.points[name].signal or name: value for name, value in expected.items() if not math.isnan(value)
    }
    controller = Controller(profile, lambda now: Snapshot(shown), ScaledClock(1.0))
    served = controller.answer(request_frame[6], request_frame[7:])
    head = request_frame[:4] + (len(served) + 1).to_bytes(2, "big") + request_frame[6:7]
    assert head + served == answer


def test_the_whole_meter_takes_three_requests() -> None:
    planned = poll_classes(points("eastron-sdm630"), profile_map(load("eastron-sdm630")))
    assert {name: len(blocks) for name, blocks in planned.items()} == {"normal": 1, "slow": 2}


@pytest.mark.parametrize("name", NAMES)
def test_signals_units_and_states_are_those_of_interfaces(name: str) -> None:
    for key, one in load(name).points.items():
        if one.unit is not None:
            units.parse(one.unit)
        if one.signal is None:
            continue
        assert one.signal in signals(), key
        for signal in signals()[one.signal]:
            states = set(signal.enumeration.values())
            assert set(one.enumeration.values()) <= states, key
            assert (one.repeat is not None) == (signal.repeat is not None), key
            # the server shows signals as they are, so a point that feeds one has its unit
            assert (one.unit or "1") == signal.unit, key


@pytest.mark.parametrize("name", NAMES)
def test_the_file_is_named_like_the_profile(name: str) -> None:
    assert (Path(schemas_file).parent / "profiles" / f"{load(name).id}.yaml").is_file()


def test_the_dishwasher_shows_what_a_hood_machine_has() -> None:
    bound = {one.signal for one in load("trivet-dishwasher-modbus").points.values()}
    absent = {"pre_tank_temperature", "pumped_rinse_temperature", "pre_tank_setpoint", "pumped_rinse_setpoint"}
    electrical = {key for key in signals() if key.startswith(("power_", "current_", "voltage_", "active_"))}
    dishwasher = read(find("interface", "commercial-dishwasher"), Interface).document
    assert set(dishwasher.signals) - bound == absent | (electrical & set(dishwasher.signals))
