"""The wash tank: heat, water, detergent, and the crockery that takes heat from it."""

from __future__ import annotations

import numpy as np

from trivet.signals import Floats
from trivet_reference.plant.machine import Machines
from trivet_reference.plant.operators import ware_capacity
from trivet_reference.plant.water import SPECIFIC_HEAT, vapour_pressure

_LIMIT = 91.0
"""Tank temperature [degC] at which the safety limiter opens; it closes 8 K below."""

_WASH_TIME_CONSTANT = 25.0
"""Of crockery under full wash flow [s]."""

_RINSE_EXCHANGE = 0.6
"""Part of its heat above the crockery that rinse water leaves there."""

_DETERGENT_DENSITY = 1.15
"""[g/mL]."""


class Tank:
    """Tanks of a fleet.

    Attributes:
        temperature: Wash water [degC].
        volume: Water [L].
        detergent: Concentration [g/L].
        ware: Temperature of the crockery [degC].
        loss: Heat lost to the room so far [J].
        ware_heat: Heat given to crockery so far [J].
        removed: Heat that left with water, above 0 degC [J].
    """

    def __init__(self, machines: Machines) -> None:
        count = len(machines)
        self._machines = machines
        self._ambient_pressure = vapour_pressure(machines.ambient)
        self._washes = machines.zone / _WASH_TIME_CONSTANT
        self.temperature = machines.ambient.copy()
        self.volume = 0.02 * machines.tank_volume
        self.detergent = np.zeros(count)
        self.ware = machines.ambient.copy()
        self.loss, self.ware_heat, self.removed = np.zeros(count), np.zeros(count), np.zeros(count)
        self._tripped = np.zeros(count, dtype=bool)

    @property
    def level(self) -> Floats:
        """Share of full."""
        return np.asarray(self.volume / self._machines.tank_volume)

    @property
    def energy(self) -> Floats:
        """Heat stored above 0 degC [J]."""
        return np.asarray(self._capacity * self.temperature)

    @property
    def _capacity(self) -> Floats:
        return np.asarray(self.volume * SPECIFIC_HEAT + self._machines.tank_wall)

    def limited(self) -> Floats:
        """1 where the safety limiter lets current through, 0 where it is open."""
        self._tripped = (self.temperature > _LIMIT) | (self._tripped & (self.temperature > _LIMIT - 8.0))
        return np.where(self._tripped, 0.0, 1.0)

    def load(self, who: Floats, temperature: Floats) -> None:
        """Puts fresh crockery in, of this temperature [degC]."""
        self.ware = np.where(who, temperature, self.ware)

    def heat(self, power: Floats, door: Floats, flow: Floats) -> None:
        """One second of heating and losses.

        Args:
            power: From heater and pump [W].
            door: Whether the door is open.
            flow: Wash flow as a share of normal; sprayed water evaporates faster.
        """
        m = self._machines
        exposed = np.where(door, 4.0, 1.0 + 0.5 * flow) * self.level
        drive = vapour_pressure(self.temperature) - self._ambient_pressure
        lost = m.tank_loss * (self.temperature - m.ambient) + m.tank_evaporation * exposed * drive
        self.loss += lost
        self.temperature = self.temperature + (power - lost) / self._capacity

    def wash(self, flow: Floats, mass: Floats) -> None:
        """One second of spraying crockery of this mass [kg] with a share of the normal flow.

        A conveyor holds several racks under its jets: each passes faster than it would warm alone.
        """
        ware, water = ware_capacity(mass), self._capacity
        share = 1.0 - np.exp(-flow * self._washes)
        given = share * (self.temperature - self.ware) / (1.0 / ware + 1.0 / water)
        self.ware = self.ware + given / ware
        self.temperature = self.temperature - given / water
        self.ware_heat += given

    def rinse(self, flow: Floats, temperature: Floats, mass: Floats) -> None:
        """One second of final rinse: water [L/s] of this temperature runs over the crockery into the tank."""
        heat = _RINSE_EXCHANGE * flow * SPECIFIC_HEAT * (temperature - self.ware)
        self.ware = self.ware + heat / ware_capacity(mass)
        self.ware_heat += heat
        self._add(flow, flow * SPECIFIC_HEAT * temperature - heat)

    def fill(self, flow: Floats, temperature: Floats) -> None:
        """One second of fresh water [L/s]."""
        self._add(flow, flow * SPECIFIC_HEAT * temperature)

    def _add(self, volume: Floats, heat: Floats) -> None:
        """Mixes water in; what is above the overflow edge leaves at the mixture's temperature."""
        stored = self.energy + heat
        self.detergent = self.detergent * self.volume / (self.volume + volume)
        self.volume = self.volume + volume
        self.temperature = stored / self._capacity
        self.take(np.maximum(self.volume - 1.02 * self._machines.tank_volume, 0.0))

    def take(self, volume: Floats) -> None:
        """Takes water out [L]; two percent always stay in the sump."""
        taken = np.minimum(volume, np.maximum(self.volume - 0.02 * self._machines.tank_volume, 0.0))
        self.removed += taken * SPECIFIC_HEAT * self.temperature
        self.volume = self.volume - taken

    def dose(self, millilitres: Floats) -> None:
        """Adds detergent."""
        self.detergent = self.detergent + millilitres * _DETERGENT_DENSITY / self.volume
