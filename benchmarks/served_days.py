"""Four recorded dishwasher days, each served by a real Modbus meter (SDM630 map) on a scaled clock.

Each meter is read back as `trivet run` reads it, all four in one process. Every frame must equal the
frame that the replay of the same day gives. The data are read from TRIVET_DATA.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import platform
import subprocess
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from trivet.device.clock import ScaledClock
from trivet.signals import SECOND
from trivet_reference.evaluate.path import recorded
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

DAYS = (("B7E6FA", "2012.01.15"), ("B82F81", "2011.08.23"), ("B81D04", "2012.05.18"), ("B81D04", "2012.05.23"))
RESULT = Path(__file__).parent / "results" / "served_days.txt"
LEGEND = """\
Recorded dishwashers served by Modbus meters (SDM630 map) on a scaled clock, read back and compared with
their replay: frames of 2 s, signal active_power; all four meters and their readers in one process.

late     frames that differ because in one of their seconds nobody asked
other    frames that differ for any other reason
median, 99.9 %   delay of polls after their second [ms of real time]

A ScaledClock runs on while the machine is busy with something else; a PatientClock waits for its readers.

Contains information from the tracebase data set, which is made available at http://www.tracebase.org
under the Open Database License (ODbL).
"""


def recordings(folder: Path) -> list[Path]:
    """Device documents of the four days."""
    data = recorded("tracebase") / "dishwasher"
    return [
        document(
            folder / f"{name}-{day}.yaml".lower().replace(".", "-", 2),
            "tracebase-power",
            f"replay:{data / f'dev_{name}.parquet'}",
            settings={"filter": {"day": day}},
        )
        for name, day in DAYS
    ]


def stretch(whole: Series, first: float, hours: float) -> Series:
    """So many hours of a day's frames, from an hour of it on."""
    begin = int(whole.asked[0]) + round(first * 3600) * SECOND
    end = begin + round(hours * 3600) * SECOND
    frames = (whole.times > begin) & (whole.times <= end)
    rows = (whole.asked > begin) & (whole.asked <= end)
    return Series(whole.times[frames], whole.values[frames], whole.asked[rows])


async def run(given: argparse.Namespace, folder: Path) -> str:
    paths = recordings(folder)
    expected = [stretch(await replayed(path), given.first, given.hours) for path in paths]
    shows = [shown(path) for path in paths]
    # what is there by now never becomes garbage; looking through it would delay polls
    gc.freeze()
    start, used = perf_counter(), process_time()
    clocks, reads = [], []
    for number, (path, series, show) in enumerate(zip(paths, expected, shows, strict=True)):
        # the meters' seconds begin one after the other, so that nobody waits for his neighbour's poll
        begin = int(series.asked[0]) - round((LEAD + number / len(paths)) * SECOND)
        clocks.append(PatientClock(given.speed, begin) if given.patient else ScaledClock(given.speed, begin))
        end = int(series.asked[-1]) + 4 * SECOND
        reads.append(served(show, path.with_name(f"meter-{path.name}"), clocks[-1], end))
    got = await asyncio.gather(*reads)
    took, used = perf_counter() - start, process_time() - used
    found = [compare(path.stem, *pair) for path, *pair in zip(paths, expected, got, strict=True)]
    clock = f"{type(clocks[0]).__name__} at {given.speed:g}x, {given.hours * 3600 / took:.0f}x in the end"
    return report(found, clock, given.speed, f"{took:.0f} s, {used / took:.0%} of a core")


def row(found: Comparison, speed: float) -> str:
    late = found.delays / speed * 1000
    return (
        f"{found.device:18} {found.frames:8,} {found.known:9,} {found.equal:8,} {len(found.late):6,}"
        f" {len(found.other):6,} {found.polls:8,}"
        f" {np.median(late):7.2f} {np.quantile(late, 0.999):7.2f}"
    )


def report(found: Sequence[Comparison], clock: str, speed: float, took: str) -> str:
    frames, equal = sum(one.frames for one in found), sum(one.equal for one in found)
    return "\n".join(
        [
            clock,
            "device and day       frames with data    equal   late  other    polls  median  99.9 %",
            *(row(one, speed) for one in found),
            f"{equal:,} of {frames:,} frames equal, {frames - equal:,} differ; {took}",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speed", type=float, default=200.0)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--from", type=float, default=0.0, dest="first")
    parser.add_argument("--patient", action="store_true", help="on a clock that waits while the machine is busy")
    parser.add_argument("--keep", action="store_true", help="add to results/served_days.txt")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        text = asyncio.run(run(given, Path(folder)))
    print(text)
    if given.keep:
        keep(text)


def keep(text: str) -> None:
    commit = subprocess.run(("git", "rev-parse", "--short", "HEAD"), capture_output=True, text=True, check=False)
    machine = f"Python {platform.python_version()}, {platform.machine()}, load {os.getloadavg()[1]:.1f}"
    head = f"commit {commit.stdout.strip()}, {datetime.now(UTC):%Y-%m-%d}, {machine}"
    before = RESULT.read_text(encoding="utf-8") if RESULT.exists() else LEGEND
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(f"{before}\n{head}\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
