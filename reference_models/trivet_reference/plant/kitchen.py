"""People at an oven: when it is switched on, what is loaded, how long the door is open."""

from __future__ import annotations

import numpy as np

from trivet.signals import Floats, Ints
from trivet_reference.plant.cookers import Cookers
from trivet_reference.plant.machine import Flags
from trivet_reference.plant.operators import intensity

CLOSED, IDLE, LOAD, COOK, UNLOAD = range(5)

OPENS, CLOSES = 9.5, 22.0
"""Hours of the day between which the oven is on."""

_CORE_TARGET = 75.0


class Kitchen:
    """One crew an oven.

    Attributes:
        state: ``CLOSED`` to ``UNLOAD``.
        queue: Loads that wait.
        idle: Time since the last load [s].
        door_open: Whether the door is open.
        programme: 0 hot air, 1 combi, 2 steam.
        target: Set-point of programme or idle oven [degC].
        mass: Food in the chamber [kg].
        cold: Temperature of fresh food [degC].
        fresh: Whether food was put in in this second.
        remaining: Time left in the programme [s].
        pace: Mean time between loads [s], or None for the day's own rhythm.
    """

    def __init__(
        self, cookers: Cookers, rng: np.random.Generator, pace: float | None = None, steams: bool = True
    ) -> None:
        count = len(cookers)
        self._programmes = 3 if steams else 1
        self._cookers = cookers
        self._rng = rng
        self.pace = pace
        self.state = np.full(count, CLOSED)
        self.queue = np.zeros(count, dtype=int)
        self.idle, self.remaining, self.mass = np.zeros(count), np.zeros(count), np.zeros(count)
        self.door_open, self.fresh = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        self.programme = np.zeros(count, dtype=int)
        self.target = cookers.setpoint.copy()
        self.cold = np.full(count, 8.0)
        self._timer = np.zeros(count)
        self._next_order = self._draw_gap(np.arange(count), 12.0)

    def step(self, second: int, ready: Flags, core: Floats) -> None:
        """One second; ``ready`` says where the oven is warm, ``core`` is the load's middle [degC]."""
        hour = second % 86_400 / 3600.0
        self._order(hour)
        self._timer -= 1.0
        self.remaining -= 1.0
        state, due = self.state, self._timer <= 0.0
        service = self.pace is not None or OPENS <= hour < CLOSES
        cooked = (state == COOK) & ((core >= _CORE_TARGET) | (self.remaining < -600.0)) & (self.remaining <= 0.0)
        self.fresh = (state == LOAD) & due
        self._enter((state == CLOSED) & service, IDLE)
        self._enter((state == IDLE) & (self.queue > 0) & ready, LOAD)
        self._enter(self.fresh, COOK)
        self._enter(cooked, UNLOAD)
        self._enter((state == UNLOAD) & due, IDLE)
        self._enter((self.state == IDLE) & (not service), CLOSED)
        self.idle = np.where(self.state == IDLE, self.idle + 1.0, 0.0)
        self.door_open = (self.state == LOAD) | (self.state == UNLOAD)

    def forecast(self, second: int) -> Floats:
        """Loads expected within the next half hour: the known queue and the usual rhythm."""
        hour = second % 86_400 / 3600.0 + 0.25
        return np.asarray(np.round(self.queue + self._cookers.orders * intensity(hour) * 0.5, 1))

    def time_to_demand(self) -> Floats:
        """Time until the oven is needed [s]; 0 while a load waits."""
        return np.asarray(np.where(self.queue > 0, 0.0, np.clip(np.round(self._next_order), 0, 86_400)))

    def _order(self, hour: float) -> None:
        """Lets orders arrive; gaps are drawn in advance so that they can be announced."""
        self._next_order -= 1.0
        index = np.flatnonzero(self._next_order <= 0.0)
        if len(index):
            self.queue[index] = np.minimum(self.queue[index] + 1, 3)
            self._next_order[index] = self._draw_gap(index, hour)

    def _draw_gap(self, index: Ints, hour: float) -> Floats:
        """Time to the next order [s] at this hour's rate, at night until the opening."""
        if self.pace is not None:
            return self._rng.exponential(self.pace, len(index))
        open_now = OPENS <= hour < CLOSES - 0.5
        if not open_now:
            return np.asarray(((OPENS - hour) % 24.0) * 3600.0 + self._rng.uniform(600, 5400, len(index)))
        rate = self._cookers.orders[index] * intensity(hour) / 3600.0
        return np.asarray(self._rng.exponential(1.0 / rate))

    def _enter(self, who: Flags, state: int) -> None:
        """Moves some crews to another state."""
        index = np.flatnonzero(who)
        if not len(index):
            return
        rng, count = self._rng, len(index)
        self.state[index] = state
        if state in {LOAD, UNLOAD}:
            self._timer[index] = rng.uniform(8.0, 30.0, count)
        if state == UNLOAD:
            self.mass[index] = 0.0
        if state == LOAD:
            self.queue[index] -= 1
        if state == COOK:
            self._choose(index)
        if state == IDLE:
            self.target[index] = self._cookers.setpoint[index]
            self.programme[index] = 0

    def _choose(self, index: Ints) -> None:
        """Draws food and programme."""
        rng, count, pans = self._rng, len(index), self._cookers.pans[index]
        self.mass[index] = pans * rng.uniform(0.4, 2.2, count)
        self.cold[index] = rng.choice([-15.0, 4.0, 12.0, 20.0], count, p=[0.15, 0.45, 0.2, 0.2])
        self.programme[index] = rng.choice(3, count, p=[0.5, 0.3, 0.2]) % self._programmes
        steam = self.programme[index] == 2
        self.target[index] = np.where(steam, 100.0, self._cookers.setpoint[index])
        self.remaining[index] = rng.uniform(480.0, 1800.0, count)
