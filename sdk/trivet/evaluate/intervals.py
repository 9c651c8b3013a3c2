"""Exact intervals of shares, on the standard library."""

from __future__ import annotations

import math
from collections.abc import Callable

_STEPS = 60


def binomial(hits: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a share (Clopper and Pearson, 1934); nothing tried is anything from 0 to 1."""
    if not trials:
        return 0.0, 1.0
    tail = (1 - level) / 2
    low = _root(lambda p: _at_least(hits, trials, p) - tail) if hits else 0.0
    high = _root(lambda p: tail - _at_least(hits + 1, trials, p, upper=False)) if hits < trials else 1.0
    return low, high


def _root(rising: Callable[[float], float]) -> float:
    """Where a rising function of 0 to 1 crosses zero, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


def _at_least(hits: int, trials: int, p: float, *, upper: bool = True) -> float:
    """Probability of at least so many hits, or of fewer."""
    chosen = range(hits, trials + 1) if upper else range(hits)
    return math.fsum(_exactly(k, trials, p) for k in chosen)


def _exactly(k: int, n: int, p: float) -> float:
    if p in (0.0, 1.0):
        return float(k == (0 if p == 0.0 else n))
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))
