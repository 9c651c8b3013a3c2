"""Fits everything that the dishwasher package is made of, and calibrates it on machines that taught nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from trivet.signals import Floats
from trivet_reference.train.diagnosis import Doubt, Namer
from trivet_reference.train.teaching import LABELS, Rows
from trivet_reference.train.temperature import Tempered, tempered

QUANTILES = (0.1, 0.5, 0.9)
"""Of the lead time: with conformal offsets its interval holds the truth in four cases of five."""

UNKNOWN_SHARE = 0.05
"""Share of faults that are none of the known ones: a prior."""


@dataclass(frozen=True, slots=True)
class Trained:
    """Fitted estimators.

    Attributes:
        fault: Which fault is present, at its temperature.
        health: Whether the machine is as it was.
        reach: Within which horizon it will be stopped, calibrated.
        lead: Three quantile regressions of the logarithm of the hours until then.
        offsets: Conformal offsets of these.
        doubt: When a fault is none of the known ones.
        unknown: Area under the curve of ``doubt`` for faults that took no part in a training.
    """

    fault: Tempered
    health: Any
    reach: Any
    lead: tuple[Any, Any, Any]
    offsets: tuple[float, float, float]
    doubt: Doubt
    unknown: float


def fit(rows: Rows, held: Any, width: int, classes: Sequence[str], say: Callable[[str], None]) -> Trained:
    """Everything, from rows of which ``held`` calibrate.

    Args:
        rows: Training rows.
        held: Which of them are of machines kept for calibration, bool ``(rows,)``.
        width: Number of features that the trees see.
        classes: Class names of the output ``fault``.
        say: Told what is done.
    """
    learnt, kept = rows.part(~held), rows.part(held)
    say(f"fitting {len(learnt.x)} rows of {width} features, calibrating on {len(kept.x)}")
    health = _health(learnt, width)
    fault = tempered(named(learnt, width), *_named(kept, width))
    say(f"temperature of the fault classifier {fault.temperature:.2f}")
    say("fitting horizons and lead times")
    ahead = learnt.reach >= 0
    near = _boosting(40, 0.12, 10).fit(learnt.x[ahead][:, :width], learnt.reach[ahead])
    later = kept.reach >= 0
    reach = calibrated(
        near,
        Graded(learnt.x[ahead][:, :width], learnt.reach[ahead], learnt.hours[ahead]),
        Graded(kept.x[later][:, :width], kept.reach[later], kept.hours[later]),
    )
    lead = _lead(learnt, width)
    offsets = conformal(lead, kept, width)
    say("fitting doubt with faults left out")
    doubt, unknown = _doubt(learnt, kept, width, health, classes)
    say(f"faults left out are told from known ones with an area under the curve of {unknown:.2f}, simulated")
    return Trained(fault, health, reach, lead, offsets, doubt, unknown)


def named(rows: Rows, width: int, without: Sequence[int] = ()) -> HistGradientBoostingClassifier:
    """Which fault is present, from rows that teach a class; some classes can be left out."""
    chosen = (rows.label >= 0) & ~np.isin(rows.label, list(without))
    return _boosting(30, 0.2, 12).fit(rows.x[chosen][:, :width], np.array(LABELS)[rows.label[chosen]])


class Graded(NamedTuple):
    """Features, the class of each row, and how much it counts."""

    x: Any
    y: Any
    weight: Floats


def _named(rows: Rows, width: int) -> Graded:
    chosen = rows.label >= 0
    return Graded(rows.x[chosen][:, :width], np.array(LABELS)[rows.label[chosen]], rows.weight[chosen])


def calibrated(estimator: Any, learnt: Graded, kept: Graded) -> Any:
    """The estimator behind one sigmoid a class (Platt, 1999), from machines that taught it nothing.

    A class that none of these machines shows is calibrated on the rows that taught it.
    """
    lacking = np.setdiff1d(estimator.classes_, kept.y)
    used, more = np.isin(kept.y, estimator.classes_), np.isin(learnt.y, lacking)
    x, y, weight = (np.concatenate([own[used], other[more]]) for own, other in zip(kept, learnt, strict=True))
    wrapped = CalibratedClassifierCV(FrozenEstimator(estimator), method="sigmoid")
    with warnings.catch_warnings():
        # It warns that a frozen estimator takes no weights; it is not fitted again, so none are lost.
        warnings.simplefilter("ignore", UserWarning)
        return wrapped.fit(x, y, sample_weight=weight)


def _health(rows: Rows, width: int) -> HistGradientBoostingClassifier:
    x = np.concatenate([rows.x[:, :width]] * 2)
    well = np.repeat([1, 0], len(rows.x))
    return _boosting(50, 0.15, 12).fit(x, well, sample_weight=np.concatenate([rows.health, 1.0 - rows.health]))


def _lead(rows: Rows, width: int) -> tuple[Any, Any, Any]:
    ahead = rows.reach >= 0
    first, middle, last = (
        HistGradientBoostingRegressor(
            loss="quantile",
            quantile=quantile,
            max_iter=40,
            learning_rate=0.15,
            max_leaf_nodes=10,
            min_samples_leaf=40,
            max_features=0.25,
            early_stopping=False,
            random_state=0,
        ).fit(rows.x[ahead][:, :width], rows.lead[ahead])
        for quantile in QUANTILES
    )
    return first, middle, last


def conformal(lead: Sequence[Any], rows: Rows, width: int) -> tuple[float, float, float]:
    """What to add to the bounds so that the interval holds as often as it says (Romano et al., 2019).

    On cycles of machines with a fault; where none can be foreseen, any interval holds.
    """
    sick = (rows.reach >= 0) & (rows.lead < rows.lead.max())
    x, y = rows.x[sick][:, :width], rows.lead[sick]
    low, _, high = (each.predict(x) for each in lead)
    below, above = np.quantile(low - y, 1 - QUANTILES[0]), np.quantile(y - high, QUANTILES[2])
    return -float(below), 0.0, float(above)


def _doubt(learnt: Rows, kept: Rows, width: int, health: Any, classes: Sequence[str]) -> tuple[Doubt, float]:
    """Learnt from faults that one of two trainings did not see: each half of the faults is left out once."""
    nothing = Doubt(-100.0, 0.0, 0.0, 0.0)
    evidence, strange = [], []
    for part in (0, 1):
        left = [n for n in range(1, len(LABELS)) if n % 2 == part]
        namer = Namer(named(learnt, width, left), health, classes, nothing)
        chosen = kept.label >= 0
        evidence.append(namer.evidence(kept.x[chosen][:, :width].astype(np.float64)))
        strange.append(np.isin(kept.label[chosen], left))
    x, y = np.concatenate(evidence), np.concatenate(strange)
    weight = np.tile(kept.weight[kept.label >= 0], 2)
    sick = np.tile(kept.label[kept.label >= 0] > 0, 2)
    weight = np.where(y, weight * UNKNOWN_SHARE * (sick & ~y).sum() / y.sum(), weight)
    fitted = LogisticRegression().fit(x, y, sample_weight=weight)
    return Doubt(float(fitted.intercept_[0]), *map(float, fitted.coef_[0])), float(
        roc_auc_score(y[sick], fitted.decision_function(x[sick]))
    )


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
