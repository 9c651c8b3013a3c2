"""Detectors on the recorded pump rig, trivet's feature class beside baselines, on experiments nobody learnt from.

``python -m trivet_reference.evaluate skab`` prints it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats
from sklearn.ensemble import ExtraTreesClassifier, IsolationForest

from trivet.signals import Floats
from trivet_reference.evaluate.path import recorded
from trivet_reference.evaluate.rig import (
    NORMAL,
    Counts,
    Experiment,
    Flags,
    Said,
    count,
    experiments,
    features,
    interval,
    strange,
)

SEED = 20261120
LIMIT = 0.5
"""Of the forest's probability; not tuned."""

RULE = 30
"""Rolling window of the z-rule [s]."""


@dataclass(frozen=True, slots=True)
class Row:
    """One detector's figures."""

    name: str
    counts: Counts
    low: float
    high: float

    def text(self) -> str:
        """The figures for people."""
        f1, far, mar = self.counts.f1, self.counts.far, self.counts.mar
        return f"  {self.name:<48} F1 {f1:.3f} [{self.low:.3f}, {self.high:.3f}]  FAR {far:6.1%}  MAR {mar:6.1%}"


@dataclass(frozen=True, slots=True)
class Report:
    """All figures.

    Attributes:
        rig: Number of experiments and rows judged.
        official: Detectors that know the first 400 rows of the experiment that they judge.
        unseen: Detectors that learnt from labels of other experiments.
        equal: The z-rule at the false-alarm rate of each of ``unseen``.
        families: Kind of fault to figures: of its experiments left out one by one, and all together.
    """

    rig: tuple[int, int]
    official: tuple[Row, ...]
    unseen: tuple[Row, ...]
    equal: tuple[Row, ...]
    families: Mapping[str, tuple[Row, Row]]

    def text(self) -> str:
        """The figures for people."""
        number, rows = self.rig
        lines = [
            f"SKAB pump rig (recorded, {number} experiments, {rows} rows judged; a subset of the public set,",
            "not comparable with its leaderboard); [bootstrap over experiments, 95 %]",
            "learnt from the first 400 rows of the same experiment, as the benchmark's protocol has it:",
            *(row.text() for row in self.official),
            "learnt from labels of other experiments (extra trees on rolling features, probability above 0.5):",
        ]
        for ours, rule in zip(self.unseen, self.equal, strict=True):
            lines += [ours.text(), rule.text()]
        lines.append("by kind of fault: its experiments left out one by one | the whole kind never seen:")
        for kind, (alone, never) in self.families.items():
            a, b = alone.counts, never.counts
            lines.append(
                f"  {kind:<18} F1 {a.f1:.3f}  FAR {a.far:6.1%}  MAR {a.mar:6.1%}  |"
                f"  F1 {b.f1:.3f}  FAR {b.far:6.1%}  MAR {b.mar:6.1%}"
            )
        return "\n".join(lines)


def skab() -> Report:
    """Runs every detector over the installed experiments."""
    rig = experiments(recorded("skab"))
    made = {one.name: features(one.x) for one in rig}
    alone = left_out(rig, made, {one.name: one.name for one in rig})
    never = left_out(rig, made, {one.name: one.family for one in rig})
    unseen = (_row("whole experiments left out", rig, alone), _row("whole kinds of fault left out", rig, never))
    families = {}
    for kind in dict.fromkeys(one.family for one in rig):
        part = [one for one in rig if one.family == kind]
        families[kind] = (_row(kind, part, alone), _row(kind, part, never))
    return Report(
        (len(rig), sum(len(one.x) - NORMAL for one in rig)),
        tuple(_row(name, rig, {one.name: flags(one.x) for one in rig}) for name, flags in DETECTORS.items()),
        unseen,
        tuple(_row(f"  30-second z-rule at the same FAR (k {k:.1f})", rig, _rule(rig, k)) for k in _equal(rig, unseen)),
        families,
    )


