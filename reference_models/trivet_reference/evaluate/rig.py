"""The recorded pump rig of the Skoltech anomaly benchmark (SKAB): experiments, detectors' inputs and scores.

The protocol of the benchmark: the first 400 rows of an experiment are normal and may be
learnt from, the rest is judged row by row, and counts are summed over experiments.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trivet.errors import DataError
from trivet.signals import Floats

Flags = NDArray[np.bool_]

NORMAL = 400
"""First rows of an experiment, which the protocol calls normal."""

WINDOWS = (5, 30, 60)
"""Lengths of rolling windows [s]; a missing second is not filled in."""

FAMILIES = {
    "1": "leak",
    "2": "leak",
    "4": "leak",
    "5": "rotor imbalance",
    "7": "rotor imbalance",
    "9": "rotor imbalance",
    "10": "rising water",
    "12": "cavitation",
    "14": "hotter water",
}
"""Kind of fault of the experiments in folder ``other``; the two valves are kinds of their own."""

RESAMPLES = 2000


class Experiment(NamedTuple):
    """One recorded experiment.

    Attributes:
        name: Folder and file.
        family: Kind of fault.
        x: ``(rows, 8)``: two accelerations, current, pressure, two temperatures, voltage, flow.
        faulty: Label of each row.
    """

    name: str
    family: str
    x: Floats
    faulty: Flags


class Counts(NamedTuple):
    """Rows judged."""

    hits: int = 0
    false: int = 0
    missed: int = 0
    quiet: int = 0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return self.hits / max(self.hits + (self.false + self.missed) / 2, 1e-9)

    @property
    def far(self) -> float:
        """False alarms among normal rows."""
        return self.false / max(self.false + self.quiet, 1)

    @property
    def mar(self) -> float:
        """Missed among faulty rows."""
        return self.missed / max(self.missed + self.hits, 1)


Said = Mapping[str, Flags]
"""Experiment to what a detector said of each of its judged rows."""


def experiments(folder: Path) -> tuple[Experiment, ...]:
    """All labelled experiments.

    Raises:
        DataError: There are none.
    """
    paths = sorted(path for part in ("valve1", "valve2", "other") for path in (folder / part).glob("*.csv"))
    if not paths:
        raise DataError("holds no experiments", where=str(folder), hint="set TRIVET_DATA to the folder with skab")
    return tuple(_experiment(path) for path in paths)


def _experiment(path: Path) -> Experiment:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))[1:]
    kind = {"valve1": "inlet valve", "valve2": "outlet valve"}.get(path.parent.name) or FAMILIES[path.stem]
    x = np.array([row[1:9] for row in rows], np.float64)
    return Experiment(f"{path.parent.name}/{path.stem}", kind, x, np.array([float(row[9]) > 0.5 for row in rows]))


def rolling(x: Floats, length: int) -> Floats:
    """Mean over the last ``length`` rows, or as many as there are."""
    sums = np.concatenate([np.zeros((1, x.shape[1])), np.cumsum(x, axis=0)])
    last = np.arange(1, len(x) + 1)
    first = np.maximum(last - length, 0)
    return np.asarray((sums[last] - sums[first]) / (last - first)[:, None])


def strange(x: Floats, length: int) -> Floats:
    """How far rolling means lie from those of the normal rows, in their standard deviations, ``(rows, 8)``."""
    means = rolling(x, length)
    normal = means[length:NORMAL]
    return np.asarray((means - normal.mean(0)) / (normal.std(0) + 1e-9))


def features(x: Floats) -> Floats:
    """Rolling means and spreads against those of the experiment's own normal rows, ``(rows, 81)``."""
    own = (x - np.median(x[:NORMAL], axis=0)) / (x[:NORMAL].std(0) + 1e-9)
    made, largest = [], []
    for length in WINDOWS:
        means = rolling(own, length)
        spread = np.sqrt(np.maximum(rolling(own**2, length) - means**2, 0))
        far = strange(own, length)
        ordered = np.sort(np.abs(far), axis=1)
        made += [means, far, spread / (spread[length:NORMAL].mean(0) + 1e-9)]
        largest += [ordered[:, -1:], ordered[:, -2:-1], ordered.mean(1, keepdims=True)]
    return np.hstack([*made, *largest])


def count(rig: Sequence[Experiment], said: Said) -> Counts:
    """Counts summed over experiments."""
    return summed([_count(one.faulty[NORMAL:], said[one.name]) for one in rig])


def summed(counts: Sequence[Counts]) -> Counts:
    """The sum of counts."""
    return Counts(*(sum(column) for column in zip(*counts, strict=True)))


def _count(faulty: Flags, flags: Flags) -> Counts:
    return Counts(*(int(n.sum()) for n in (flags & faulty, flags & ~faulty, ~flags & faulty, ~flags & ~faulty)))


def interval(rig: Sequence[Experiment], said: Said, seed: int = 0) -> tuple[float, float]:
    """F1 between the 2.5 and the 97.5 percentile over resampled experiments (bootstrap)."""
    rng = np.random.default_rng(seed)
    each = np.array([_count(one.faulty[NORMAL:], said[one.name]) for one in rig])
    drawn = each[rng.integers(0, len(each), (RESAMPLES, len(each)))].sum(1)
    f1 = drawn[:, 0] / np.maximum(drawn[:, 0] + (drawn[:, 1] + drawn[:, 2]) / 2, 1e-9)
    low, high = np.percentile(f1, [2.5, 97.5])
    return float(low), float(high)
