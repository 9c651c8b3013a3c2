"""Wash and rinse pumps: flow, pressure and shaft power at constant speed."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from trivet.signals import Floats
from trivet_reference.plant.machine import Machines


class Stream(NamedTuple):
    """What a pump gives.

    Attributes:
        flow: [L/min].
        pressure: At the pump's outlet [bar].
        load: Power as a share of normal.
        relative: Flow as a share of normal.
    """

    flow: Floats
    pressure: Floats
    load: Floats
    relative: Floats


_FALL = 0.5
"""Part of the shut-off head that the pump itself loses at normal flow."""


def wash(machines: Machines, filter_clog: Floats, arm_clog: Floats, cavitation: Floats, ripple: Floats) -> Stream:
    """The wash circuit: head falls with flow squared, so does the pressure over filter and arms.

    A clogged filter lowers flow and pressure; clogged arms lower flow and raise pressure; air
    lowers both. The shaft power of a centrifugal pump falls with its flow.

    Args:
        machines: Their normal flow and pressure.
        filter_clog: Of the suction filter, 0 to 1.
        arm_clog: Of the wash arms, 0 to 1.
        cavitation: Air in the water, 0 to 1.
        ripple: Standard normal noise of this second.
    """
    shut_off = 1.0 / (1.0 - _FALL)
    head = shut_off * (1.0 - 0.35 * cavitation)
    arms = 1.0 / (1.0 - 0.75 * arm_clog) ** 2
    suction = 3.5 * filter_clog**1.5
    roughness = 0.012 * (1.0 + 3.0 * filter_clog + 9.0 * cavitation)
    squared = head / (shut_off * _FALL + arms + suction) * (1.0 + roughness * ripple)
    relative = np.sqrt(np.maximum(squared, 0.0))
    pressure = machines.pump_pressure * arms * relative**2
    load = (0.5 + 0.5 * relative) * (1.0 - 0.15 * cavitation) * (1.0 + 0.5 * roughness * ripple)
    return Stream(machines.pump_flow * relative, pressure, load, relative)


def rinse(machines: Machines, blocked: Floats, ripple: Floats) -> Stream:
    """The rinse circuit; blocked jets lower flow and raise pressure."""
    jets = 1.0 / (1.0 - 0.7 * blocked) ** 2
    shut_off = 1.0 / (1.0 - _FALL)
    squared = shut_off / (shut_off * _FALL + jets) * (1.0 + 0.01 * ripple)
    relative = np.sqrt(np.maximum(squared, 0.0))
    normal = machines.rinse_volume / machines.rinse_time * 60.0
    pressure = machines.rinse_pressure * jets * relative**2
    return Stream(normal * relative, pressure, 0.6 + 0.4 * relative, relative)
