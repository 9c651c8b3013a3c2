"""Any Modbus profile as a server: plausible values, fixed ones, and raw words recorded and replayed."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from trivet.commission.exhibit import Exhibit
from trivet.commission.simulate import fixed_values, scenario, served
from trivet.device.adapter import Snapshot, Target
from trivet.device.clock import ScaledClock
from trivet.device.document import Endpoint, Profile
from trivet.device.library import load_profile, resolve
from trivet.errors import AdapterError, DocumentError
from trivet.interface.library import shipped
from trivet.signals import SECOND, Condition, Readings
from trivet_modbus import adapter
from trivet_modbus.address import Table
from trivet_modbus.points import point
from trivet_modbus.tape import Strip, Tape, load

NAMES = sorted(name for name in shipped("profile") if load_profile(name).document.adapter == "modbus")


def profile(name: str) -> Profile:
    return load_profile(name).document


async def read(source: Profile, url: str, folder: Path, seconds: float = 30.0, **settings: Any) -> dict[str, list[Any]]:
    """Name to the values read in so many seconds of a quick clock; conditions to the moments they were told."""
    typed = {name: point(one, source) for name, one in source.points.items()}
    clock = ScaledClock(100.0)
    endpoint = Endpoint(profile=source.id, url=url, settings=settings)
    stream = adapter.connect(Target("d/m", endpoint, source, typed, folder=str(folder)), clock)
    seen: dict[str, list[Any]] = {}
    until = clock.now() + round(seconds * SECOND)
    async with asyncio.timeout(20):
        async for item in stream:
            if isinstance(item, Readings):
                for sample in item.samples():
                    seen.setdefault(sample.name, []).append(sample.reason or sample.value)
            elif isinstance(item, Condition):
                seen.setdefault(item.id, []).append(item.active)
            if clock.now() > until:
                break
    await stream.aclose()  # type: ignore[attr-defined]
    return seen


@pytest.mark.parametrize("name", NAMES)
async def test_every_profile_is_served_and_read_whole(name: str, tmp_path: Path) -> None:
    source = profile(name)
    assert adapter.serve is not None
    async with adapter.serve(source, Exhibit(source), "127.0.0.1:0", ScaledClock(100.0)) as url:
        seen = await read(source, url, tmp_path)
    typed = [one for key, p in source.points.items() for one in point(p, source).instances()]
    readings = {one.name for one in typed if one.type != "string" and not one.severity}
    assert set(seen) == readings
    bad = {key: values for key, values in seen.items() if any(isinstance(value, str) for value in values)}
    assert bad == {}
    for key, values in seen.items():
        limits = source.points[key].range if key in source.points else None
        assert limits is None or all(limits[0] <= value <= limits[1] for value in values), key


def test_the_same_seed_shows_the_same_and_values_move() -> None:
    source = profile("eastron-sdm630")
    first, again, other = Exhibit(source, 1), Exhibit(source, 1), Exhibit(source, 2)
    assert first(5 * SECOND) == again(5 * SECOND)
    assert first(5 * SECOND) != other(5 * SECOND)
    early, late = first(0).values, first(30 * SECOND).values
    assert early["voltage_l1"] != late["voltage_l1"]
    assert isinstance(late["active_energy"], float)
    assert late["active_energy"] > early["active_energy"]  # type: ignore[operator]


async def test_fixed_values_and_alarms_are_shown(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("probe_1: -18.5\nhigh_temperature: 1\ncompressor: 'off'\ntemperature_unit: fahrenheit\n")
    source = profile("carel-ir33")
    assert adapter.serve is not None
    plant = scenario("carel-ir33").plant(1, fixed=fixed_values(file))
    async with adapter.serve(source, plant, "127.0.0.1:0", ScaledClock(100.0)) as url:
        seen = await read(source, url, tmp_path, 5.0)
    assert all(value == pytest.approx(-18.5, abs=0.03) for value in seen["probe_1"])
    assert set(seen["compressor"]) == {0.0}
    assert seen["high_temperature"] == [True]


@pytest.mark.parametrize("text", ["", "- 1\n", "a: {b: 1}\n", "a: true\nb: [1]\n"])
def test_a_file_of_no_values_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(text)
    with pytest.raises(DocumentError):
        fixed_values(file)


class Steps:
    """A plant whose values say which second it is."""

    def __init__(self, source: Profile) -> None:
        self._exhibit = Exhibit(source)

    def __call__(self, now: int, /) -> Snapshot:
        values: Mapping[str, float | str] = {**self._exhibit(0).values, "voltage_l1": float(now // SECOND % 1000)}
        return Snapshot(values)


async def test_what_was_recorded_is_replayed_with_the_same_values(tmp_path: Path) -> None:
    source = profile("eastron-sdm630")
    assert adapter.serve is not None
    async with adapter.serve(source, Steps(source), "127.0.0.1:0", ScaledClock(100.0)) as url:
        first = await read(source, url, tmp_path, 25.0, raw="words.jsonl", periods={"normal": 2})
    lines = [json.loads(line) for line in (tmp_path / "words.jsonl").read_text().splitlines()]
    assert {(line["table"], line["address"]) for line in lines} == {("input", first) for first in (0, 80, 200, 334)}
    raw = str(tmp_path / "words.jsonl")
    async with adapter.serve(source, Steps(source), "127.0.0.1:0", ScaledClock(100.0), raw=raw) as url:
        again = await read(source, url, tmp_path, 20.0, periods={"normal": 2})
    assert set(again) == set(first)
    shared = [value for value in dict.fromkeys(again["voltage_l1"]) if value in first["voltage_l1"]]
    assert len(shared) >= 5
    assert set(again["voltage_l1"]) <= set(first["voltage_l1"])
    assert again["voltage_l2"][0] == first["voltage_l2"][0]


def test_a_tape_shows_each_moment_and_begins_again() -> None:
    tape = Tape(
        [
            Strip(0, Table.HOLDING, 5, (1, 2)),
            Strip(10, Table.HOLDING, 5, (3, 4)),
            Strip(10, Table.COIL, 0, (1, 0, 1)),
            Strip(20, Table.HOLDING, 6, (9,)),
        ]
    )
    shown = []
    for now in (1000, 1009, 1010, 1020, 1029, 1030, 1045):
        tape.wind(now)
        shown.append(tape.read(Table.HOLDING, 5, 2))
    assert shown == [
        bytes([0, 1, 0, 2]),
        bytes([0, 1, 0, 2]),
        bytes([0, 3, 0, 4]),
        bytes([0, 3, 0, 9]),
        bytes([0, 3, 0, 9]),
        bytes([0, 1, 0, 2]),
        bytes([0, 3, 0, 4]),
    ]
    assert tape.read(Table.COIL, 0, 3) == b"\x05"
    assert tape.read(Table.HOLDING, 4, 2) == 2


WRONG_TAPES = [
    "",
    "x\n",
    "{}\n",
    '{"time": 1, "table": "holding", "address": 65535, "words": [1, 2]}\n',
    '{"time": 1, "table": "coil", "address": 1, "words": [2]}\n',
    '{"time": 1, "table": "holding", "address": 1, "words": [65536]}\n',
    '{"time": 1, "table": "holding", "address": 1, "words": []}\n',
    '{"time": 1.5, "table": "holding", "address": 1, "words": [1]}\n',
    '{"time": 1, "table": "flash", "address": 1, "words": [1]}\n',
    "[" * 70000,
]


@pytest.mark.parametrize("text", WRONG_TAPES)
def test_a_wrong_tape_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "words.jsonl"
    path.write_text(text)
    with pytest.raises(DocumentError) as caught:
        load(path)
    assert caught.value.rule == "TRV-M123"


@pytest.mark.parametrize("name", ["../words.jsonl", "/tmp/words.jsonl", "words.txt", "", 5])
async def test_raw_words_are_written_beside_the_device_and_nowhere_else(tmp_path: Path, name: Any) -> None:
    with pytest.raises(DocumentError, match="raw"):
        await read(profile("eastron-sdm120"), "modbus+tcp://127.0.0.1:1", tmp_path, raw=name)


async def test_a_profile_by_its_path_becomes_a_device_over_rtu(tmp_path: Path) -> None:
    copied = tmp_path / "mine.yaml"
    copied.write_text(shipped("profile")["eliwell-idplus"].read_text().replace("eliwell-idplus", "mine"))
    chosen = scenario(str(copied))
    assert chosen.endpoints == {"controller": str(copied)}
    document = tmp_path / "simulated-mine.yaml"
    async with served(chosen, chosen.plant(1), document, ScaledClock(50.0), bind="pty") as path:
        (endpoint,) = resolve(path).device.endpoints.values()
        assert endpoint.url.startswith("modbus+rtu:///dev/")
        seen = await read(profile(str(copied)), endpoint.url, tmp_path, 120.0)
    assert all(math.isfinite(value) for value in seen["probe_1"])


async def test_only_a_protocol_that_has_raw_words_replays_them(tmp_path: Path) -> None:
    chosen = scenario("opc30200-fryer")
    with pytest.raises(AdapterError, match="replays no raw words"):
        async with served(chosen, chosen.plant(1), tmp_path / "x.yaml", ScaledClock(1.0), raw="words.jsonl"):
            pass
