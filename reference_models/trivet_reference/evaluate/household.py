"""Recorded household dishwashers, power only: are runs found, and are they called unlike commercial ones?"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from trivet.runtime.model import Model
from trivet.signals import Floats
from trivet_reference.evaluate.path import device, judged, likeliest, recorded, seconds, write

MACHINES = ("B7E6FA", "B81D04", "B82F81")
ON, PAUSE, MISSING = 10.0, 600.0, 70.0

OVERRIDE = {
    "cycle": {
        "opens_when": [{"signal": "active_power", "above": ON}],
        "closes_when": [{"signal": "active_power", "below": ON, "hold": PAUSE}],
    }
}


@dataclass(slots=True)
class Household:
    """What was found and said.

    Attributes:
        days: Recorded days.
        runs: Runs by the simple rule on the raw table, in which no data are missing.
        broken: Runs in which, or in the pause after which, data are missing.
        found: Whole runs matched by a whole window.
        windows: Whole windows.
        cut: Windows that are marked as interrupted or joined late.
        matched: Whole windows matched by a run.
        judged: Windows whose novelty was given.
        novel: Of those, above the limit.
        faults: Windows for which a fault was named.
        reasons: First reason why ``fault`` was withheld, to the number of windows.
    """

    days: int = 0
    runs: int = 0
    broken: int = 0
    found: int = 0
    windows: int = 0
    cut: int = 0
    matched: int = 0
    judged: int = 0
    novel: int = 0
    faults: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def text(self) -> str:
        """The figures for people."""
        return "\n".join(
            [
                f"tracebase dishwashers (recorded households, {len(MACHINES)} machines, {self.days} days), power only:",
                f"  runs by the rule (> {ON:g} W, pauses up to {PAUSE:g} s bridged): {self.runs} whole,"
                f" {self.broken} broken by missing data (their {self.cut} windows are marked and withheld)",
                f"  found from power alone: recall {self.found}/{self.runs}, precision {self.matched}/{self.windows}",
                f"  judged {self.judged}, called novel {self.novel} ({self.novel / max(self.judged, 1):.1%})",
                f"  faults named {self.faults}; fault withheld: {dict(self.reasons)}",
            ]
        )


def household(model: Model, folder: Path) -> Household:
    """Runs every recorded day of every machine through the package."""
    result = Household()
    paths = []
    rule: dict[str, list[Run]] = {}
    for name in MACHINES:
        file = recorded("tracebase") / "dishwasher" / f"dev_{name}.parquet"
        endpoint = {"profile": "tracebase-power", "url": f"replay:{file}"}
        tree = device(name.lower(), "commercial-dishwasher", endpoint, windows=OVERRIDE, time_zone="Europe/Berlin")
        paths.append(write(folder, name, tree))
        rule[name.lower()], days = by_rule(file)
        result.days += days
    spans: dict[str, list[tuple[float, float]]] = {name.lower(): [] for name in MACHINES}
    for line in judged(model, paths):
        if line["kind"] != "prediction":
            continue
        if {"interrupted", "joined_late"} & set(line["window"]["flags"]):
            result.cut += 1
        else:
            spans[line["appliance"]].append((seconds(line["window"]["opened"]), seconds(line["window"]["closed"])))
            result.windows += 1
        novelty = line["outputs"]["novelty"]
        result.judged += novelty is not None
        result.novel += novelty is not None and novelty > 1.0
        result.faults += likeliest(line) not in {None, "none", "unknown"}
        result.reasons.update(line["withheld"].get("fault", ["given"])[:1])
    for name in rule:
        whole = [run for run in rule[name] if run.whole]
        result.runs += len(whole)
        result.broken += len(rule[name]) - len(whole)
        result.found += sum(any(_same(run, span) for span in spans[name]) for run in whole)
        result.matched += sum(any(_same(run, span) for run in rule[name]) for span in spans[name])
    return result


class Run(NamedTuple):
    """One run by the simple rule [s, UTC]; whole when no data are missing in it or in the pause after it."""

    begin: float
    end: float
    whole: bool


def _same(run: Run, span: tuple[float, float]) -> bool:
    """Whether both begin and end within ten seconds of each other."""
    return abs(run.begin - span[0]) <= 10.0 and abs(run.end - span[1]) <= 10.0


def by_rule(file: Path) -> tuple[list[Run], int]:
    """Runs as a person reads them off the table: first and last row above the limit, short pauses bridged.

    Returns:
        Runs, and the number of days in the table.
    """
    times, power, days = table(file)
    # A row stands until the next one, for a minute at most: equal rows were left out of the table.
    until = np.minimum(np.append(times[1:], times[-1] + 1.0), times + 60.0)
    on = power > ON
    begins, ends = times[on], until[on]
    breaks = np.flatnonzero(begins[1:] - ends[:-1] >= PAUSE)
    first = np.append(0, breaks + 1)
    last = np.append(breaks, len(begins) - 1)
    holes = times[:-1][np.diff(times) > MISSING]
    spans = [(float(begins[a]) - 1.0, float(ends[b]) - 1.0) for a, b in zip(first, last, strict=True)]
    runs = [Run(a, b, not np.any((holes > a - 10.0) & (holes < b + PAUSE))) for a, b in spans]
    return runs, days


def table(file: Path) -> tuple[Floats, Floats, int]:
    """Times [s, UTC] and power of the last second [W] of a recorded table, ``(rows,)`` each, and its number of days."""
    import pyarrow.parquet as pq

    rows = pq.read_table(file, columns=["day", "timestamp", "power_1s_w"])
    zone = ZoneInfo("Europe/Berlin")
    stamps = [stamp.replace(tzinfo=zone).astimezone(UTC).timestamp() for stamp in rows["timestamp"].to_pylist()]
    return np.array(stamps), rows["power_1s_w"].to_numpy().astype(float), len(set(rows["day"].to_pylist()))
