"""The best action for every distance and every step, by dynamic programming over each appliance.

Exact on a grid of distances, for expected orders that come by chance: in each step either an order comes,
and everybody waits until the appliance is hot, or it rests, is set back, or heats. What a second of waiting
costs, in watt hours, says how much energy readiness is worth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trivet.plan.appliance import Appliances
from trivet.signals import Floats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Choices = NDArray[np.int8]

STEP = 300.0
"""Length of a step [s]."""

LEVELS = 61
"""Points of the grid of distances."""

REST, LOWER, HEAT = range(3)
"""Off, setback, and what is hold at no distance and preheat at any other."""

_PREFERENCE = np.array([0.0, 1.0, 0.5])
"""What a choice has to be better by than resting [Wh], so that the grid's rounding makes nobody switch to and fro."""


class Move(NamedTuple):
    """What each choice does within a step from each distance, ``(appliances, levels, 3)``.

    Attributes:
        after: Distance after it [s].
        energy: Electrical energy [Wh].
    """

    after: Floats
    energy: Floats


class Policy(NamedTuple):
    """What to do, ``(steps, appliances, levels)``, at distances ``grid`` ``(appliances, levels)``."""

    choices: Choices
    grid: Floats

    def choose(self, step: int, distance: Floats) -> Choices:
        """The choice of each appliance at its distance."""
        spacing = np.maximum(self.grid[:, 1], 1e-9)
        level = np.clip(np.rint(distance / spacing), 0, self.grid.shape[1] - 1).astype(np.int64)
        # On the way to ready the nearest level may be 0, where nothing is left to do.
        level = np.where((distance > 0) & (level == 0), 1, level)
        return np.asarray(self.choices[step, np.arange(len(distance)), level])


def move(of: Appliances, distance: Floats) -> Move:
    """What each choice does from distances ``(appliances, n)``."""
    full, hold, base, lowered, cold = (v[:, None] for v in (of.full, of.hold, of.base, of.lowered, of.cold))
    rested = of.resting(distance, STEP)
    kept = np.where(distance > lowered, np.maximum(lowered, distance - STEP), np.minimum(rested, lowered))
    # Kept at a distance, heating takes off in its share of the time what resting adds in the rest.
    growing = np.maximum(cold - lowered, 0.0) / of.tau[:, None]
    level = full * growing / (1.0 + growing)
    climbing = np.clip(distance - kept, 0.0, STEP) / STEP
    heating = np.minimum(distance, STEP) / STEP
    climb = full * climbing + level * (1.0 - climbing)
    lower = np.where(distance > lowered, climb, np.where(rested >= lowered, level, 0.0))
    power = [np.zeros_like(distance), np.maximum(base, lower), full * heating + hold * (1.0 - heating)]
    after = [rested, kept, np.maximum(distance - STEP, 0.0)]
    return Move(np.stack(after, axis=-1), np.stack(power, axis=-1) * STEP / 3600.0)


def policy(of: Appliances, orders: Floats, wait: Floats | float, price: Floats | None = None) -> Policy:
    """The best choices.

    Args:
        of: Appliances.
        orders: Expected orders in each step, ``(steps, appliances)``.
        wait: What a second of waiting costs [Wh], one number or one an appliance.
        price: Of energy in each step, relative to what waiting is paid in, ``(steps,)``; None is 1.
    """
    steps, count = orders.shape
    grid = np.linspace(0.0, 1.0, LEVELS) * np.maximum(of.cold, STEP)[:, None]
    made = move(of, grid)
    place = made.after / grid[:, 1, None, None]
    low = np.clip(np.floor(place).astype(np.int64), 0, LEVELS - 2)
    part = np.clip(place - low, 0.0, 1.0)
    row = np.arange(count)[:, None, None]
    to_hot = of.full[:, None] * grid / 3600.0
    late = np.broadcast_to(np.asarray(wait, np.float64), (count,))[:, None] * grid
    value = to_hot.copy()
    choices = np.empty((steps, count, LEVELS), np.int8)
    for step in range(steps - 1, -1, -1):
        cost = 1.0 if price is None else float(price[step])
        ahead = value[row, low] * (1.0 - part) + value[row, low + 1] * part
        totals = made.energy * cost + ahead
        choices[step] = (totals + _PREFERENCE).argmin(axis=-1)
        comes = 1.0 - np.exp(-orders[step])[:, None]
        served = late + to_hot * cost + value[:, :1]
        value = comes * served + (1.0 - comes) * totals.min(axis=-1)
    return Policy(choices, grid)
