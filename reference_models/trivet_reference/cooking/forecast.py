"""How much each appliance will draw in each quarter of an hour of the days to come.

What holding takes, as the package predicts it, while the kitchen works; heat-up in the morning as it was; and for
each expected order what an order took in the past beyond holding.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from trivet.signals import Floats
from trivet_reference.plant.service import CLOSES, OPENS, PER_DAY, Loads

QUARTERS = 96
"""In a day."""

MEALS = {"lunch": (46, 60), "dinner": (70, 88)}
"""Quarters of the day in which each service lies."""


class Scores(NamedTuple):
    """Errors of forecasts, method to figure.

    Attributes:
        quarter: Mean absolute error of a quarter of an hour over the mean power.
        service: Mean absolute error of the energy of a meal, as a share of it, over all appliances together by service.
    """

    quarter: dict[str, float]
    service: dict[str, float]

    def lines(self) -> list[str]:
        """For people."""
        return [
            f"simulated  energy forecast, {name:20} error of 15 min {error:6.1%} of the mean,"
            f" of a meal {self.service[name]:6.1%}"
            for name, error in self.quarter.items()
        ]

    def figures(self) -> dict[str, Any]:
        """For programmes."""
        return {"nmae_15_min": _rounded(self.quarter), "per_meal": _rounded(self.service)}


def _rounded(errors: dict[str, float]) -> dict[str, float]:
    return {name: round(error, 4) for name, error in errors.items()}


def forecast(past: Loads, before: Floats, after: Floats, hold: Floats, asked: Loads) -> Scores:
    """Scores on the days of ``asked``, which follow those of ``past`` and are not looked at.

    Args:
        past: Orders before.
        before: Power in each five minutes of the past [W], ``(steps, appliances)``.
        after: The same of the days to forecast.
        hold: Holding power as the package predicts it [W].
        asked: The days to forecast; only their number counts.
    """
    was, truth = _quarters(before), _quarters(after)
    days = len(asked.arrivals) // PER_DAY
    first, wide = was.mean(axis=0), 7
    made = {
        "this": _ours(past, was, hold, days),
        "same hour last week": np.concatenate([was[len(was) - wide :]] * (days // wide + 1))[:days],
        "hourly mean": np.stack([first] * days),
    }
    mean = float(truth.mean())
    quarter = {name: float(np.abs(said - truth).mean()) / mean for name, said in made.items()}
    return Scores(quarter, {name: _meals(said, truth) for name, said in made.items()})


def _quarters(power: Floats) -> Floats:
    """Mean power of quarters of an hour, ``(days, 96, appliances)``."""
    return np.asarray(power.reshape(-1, QUARTERS, 3, power.shape[1]).mean(axis=2))


def _ours(past: Loads, was: Floats, hold: Floats, days: int) -> Floats:
    """Holding, the usual morning, and expected orders."""
    orders = past.arrivals.reshape(len(was), QUARTERS, -1, was.shape[2]).sum(axis=2).astype(float)
    open_from, open_until = round(OPENS * 4), round(CLOSES * 4)
    held = np.zeros_like(was[0])
    held[open_from:open_until] = hold
    held[:open_from] = np.median(was[:, :open_from], axis=0)
    held[open_until:] = np.median(was[:, open_until:], axis=0)
    beyond = (was - held)[:, open_from:open_until].sum(axis=(0, 1))
    each = np.maximum(beyond, 0.0) / np.maximum(orders.sum(axis=(0, 1)), 1.0)
    shape = orders.mean(axis=0)
    bell = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
    shape = np.apply_along_axis(np.convolve, 0, shape, bell / bell.sum(), "same")
    weekday = np.arange(len(was)) % 7
    busy = (
        np.array([orders[weekday == day].sum(axis=(1, 2)).mean() for day in range(7)]) / orders.sum(axis=(1, 2)).mean()
    )
    # A load takes its heat in the quarters after its order.
    late = 0.5 * shape + 0.5 * np.roll(shape, 1, axis=0)
    return np.stack([held + each * late * busy[day % 7] for day in range(days)])


def _meals(said: Floats, truth: Floats) -> float:
    """Mean absolute error of energy by meal and appliance, over its mean."""
    errors, amounts = [], []
    for first, last in MEALS.values():
        told, drawn = (of[:, first:last].sum(axis=1) for of in (said, truth))
        errors.append(np.abs(told - drawn).mean())
        amounts.append(drawn.mean())
    return float(np.sum(errors) / np.sum(amounts))
