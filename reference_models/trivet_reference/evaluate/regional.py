"""Simulated dishwashers by operating region: drawn, taught, judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier

from trivet.build.features import FeatureList
from trivet.evaluate.regions import Axis
from trivet.interface.document import Interface
from trivet.signals import Float32s, Floats, Ints
from trivet_reference.plant.dishwasher import Dishwasher
from trivet_reference.plant.faults import ABRUPT, FAULTS, Faults
from trivet_reference.plant.machine import TYPES, Machines, draw
from trivet_reference.train.dependence import unknown
from trivet_reference.train.dishwasher_data import HOUR, PATTERNS, Fleet, table
from trivet_reference.train.dishwasher_features import COLUMNS, CONTEXT, features
from trivet_reference.train.recording import record

POPULATION = (0.3, 0.55, 0.15)
"""Shares of machine types where the model is to work."""

TIERS = ("A", "AB", "ABC")
SECONDS, ONSET, SEVERITY = 9000, 3600.0, (0.6, 1.0)
LAST = 6
"""Cycles at the end of a machine's record by which it is judged."""

AXES = (
    Axis("type"),
    Axis("inlet", "Cel", (12.0, 25.0)),
    Axis("voltage", "V", (222.0, 232.0)),
    Axis("racks", "1/d", (150.0, 400.0)),
    Axis("hardness", "mmol/L", (1.5, 3.0)),
    Axis("programmes"),
    Axis("tier"),
)
"""Of plants; a case is one machine as a plant of one tier shows it."""

