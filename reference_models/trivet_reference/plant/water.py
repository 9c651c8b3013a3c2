"""Properties of water and moist air that every wet appliance needs."""

from __future__ import annotations

import numpy as np

from trivet.signals import Floats

SPECIFIC_HEAT = 4186.0
"""Heat to warm one litre of water by one kelvin [J]; one litre counts as one kilogram."""


def vapour_pressure(temperature: Floats) -> Floats:
    """Saturation pressure of water vapour [kPa] at a temperature [degC].

    Magnus form with the coefficients of Alduchov and Eskridge (1996), held at 100 degC:
    above it the water boils and pressure no longer drives the loss.
    """
    bounded = np.minimum(temperature, 100.0)
    return np.asarray(0.61094 * np.exp(17.625 * bounded / (bounded + 243.04)))


def evaporation(temperature: Floats, ambient: Floats) -> Floats:
    """Difference of saturation pressures [kPa] that drives evaporation into a room at ``ambient`` [degC]."""
    return np.asarray(vapour_pressure(temperature) - vapour_pressure(ambient))


def decay(time_constant: Floats | float, step: float = 1.0) -> Floats:
    """What one step [s] leaves of a difference under a first-order lag [s]."""
    return np.asarray(np.exp(-step / time_constant))


def relax(value: Floats, target: Floats, time_constant: Floats | float, step: float = 1.0) -> Floats:
    """A first-order lag, exact over one step [s], so that no time constant makes it unstable."""
    return toward(value, target, decay(time_constant, step))


def toward(value: Floats, target: Floats, left: Floats) -> Floats:
    """The same where ``decay`` is known already."""
    return np.asarray(target + (value - target) * left)
