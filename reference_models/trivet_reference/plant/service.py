"""Kitchens over weeks: orders, loads and thermostats of many appliances in steps of 20 s.

The thermal nodes of ``cookers`` under an ideal thermostat: the mean power that the controller's switching comes
to. No time constant here is shorter than minutes, so that the steps may be as long as they are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trivet.signals import Floats, Ints
from trivet_reference.plant.cookers import Cookers
from trivet_reference.plant.machine import Flags
from trivet_reference.plant.operators import intensity
from trivet_reference.plant.pot import ATMOSPHERE
from trivet_reference.plant.water import evaporation

DT = 20.0
"""Length of a step [s]."""

PER_DAY = round(86_400 / DT)
OPENS, CLOSES = 10.0, 22.0
"""Hours between which orders come."""

WEEK = (0.7, 0.75, 0.85, 1.0, 1.25, 1.4, 1.05)
"""Orders of Monday to Sunday, relative to a mean day."""

NEAR = 3.0
"""An appliance at most so far below its set-point is ready [K]."""

IDLE = 300.0
"""An order finds an appliance unready only when nothing was in it for so long [s]."""

DURATIONS = {
    "combi": (480.0, 1800.0),
    "convection": (480.0, 1500.0),
    "fryer": (180.0, 360.0),
    "griddle": (180.0, 420.0),
    "kettle": (900.0, 2400.0),
}
"""Shortest and longest programme of each kind [s]."""

_HEAT = 700e3
"""Heat that a kilogram of food takes: 75 K of 3.5 kJ/(kg K), and a fifth of it as vapour [J/kg]."""


class Loads(NamedTuple):
    """Appliances and what is asked of them.

    Attributes:
        cookers: Their constants.
        kitchen: Number of each one's kitchen, int ``(appliances,)``.
        arrivals: Orders in each step, int8 ``(steps, appliances)``; the first step is Monday, 0 h.
        duration: Of the programme of an order that comes in this step's hour [s], ``(24 * days, appliances)``.
        mass: Of its food [kg], likewise.
    """

    cookers: Cookers
    kitchen: Ints
    arrivals: Ints
    duration: Floats
    mass: Floats

    def days(self, first: int, last: int) -> Loads:
        """Some days of them."""
        day, hour = slice(first * PER_DAY, last * PER_DAY), slice(first * 24, last * 24)
        return self._replace(arrivals=self.arrivals[day], duration=self.duration[hour], mass=self.mass[hour])


def loads(seed: int, cookers: Cookers, kitchen: Ints, kinds: list[str], days: int) -> Loads:
    """Orders of so many days: weekdays, lunch and dinner, each kitchen with hours of its own."""
    rng = np.random.default_rng((seed, 31))
    count = len(cookers)
    shift = rng.uniform(-0.6, 0.6, kitchen.max() + 1)[kitchen]
    hours = np.arange(PER_DAY) * DT / 3600.0
    shape = np.array([[intensity(hour + late) for late in np.unique(shift)] for hour in hours])
    shape = shape[:, np.unique(shift, return_inverse=True)[1]]
    shape *= ((hours >= OPENS) & (hours < CLOSES - 0.25))[:, None]
    busy = rng.uniform(0.85, 1.15, (days, count))
    arrivals = np.concatenate(
        [
            rng.poisson(cookers.orders * WEEK[day % 7] * busy[day] * shape * DT / 3600.0).astype(np.int8)
            for day in range(days)
        ]
    )
    low, high = np.array([DURATIONS[kind] for kind in kinds]).T
    duration = rng.uniform(low, high, (24 * days, count))
    return Loads(cookers, kitchen, arrivals, duration, cookers.pans * rng.uniform(0.4, 2.2, (24 * days, count)))


class Service:
    """Appliances under some policy, and what came of it.

    Attributes:
        temperature: [degC].
        busy: Time that the programme has left [s].
        idle: Time since the last one [s].
        queue: Orders that wait.
        heater: Heating power in the last step [W].
        energy: Electrical energy [Wh].
        unready: Orders that found an idle appliance unready.
        late: Time that orders waited for heat [s].
        served: Orders.
        lethality: Least pasteurisation of any load [s at 70 degC].
        cooled: Steps in which a running programme was not heated for; a violation.
    """

    def __init__(self, asked: Loads) -> None:
        cookers, count = asked.cookers, len(asked.cookers)
        self._asked, self._step = asked, 0
        self.cookers = cookers
        self.temperature = cookers.ambient.copy()
        self.busy, self.taken, self.had, self.span = (np.zeros(count) for _ in range(4))
        self.idle = np.full(count, 1e6)
        self.core = np.full(count, 4.0)
        self.queue = np.zeros(count, np.int64)
        self.heater, self.energy, self.late = np.zeros(count), np.zeros(count), np.zeros(count)
        self.unready, self.served = np.zeros(count, np.int64), np.zeros(count, np.int64)
        self.lethality = np.full(count, np.inf)
        self.cooled = 0

    @property
    def wanted(self) -> Flags:
        """Appliances with food inside or an order waiting: their cooks heat them, whatever anybody advises."""
        return np.asarray((self.busy > 0) | (self.queue > 0))

    def step(self, choice: Ints) -> Floats:
        """One step under choices of 0 off, 1 setback, 2 heat; the electrical power of each appliance [W]."""
        self._arrive()
        c = self.cookers
        goal = np.where(self.wanted | (choice == 2), c.setpoint, np.where(choice == 1, c.setback, -300.0))
        self.cooled += int(((self.busy > 0) & (goal < c.setpoint)).sum())
        self._heat(goal)
        self._serve()
        self._step += 1
        power = self.heater + np.where(goal > 0, c.fan_power, c.standby_power)
        self.energy += power * DT / 3600.0
        return np.asarray(power)

    def _arrive(self) -> None:
        new = self._asked.arrivals[self._step]
        ready = self.temperature >= self.cookers.setpoint - NEAR
        first = (new > 0) & (self.queue == 0) & (self.busy <= 0)
        self.unready += first & ~ready & (self.idle >= IDLE)
        self.queue = np.minimum(self.queue + new, 6)

    def _heat(self, goal: Floats) -> None:
        c = self.cookers
        steam = c.steam * evaporation(self.temperature, c.ambient) / ATMOSPHERE
        out = c.losses(self.temperature, c.moist) + self.taken * (self.busy > 0)
        needed = ((goal - self.temperature) * c.capacity / DT + out) / (1.0 - steam)
        self.heater = np.clip(needed, 0.0, c.power * c.voltage**2)
        self.temperature = self.temperature + (self.heater * (1.0 - steam) - out) * DT / c.capacity

    def _serve(self) -> None:
        """Programmes end once their food is safe; the next order goes in where it is hot."""
        c, hour = self.cookers, int(self._step * DT // 3600)
        running = self.busy > 0
        rate = 10.0 ** ((self.core - 70.0) / np.where(self.core < 70.0, 6.0, 8.3))
        self.had += np.where(running, rate * DT, 0.0)
        warm = np.minimum(self.temperature, 98.0)
        self.core = np.where(running, warm + (self.core - warm) * np.exp(-4.0 * DT / np.maximum(self.span, DT)), 4.0)
        safe = self.had >= 120.0
        self.busy = np.where(running, np.maximum(self.busy - DT, np.where(safe, 0.0, DT)), 0.0)
        ended = running & (self.busy <= 0)
        self.lethality = np.where(ended, np.minimum(self.lethality, self.had), self.lethality)
        free = (self.busy <= 0) & (self.queue > 0)
        ready = self.temperature >= c.setpoint - NEAR
        self.late += (free & ~ready & (self.idle >= IDLE)) * DT
        begun = free & ready
        self.queue -= begun
        self.served += begun
        self.span = np.where(begun, self._asked.duration[hour], self.span)
        self.busy = np.where(begun, self.span, self.busy)
        self.had = np.where(begun, 0.0, self.had)
        heat = np.minimum(self._asked.mass[hour] * _HEAT / np.maximum(self.span, DT), 0.8 * c.power)
        self.taken = np.where(begun, heat, self.taken)
        self.temperature -= begun * c.door_loss * 15.0 * (self.temperature - c.ambient)
        self.idle = np.where(self.busy > 0, 0.0, self.idle + DT)
