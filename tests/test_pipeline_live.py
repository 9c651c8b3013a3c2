"""A run against a real Modbus server that goes away, answers nonsense and comes back."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest

import kitchen
from kits.sinks import Kept
from trivet.device.adapter import Snapshot
from trivet.device.clock import ScaledClock
from trivet.device.library import adapter, load_profile
from trivet.errors import ConnectError
from trivet.pipeline.assemble import assemble
from trivet.pipeline.run import run
from trivet.pipeline.store import Store
from trivet.runtime.model import Model
from trivet.signals import SECOND, Status

SPEED = 20.0

PROFILE: dict[str, Any] = {
    **kitchen.PROFILE,
    "id": "kettle-modbus",
    "adapter": "modbus",
    "settings": {"addressing": "zero", "word_order": "big", "byte_order": "big", "periods": {"normal": 1}},
    "points": {
        "power": {"at": {"table": "holding", "address": 0, "type": "float32"}, "unit": "W", "signal": "power"},
        "temperature": {
            "at": {"table": "holding", "address": 2, "type": "float32"},
            "unit": "Cel",
            "signal": "temperature",
        },
    },
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    kitchen.furnish(tmp_path, counting=True)
    kitchen.write_yaml(tmp_path / "kettle-modbus.yaml", PROFILE)
    return tmp_path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def device(folder: Path, port: int) -> Path:
    endpoint = {"profile": "kettle-modbus.yaml", "url": f"modbus+tcp://127.0.0.1:{port}?unit=1"}
    return kitchen.write_yaml(folder / "live.yaml", kitchen.DEVICE, id="live", endpoints={"controller": endpoint})


async def judged(folder: Path, port: int, clock: ScaledClock, sink: Kept, seconds: float, wait: float = 5.0) -> None:
    model = Model.load(folder / "kettle.trivet", keys=(folder / "maker.pub",), home=folder / "home")
    ready = assemble(model, [device(folder, port)], store=Store(None, model), clock=clock)
    await run(ready.judge, ready.sources, clock, [sink], wait=wait, until=seconds)


def plant(now: int) -> Snapshot:
    return Snapshot({"power": 100.0, "temperature": 50.0 + now // SECOND % 10})


async def test_a_link_that_is_cut_becomes_a_gap_and_the_run_goes_on(folder: Path) -> None:
    port, clock, sink = free_port(), ScaledClock(SPEED), Kept()
    serve = adapter("modbus").serve
    profile = load_profile(str(folder / "kettle-modbus.yaml")).document
    assert serve is not None
    running = asyncio.create_task(judged(folder, port, clock, sink, 120))
    async with serve(profile, plant, f"127.0.0.1:{port}", clock):
        await clock.sleep(40)
    await clock.sleep(20)
    async with serve(profile, plant, f"127.0.0.1:{port}", clock):
        await running
    told = [line["outputs"]["score"] is not None for line in sink.of("prediction")]
    assert sum(told) > 20
    assert told[-1]
    assert False in told
    gaps = sink.of("gap")
    assert {gap["end"] is None for gap in gaps if gap["reason"] != "late"} == {True, False}


async def test_bad_values_are_withheld_and_said(folder: Path) -> None:
    port, clock, sink = free_port(), ScaledClock(SPEED), Kept()
    serve = adapter("modbus").serve
    profile = load_profile(str(folder / "kettle-modbus.yaml")).document
    assert serve is not None

    def broken(now: int) -> Snapshot:
        return plant(now)._replace(status={"temperature": Status.BAD_SENSOR_FAILURE})

    async with serve(profile, broken, f"127.0.0.1:{port}", clock):
        await judged(folder, port, clock, sink, 40)
    predictions = sink.of("prediction")
    assert predictions
    assert all(line["outputs"]["score"] is None for line in predictions)
    assert "bad" in {reason for line in predictions for reasons in line["withheld"].values() for reason in reasons}


async def test_nobody_there_is_one_sentence(folder: Path) -> None:
    port, clock, sink = free_port(), ScaledClock(SPEED), Kept()
    with pytest.raises(ConnectError, match="no device delivered a value"):
        await judged(folder, port, clock, sink, 1000, wait=0.5)
    assert not sink.of("prediction") or all(line["outputs"]["score"] is None for line in sink.of("prediction"))
