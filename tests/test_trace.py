"""The worked trace of ``schemas/README.md`` runs through binding, frames, window, guard and decision."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from conftest import HERE
from trivet.device.binding import bind
from trivet.device.document import Device, Endpoint, InterfaceReference, Point, Profile, Provenance
from trivet.interface.check import check
from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.package.manifest import InterfaceIdentity, Manifest, OutputPort
from trivet.runtime.decision import Decider, Decision
from trivet.runtime.guard import Guard
from trivet.runtime.predictions import Predictions
from trivet.signals import SECOND, Readings, status_name
from trivet.window import reason
from trivet.window.frames import Framer
from trivet.window.window import Window, Windower

TRACE: Any = json.loads((HERE / "conformance" / "trace" / "trace.json").read_text("utf-8"))
README = HERE.parent / "schemas" / "README.md"
EPOCH = TRACE["epoch"] * SECOND
COLUMNS = tuple(TRACE["package"]["columns"])
PORTS = {port["name"]: tuple(port["classes"]) for port in TRACE["package"]["outputs"]}


@pytest.fixture(scope="module")
def interface() -> Interface:
    return load(TRACE["interface"], Interface)


def nanoseconds(seconds: float) -> int:
    return int(EPOCH) + round(seconds * 1000) * 1_000_000


def number(value: float | None) -> float:
    return math.nan if value is None else value


def nulls(values: Any) -> Any:
    """Arrays and lists with null for NaN."""
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if isinstance(values, (list, tuple)):
        return [nulls(value) for value in values]
    return None if isinstance(values, float) and math.isnan(values) else values


@pytest.fixture(scope="module")
def readings(interface: Interface) -> list[Readings]:
    """Each sample as a controller gave it, bound to the interface."""
    points = {
        "power": Point(at={"column": "power"}, unit="W", signal="power"),
        "mode": Point(at={"column": "mode"}, signal="mode", enumeration={"0": "off", "1": "wash"}),
    }
    source = Provenance(document="schemas/README.md", date="2026-01-01", confidence="own")
    profile = Profile(
        kind="profile", format=0, id="trace", version="0.9.0", title={}, adapter="replay", source=source, points=points
    )
    reference = InterfaceReference(id=interface.id, version=interface.version)
    endpoints = {"table": Endpoint(profile="trace", url="table:")}
    device = Device(
        kind="device",
        format=0,
        id=TRACE["device"],
        interface=reference,
        endpoints=endpoints,
        parameters=TRACE["parameters"],
    )
    binding = bind(interface, device, {"table": profile})
    assert sorted(binding.fitted) == sorted(TRACE["fitted"])
    return [binding.apply("table", raw(sample)) for sample in TRACE["samples"]]


def raw(sample: Any) -> Readings:
    return Readings(
        (sample["signal"],),
        np.zeros(1, np.int64),
        np.array([sample["value"]], np.float64),
        np.array([sample["status"]], np.uint32),
        np.array([nanoseconds(sample["source"])]),
        np.array([nanoseconds(sample["receive"])]),
        f"{TRACE['device']}/table",
    )


def test_the_interface_is_good(interface: Interface) -> None:
    assert check(interface) == []


def test_samples_are_bound(readings: list[Readings]) -> None:
    for sample, bound in zip(TRACE["samples"], readings, strict=True):
        (got,) = bound.samples()
        expected = sample["bound"]
        assert (got.name, got.status, got.reason) == (sample["signal"], expected["status"], expected["reason"])
        if expected["value"] is not None:
            assert got.value == expected["value"]


def test_frames(interface: Interface, readings: list[Readings]) -> None:
    from trivet.interface.columns import columns

    known = columns(interface)
    framer = Framer({name: known[name] for name in COLUMNS}, interface.frame, interface.settle)
    for bound in readings:
        framer.feed(bound)
    block = framer.advance(nanoseconds(TRACE["frames"][-1]["time"] + interface.settle))
    expected = TRACE["frames"]
    assert [(time - EPOCH) / SECOND for time in block.times.tolist()] == [frame["time"] for frame in expected]
    assert nulls(block.values) == [frame["values"] for frame in expected]
    words = [[reason.WORDS[code] for code in row] for row in block.reason.tolist()]
    assert words == [frame["reason"] for frame in expected]


def test_window(interface: Interface, readings: list[Readings]) -> None:
    windower = Windower(
        TRACE["device"], interface, TRACE["package"]["window"], COLUMNS, TRACE["fitted"], TRACE["parameters"]
    )
    for bound in readings:
        windower.feed(bound)
    expected = TRACE["window"]
    assert windower.advance(nanoseconds(expected["ready"]) - 1) == []
    (window,) = windower.advance(nanoseconds(expected["ready"]))
    assert isinstance(window, Window)
    assert nulls(window.values) == expected["values"]
    assert nulls(window.context) == expected["context"]
    assert [(time - EPOCH) / SECOND for time in window.span] == expected["span"]
    assert (window.frames, list(window.flags)) == (expected["frames"], expected["flags"])
    assert (window.missing, window.stale, window.bad) == (expected["missing"], expected["stale"], expected["bad"])
    assert list(window.fitted) == expected["fitted"]


def test_predictions_and_decisions(interface: Interface) -> None:
    ports = tuple(OutputPort(name, classes) for name, classes in PORTS.items())
    identity = InterfaceIdentity(interface.id, interface.version, "", "")
    context = tuple(TRACE["package"]["context"])
    manifest = Manifest(
        0, "trace", "0.9.0", identity, TRACE["package"]["window"], 10, COLUMNS, context, ports, None, 17, (), {}, (), {}
    )
    guard, decider = Guard(interface, manifest), Decider(interface, tuple(PORTS))
    fitted = tuple(name in TRACE["fitted"] for name in COLUMNS)
    for step in TRACE["steps"]:
        outputs = {name: [number(value) for value in values] for name, values in step["outputs"].items()}
        verdict = guard.before(
            fitted, step["missing"], step["stale"], step["bad"], step["frames"], tuple(step["flags"])
        )
        verdict = guard.after(verdict, outputs, None)
        span = (nanoseconds(step["span"][0]), nanoseconds(step["span"][1]))
        raw_outputs = {name: [values] for name, values in outputs.items()}
        batch = Predictions([TRACE["device"]], [span], PORTS, raw_outputs, [verdict], [()], None, 0)
        prediction = batch[0]
        assert prediction.values == step["prediction"], step["window"]
        assert {name: list(found) for name, found in prediction.reasons.items()} == step["reasons"]
        assert prediction.classes == step["class_reasons"]
        assert prediction.accepted is step["accepted"]
        assert [_told(change) for change in decider.step(batch)] == ([step["decision"]] if step["decision"] else [])


def _told(change: Decision) -> Any:
    return {
        "rule": change.rule,
        "state": change.state,
        "before": change.before,
        "subject": change.subject,
        "value": change.value,
        "since": (change.since - EPOCH) / SECOND,
    }


def test_the_readme_shows_these_numbers() -> None:
    text = README.read_text("utf-8")
    for line in tables():
        assert line in text, line


def tables() -> list[str]:
    """The rows of the tables in the README."""
    lines = []
    for sample in TRACE["samples"]:
        state = {0: " off", 1: " wash"}[sample["value"]] if sample["signal"] == "mode" else " W"
        bound = sample["bound"]
        outcome = "" if bound["status"] == 0 else f"{status_name(bound['status'])}"
        given = "Good" if sample["status"] == 0 else status_name(sample["status"])
        value = f"{sample['value']}{state}"
        lines.append(
            f"| {sample['source']} | {sample['receive']} | {sample['signal']} | {value} | {given} | {outcome} |"
        )
    for frame in TRACE["frames"]:
        why = next((word for word in frame["reason"][:2] if word != "known"), "")
        lines.append(f"| {frame['time']} | {_cells(frame['values'][:2])} | {why} |")
    for row, values in enumerate(TRACE["window"]["values"]):
        lines.append(f"| {row} | {_cells(values)} |")
    for step in TRACE["steps"]:
        told = step["decision"]
        fault = step["prediction"]["fault"]
        said = "null: " + step["reasons"]["fault"][0] if fault is None else _shown(fault["heater"])
        novelty = step["prediction"]["novelty"]
        novel = "null: " + step["reasons"]["novelty"][0] if novelty is None else _shown(novelty)
        change = f"{told['before'] or 'none'} to {told['state']}" if told else ""
        lines.append(
            f"| {step['window']} | {step['missing'][0]} of {step['frames']} | {_cells(step['outputs']['novelty'])} | "
            f"{_cells(step['outputs']['fault'])} | {novel} | {said} | {change} | {step['why']} |"
        )
    return lines


def _cells(values: list[float | None]) -> str:
    return " | ".join(map(_shown, values)) if len(values) != 4 else ", ".join(map(_shown, values))


def _shown(value: float | None) -> str:
    return "NaN" if value is None else f"{value:g}"
