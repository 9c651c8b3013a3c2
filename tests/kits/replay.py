"""What tests of the replay adapter share: tables on disk, targets that read them, a way to collect items."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from kits.contract import Kit, Stand
from kits.devices import point, profile
from trivet.device.adapter import Clock, Target
from trivet.device.clock import RecordingClock
from trivet.device.document import Endpoint, Point, Profile
from trivet.signals import SECOND, Condition, Gap, Item, Readings
from trivet_replay import adapter

DAY = "2024-05-01T"
MIDNIGHT = 1_714_521_600 * SECOND
"""2024-05-01 00:00 UTC."""


def data(name: str) -> Path:
    """A folder of the real data; the test skips where they are not installed."""
    root = Path(os.environ.get("TRIVET_DATA") or Path(__file__).parents[2].parent / "shared" / "data")
    folder = root / name
    if not folder.is_dir():
        pytest.skip(f"real data {name} are not installed: set TRIVET_DATA to their folder")
    return folder


def table(points: Mapping[str, Point] | None = None, hold: float | None = None, **settings: Any) -> Profile:
    """A table profile of the columns ``power`` and ``water``."""
    known = points or {"power": point(at={"column": "power"}), "water": point(at={"column": "water"})}
    return profile(known, "replay", hold=hold, settings={"time": {"column": "time"}, **settings})


def target(source: Profile, path: Path | str, time_zone: str = "UTC", **settings: Any) -> Target:
    """All points of a table profile in a file."""
    endpoint = Endpoint(profile=source.id, url=f"replay:{path}", settings=settings)
    points = {name: adapter.point(spec, source) for name, spec in source.points.items()}
    return Target("washer/record", endpoint, source, points, time_zone)


def csv(folder: Path, *lines: str, headings: str = "time,power,water") -> Path:
    """A CSV file of these lines."""
    path = folder / "table.csv"
    path.write_text("\n".join([headings, *lines, ""]), "utf-8")
    return path


@dataclass(frozen=True)
class Played:
    """What a replay gave."""

    items: Sequence[Item]

    @property
    def rows(self) -> list[tuple[str, float, float]]:
        """Point, value and seconds after midnight of every row."""
        return [(s.name, s.value, (s.source - MIDNIGHT) / SECOND) for s in self.samples]

    @property
    def samples(self) -> list[Any]:
        return [sample for item in self.items if isinstance(item, Readings) for sample in item.samples()]

    @property
    def gaps(self) -> list[Gap]:
        return [item for item in self.items if isinstance(item, Gap)]

    @property
    def remarks(self) -> str:
        return "; ".join(item.message for item in self.items if isinstance(item, Condition))

    def series(self, name: str) -> list[tuple[float, float]]:
        """Seconds after midnight and value of one point."""
        return [(at, value) for point, value, at in self.rows if point == name]


async def play(asked: Target, clock: Clock | None = None) -> Played:
    """Everything that a recording yields."""
    source = cast("Any", adapter.connect(asked, clock or RecordingClock()))
    async with aclosing(source) as items:
        return Played([item async for item in items])


@asynccontextmanager
async def start() -> AsyncIterator[Stand]:
    """A recording of two hours in which nothing changes and one column says "not available"."""
    points = {
        "power": point(at={"column": "power"}, scale=0.5),
        "water": point(at={"column": "water"}),
        "probe": point(at={"column": "probe"}, sentinels=(-32768.0,)),
        "target": point(at={"value": 90}),
    }
    with tempfile.TemporaryDirectory() as folder:
        lines = [f"{DAY}{hour:02}:{minute:02}:00Z,4001,61.5,-32768" for hour in range(2) for minute in range(60)]
        path = csv(Path(folder), *lines, headings="time,power,water,probe")
        yield Stand(
            target=target(table(points), path),
            clock=RecordingClock(),
            expected={"power": 2000.5, "water": 61.5, "target": 90.0},
            bad=frozenset({"probe"}),
        )


kit = Kit(
    adapter=adapter,
    library="pyarrow",
    wrong_urls=("", "table.csv", "replay:", "replay://host/table.csv", "modbus+tcp://127.0.0.1:502"),
    start=start,
)