def left_out(rig: Sequence[Experiment], made: Mapping[str, Floats], groups: Mapping[str, str]) -> Said:
    """What a forest says of experiments of whose group it saw none; without choice of any number on them."""
    said: dict[str, Flags] = {}
    for group in dict.fromkeys(groups.values()):
        learnt = [one for one in rig if groups[one.name] != group]
        x = np.concatenate([made[one.name][60:] for one in learnt]).astype(np.float32)
        y = np.concatenate([one.faulty[60:] for one in learnt])
        forest = ExtraTreesClassifier(60, min_samples_leaf=30, max_features=0.2, random_state=SEED).fit(x, y)
        for one in rig:
            if groups[one.name] == group:
                said[one.name] = forest.predict_proba(made[one.name][NORMAL:].astype(np.float32))[:, 1] > LIMIT
    return said


def _row(name: str, rig: Sequence[Experiment], said: Said) -> Row:
    return Row(name, count(rig, said), *interval(rig, said))


def _rule(rig: Sequence[Experiment], k: float) -> Said:
    return {one.name: z_rule(one.x, k) for one in rig}


def _equal(rig: Sequence[Experiment], rows: Sequence[Row]) -> list[float]:
    """The z-rule's limits at which it gives the false alarms of each row; chosen with hindsight, in its favour."""
    limits = np.arange(2.0, 25.0, 0.1)
    rates = np.array([count(rig, _rule(rig, float(k))).far for k in limits])
    return [float(limits[np.abs(rates - row.counts.far).argmin()]) for row in rows]


def z_rule(x: Floats, k: float) -> Flags:
    """Any rolling mean of 30 s further than k of its normal standard deviations from normal."""
    return np.asarray((np.abs(strange(x, RULE)[NORMAL:]) > k).any(1))


def always(x: Floats) -> Flags:
    """Every row."""
    return np.ones(len(x) - NORMAL, bool)


def isolation(x: Floats) -> Flags:
    """Isolation forest (contamination 0.0005), median of 3."""
    forest = IsolationForest(contamination=0.0005, random_state=0).fit(x[:NORMAL])
    return _median(forest.predict(x[NORMAL:]) == -1, 3)


def hotelling(x: Floats) -> Flags:
    """Hotelling's T2 above twice its limit at 0.999, median of 5."""
    z = (x - x[:NORMAL].mean(0)) / x[:NORMAL].std(0)
    inverse = np.linalg.pinv(np.cov(z[:NORMAL].T))
    distance = np.einsum("ij,jk,ik->i", z, inverse, z)
    return _median((distance > 2 * _limit(x.shape[1]))[NORMAL:], 5)


def residual(x: Floats) -> Flags:
    """T2 in, or Q beside, the principal components that carry 85 % of the variance; limits at 0.999; median of 5."""
    z = (x - x[:NORMAL].mean(0)) / x[:NORMAL].std(0)
    _, singular, axes = np.linalg.svd(z[:NORMAL], full_matrices=False)
    variance = singular**2 / (NORMAL - 1)
    kept = int(np.searchsorted(np.cumsum(variance) / variance.sum(), 0.85)) + 1
    scores = z @ axes[:kept].T
    beside = ((z - scores @ axes[:kept]) ** 2).sum(1)
    inside = (scores**2 / variance[:kept]).sum(1)
    flags = (inside > _limit(kept)) | (beside > np.quantile(beside[:NORMAL], 0.999))
    return _median(flags[NORMAL:], 5)


def _limit(width: int) -> float:
    """Upper limit of T2 at 0.999 for a new row (F distribution)."""
    n = NORMAL
    return float(stats.f.ppf(0.999, width, n - width) * width * (n - 1) * (n + 1) / (n * (n - width)))


def _median(flags: Flags, length: int) -> Flags:
    """Median of the last rows; False until there are so many."""
    whole = np.lib.stride_tricks.sliding_window_view(flags, length)
    return np.concatenate([np.zeros(length - 1, bool), whole.sum(1) > length // 2])


DETECTORS: Mapping[str, Callable[[Floats], Flags]] = {
    "always": always,
    "isolation forest": isolation,
    "Hotelling T2": hotelling,
    "PCA T2+Q": residual,
    "30-second z-rule, k 4": lambda x: z_rule(x, 4.0),
    "30-second z-rule, k 8": lambda x: z_rule(x, 8.0),
}
