"""The rinse booster: an element with its limescale, and the water around it."""

from __future__ import annotations

import numpy as np

from trivet.signals import Floats
from trivet_reference.plant.machine import Machines
from trivet_reference.plant.water import SPECIFIC_HEAT, decay, toward

_FLUX = 75_000.0
"""Heat flux at the element's surface at rated power [W/m2]."""

_CONDUCTIVITY = 0.8
"""Of porous limescale [W/(m K)]."""

_ELEMENT_LIMIT = 320.0
"""Element temperature [degC] at which its own limiter opens; it closes 60 K below."""

_WATER_LIMIT = 95.0
"""Water temperature [degC] at which the safety limiter opens; it closes 7 K below."""


class Booster:
    """Boosters of a fleet.

    Limescale does not lower the efficiency: all heat still goes into the water. It makes the
    element hotter, so that heat comes late, goes on after switching off, and the limiter opens.

    Attributes:
        temperature: Water [degC].
        element: Heating element [degC].
        volume: Water in it [L].
        capacity: Heat capacity of the element with its scale [J/K].
        loss: Heat lost to the room so far [J].
    """

    def __init__(self, machines: Machines) -> None:
        self._machines = machines
        self.temperature = machines.ambient.copy()
        self.element = machines.ambient.copy()
        self.volume = machines.booster_volume.copy()
        self.loss = np.zeros(len(machines))
        self._tripped = np.zeros(len(machines), dtype=bool)
        self._area = machines.booster_power / _FLUX
        self.scale = np.zeros(len(machines))

    @property
    def scale(self) -> Floats:
        """Thickness of limescale [mm]."""
        return self._scale

    @scale.setter
    def scale(self, thickness: Floats) -> None:
        """Sets what follows from the scale: 125 J/K for each kW and its own heat capacity, resistance, room taken."""
        m = self._machines
        self._scale = thickness
        self.capacity = 0.125 * m.booster_power + thickness * 1e-3 * self._area * 2.4e6
        self._resistance = 24.0 / m.booster_power + thickness * 1e-3 / (_CONDUCTIVITY * self._area)
        self._decay = decay(self._resistance * self.capacity)
        self._room = m.booster_volume * (1.0 - 0.02 * thickness)

    @property
    def full(self) -> Floats:
        """Water level as a share of full; scale takes room."""
        return np.asarray(self.volume / self._room)

    @property
    def energy(self) -> Floats:
        """Heat stored above 0 degC [J]."""
        return np.asarray(self.volume * SPECIFIC_HEAT * self.temperature + self.capacity * self.element)

    def limited(self) -> Floats:
        """1 where both limiters let current through, 0 where one is open."""
        hot = (self.element > _ELEMENT_LIMIT) | (self.temperature > _WATER_LIMIT)
        cool = (self.element < _ELEMENT_LIMIT - 60.0) & (self.temperature < _WATER_LIMIT - 7.0)
        self._tripped = hot | (self._tripped & ~cool)
        return np.where(self._tripped, 0.0, 1.0)

    def step(self, power: Floats, inflow: Floats, inlet: Floats, outflow: Floats) -> None:
        """One second.

        Args:
            power: Into the element [W].
            inflow: Fresh water [L/s] at ``inlet`` [degC].
            inlet: Its temperature.
            outflow: Rinse water taken out [L/s].
        """
        m = self._machines
        before = self.element
        settled = self.temperature + power * self._resistance
        self.element = toward(before, settled, self._decay)
        heat = power - self.capacity * (self.element - before)
        lost = m.booster_loss * (self.temperature - m.ambient)
        self.loss += lost
        remaining = self.volume - outflow
        self.volume = remaining + inflow
        self.temperature = (remaining * self.temperature + inflow * inlet) / self.volume
        self.temperature = self.temperature + (heat - lost) / (self.volume * SPECIFIC_HEAT)
