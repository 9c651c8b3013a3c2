"""Recordings of endpoints: everything kept, the same items back, frame by frame."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kits.opcua import dishwasher, shipped
from trivet.cli import main
from trivet.commission.record import record
from trivet.device.binding import bind
from trivet.device.clock import RecordingClock, WallClock
from trivet.device.library import load_interface, resolve
from trivet.device.recording import REFUSED, Reader, Writer
from trivet.device.source import open_device
from trivet.errors import DataError
from trivet.signals import Condition, Gap, Item, Readings, Status
from trivet_opcua.server import serve

NUMBERS = st.floats(allow_nan=True, allow_infinity=False)


def back(items: list[Item]) -> list[Item]:
    writer, reader = Writer(), Reader()
    found = [reader.item(line) for item in items for line in writer.lines(item)]
    return [item for item in found if item is not None]


def same(one: Item, other: Item) -> bool:
    if not (isinstance(one, Readings) and isinstance(other, Readings)):
        return one == other
    arrays = all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name == "values")
        for name in ("column", "values", "status", "source", "receive")
    )
    texts = ("names", "origin", "reasons", "provenance")
    return arrays and all(getattr(one, name) == getattr(other, name) for name in texts)


@given(st.lists(st.tuples(st.integers(0, 2), NUMBERS, st.integers(0, 2**32 - 1), st.integers(1, 2**62)), max_size=5))
def test_readings_come_back_bit_for_bit(rows: list[tuple[int, float, int, int]]) -> None:
    readings = Readings(
        ("a", "b", "c"),
        np.array([row[0] for row in rows], np.int64),
        np.array([row[1] for row in rows], np.float64),
        np.array([row[2] for row in rows], np.uint32),
        np.array([row[3] for row in rows], np.int64),
        np.array([row[3] + 5 for row in rows], np.int64),
        "washer/controller",
        {0: "sentinel"} if rows else {},
        {"server": "urn:x"},
    )
    (found,) = back([readings])
    assert same(readings, found)


def test_conditions_and_gaps_come_back() -> None:
    items: list[Item] = [
        Condition("pump", True, None, 640, "Wash pump", 1, 2, "washer/controller"),
        Gap(3, None, "reset", "washer/controller", "the connection was closed"),
    ]
    assert back(items) == items


WRONG = [
    *("", "[]", "{}", "1", "nul", '{"rows":[[0,1,0,1,1,""]]}', '{"rows":[[0]]}', '{"rows":7}'),
    *('{"gap":{"x":1}}', '{"gap":[]}', '{"session":{}}', '{"session":{"names":[],"origin":"","provenance":7}}'),
    '{"gap":{"start":"1","end":null,"reason":"","origin":"","detail":""}}',
    '{"condition":{"id":"","active":1,"acked":null,"severity":1,"message":"","source":-1,"receive":0,"origin":""}}',
]


@pytest.mark.parametrize("line", WRONG)
def test_what_is_no_recording_is_refused(line: str) -> None:
    with pytest.raises(REFUSED):
        Reader().item(line)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dishwasher, recorded for two seconds."""
    folder = tmp_path_factory.mktemp("record")

    async def run() -> None:
        plant = dishwasher()
        plant.status["rinse_temperature"] = Status.BAD_SENSOR_FAILURE
        async with serve(shipped("opc30200-dishwashing-machine"), plant, "127.0.0.1:0", WallClock()) as url:
            controller = {"profile": "opc30200-dishwashing-machine", "url": url, "settings": {"security": "none"}}
            tree = {
                "kind": "device",
                "format": 0,
                "id": "washer",
                "interface": {"id": "commercial-dishwasher", "version": "0.9.0"},
                "endpoints": {"controller": controller},
            }
            (folder / "washer.yaml").write_text(yaml.safe_dump(tree), "utf-8")
            counts = await record(resolve(folder / "washer.yaml"), folder / "out", WallClock(), 2.0)
            assert counts["controller"] > 0

    asyncio.run(run())
    return folder / "out"


async def replayed(recording: Path) -> list[Item]:
    resolved = resolve(recording / "device.yaml")
    interface = load_interface("commercial-dishwasher").document
    binding = bind(interface, resolved.parsed, resolved.profiles)
    return [item async for item in open_device(resolved, binding, RecordingClock())]


async def test_a_recording_replays_twice_the_same_with_its_provenance(recording: Path) -> None:
    first, second = await replayed(recording), await replayed(recording)
    assert len(first) == len(second) > 0
    assert all(same(one, other) for one, other in zip(first, second, strict=True))
    rows = {s.name: s for item in first if isinstance(item, Readings) for s in item.samples()}
    assert rows["tank_temperature_1"].value == 60.0
    assert (rows["rinse_temperature"].status, rows["rinse_temperature"].origin) == (
        Status.BAD_SENSOR_FAILURE,
        "washer/controller",
    )
    said = next(item.provenance for item in first if isinstance(item, Readings))
    assert said["endpoint"].startswith("opc.tcp://127.0.0.1:")
    assert said["policy"] == "none"
    assert said["model http://opcfoundation.org/UA/CommercialKitchenEquipment/"] == "1.0 2019-07-12"
    assert said["SerialNumber"] == "SIM-opc30200-dishwashing-machine"
    assert len(said["mapping"]) == 64


async def test_a_recording_is_not_written_over(recording: Path) -> None:
    resolved = resolve(recording / "device.yaml")
    with pytest.raises(DataError, match="already"):
        await record(resolved, recording, WallClock(), 0.1)


async def test_a_broken_recording_names_its_line(recording: Path, tmp_path: Path) -> None:
    document = (recording / "device.yaml").read_text("utf-8")
    (tmp_path / "device.yaml").write_text(document, "utf-8")
    (tmp_path / "controller.jsonl").write_text('{"session": 1}\n', "utf-8")
    with pytest.raises(DataError, match=r"controller\.jsonl:1"):
        await replayed(tmp_path)


def test_the_verb_records_a_recording(recording: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["record", str(recording / "device.yaml"), "--to", str(tmp_path / "again"), "--for", "1"]
    assert main(words) == 0
    assert "controller: " in capsys.readouterr().out
    assert (tmp_path / "again" / "controller.jsonl").stat().st_size > 0
