"""What a model has to beat: control charts on each feature, and a logistic regression on twelve."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trivet.signals import Floats, Ints
from trivet_reference.evaluate.alarms import Mask

SLACK = 0.5
"""Of the CUSUM, in standard deviations of a healthy machine: it is quickest for shifts of twice this."""

RATE = 0.2
"""Of the EWMA: part of the newest cycle."""

TWELVE = (
    "waiting_z",
    "rinse_slope_z",
    "droop_z",
    "tank_gap_mean_z",
    "power_mean_z",
    "heating_z",
    "balance_max_z",
    "pump_current_mean_z",
    "wash_pressure_mean_z",
    "wash_flow_mean_z",
    "rinse_resistance_z",
    "conductivity_mean_z",
)


def cusum(z: Floats, group: Ints) -> Floats:
    """Largest two-sided CUSUM over all features (Page, 1954), ``(rows,)``.

    Args:
        z: Standardised features, ``(rows, features)``; NaN is not known and moves nothing.
        group: Cycles of one group follow each other; the sums begin anew with each.
    """
    known = np.nan_to_num(np.clip(z, -20.0, 20.0))
    sums = np.zeros((2, *known.shape))
    fresh = np.concatenate([[True], group[1:] != group[:-1]])
    for row in range(len(known)):
        before = np.zeros((2, known.shape[1])) if fresh[row] else sums[:, row - 1]
        sums[0, row] = np.maximum(before[0] + known[row] - SLACK, 0.0)
        sums[1, row] = np.maximum(before[1] - known[row] - SLACK, 0.0)
    return np.asarray(sums.max(axis=(0, 2)))


def ewma(z: Floats, group: Ints) -> Floats:
    """Largest exponential mean of all features, over its spread (Roberts, 1959), ``(rows,)``."""
    known = np.nan_to_num(np.clip(z, -20.0, 20.0))
    mean = np.zeros_like(known)
    fresh = np.concatenate([[True], group[1:] != group[:-1]])
    for row in range(len(known)):
        before = np.zeros(known.shape[1]) if fresh[row] else mean[row - 1]
        mean[row] = before + RATE * (known[row] - before)
    return np.asarray(np.abs(mean).max(axis=1) / np.sqrt(RATE / (2.0 - RATE)))


def spread(z: Floats, healthy: Mask) -> Floats:
    """How far features of healthy machines spread, so that one level can be fair to all of them, ``(features,)``."""
    found = np.nan_to_num(np.nanstd(np.clip(z[healthy], -20.0, 20.0), axis=0), nan=1.0)
    return np.asarray(np.maximum(found, 1e-3))


def logistic(taught: Floats, sick: Mask, asked: Floats) -> Floats:
    """Probability of a fault in the rows that are asked for, as some others taught it."""
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))
    return np.asarray(model.fit(_size(taught), sick).predict_proba(_size(asked))[:, 1])


def _size(x: Floats) -> Floats:
    return np.abs(np.nan_to_num(np.clip(x, -20.0, 20.0)))
