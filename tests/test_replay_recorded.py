"""Recorded dishwashers and a pot, as they were measured; skipped where the data are not installed."""

from __future__ import annotations

from typing import Any, cast
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.parquet as pq
import pytest

from kits.devices import device, endpoint
from kits.replay import data, play, target
from trivet.device.adapter import Target
from trivet.device.binding import bind
from trivet.device.library import load_interface, load_profile
from trivet.signals import SECOND, Readings
from trivet.window.frames import Framer


def plug(name: str, **settings: Any) -> Target:
    source = load_profile("tracebase-power").document
    return target(source, data("tracebase") / "dishwasher" / f"dev_{name}.parquet", "UTC", **settings)


def filled(name: str, day: str) -> dict[int, float]:
    """The 1-s power of one day [UTC s], filled forward row by row as the data's README says."""
    file = data("tracebase") / "dishwasher" / f"dev_{name}.parquet"
    rows = [row for row in pq.read_table(file).to_pylist() if row["day"] == day]
    known: dict[int, float] = {}
    zone = ZoneInfo("Europe/Berlin")
    stamps = [int(row["timestamp"].replace(tzinfo=zone).timestamp()) for row in rows]
    for row, stamp, following in zip(rows, stamps, [*stamps[1:], None], strict=True):
        last = stamp if following is None or following - stamp > 70 else following - 1
        known.update(dict.fromkeys(range(stamp, last + 1), float(row["power_1s_w"])))
    return known


@pytest.mark.parametrize(
    ("name", "day"), [("B7E6FA", "2011.11.26"), ("B81D04", "2012.05.23"), ("B82F81", "2011.08.19")]
)
async def test_a_recorded_day_is_its_forward_fill(name: str, day: str) -> None:
    played = await play(plug(name, filter={"day": day}))
    got = {sample.source // SECOND: sample.value for sample in played.samples if sample.name == "power"}
    expected = filled(name, day)
    assert len(expected) > 40_000
    assert got == expected


@pytest.mark.parametrize(("name", "day"), [("B7E6FA", "2011.11.25"), ("B82F81", "2011.08.10")])
async def test_frames_of_a_recorded_day_are_means_of_its_forward_fill(name: str, day: str) -> None:
    dishwasher = load_interface("commercial-dishwasher").document
    source = load_profile("tracebase-power").document
    binding = bind(dishwasher, device({"record": endpoint(profile=source.id)}), {"record": source})
    framer = Framer({"active_power": dishwasher.signals["active_power"]}, dishwasher.frame, dishwasher.settle)
    for item in (await play(plug(name, filter={"day": day}))).items:
        if isinstance(item, Readings):
            framer.feed(binding.apply("washer/record", item))
    got: dict[int, float] = {}
    while len(block := framer.advance(framer.end())):
        got.update(zip((block.times // SECOND).tolist(), block.values[:, 0].tolist(), strict=True))
    known = filled(name, day)
    compared = 0
    for time, value in got.items():
        seconds = [known[at] for at in (time - 1, time) if at in known]
        if seconds:
            assert value == pytest.approx(sum(seconds) / len(seconds), abs=1e-9)
            compared += 1
    assert compared > 40_000


async def test_recorded_local_time_is_that_of_darmstadt() -> None:
    played = await play(plug("B7E6FA", filter={"day": "2011.11.24"}))
    assert played.samples[0].source == 1_322_092_803 * SECOND


async def test_all_recorded_dishwashers_play_with_every_gap_said() -> None:
    for file in sorted((data("tracebase") / "dishwasher").glob("*.parquet")):
        played = await play(plug(file.stem.removeprefix("dev_")))
        times = np.unique(np.concatenate([i.source for i in played.items if isinstance(i, Readings)]))
        rows = np.flatnonzero(np.diff(times) > 10 * SECOND)
        silent = list(zip(times[rows].tolist(), times[rows + 1].tolist(), strict=True))
        assert [(gap.start, gap.end) for gap in played.gaps] == silent
        assert played.remarks == ""


async def test_one_run_of_the_pot_is_picked_by_power_and_replicate() -> None:
    source = load_profile("cooking-pot").document
    path = data("cooking_pot_thermal") / "heatup_1L_25_100C_50_250W.csv"
    choice = {"filter": {"power_w": 100, "rep": "a"}, "start": "2024-05-01T00:00:00Z", "values": {"setpoint": 95}}
    played = await play(target(source, path, "UTC", **cast("Any", choice)))
    assert len(played.series("water")) == 550
    assert [at for at, _ in played.series("water")] == [10.0 * n for n in range(550)]
    assert {value for _, value in played.series("power")} == {100}
    assert {value for _, value in played.series("setpoint")} == {95}
    assert played.gaps == []
