"""What predictions say about appliances, as the few numbers that a schedule needs.

How far an appliance is from ready is counted in seconds of full power, its *distance*: heating takes a
second off in each second, holding keeps it, and without heat it grows towards what a cold appliance has,
``d(t) = S - (S - d0) exp(-t / tau)``. Loss over what full power has left, ``hold / (full - hold)``, is the
speed at which it grows when it is hot, so that ``S = tau hold / (full - hold)``; one prediction of the
time to ready after a rest then gives ``tau``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from trivet.signals import Floats

HORIZON = 1800.0
"""How long the interface's actions are kept [s]."""

_HOLD_SHARE = 0.15
"""Holding power as a share of full power where no prediction of a hot appliance tells it."""

_LEAST_TIME, _LONGEST_TIME = 300.0, 1e6
"""Bounds of ``tau`` [s]."""

_BARELY = 60.0
"""A cold appliance that heats for all of the horizon but this [s] tells nothing about holding."""


class Sight(NamedTuple):
    """What the newest prediction says about one appliance.

    Attributes:
        ready: Time to ready after off, setback, hold, preheat [s].
        energy: Of the same [Wh].
    """

    ready: tuple[float, float, float, float]
    energy: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Appliances:
    """Appliances of a kitchen, ``(appliances,)`` each.

    Attributes:
        full: Power at which they heat [W].
        hold: Power that keeps them ready [W].
        base: Power beside the heater while they are set back [W].
        tau: Time constant of growing distance [s].
        distance: Seconds of full power that are missing now.
        lowered: Distance at which a set-back appliance is kept [s].
    """

    full: Floats
    hold: Floats
    base: Floats
    tau: Floats
    distance: Floats
    lowered: Floats

    def __len__(self) -> int:
        return len(self.full)

    @property
    def cold(self) -> Floats:
        """Distance of appliances that were off for long [s]."""
        return np.asarray(self.tau * self.hold / np.maximum(self.full - self.hold, 1.0))

    def resting(self, distance: Floats, step: float) -> Floats:
        """Distance after a step [s] without heat; the appliances are the first axis."""
        cold, kept = (_beside(values, distance) for values in (self.cold, np.exp(-step / self.tau)))
        return np.asarray(np.maximum(distance, cold - (cold - distance) * kept))


def sights(ready: Sequence[Mapping[str, float]], energy: Sequence[Mapping[str, float]]) -> list[Sight]:
    """Outputs of a package as sights; class names are the interface's actions."""
    names = ("off", "setback", "hold", "preheat")
    return [Sight(_row(r, names), _row(e, names)) for r, e in zip(ready, energy, strict=True)]


def _row(numbers: Mapping[str, Any], names: Sequence[str]) -> tuple[float, float, float, float]:
    a, b, c, d = (float(numbers[name]) for name in names)
    return a, b, c, d


def appliances(seen: Sequence[Sight], held: Floats | None = None) -> Appliances:
    """The numbers behind predictions.

    Args:
        seen: One sight an appliance, all finite.
        held: Holding powers that were learnt before [W], NaN where not; they count while an appliance is cold.
    """
    ready, energy = (np.array([getattr(sight, name) for sight in seen], np.float64) for name in Sight._fields)
    off, setback, _, preheat = ready.T
    joules = energy.T * 3600.0
    full = np.where(off > 0, joules[0] / np.maximum(off, 1e-9), joules[2] / HORIZON)
    hold = holding(seen, full)
    hold = np.where(np.isnan(hold), np.nan if held is None else held, hold)
    hold = np.clip(np.where(np.isnan(hold), _HOLD_SHARE * full, hold), 1.0, 0.95 * full)
    tau = _time_constant(hold / (full - hold), preheat, off)
    rests = np.abs(setback - off) < 1.0
    base = np.where(rests, np.maximum((joules[1] - joules[0]) / HORIZON, 0.0), 0.0)
    made = Appliances(full, hold, np.minimum(base, hold), tau, preheat, setback)
    lowered = np.where(rests & (preheat < setback), np.maximum(setback, 0.4 * made.cold), setback)
    return Appliances(full, hold, made.base, tau, preheat, lowered)


def holding(seen: Sequence[Sight], full: Floats) -> Floats:
    """Power that keeps each appliance ready [W]; NaN where it is too cold for a prediction to tell."""
    preheat = np.array([sight.ready[3] for sight in seen])
    joules = np.array([sight.energy[2] for sight in seen]) * 3600.0
    left = HORIZON - preheat
    return np.asarray(np.where(left > _BARELY, (joules - full * preheat) / np.maximum(left, 1.0), np.nan))


def _time_constant(speed: Floats, now: Floats, rested: Floats) -> Floats:
    """The ``tau`` at which a distance grows from ``now`` to ``rested`` within the horizon, by halving."""
    low, high = (np.full(len(speed), np.log(end)) for end in (_LEAST_TIME, _LONGEST_TIME))
    for _ in range(60):
        middle = (low + high) / 2
        tau = np.exp(middle)
        end = speed * tau - (speed * tau - now) * np.exp(-HORIZON / tau)
        high, low = np.where(end > rested, middle, high), np.where(end > rested, low, middle)
    return np.asarray(np.exp((low + high) / 2))


def _beside(values: Floats, like: Floats) -> Floats:
    return np.asarray(values).reshape(len(values), *(1,) * (np.ndim(like) - 1))
