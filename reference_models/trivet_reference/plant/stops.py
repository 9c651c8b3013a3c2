"""What stops a machine before its component is dead: the maker's time-outs, or missed hygiene.

Found by trying: every machine is stepped through its own fault growing from nothing to full
severity within forty minutes, and watched.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from trivet.signals import Floats, Ints
from trivet_reference.plant.dishwasher import Dishwasher
from trivet_reference.plant.faults import FAULTS
from trivet_reference.plant.lives import COURSES, NEVER, Lives, stopped
from trivet_reference.plant.machine import Machines

MISSES = 3
"""Racks in a row below the hygiene set-point that stop a machine."""

DEAD, TIME_OUT, HYGIENE = range(3)
"""Why a machine stops."""

_WARM, _RAMP, _AFTER, _PACE = 900, 2400, 1000, 120.0
_SOFTENER, _SCALE = FAULTS.index("softener_exhausted"), FAULTS.index("booster_scale")
_START = np.array([COURSES[name].start for name in FAULTS])


class Stops(NamedTuple):
    """Lives with what stops them, and why: ``DEAD``, ``TIME_OUT`` or ``HYGIENE``, int ``(machines,)``."""

    lives: Lives
    reason: Ints


@dataclass(frozen=True, slots=True)
class _Growth:
    """The first fault of each machine growing from its first severity to 1."""

    lives: Lives

    @property
    def variant(self) -> Floats:
        return self.lives.variant

    def now(self, second: Floats | float) -> Floats:
        """Severity of the first fault, ``(machines,)``."""
        kind = self.lives.kind[0]
        start = _START[kind]
        grown = start + (1.0 - start) * np.clip((second - _WARM) / _RAMP, 0.0, 1.0)
        return np.where((kind >= 0) & (second >= _WARM), grown, 0.0)

    def levels(self, second: float) -> Floats:
        """As the plant asks."""
        kind = np.where(self.lives.kind[0] == _SOFTENER, _SCALE, self.lives.kind[0])
        levels = np.zeros((len(FAULTS), len(kind)))
        levels[kind, np.arange(len(kind))] = self.now(second)
        return levels


class Watch:
    """Looks at a plant every second for what would stop a machine.

    Attributes:
        time_out: Whether the maker's own fault code is shown now.
        misses: Racks in a row that missed the hygiene set-point.
    """

    def __init__(self, plant: Dishwasher) -> None:
        self._plant = plant
        count = len(plant.machines)
        self.time_out = np.zeros(count, dtype=bool)
        self.misses = np.zeros(count, dtype=int)

    def step(self) -> None:
        """Looks once."""
        sensors, controller = self._plant.sensors, self._plant.controller
        self.time_out = controller.service_code > 0
        reached = sensors.hygiene >= sensors.hygiene_setpoint
        self.misses = np.where(controller.done, np.where(reached, 0, self.misses + 1), self.misses)


def found(machines: Machines, lives: Lives, seed: int) -> Stops:
    """The lives with what stops each machine.

    The same fleet is watched without faults too: a sign that a healthy machine shows is no sign of a fault.

    Args:
        machines: The fleet.
        lives: Lives without limits.
        seed: Of the trial.
    """
    growth = _Growth(lives)
    healthy = _first(machines, _Growth(replace(lives, kind=np.full_like(lives.kind, -1))), seed)
    sick = _first(machines, growth, seed)
    usual = np.isfinite(healthy)
    seconds = np.where(usual | ~lives.present[0], NEVER, sick)
    which = seconds.argmin(axis=0)
    second = seconds.min(axis=0)
    stops = np.isfinite(second)
    reason = np.where(stops, np.where(which == 0, TIME_OUT, HYGIENE), DEAD)
    limit = np.where(stops, growth.now(np.where(stops, second, 0.0)), 1.0)
    at_once = stops & (limit <= _START[lives.kind[0]] + 0.02)
    delay = np.where(at_once, (second - _WARM) / 3600.0, NEVER)
    return Stops(stopped(lives, limit, delay), reason)


def _first(machines: Machines, growth: _Growth, seed: int) -> Floats:
    """Second of the first time-out and of the first missed hygiene, ``(2, machines)``; infinite without one."""
    plant = Dishwasher(machines, seed, growth, pace=_PACE)
    watch = Watch(plant)
    seconds = np.full((2, len(machines)), NEVER)
    for second in range(_WARM + _RAMP + _AFTER):
        plant.step()
        watch.step()
        if second == _WARM:
            watch.misses[:] = 0
        if second > _WARM:
            signs = np.stack([watch.time_out, watch.misses >= MISSES])
            seconds = np.minimum(seconds, np.where(signs, float(second), NEVER))
    return seconds