Chooser = Callable[[Machines], NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class Drawn:
    """Machines with at most one fault each.

    Attributes:
        machines: Their constants.
        fault: Index into ``FAULTS``, or -1 for healthy ones.
        seed: Of all chance in what they then do.
    """

    machines: Machines
    fault: Ints
    seed: int


@dataclass(frozen=True, slots=True)
class Cases:
    """Cases: each machine once for each tier.

    Attributes:
        machine: Number of its machine.
        truth: Index into ``FAULTS``, or -1.
        x: Features of the last cycles, float32 ``(cases, LAST, names)``.
        attributes: Attribute to one value a case.
    """

    machine: Ints
    truth: Ints
    x: Float32s
    attributes: Mapping[str, Sequence[Any]]

    def __len__(self) -> int:
        return len(self.machine)


def drawn(seed: int, count: int, chosen: Chooser | None = None) -> Drawn:
    """Machines of the population, or of a part of it; a quarter is healthy, the others have every fault alike."""
    pool = draw(seed, 40 * count if chosen else count, POPULATION)
    which = np.flatnonzero(chosen(pool))[:count] if chosen else np.arange(count)
    rng = np.random.default_rng((seed, 5))
    fault = rng.permutation(np.arange(len(which)) % len(FAULTS))
    fault[rng.random(len(which)) < 0.25] = -1
    return Drawn(pool.some(which), fault, seed)


def together(parts: Sequence[Drawn]) -> Drawn:
    """Several draws as one fleet, which is stepped faster."""
    whole = [part.machines for part in parts]
    joined = {
        field.name: np.concatenate([getattr(one, field.name) for one in whole], axis=-1) for field in fields(Machines)
    }
    return Drawn(Machines(**joined), np.concatenate([part.fault for part in parts]), parts[0].seed)


def attributes(machines: Machines, which: Ints, tiers: Sequence[str]) -> dict[str, Sequence[Any]]:
    """What the axes look at, for machines and tiers."""
    of = machines.some(which)
    return {
        "type": [TYPES[kind] for kind in of.type],
        "inlet": of.inlet.tolist(),
        "voltage": (230.0 * of.voltage).tolist(),
        "racks": of.racks.tolist(),
        "hardness": of.hardness.tolist(),
        "programmes": ["several" if share > 0 else "one" for share in of.other_programme],
        "tier": list(tiers),
    }


def within(machines: Machines, region: Mapping[str, str]) -> NDArray[np.bool_]:
    """Which machines lie in a region; tiers are no matter of machines."""
    known = attributes(machines, np.arange(len(machines)), [""] * len(machines))
    parts = {axis.name: [axis.part(value) for value in known[axis.name]] for axis in AXES}
    inside = [np.array(parts[name]) == part for name, part in region.items() if name != "tier"]
    return np.logical_and.reduce(inside) if inside else np.ones(len(machines), bool)


class Classroom:
    """Simulates, cuts cycles, teaches, judges.

    Attributes:
        interface: The dishwasher interface.
        names: Features that are learnt from.
    """

    def __init__(self, interface: Interface) -> None:
        self.interface = interface
        self.features: FeatureList = features(interface.frame, interface.windows["cycle"].length)
        own = [name for name in self.features.names if not name.startswith(("novel_", "blind_"))]
        self.names = (*own, *CONTEXT)

    @cached_property
    def nameable(self) -> dict[str, NDArray[np.bool_]]:
        """Which faults a plant of each tier can be told."""
        needs = [self.interface.needs("fault", name) for name in FAULTS]
        return {
            tier: np.array([any(set(group) <= set(PATTERNS[tier]) for group in groups) for groups in needs])
            for tier in TIERS
        }

    def cases(self, made: Drawn) -> Cases:
        """What machines showed in the end, for every tier that can be told what is wrong with them."""
        kept = table(self.interface, self._fleet(made), COLUMNS, self.features, self.names)
        parts = []
        for tier in TIERS:
            hidden = unknown(self.features, self.names, PATTERNS[tier], past=True)
            for number in np.unique(kept.machine):
                own = np.flatnonzero(kept.machine == number)[-LAST:]
                truth = int(made.fault[number])
                if len(own) == LAST and (truth < 0 or self.nameable[tier][truth]):
                    parts.append((int(number), truth, np.where(hidden, np.float32(np.nan), kept.x[own]), tier))
        machine, truth_of, x, tiers = zip(*parts, strict=True)
        which = np.array(machine)
        return Cases(which, np.array(truth_of), np.stack(x), attributes(made.machines, which, tiers))

    def _fleet(self, made: Drawn) -> Fleet:
        count = len(made.machines)
        rng = np.random.default_rng((made.seed, 6))
        abrupt = np.isin(made.fault, [FAULTS.index(name) for name in ABRUPT])
        ills = Faults(
            made.fault[None],
            np.full((1, count), ONSET),
            np.where(abrupt, 0.0, 600.0)[None],
            np.where(abrupt, 1.0, rng.uniform(*SEVERITY, count))[None],
            rng.random(count),
        )
        gaps: Floats = np.exp(rng.uniform(np.log(100.0), np.log(400.0), count))
        plant = Dishwasher(made.machines, made.seed, ills, pace=gaps, hour=HOUR)
        start = round(HOUR * 3600)
        kept = record(plant.step, lambda: plant.sensors.signals(plant), self.interface, COLUMNS, SECONDS, start)
        return Fleet(made.machines, ills, kept)


@dataclass(frozen=True, slots=True)
class Namer:
    """A model of which fault is present.

    Attributes:
        estimator: The classifier.
        told: Features that differed between the taught cycles.
    """

    estimator: HistGradientBoostingClassifier
    told: NDArray[np.bool_]

    def wrong(self, cases: Cases) -> NDArray[np.bool_]:
        """Where the likeliest class over the last cycles is not the truth."""
        x = cases.x.reshape(-1, cases.x.shape[-1])[:, self.told]
        odds = self.estimator.predict_proba(x).reshape(len(cases), LAST, -1).mean(axis=1)
        return np.asarray(self.estimator.classes_[odds.argmax(axis=1)] != cases.truth)


def teach(lessons: Sequence[Cases]) -> Namer:
    """A model of which fault is present."""
    x = np.concatenate([one.x.reshape(-1, one.x.shape[-1]) for one in lessons])
    y = np.concatenate([np.repeat(one.truth, LAST) for one in lessons])
    told = np.nan_to_num(x, nan=-np.inf).max(axis=0) > np.nan_to_num(x, nan=np.inf).min(axis=0)
    model = HistGradientBoostingClassifier(
        max_iter=40,
        learning_rate=0.15,
        max_leaf_nodes=12,
        min_samples_leaf=8,
        l2_regularization=1.0,
        max_features=0.25,
        early_stopping=False,
        random_state=0,
    )
    return Namer(model.fit(x[:, told], y), told)
