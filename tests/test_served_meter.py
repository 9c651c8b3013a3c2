"""A recording served by a real Modbus meter ends in the frames of its replay."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
import yaml

from kits.replay import data
from trivet.signals import SECOND
from trivet_reference.evaluate.served import (
    LEAD,
    Comparison,
    PatientClock,
    Series,
    compare,
    document,
    replayed,
    served,
    shown,
)

SPEED = 400.0
BEGIN = 1_700_000_001
TABLE = {
    "kind": "profile",
    "format": 0,
    "id": "thinned-power",
    "version": "0.1.0",
    "title": {"en": "Made up"},
    "adapter": "replay",
    "source": {"document": "made for a test", "date": "2026-01-01", "confidence": "own"},
    "hold": 60,
    "settings": {"time": {"column": "time", "format": "unix_s"}, "gap": 70, "interval": "before"},
    "points": {"power": {"at": {"column": "power"}, "unit": "W", "signal": "active_power"}},
}


async def read_back(recorded: Path, expected: Series) -> Comparison:
    begin, end = int(expected.asked[0]), int(expected.asked[-1])
    clock = PatientClock(SPEED, begin - round(LEAD * SECOND))
    got = await served(shown(recorded), recorded.with_name("meter.yaml"), clock, end + 4 * SECOND)
    return compare(recorded.stem, expected, got)


def synthetic(folder: Path) -> Path:
    """Ten minutes: steps of power, then values that stand as long as they may, data that are missing, steps again."""
    dice = random.Random(3)  # noqa: S311 # repeatable steps
    rows = [(second, dice.randrange(0, 3000, 7)) for second in range(240) if dice.random() < 0.6]
    rows += [(255, 12), (323, 15), (390, 12), (391, 9), (480, 2000)]
    rows += [(second, dice.randrange(0, 3000, 7)) for second in range(481, 600)]
    lines = ["time,power", *(f"{BEGIN + second},{power}" for second, power in rows)]
    (folder / "power.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "thinned-power.yaml").write_text(yaml.safe_dump(TABLE), encoding="utf-8")
    return document(folder / "made-up.yaml", "thinned-power.yaml", "replay:power.csv")


async def test_frames_of_a_served_recording_are_those_of_its_replay(tmp_path: Path) -> None:
    recorded = synthetic(tmp_path)
    expected = await replayed(recorded)
    found = await read_back(recorded, expected)
    assert (found.late, found.other) == ((), ())
    assert found.equal == found.frames == 300
    assert found.known < found.frames, "the recording has a gap"
    assert found.polls > 600


@pytest.mark.parametrize(
    ("name", "day", "first", "seconds"),
    [("B82F81", "2011.08.23", 33_600, 600), ("B81D04", "2012.05.23", 25_600, 600)],
)
async def test_frames_of_a_recorded_dishwasher(name: str, day: str, first: int, seconds: int, tmp_path: Path) -> None:
    url = f"replay:{data('tracebase') / 'dishwasher' / f'dev_{name}.parquet'}"
    recorded = document(tmp_path / "recorded.yaml", "tracebase-power", url, settings={"filter": {"day": day}})
    whole = await replayed(recorded)
    begin = int(whole.asked[0]) + first * SECOND
    frames, rows = ((times >= begin) & (times <= begin + seconds * SECOND) for times in (whole.times, whole.asked))
    found = await read_back(recorded, Series(whole.times[frames], whole.values[frames], whole.asked[rows]))
    assert found.equal == found.frames > 200


async def test_a_patient_clock_counts_no_time_in_which_its_readers_are_held_up() -> None:
    real = 0
    clock = PatientClock(10.0, 5 * SECOND, lambda: real)
    real = SECOND // 200
    assert clock.now() == 5 * SECOND + SECOND // 20
    real = 60 * SECOND
    assert clock.now() == 5 * SECOND + SECOND // 20 + SECOND // 10
    before = clock.now()
    await clock.sleep(0.0)
    real = 90 * SECOND
    await clock.sleep(0.001)
    assert clock.now() - before <= SECOND // 5
    assert clock.held > 800 * SECOND


def test_frames_with_an_unasked_second_are_told_apart() -> None:
    def series(values: list[float], *asked: float) -> Series:
        times = np.array([2, 4, 6]) * SECOND
        return Series(times, np.array(values), np.array([round(at * SECOND) for at in asked], np.int64))

    expected = series([1.0, 2.0, np.nan], 1, 2, 3, 4, 5, 6)
    same = compare("d", expected, series([1.0, 2.0, np.nan], 0.1, 1.1, 2.1, 3.1, 4.1, 5.1))
    assert (same.frames, same.known, same.equal, same.late, same.other) == (3, 2, 3, (), ())
    assert same.delays == pytest.approx(0.1)
    missed = compare("d", expected, series([1.0, 2.5, 3.0], 0.1, 1.1, 3.2, 3.5, 4.1, 5.1))
    assert (missed.equal, missed.late, missed.other) == (1, (4 * SECOND,), (6 * SECOND,))
