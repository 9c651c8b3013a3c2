"""The dishwasher package on lives that nobody learnt from: what it says of each cycle, for each kind of plant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trivet.interface.columns import class_order
from trivet.interface.document import Interface
from trivet.runtime.session import Session
from trivet.signals import Float32s, Floats, Ints
from trivet_reference.evaluate.alarms import Events, Mask, Scores, begun, confirmed
from trivet_reference.evaluate.charts import TWELVE, cusum, ewma, logistic, spread
from trivet_reference.plant.faults import FAULTS
from trivet_reference.train.dependence import unknown
from trivet_reference.train.dishwasher_data import PATTERNS, Cycles, Memory, Table, cycles, parts, remembered
from trivet_reference.train.dishwasher_features import COLUMNS
from trivet_reference.train.living import HORIZONS, SETTLE, Living, Truth, months, reach, truth
from trivet_reference.train.teaching import ABSENT, PRESENT, Teacher

TIERS = {"A": "A", "B": "AB", "C": "ABC"}
"""Tier to the pattern of fitted signals: companion nodes; with power; with everything."""

_LEAD = ("lead_time_lower", "lead_time", "lead_time_upper")
_OUTPUTS = ("novelty", "health", "fault", *HORIZONS, *_LEAD, "next_state")
_PART = 64


class Said(NamedTuple):
    """What the package says of each cycle.

    Attributes:
        novelty: 1 is the limit, above which the rest does not count, ``(rows,)``.
        fault: Probability of each class, ``(rows, classes)``; NaN where the signals cannot tell.
        horizons: Likewise for each horizon, ``(3, rows, classes)``.
        lead: Lower bound, median and upper bound of the hours to the stop, ``(rows, 3)``.
    """

    novelty: Floats
    fault: Floats
    horizons: Floats
    lead: Floats


@dataclass(frozen=True, slots=True)
class Trial:
    """Cycles of a fleet, what is true of them, and what the package says, tier by tier.

    Attributes:
        classes: Class names of ``fault``.
        table: The cycles, with the features that control charts look at.
        names: Of these features.
        truth: What is true.
        said: Tier to what is said.
        sick: Whether each machine has a fault in its lives.
        told: Tier to which of ``LABELS`` it can tell.
    """

    classes: tuple[str, ...]
    table: Table
    names: tuple[str, ...]
    truth: Truth
    said: dict[str, Said]
    sick: Mask
    told: dict[str, Mask]

    @property
    def group(self) -> Ints:
        """Cycles of one machine in one part of its life follow each other."""
        return np.asarray(self.table.machine * 1000 + self.table.stretch)

    @property
    def settled(self) -> Mask:
        """Cycles that count: not of the baseline, and late enough in their part of the life."""
        return np.asarray((self.table.stretch > 0) & (self.table.settled >= SETTLE))

    @property
    def healthy(self) -> Mask:
        """Cycles that count, of machines on which nothing is wrong and was not when the model last began to remember.

        A repair that is noted makes the model begin anew (`trivet note`), which parts of lives do not: what is left in
        its memory after a fault, be it the slow mean or a worn baseline, would be counted as false alarms.
        """
        wrong = (self.table.levels.max(axis=1) > 0.0) | self.truth.down
        worn = np.unique(self.table.machine[wrong & (self.table.stretch == 0)])
        fresh = ~np.isin(self.table.machine, worn) & ~begun(wrong, self.group)
        return np.asarray(self.settled & fresh)

    @property
    def months(self) -> float:
        """Machine-months of the healthy cycles."""
        return months(self.truth, np.flatnonzero(self.healthy))

    def nameable(self, tier: str) -> Mask:
        """Which of ``FAULTS`` a plant of this tier can name."""
        return self.told[tier][1:]

    def events(self, tier: str) -> Events:
        """Faults that this tier can name, with cycles that count between onset and stop."""
        rows, lead, machine, kind = [], [], [], []
        ahead = self.settled & np.isfinite(self.truth.lead)
        ahead &= np.where(self.truth.kind >= 0, self.nameable(tier)[self.truth.kind], False)
        for who in np.unique(self.table.machine[ahead]):
            own = np.flatnonzero(ahead & (self.table.machine == who))
            for fault in np.unique(self.truth.kind[own]):
                chosen = own[self.truth.kind[own] == fault]
                rows.append(chosen)
                lead.append(self.truth.lead[chosen])
                machine.append(who)
                kind.append(fault)
        return Events(np.array(machine, np.int64), np.array(kind, np.int64), rows, lead)

    def detectors(self, tier: str, confirm: int, taught: Trial) -> list[Scores]:
        """The package, and what it has to beat, with nothing said before a part of a life has settled.

        Args:
            tier: Kind of plant.
            confirm: Cycles in a row that the package's decision needs.
            taught: Machines from which the charts take their spread and the logistic regression its weights.
        """
        said, group = self.said[tier], self.group
        best, subject = strongest(said, self.classes)
        made = [Scores("package", confirmed(np.where(self.settled, best, np.nan), subject, group, confirm))]
        chart = self._known(tier, "_z") / spread(taught._known(tier, "_z"), taught.healthy)
        made.append(Scores("CUSUM of each feature", np.where(self.settled, cusum(chart, group), 0.0)))
        made.append(Scores("EWMA of each feature", np.where(self.settled, ewma(chart, group), 0.0)))
        sick = np.asarray(taught.table.levels.max(axis=1) >= PRESENT)
        learnt = logistic(taught._columns(tier, TWELVE), sick, self._columns(tier, TWELVE))
        made.append(Scores("logistic regression", np.where(self.settled, learnt, 0.0)))
        return made

    def labels(self, tier: str) -> Ints:
        """Class of each cycle that counts and is healthy or clearly has a fault that this tier can name; else -1."""
        levels = self.table.levels
        worst, top = levels.max(axis=1), levels.argmax(axis=1)
        column = np.array([self.classes.index(name) for name in FAULTS])[top]
        sick = np.where((worst >= PRESENT) & self.nameable(tier)[top], column, -1)
        return np.where(self.settled, np.where(worst <= ABSENT, self.classes.index("none"), sick), -1)

    def reach(self, tier: str) -> Ints:
        """Number of the first horizon within which a fault that this tier can name will stop the machine."""
        told = np.where(self.truth.kind >= 0, self.nameable(tier)[self.truth.kind], False)
        return reach(self.truth._replace(lead=np.where(told, self.truth.lead, np.inf)))

    def _known(self, tier: str, ending: str) -> Floats:
        return self._columns(tier, [name for name in self.names if name.endswith(ending)])

    def _columns(self, tier: str, names: tuple[str, ...] | list[str]) -> Floats:
        lacking = _lacking(TIERS[tier], tuple(names))
        chosen = [self.names.index(name) for name, gone in zip(names, lacking, strict=True) if not gone]
        return np.asarray(self.table.x[:, chosen], np.float64)


def _lacking(pattern: str, names: tuple[str, ...]) -> Mask:
    from trivet_reference.train.dishwasher_features import features

    return unknown(features(2.0, 150), names, PATTERNS[pattern], True)


def strongest(said: Said, classes: tuple[str, ...]) -> tuple[Floats, Ints]:
    """The largest probability of a named fault and which it is; NaN where the cycle is novel."""
    named = np.array([name not in {"none", "unknown"} for name in classes])
    scores = np.where(named & ~np.isnan(said.fault), said.fault, 0.0)
    subject = scores.argmax(axis=1)
    value = scores[np.arange(len(scores)), subject]
    return np.where(said.novelty > 1.0, np.nan, value), subject


def trial(model: bytes, interface: Interface, living: Living) -> Trial:
    """Runs a fleet through a package's graph, tier by tier.

    Args:
        model: The package's graph.
        interface: Its interface.
        living: The fleet.
    """
    teacher = Teacher(interface)
    names = tuple(name for name in teacher.all if name.endswith("_z"))
    session = Session(model, _OUTPUTS)
    tables: list[Table] = []
    said: dict[str, list[Said]] = {tier: [] for tier in TIERS}
    for first in range(0, len(living.fleet.machines), _PART):
        chosen = range(first, min(first + _PART, len(living.fleet.machines)))
        data = cycles(interface, living.fleet, COLUMNS, chosen)
        stretch, settled = parts(living.fleet, data)
        x = remembered(teacher.features, data, names, settled)
        tables.append(Table(x, data.machine, data.order, data.levels, stretch, settled, data.closed))
        for tier, pattern in TIERS.items():
            said[tier].append(judged(session, teacher, data, pattern, settled))
    table = Table(*(np.concatenate(column) for column in zip(*tables, strict=True)))
    told = {tier: teacher.nameable(pattern) for tier, pattern in TIERS.items()}
    joined = {tier: _joined(made) for tier, made in said.items()}
    return Trial(
        class_order(interface, "fault"), table, names, truth(living, table), joined, living.stretches.sick, told
    )


def judged(session: Session, teacher: Teacher, data: Cycles, pattern: str, settled: Ints) -> Said:
    """What the graph says of each cycle with the memory of those before it."""
    lost = [n for n, name in enumerate(COLUMNS) if name not in PATTERNS[pattern]]
    memory = Memory(teacher.features, int(data.machine.max()) + 1)
    made: dict[str, Float32s] = {}
    for number in range(int(data.order.max()) + 1):
        rows = np.flatnonzero(data.order == number)
        who = data.machine[rows]
        fresh = (settled[rows] == 0) & (number > 0)
        values = data.values[rows]
        values[:, :, lost] = np.nan
        results = session.run({"window": values, "context": data.context[rows], "state": memory.of(who, fresh)})
        for name, result in zip(_OUTPUTS[:-1], results[:-1], strict=True):
            made.setdefault(name, np.zeros((len(data), result.shape[1]), np.float32))[rows] = result
        memory.keep(who, results[-1])
    horizons = np.stack([made[name] for name in HORIZONS]).astype(np.float64)
    lead = np.concatenate([made[name] for name in _LEAD], axis=1).astype(np.float64)
    return Said(made["novelty"][:, 0].astype(np.float64), made["fault"].astype(np.float64), horizons, lead)


def _joined(made: list[Said]) -> Said:
    novelty, fault, lead = (
        np.concatenate([getattr(one, name) for one in made]) for name in ("novelty", "fault", "lead")
    )
    return Said(novelty, fault, np.concatenate([one.horizons for one in made], axis=1), lead)
