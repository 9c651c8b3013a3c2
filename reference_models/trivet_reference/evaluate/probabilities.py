"""How far probabilities can be believed, and how well they rank."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import average_precision_score

from trivet.signals import Floats, Ints
from trivet_reference.evaluate.alarms import Mask


def calibration_error(probability: Floats, truth: Mask, weight: Floats | None = None, bins: int = 15) -> float:
    """Expected calibration error: mean distance of probability and frequency in bins of equal width."""
    mass = np.ones(len(probability)) if weight is None else weight
    place = np.minimum((probability * bins).astype(int), bins - 1)
    total = np.bincount(place, mass, bins)
    gap = np.abs(np.bincount(place, mass * probability, bins) - np.bincount(place, mass * truth, bins))
    return float(gap.sum() / total.sum())


def reliability(probability: Floats, truth: Mask, weight: Floats, bins: int = 10) -> list[tuple[float, float]]:
    """Mean probability and frequency of each bin that holds anything."""
    place = np.minimum((probability * bins).astype(int), bins - 1)
    total = np.bincount(place, weight, bins)
    kept = total > 0
    said = np.bincount(place, weight * probability, bins)[kept] / total[kept]
    happened = np.bincount(place, weight * truth, bins)[kept] / total[kept]
    return list(zip(said.tolist(), happened.tolist(), strict=True))


def brier(probability: Floats, truth: Mask, weight: Floats | None = None) -> float:
    """Mean squared distance of probability and truth (Brier, 1950)."""
    return float(np.average((probability - truth) ** 2, weights=weight))


def precision(probability: Floats, truth: Mask) -> float:
    """Area under the precision-recall curve; NaN without a positive."""
    return float(average_precision_score(truth, probability)) if truth.any() else float("nan")


def rank(probability: Floats, truth: Ints) -> Ints:
    """Place of the true class in each row, 1 for the likeliest; unknown classes come last."""
    known = np.nan_to_num(probability, nan=-1.0)
    own = known[np.arange(len(truth)), truth][:, None]
    return np.asarray((known > own).sum(axis=1) + 1)
