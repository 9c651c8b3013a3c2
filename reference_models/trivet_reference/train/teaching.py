"""What each cycle teaches: training rows for every kind of plant, out of tables of simulated cycles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from trivet.build.baseline import fields
from trivet.build.features import FeatureList
from trivet.interface.document import Interface
from trivet.signals import Float32s, Floats, Ints
from trivet_reference.plant.faults import FAULTS
from trivet_reference.train.dependence import unknown
from trivet_reference.train.diagnosis import LONGEST
from trivet_reference.train.dishwasher_data import PATTERNS, Fleet, Table, table
from trivet_reference.train.dishwasher_features import CONTEXT, NOVELTY, PARAMETERS, features
from trivet_reference.train.living import SETTLE, Truth, reach

PRESENT, ABSENT = 0.3, 0.02
"""Severity from which a window counts as faulty, and up to which as healthy; between them it teaches no class."""

LABELS = ("none", *FAULTS)

UNNAMED = ("softener_exhausted", "temperature_sensor_drift", "heat_recovery_fouled")
"""Faults that this model does not learn to name: what they change cannot be told from health or from another fault."""

_SHARES: Mapping[str, tuple[float, float]] = {
    "A": (0.5, 0.1),
    "AB": (0.7, 0.15),
    "ABC": (0.8, 0.15),
    "AC": (0.2, 0.05),
    "B": (1.0, 0.3),
}
"""Share of windows that is taken for each pattern: with the machine's past, and without."""

_HEALTHY = 0.35
_BLIND = 0.1

_HELPERS = frozenset({"seen", "one", "sighted", "blind"})
_ENDINGS = ("_floor", "_ceiling", "_raised", "_usual", "_residual")


class Lesson(NamedTuple):
    """Cycles and what is true of them."""

    cycles: Table
    truth: Truth


@dataclass(frozen=True, slots=True)
class Rows:
    """Training rows, ``(rows,)`` each.

    Attributes:
        x: float32 ``(rows, features)``.
        label: Index into ``LABELS``, or -1 where the window teaches no class.
        health: 1 less the largest severity that these signals may show.
        reach: Number of the first horizon within which the machine will be stopped, -1 while it is down.
        lead: Logarithm of the operating hours until then, cut at ``LONGEST``.
        weight: How many cycles a row stands for: healthy ones are thinned out.
        hours: Operating hours of a life that it stands for.
        machine: Which machine.
        pattern: Name of the pattern of each row.
    """

    x: Float32s
    label: Ints
    health: Floats
    reach: Ints
    lead: Floats
    weight: Floats
    hours: Floats
    machine: Ints
    pattern: np.ndarray[tuple[int, ...], np.dtype[Any]]

    def part(self, chosen: np.ndarray[Any, Any]) -> Rows:
        """Some of them."""
        return Rows(*(getattr(self, name)[chosen] for name in self.__slots__))


class Teacher:
    """Makes training rows for every kind of plant.

    Attributes:
        features: The feature list.
        names: Features and context inputs that the trees see.
        memory: Numbers in the model's memory.
        all: These and what novelty looks at.
    """

    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        self.features: FeatureList = features(interface.frame, interface.windows["cycle"].length)
        own = [n for n in self.features.names if not n.startswith(("novel_", "blind_")) and n not in _HELPERS]
        self.names = (*(n for n in own if not n.endswith(_ENDINGS)), *CONTEXT)
        self.memory = len(fields(self.features))
        self.all = (*self.names, *(n for n in NOVELTY if n not in self.names))

    def table(self, fleet: Fleet, pattern: str) -> Table:
        """Features of all cycles of a fleet that has these signals."""
        return table(self.interface, fleet, PATTERNS[pattern], self.features, self.all)

    def nameable(self, pattern: str) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Which of ``LABELS`` a plant with these signals can be told."""
        fitted = set(PATTERNS[pattern])
        sets = [self.interface.needs("fault", name) for name in FAULTS]
        met = [any(set(group) <= fitted for group in groups) for groups in sets]
        told = [known and name not in UNNAMED for known, name in zip(met, FAULTS, strict=True)]
        return np.array([True, *told])

    def seen(self, cycles: Table, pattern: str, past: bool) -> Float32s:
        """The features that a plant with these signals has."""
        x = cycles.x.copy()
        x[:, unknown(self.features, self.all, PATTERNS[pattern], past)] = np.nan
        return x

    def label(self, levels: Floats, pattern: str) -> Ints:
        """Index into ``LABELS`` that each cycle teaches, or -1."""
        worst, top = levels.max(axis=1), levels.argmax(axis=1) + 1
        label = np.where(worst <= ABSENT, 0, np.where(worst >= PRESENT, top, -1))
        told = self.nameable(pattern)
        label[(label > 0) & ~told[np.maximum(label, 0)]] = -1
        return label

    def rows(self, lesson: Lesson, pattern: str, past: bool, chosen: np.ndarray[Any, Any]) -> Rows:
        """Some cycles, as a plant with these signals has them."""
        cycles = Table(*(column[chosen] for column in lesson.cycles))
        truth = Truth(*(column[chosen] for column in lesson.truth))
        told = self.nameable(pattern)[1:]
        count = len(cycles.x)
        foreseen = np.where(truth.kind >= 0, told[truth.kind], True)
        lead = np.where(foreseen, truth.lead, np.inf)
        return Rows(
            self.seen(cycles, pattern, past),
            self.label(cycles.levels, pattern),
            1.0 - (cycles.levels * told).max(axis=1),
            np.where(truth.down, -1, reach(truth._replace(lead=lead))),
            np.log(np.clip(lead, 0.05, LONGEST)),
            np.where((cycles.levels.max(axis=1) <= ABSENT) & (pattern != "B"), 1.0 / _HEALTHY, 1.0),
            truth.weight,
            cycles.machine,
            np.full(count, pattern),
        )

    def sample(self, lessons: Mapping[str, Lesson], seed: int) -> Rows:
        """Training rows over all patterns, with and without past and nameplate."""
        rng = np.random.default_rng(seed)
        made = []
        for pattern, shares in _SHARES.items():
            lesson = lessons["B" if pattern == "B" else "ABC"]
            cycles = lesson.cycles
            alone = pattern == "B"
            thinned = np.where(cycles.levels.max(axis=1) <= ABSENT, 1.0 if alone else _HEALTHY, 1.0)
            keep = thinned * (cycles.settled >= (0 if alone else SETTLE))
            for past, share in zip((True, False), shares, strict=True):
                later = (cycles.stretch > 0) | (not past)
                made.append(self.rows(lesson, pattern, past, rng.random(len(keep)) < keep * later * share))
        rows = Rows(*(np.concatenate([getattr(part, name) for part in made]) for name in Rows.__slots__))
        plates = [self.all.index(name) for name in PARAMETERS]
        blind = np.flatnonzero(rng.random(len(rows.x)) < _BLIND)
        rows.x[blind[:, None], plates] = np.nan
        return rows


def held_out(label_of: Ints, machine: Ints) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which machines are kept for calibration: every fourth one with the same fault.

    Args:
        label_of: Fault of each machine of the fleet, -1 for none.
        machine: Machine of each row.
    """
    order = np.lexsort((np.arange(len(label_of)), label_of))
    rank = np.zeros(len(label_of), np.int64)
    rank[order] = np.arange(len(label_of)) - np.searchsorted(label_of[order], label_of[order])
    return np.asarray(rank[machine] % 4 == 3)
