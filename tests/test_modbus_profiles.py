"""Shipped Modbus profiles: golden frames, few requests, and names, units and states that interfaces know."""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from trivet import units
from trivet.check.lint import lint
from trivet.device.adapter import Snapshot, Target
from trivet.device.clock import ScaledClock
from trivet.device.document import Endpoint, Profile
from trivet.device.frames import SUFFIX, Frame, check_frames, frames_beside, load_frames
from trivet.device.library import load_interface, load_profile
from trivet.errors import DocumentError
from trivet.interface.document import Signal
from trivet.interface.library import shipped
from trivet_modbus import adapter
from trivet_modbus.golden import show
from trivet_modbus.points import ModbusPoint, point
from trivet_modbus.server import Controller
from trivet_schemas import __file__ as schemas_file

FOLDER = Path(schemas_file).parent / "profiles"
PUBLIC = {
    *("eastron-sdm630", "eastron-sdm120", "abb-b23", "schneider-iem3000", "carlo-gavazzi-em340", "janitza-b-series"),
    *("wago-879-30xx", "sunspec-meter-203", "carel-ir33", "eliwell-idplus", "danfoss-ekc-202d", "danfoss-fc51"),
    *("eurotherm-3500", "watlow-ez-zone-pm", "evco-refrigerator"),
}
NAMES = sorted({*PUBLIC, "trivet-dishwasher-modbus", "trivet-oven-modbus"})
FRAMES = [(name, frame) for name in NAMES for frame in load_frames(FOLDER / f"{name}{SUFFIX}")]


@cache
def load(name: str) -> Profile:
    return load_profile(name).document


@cache
def signals() -> dict[str, list[Signal]]:
    known: dict[str, list[Signal]] = {}
    for name in shipped("interface"):
        for key, signal in load_interface(name).document.signals.items():
            known.setdefault(key, []).append(signal)
    return known


def points(name: str) -> list[ModbusPoint]:
    source = load(name)
    return [one for other in source.points.values() for one in point(other, source).instances()]


def facts(name: str, url: str = "modbus+tcp://meter") -> dict[str, Any]:
    source = load(name)
    typed = {key: point(one, source) for key, one in source.points.items()}
    assert adapter.plan is not None
    return dict(adapter.plan(Target("d/m", Endpoint(profile=name, url=url), source, typed)).facts)


def test_every_shipped_modbus_profile_is_here() -> None:
    assert {name for name in shipped("profile") if load(name).adapter == "modbus"} == set(NAMES)
    assert len(PUBLIC) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_golden_frames(name: str) -> None:
    frames = load_frames(frames_beside(FOLDER / f"{name}.yaml"))
    assert len(frames) >= 3
    assert check_frames(load(name), frames, show, name) == []


@pytest.mark.parametrize(("name", "frame"), FRAMES)
def test_the_server_gives_the_golden_frame_back(name: str, frame: Frame) -> None:
    """What the image of a plant says, read as golden frames are, is what the plant showed."""
    profile = load(name)
    shown = {
        (source.signal or key) + number: value
        for key, source in profile.points.items()
        for number in (["", "_1"] if source.repeat else [""])
        for value in [{**frame.known, **frame.values}.get(key + number)]
        if value is not None
    }
    served = Controller(profile, lambda now: Snapshot(shown), ScaledClock(1.0), frame.request[0])
    reply = served.answer(frame.request[0], frame.request[1:])
    again = show(profile, frame._replace(reply=frame.request[:1] + reply))
    for key, value in frame.values.items():
        if value is not None and frame.reasons.get(key) is None:
            assert again.values[key] == pytest.approx(value, rel=1e-6), key


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
def test_a_profile_says_where_it_comes_from(name: str) -> None:
    source = load(name)
    assert (FOLDER / f"{source.id}.yaml").is_file()
    assert source.source.confidence == ("own" if name.startswith("trivet-") else source.source.confidence)
    assert len(source.source.document) > 10
    assert source.source.date.count("-") == 2
    assert json.loads((FOLDER / f"{name}{SUFFIX}").read_text())["profile"] == source.id


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("url", ["modbus+tcp://meter", "modbus+rtu:///dev/ttyUSB0?baud=9600"])
def test_the_plan_covers_every_point_that_is_read(name: str, url: str) -> None:
    told = facts(name, url)
    polled = [one for one in points(name) if one.type != "string"]
    assert sum(row["points"] for row in told["requests"]) == len(polled)
    assert all(row["ms"] > 0 for row in told["requests"])


