"""Mains voltage and the electrical side of a dishwasher, phase by phase."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trivet.signals import Floats
from trivet_reference.plant.machine import NOMINAL_VOLTAGE, Machines

PUMP_POWER_FACTOR = 0.8

_CORRELATION = 900.0
"""Correlation time of the slow part of the mains voltage [s]."""


def total(phases: Floats) -> Floats:
    """Sum over phases, ``(3, machines)`` to ``(machines,)``; numpy's own sum over a short first axis is slower."""
    return np.asarray(phases[0] + phases[1] + phases[2])


class Mains:
    """Voltages of a fleet: a mean, a slow wander that all phases share in part, and flicker.

    Attributes:
        voltage: Share of nominal, ``(3, machines)``.
        sag: Further factor, for a supply that is low for a while.
    """

    def __init__(self, machines: Machines, rng: np.random.Generator) -> None:
        self._machines = machines
        self._keep = np.exp(-1.0 / _CORRELATION)
        self._drive = np.sqrt(1.0 - self._keep**2) * machines.voltage_sd
        self._slow = rng.standard_normal((3, len(machines))) * machines.voltage_sd
        self.sag = np.ones(len(machines))
        self.voltage = machines.voltage + self._slow

    def step(self, shared: Floats, separate: Floats) -> None:
        """One second, with standard normal noise ``(machines,)`` and ``(3, machines)``."""
        self._slow = self._keep * self._slow + self._drive * (0.8 * shared + 0.6 * separate)
        self.voltage = (self._machines.voltage + self._slow + 0.001 * separate) * self.sag


class Loads(NamedTuple):
    """What draws power in one second; powers [W] ``(3, machines)``, by phase.

    Attributes:
        tank: Tank heater.
        booster: Booster heater.
        motors: Pumps.
        rest: Controller and lamps.
    """

    tank: Floats
    booster: Floats
    motors: Floats
    rest: Floats

    def power(self) -> Floats:
        """Active power by phase [W]."""
        return np.asarray(self.tank + self.booster + self.motors + self.rest)

    def current(self, voltage: Floats) -> Floats:
        """Current by phase [A] at these voltages, given as shares of nominal."""
        apparent = self.tank + self.booster + self.motors / PUMP_POWER_FACTOR + self.rest / 0.6
        return np.asarray(apparent / (voltage * NOMINAL_VOLTAGE))


class Elements:
    """Heating elements of a fleet."""

    def __init__(self, machines: Machines) -> None:
        self._tank = machines.tank_power * machines.tank_share
        self._booster = machines.booster_power * machines.booster_share
        self._three = machines.booster_share.max(axis=0) < 0.5

    def power(self, voltage: Floats, open_part: Floats, variant: Floats) -> tuple[Floats, Floats]:
        """Power of tank and booster heater when on [W], ``(3, machines)`` each.

        Args:
            voltage: Share of nominal, ``(3, machines)``; power goes with its square.
            open_part: 0 to 1 of one of the booster's three elements is lost.
            variant: 0 to 1, which of the three.
        """
        square = voltage * voltage
        booster = self._booster * square
        if open_part.any():
            lost = np.arange(3)[:, None] == np.minimum((variant * 3).astype(int), 2)
            booster = booster * np.where(self._three, 1.0 - lost * open_part, 1.0 - open_part / 3.0)
        return self._tank * square, booster
