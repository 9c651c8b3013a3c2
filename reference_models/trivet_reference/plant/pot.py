"""A pot of water heated with a given power: the equation that was fitted to measured pots."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trivet.signals import Floats
from trivet_reference.plant.water import evaporation

ATMOSPHERE = 101.325
"""Air pressure at which water boils at 100 degC [kPa]."""


class Node(NamedTuple):
    """One thermal node; each entry broadcasts.

    Attributes:
        capacity: [J/K].
        loss: Linear loss [W/K].
        evaporation: [W/kPa].
        ambient: [degC].
        steam: Share of the heating power that leaves as steam at boiling.
    """

    capacity: Floats
    loss: Floats
    evaporation: Floats
    ambient: Floats
    steam: Floats | float = 0.0

    def heated(self, power: Floats) -> Floats:
        """Evaporation coefficient while it is heated with a power [W]; the loss is linear in it [W/kPa]."""
        return np.asarray(self.evaporation + self.steam * power / ATMOSPHERE)

    def rate(self, temperature: Floats, power: Floats) -> Floats:
        """dT/dt [K/s] at a heating power [W]."""
        lost = self.loss * (temperature - self.ambient)
        lost = lost + self.heated(power) * evaporation(temperature, self.ambient)
        return np.asarray((power - lost) / self.capacity)


def heat(node: Node, start: Floats, power: Floats, seconds: int, every: int = 1) -> Floats:
    """Water temperature at constant power, ``(seconds // every + 1, ...)``, by the midpoint rule with 1 s steps."""
    temperature = np.asarray(start, dtype=float)
    rows = [temperature]
    for second in range(1, seconds + 1):
        half = temperature + 0.5 * node.rate(temperature, power)
        temperature = temperature + node.rate(half, power)
        if second % every == 0:
            rows.append(temperature)
    return np.stack(rows)
