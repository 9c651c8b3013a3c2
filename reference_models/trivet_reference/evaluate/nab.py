"""A recorded machine temperature with labelled failures (NAB): events found, and false onsets a month.

``python -m trivet_reference.evaluate nab`` prints it. One file with two labels: figures of this kind say
how a rule behaves, not how good it is.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from trivet.signals import Floats
from trivet_reference.evaluate.intervals import poisson
from trivet_reference.evaluate.path import recorded
from trivet_reference.evaluate.rig import Flags

STEP = 300.0
"""Distance of rows [s]."""

DAYS = int(86_400 / STEP)
HISTORY = 3 * DAYS
PERSISTENT = 3
"""Rows in a row that make an alarm: 15 minutes."""

APART = 86_400.0
"""An alarm within so many seconds of the one before belongs to it [s]."""

MAD = 1.4826
MONTH = 30.4375 * 86_400


@dataclass(frozen=True, slots=True)
class Found:
    """One rule's figures: labelled windows with an alarm, onsets outside them, recorded time and all onsets [s]."""

    name: str
    found: int
    windows: int
    false: int
    seconds: float
    onsets: Floats

    def text(self) -> str:
        """The figures for people."""
        months = self.seconds / MONTH
        low, high = poisson(self.false)
        return (
            f"  {self.name:<44} found {self.found}/{self.windows}  false onsets {self.false / months:.1f} a month"
            f" [{low / months:.1f}, {high / months:.1f}]"
        )


@dataclass(frozen=True, slots=True)
class Nab:
    """The whole evaluation.

    Attributes:
        times: Of the rows [s].
        values: Temperature [degF].
        windows: Labelled events, from and to [s].
        found: What each rule found.
    """

    times: Floats
    values: Floats
    windows: list[tuple[float, float]]
    found: list[Found]

    def text(self) -> str:
        """The figures for people."""
        days = (self.times[-1] - self.times[0]) / 86_400
        head = f"NAB machine temperature (recorded, 1 machine, {days:.0f} days, {len(self.windows)} labelled events)"
        return "\n".join([f"{head}; [exact Poisson, 95 %]", *(one.text() for one in self.found)])


def nab() -> Nab:
    """Runs the rules over the installed file."""
    folder = recorded("nab_machine_temperature")
    times, values = _table(folder / "machine_temperature.csv")
    windows = _windows(folder / "labels.csv")
    return Nab(times, values, windows, [judge(name, rule(values), times, windows) for name, rule in RULES.items()])


def judge(name: str, flags: Flags, times: Floats, windows: list[tuple[float, float]]) -> Found:
    """Onsets inside and outside the labelled windows; the first history is not judged."""
    raised = times[np.flatnonzero(flags[1:] & ~flags[:-1]) + 1]
    onsets = raised[np.diff(raised, prepend=-np.inf) > APART]
    inside = [(onsets >= a) & (onsets <= b) for a, b in windows]
    false = int((~np.any(inside, axis=0)).sum()) if len(onsets) else 0
    found = sum(bool(one.any()) for one in inside)
    return Found(name, found, len(windows), false, float(times[-1] - times[HISTORY]), onsets)


def robust(values: Floats, k: float = 4.0) -> Flags:
    """Further than k robust deviations from the median of the last three days, for 15 minutes."""
    far = np.zeros(len(values), bool)
    for row in range(HISTORY, len(values)):
        past = values[row - HISTORY : row]
        middle = np.median(past)
        far[row] = abs(values[row] - middle) > k * MAD * np.median(np.abs(past - middle))
    return _persistent(far)


def steady(values: Floats) -> Flags:
    """Further than 3 standard deviations from the mean of the first three days, for 15 minutes."""
    first = values[:HISTORY]
    far = np.abs(values - first.mean()) > 3 * first.std()
    far[:HISTORY] = False
    return _persistent(far)


def cumulative(values: Floats, slack: float = 1.0, limit: float = 60.0) -> Flags:
    """Two-sided cumulative sum (Page, 1954) over robust deviations from the last three days' median, then cleared."""
    flags = np.zeros(len(values), bool)
    up = down = 0.0
    for row in range(HISTORY, len(values)):
        past = values[row - HISTORY : row]
        middle = np.median(past)
        z = (values[row] - middle) / (MAD * np.median(np.abs(past - middle)) + 1e-9)
        up, down = max(0.0, up + z - slack), max(0.0, down - z - slack)
        flags[row] = max(up, down) > limit
        if flags[row]:
            up = down = 0.0
    return flags


def _persistent(flags: Flags) -> Flags:
    whole = np.lib.stride_tricks.sliding_window_view(flags, PERSISTENT).all(1)
    return np.concatenate([np.zeros(PERSISTENT - 1, bool), whole])


RULES: Mapping[str, Callable[[Floats], Flags]] = {
    "robust z, 3 days, 15 min, k 4": robust,
    "cumulative sum of robust z": cumulative,
    "3 standard deviations of the first 3 days": steady,
}


def _table(path: Path) -> tuple[Floats, Floats]:
    """Times [s] and values, in order of time; of repeated stamps the first."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(_stamp(row["timestamp"]), float(row["value"])) for row in csv.DictReader(file)]
    times, first = np.unique([time for time, _ in rows], return_index=True)
    return times, np.array([value for _, value in rows])[first]


def _windows(path: Path) -> list[tuple[float, float]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [(_stamp(row["window_start"]), _stamp(row["window_end"])) for row in csv.DictReader(file)]


def _stamp(text: str) -> float:
    """Seconds of a stamp without a zone; only differences count."""
    return datetime.fromisoformat(f"{text.split('.')[0]}+00:00").timestamp()
