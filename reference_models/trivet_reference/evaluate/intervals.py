"""Exact intervals of counts; those of shares are in ``trivet.evaluate.intervals``."""

from __future__ import annotations

from scipy import stats


def poisson(events: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of the mean of a Poisson count (Garwood, 1936)."""
    tail = (1 - level) / 2
    low = float(stats.chi2.ppf(tail, 2 * events)) / 2 if events else 0.0
    return low, float(stats.chi2.ppf(1 - tail, 2 * events + 2)) / 2
