"""The dishwasher model: trained on simulated fleets, packed as one graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from trivet.build.assemble import OutputSpec
from trivet.build.baseline import fields
from trivet.build.estimators import block_of
from trivet.build.features import FeatureList
from trivet.build.golden import Recorded
from trivet.build.inputs import Inputs
from trivet.build.novelty import Novelty, fit_novelty
from trivet.build.pack import Spec, pack
from trivet.interface.columns import class_order
from trivet.interface.document import Interface
from trivet.interface.parsed import Parsed
from trivet.signals import Float32s, Floats, Ints
from trivet_reference.plant import faults
from trivet_reference.plant.faults import FAULTS
from trivet_reference.train.dependence import unknown
from trivet_reference.train.dishwasher_data import PATTERNS, Fleet, Table, cycles, simulate, table
from trivet_reference.train.dishwasher_features import COLUMNS, CONTEXT, NOVELTY, PARAMETERS, features

NAME = "trivet-dishwasher"
VERSION = "0.1.0"
SEEDS = {"all_faults": 101, "power_only": 202, "samples": 303}
POWER_FAULTS = ("booster_phase_open", "tank_element_failed", "contactor_welded")
UNNAMED = ("softener_exhausted", "temperature_sensor_drift", "heat_recovery_fouled")
"""Faults that this model does not learn to name: what they change cannot be told from health or from another fault."""

PRESENT, ABSENT = 0.4, 0.02
"""Severity from which a window counts as faulty, and up to which as healthy; between them it teaches no class."""

_SHARES: Mapping[str, tuple[float, float]] = {
    "A": (0.2, 0.05),
    "AB": (0.4, 0.12),
    "ABC": (0.45, 0.12),
    "AC": (0.12, 0.04),
    "B": (1.0, 0.3),
}
"""Share of windows that is taken for each pattern: with the machine's past, and without."""

_HEALTHY = 0.35
_BLIND = 0.1


@dataclass(frozen=True, slots=True)
class Rows:
    """Training rows.

    Attributes:
        x: float32 ``(rows, features)``.
        label: Index into ``LABELS``, or -1 where the window teaches no class.
        health: 1 less the largest severity that these signals may show.
        pattern: Name of the pattern of each row.
    """

    x: Float32s
    label: Ints
    health: Floats
    pattern: np.ndarray[tuple[int, ...], np.dtype[Any]]


LABELS = ("none", *FAULTS)


@dataclass(frozen=True, slots=True)
class Trained:
    """Fitted estimators.

    Attributes:
        fault: Which fault is present.
        health: Whether the machine is as it was.
        novelty: How unlike known cycles one is.
        rows: Number of training rows.
    """

    fault: Any
    health: Any
    novelty: Novelty
    rows: int


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

    def rows(self, source: Table, pattern: str, past: bool, chosen: np.ndarray[Any, Any]) -> Rows:
        """Some rows of a table, as a plant with these signals has them."""
        x = source.x[chosen].copy()
        x[:, unknown(self.features, self.all, PATTERNS[pattern], past)] = np.nan
        levels = source.levels[chosen]
        worst, top = levels.max(axis=1), levels.argmax(axis=1) + 1
        label = np.where(worst <= ABSENT, 0, np.where(worst >= PRESENT, top, -1))
        told = self.nameable(pattern)
        label[(label > 0) & ~told[np.maximum(label, 0)]] = -1
        health = 1.0 - (levels * told[1:]).max(axis=1)
        return Rows(x, label, health, np.full(len(x), pattern))

    def sample(self, tables: Mapping[str, Table], seed: int) -> Rows:
        """Training rows over all patterns, with and without past and nameplate."""
        rng = np.random.default_rng(seed)
        parts = []
        for pattern, shares in _SHARES.items():
            source = tables["B" if pattern == "B" else "ABC"]
            keep = np.where(source.levels.max(axis=1) <= ABSENT, 1.0 if pattern == "B" else _HEALTHY, 1.0)
            for past, share in zip((True, False), shares, strict=True):
                parts.append(self.rows(source, pattern, past, rng.random(len(keep)) < keep * share))
        x = np.concatenate([part.x for part in parts])
        plates = [self.all.index(name) for name in PARAMETERS]
        blind = np.flatnonzero(rng.random(len(x)) < _BLIND)
        x[blind[:, None], plates] = np.nan
        return Rows(
            x,
            np.concatenate([part.label for part in parts]),
            np.concatenate([part.health for part in parts]),
            np.concatenate([part.pattern for part in parts]),
        )


_HELPERS = frozenset({"seen", "one", "sighted", "blind"})
_ENDINGS = ("_floor", "_ceiling", "_raised", "_usual", "_residual")


