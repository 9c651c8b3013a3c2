"""Faults of dishwashers as effects that grow: what, from when, how fast and how far.

The names are the classes of output ``fault`` of the interface commercial-dishwasher.
Progressions are sampling priors of a simulator, no claims about real machines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from trivet.signals import Floats, Ints

FAULTS = (
    "booster_scale",
    "booster_phase_open",
    "tank_element_failed",
    "filter_clog",
    "wash_arm_clog",
    "wash_pump_bearing",
    "wash_pump_cavitation",
    "wash_pump_seal_leak",
    "drain_blockage",
    "inlet_valve_slow",
    "inlet_valve_leak",
    "rinse_jets_blocked",
    "detergent_empty",
    "rinse_aid_empty",
    "temperature_sensor_drift",
    "temperature_sensor_open",
    "door_switch",
    "softener_exhausted",
    "heat_recovery_fouled",
    "contactor_welded",
)

ABRUPT = frozenset(
    {
        "booster_phase_open",
        "tank_element_failed",
        "detergent_empty",
        "rinse_aid_empty",
        "temperature_sensor_open",
        "contactor_welded",
    }
)
"""Faults that are there from one moment to the next; the others creep."""


class Ills(Protocol):
    """What is wrong with the machines of a plant, as the plant asks for it."""

    @property
    def variant(self) -> Floats:
        """Which part of several is hit (phase, heater, sensor), 0 to 1, ``(machines,)``."""
        ...

    def levels(self, second: float) -> Floats:
        """Severity of every fault at a second of the plant, ``(len(FAULTS), machines)``."""
        ...


@dataclass(frozen=True, slots=True)
class Faults:
    """Faults of a fleet; the first axis counts the faults of one machine.

    Attributes:
        kind: Index into ``FAULTS``, or -1 for none, int ``(faults, machines)``.
        onset: When it begins [s of the plant's own time], ``(faults, machines)``.
        ramp: How long it takes to grow to ``severity`` [s]; 0 is abrupt.
        severity: How far it goes, 0 to 1.
        variant: Which part of several is hit (phase, heater, sensor), 0 to 1, ``(machines,)``.
    """

    kind: Ints
    onset: Floats
    ramp: Floats
    severity: Floats
    variant: Floats

    def levels(self, second: float) -> Floats:
        """Present severity of every fault, ``(len(FAULTS), machines)``."""
        elapsed = second - self.onset
        grown = np.clip(elapsed / np.maximum(self.ramp, 1e-9), 0.0, 1.0) * self.severity * (elapsed >= 0)
        levels = np.zeros((len(FAULTS), self.kind.shape[1]))
        for kind, level in zip(self.kind, grown, strict=True):
            present = np.flatnonzero(kind >= 0)
            levels[kind[present], present] = np.maximum(levels[kind[present], present], level[present])
        return levels


def healthy(machines: int, seed: int = 0) -> Faults:
    """No fault at any machine."""
    none = np.full((1, machines), -1)
    zero = np.zeros((1, machines))
    return Faults(none, zero, zero, zero, np.random.default_rng((seed, 2)).random(machines))


def single(
    machines: int, fault: str, severity: float, onset: float, ramp: float | None = None, seed: int = 0
) -> Faults:
    """The same fault at every machine.

    Args:
        machines: Size of the fleet.
        fault: One of ``FAULTS``.
        severity: How far it goes, 0 to 1.
        onset: When it begins [s of the plant's own time].
        ramp: How long it takes to get there [s]; None is 0 for abrupt faults and 1800 for the others.
        seed: Draws the part that is hit.

    Raises:
        ValueError: The fault is unknown or the severity is outside 0 to 1.
    """
    if fault not in FAULTS:
        raise ValueError(f"unknown fault {fault!r}; known are {', '.join(FAULTS)}")
    if not 0.0 <= severity <= 1.0:
        raise ValueError(f"severity {severity} is outside 0 to 1")
    growth = (0.0 if fault in ABRUPT else 1800.0) if ramp is None else ramp
    shape = (1, machines)
    variant = np.random.default_rng((seed, 2)).random(machines)
    return Faults(
        np.full(shape, FAULTS.index(fault)),
        np.full(shape, onset),
        np.full(shape, growth),
        np.full(shape, severity),
        variant,
    )


def draw(
    seed: int,
    machines: int,
    duration: float,
    sick: float = 0.7,
    second: float = 0.07,
    names: Sequence[str] = FAULTS,
) -> Faults:
    """A fleet's faults: a share is sick, a tenth of those with two faults at once.

    Args:
        seed: The same seed gives the same faults.
        machines: Size of the fleet.
        duration: Length of the simulation [s]; onsets lie between 35 and 65 % of it.
        sick: Share of machines with a fault.
        second: Share of sick machines with another fault.
        names: Faults that there are.
    """
    rng = np.random.default_rng((seed, 2))
    variant = rng.random(machines)
    known = np.array([FAULTS.index(name) for name in names])
    kind = known[np.stack([rng.permutation(np.arange(machines)), rng.integers(machines, size=machines)]) % len(known)]
    ill = rng.random(machines) < sick
    kind[0, ~ill] = -1
    kind[1, ~(ill & (rng.random(machines) < second))] = -1
    abrupt = np.isin(kind, [FAULTS.index(name) for name in ABRUPT])
    onset = rng.uniform(0.35, 0.65, kind.shape) * duration
    ramp = np.where(abrupt, 0.0, rng.uniform(0.05, 0.4, kind.shape) * duration)
    severity = np.where(abrupt, 1.0, rng.uniform(0.5, 1.0, kind.shape))
    return Faults(kind, onset, ramp, severity, variant)