@pytest.mark.parametrize(
    ("name", "most"), [("eastron-sdm630", 5), ("janitza-b-series", 1), ("abb-b23", 3), ("sunspec-meter-203", 2)]
)
def test_a_whole_map_takes_few_requests(name: str, most: int) -> None:
    assert len(facts(name)["requests"]) <= most


def test_a_plan_shows_wire_addresses_and_manual_numbers_side_by_side() -> None:
    first = facts("eastron-sdm630", "modbus+rtu:///dev/ttyUSB0?baud=9600")["requests"][0]
    assert {"wire", "hex", "manual", "function", "count", "points", "ms"} <= set(first)
    assert (first["wire"], first["manual"].split("-")[0], first["function"]) == (0, "30001", 4)


def test_the_plan_names_what_is_asked_only_sometimes() -> None:
    told = facts("sunspec-meter-203")
    assert "active_power" in told["asked_only_while"]["model is 203"]
    assert told["read_to_identify_only"] == ["marker"]


def test_a_line_that_is_too_slow_is_said() -> None:
    source = load("eastron-sdm630")
    typed = {key: point(one, source) for key, one in source.points.items()}
    slow = Endpoint(profile=source.id, url="modbus+rtu:///dev/ttyS0?baud=1200")
    assert adapter.plan is not None
    assert [one.rule for one in adapter.plan(Target("d/m", slow, source, typed)).findings] == ["TRV-M122"]


@pytest.mark.parametrize(
    ("reference", "companion", "few"),
    [
        ("trivet-dishwasher-modbus", "opc30200-dishwashing-machine", 8),
        ("trivet-oven-modbus", "opc30200-combi-steamer", 5),
    ],
)
def test_reference_controllers_have_the_names_and_states_of_the_companion_model(
    reference: str, companion: str, few: int
) -> None:
    ours = {one.signal: (key, one) for key, one in load(reference).points.items() if one.signal}
    theirs = {one.signal: (key, one) for key, one in load(companion).points.items() if one.signal}
    shared = set(ours) & set(theirs)
    assert len(shared) >= few
    for signal in shared:
        assert ours[signal][0] == theirs[signal][0]
        assert set(theirs[signal][1].enumeration.values()) <= set(ours[signal][1].enumeration.values()), signal


def test_the_dishwasher_shows_what_a_hood_machine_has() -> None:
    bound = {one.signal for one in load("trivet-dishwasher-modbus").points.values()}
    absent = {"pre_tank_temperature", "pumped_rinse_temperature", "pre_tank_setpoint", "pumped_rinse_setpoint"}
    electrical = {key for key in signals() if key.startswith(("power_", "current_", "voltage_", "active_"))}
    dishwasher = load_interface("commercial-dishwasher").document
    assert set(dishwasher.signals) - bound == absent | (electrical & set(dishwasher.signals))


def test_a_frame_that_says_otherwise_is_a_finding() -> None:
    (frame, *_) = load_frames(FOLDER / f"abb-b23{SUFFIX}")
    wrong = frame._replace(values={"voltage_l1": 230.2, "voltage_l2": None, "voltage_l3": 1.0, "frequency": 50.0})
    found = check_frames(load("abb-b23"), [wrong, frame._replace(reply=frame.reply[:-1])], show, "f")
    assert [one.rule for one in found] == ["TRV-M120"] * 4 + ["TRV-M121"]
    assert found[0].where == "f:frames[0]"


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"frames": [{}]}', '{"frames": [{"request": "zz"}]}', '{"frames": [{"more": 1}]}', "[" * 99999],
)
def test_a_file_that_is_none_of_frames_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.frames.json"
    path.write_text(text)
    with pytest.raises(DocumentError) as caught:
        load_frames(path)
    assert caught.value.rule == "TRV-M121"


def test_lint_holds_a_profile_to_the_frames_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "abb-b23.yaml"
    text = (FOLDER / path.name).read_text()
    path.write_text(text)
    frames = (FOLDER / f"abb-b23{SUFFIX}").read_text()
    frames_beside(path).write_text(frames)
    assert list(lint([path]).findings) == []
    path.write_text(text.replace("address: '0x5B2C'", "address: '0x5B2D'"))
    (found,) = lint([path]).findings
    assert (found.rule, found.where) == ("TRV-M120", f"{frames_beside(path)}:frames[2]")
    path.write_text(text)
    frames_beside(path).write_text(frames[:100])
    assert [one.rule for one in lint([path]).findings] == ["TRV-M121"]


def test_a_value_that_is_none_is_not_called_a_number() -> None:
    frame = next(frame for name, frame in FRAMES if name == "abb-b23" and frame.reasons)
    shown = show(load("abb-b23"), frame)
    assert all(math.isnan(shown.values[name]) for name in frame.reasons)