def fleets(interface: Interface, size: int, say: Callable[[str], None]) -> list[Fleet]:
    """The fleets to learn from: one with every fault, one at a calmer pace whose faults power alone shows."""
    seconds = 12_000
    say(f"simulating {size} machines for {seconds} s")
    every = simulate(interface, SEEDS["all_faults"], size, seconds)
    calm, longer = round(0.6 * size), 16_000
    say(f"simulating {calm} machines for {longer} s")
    ills = faults.draw(SEEDS["power_only"], calm, float(longer), 0.75, 0.0, POWER_FAULTS)
    return [every, simulate(interface, SEEDS["power_only"], calm, longer, ills, pace=(150.0, 800.0))]


def train(teacher: Teacher, learnt: Sequence[Fleet], say: Callable[[str], None]) -> Trained:
    """Fits everything."""
    say("cutting cycles and making features")
    sighted = teacher.table(learnt[0], "ABC")
    blind = [teacher.table(fleet, "B") for fleet in learnt]
    tables = {"ABC": sighted, "B": Table(*(np.concatenate(column) for column in zip(*blind, strict=True)))}
    rows = teacher.sample(tables, 7)
    say(f"fitting {len(rows.x)} rows of {len(teacher.names)} features")
    width = len(teacher.names)
    known = rows.label >= 0
    fault = _boosting(30, 0.2, 12)
    fault.fit(rows.x[known][:, :width], np.array(LABELS)[rows.label[known]])
    health = _boosting(50, 0.15, 12)
    x = np.concatenate([rows.x[:, :width]] * 2)
    well = np.repeat([1, 0], len(rows.x))
    health.fit(x, well, sample_weight=np.concatenate([rows.health, 1.0 - rows.health]))
    return Trained(fault, health, novelty(teacher, rows), len(rows.x))


def _boosting(trees: int, rate: float, leaves: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(
        max_iter=trees,
        learning_rate=rate,
        max_leaf_nodes=leaves,
        min_samples_leaf=20,
        l2_regularization=1.0,
        max_features=0.25,
        early_stopping=False,
        random_state=0,
    )


def novelty(teacher: Teacher, rows: Rows) -> Novelty:
    """Novelty against all windows that the model was taught, healthy or not, for each kind of plant."""
    columns = [teacher.all.index(name) for name in NOVELTY]
    lacking = {p: unknown(teacher.features, NOVELTY, fitted, True) for p, fitted in PATTERNS.items()}
    patterns = [[n for n, gone in zip(NOVELTY, lost, strict=True) if not gone] for lost in lacking.values()]
    floors = np.array([_FLOORS.get(name, 0.05) for name in NOVELTY])
    return fit_novelty(NOVELTY, rows.x[:, columns].astype(np.float64), patterns, false_alarms=0.004, floors=floors)


_FLOORS: Mapping[str, float] = {
    "blind_weak": 0.08,
    "blind_weak_run": 4.0,
    "novel_tank_low": 3.0,
    "novel_tank_high": 3.0,
    "novel_rinse_low": 8.0,
    "novel_rinse_high": 4.0,
    "novel_wash": 40.0,
    "novel_rinse": 3.0,
    "novel_waiting": 40.0,
    "phase_high_max": 0.3,
}


def outputs(teacher: Teacher, trained: Trained, interface: Interface) -> tuple[OutputSpec, ...]:
    """The package's outputs."""
    classes = class_order(interface, "fault")
    return (
        OutputSpec("novelty", trained.novelty),
        OutputSpec("health", block_of(trained.health, teacher.names)),
        OutputSpec("fault", block_of(trained.fault, teacher.names, classes), classes),
    )


def package(parsed: Parsed[Interface], teacher: Teacher, trained: Trained, evidence: Mapping[str, Any]) -> bytes:
    """The unsigned package, with golden vectors from machines that nobody learnt from."""
    interface = parsed.document
    unseen = simulate(interface, SEEDS["samples"], 6, 9_000)
    sample = cycles(interface, unseen, COLUMNS, range(6))
    plate = unseen.machines.nameplate(0)
    readings = unseen.recording.part(5_000, 6_500).readings(0, COLUMNS)
    recorded = Recorded.of([readings], interface, COLUMNS, plate)
    return pack(
        Spec(
            name=NAME,
            version=VERSION,
            interface=parsed.tree,
            window="cycle",
            features=teacher.features,
            outputs=outputs(teacher, trained, interface),
            samples=Inputs(sample.values, sample.context),
            estimators={"health": trained.health, "fault": trained.fault},
            recorded=[recorded],
            evidence=evidence,
        )
    )
