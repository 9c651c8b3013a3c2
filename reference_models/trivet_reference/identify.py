"""Thermal constants of an appliance from short heat-up runs at known power.

Over any stretch of a run the heat balance of one thermal node is linear in its constants:
``dT = E / C - U / C * integral(T - Ta) - (k + s P / 101.325) / C * integral(ps(T) - ps(Ta))``
with the energy ``E`` that was put in. Least squares needs no start value and no derivative of a
noisy temperature. What disturbs a run (a draught, a stir, water that is not mixed) stays in its
temperature from then on; so stretches are fitted, each by itself, and not the distance from the start.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trivet.errors import DataError
from trivet.signals import Floats
from trivet_reference.plant.pot import ATMOSPHERE, Node, heat
from trivet_reference.plant.water import evaporation

ROOM = 22.0
"""Room temperature where none is measured [degC]; the models take the same."""

LEAST_RISE = 5.0
"""A run that warms by less says nothing [K]."""

STRETCH = 300.0
"""Length of a stretch that is fitted by itself [s]: the length of the model's window."""


@dataclass(frozen=True, slots=True)
class Run:
    """One heat-up.

    Attributes:
        seconds: Rising times from the start, ``(rows,)``.
        temperature: Chamber or water [degC], ``(rows,)``.
        power: Heating power [W], ``(rows,)``; each stands until the next row.
    """

    seconds: Floats
    temperature: Floats
    power: Floats


@dataclass(frozen=True, slots=True)
class Thermal:
    """One thermal node.

    Attributes:
        heat_capacity: [J/K].
        loss_coefficient: [W/K].
        evaporation_coefficient: [W/kPa].
        steam_share: Share of the heating power that leaves as steam at boiling, by water that boils where it is heated.
    """

    heat_capacity: float
    loss_coefficient: float
    evaporation_coefficient: float
    steam_share: float = 0.0

    def node(self, ambient: float) -> Node:
        """The same in a room at a temperature [degC]."""
        values = (self.heat_capacity, self.loss_coefficient, self.evaporation_coefficient, ambient, self.steam_share)
        return Node(*(np.asarray(value, np.float64) for value in values))


def identify(runs: Sequence[Run], ambient: float = ROOM, *, wet: bool = True) -> Thermal:
    """The constants that fit all runs best; none of them is below zero.

    Args:
        runs: Best at two unlike powers, so that losses can be told from heat capacity.
        ambient: Room temperature [degC].
        wet: Whether water evaporates; without it all loss is linear. The share of power that leaves as steam
            is told from evaporation only by unlike powers, and is zero where all runs have the same.

    Raises:
        DataError: A run is too short, or the runs contradict a positive heat capacity.
    """
    columns, rises = (np.concatenate(parts) for parts in zip(*(_balance(run, ambient) for run in runs), strict=True))
    unlike = len({float(power) for run in runs for power in run.power}) > 1
    losses = ((1, 2, 3) if unlike else (1, 2)) if wet else (1,)
    chosen = (subset for size in range(len(losses) + 1) for subset in itertools.combinations(losses, size))
    fits = [fit for subset in chosen if (fit := _fit(columns, rises, (0, *subset))) is not None]
    if not fits:
        raise DataError("the runs do not warm up as a heated body does", hint="check power and temperature columns")
    constants = min(fits, key=lambda fit: float(np.square(columns @ fit - rises).sum()))
    capacity = 1.0 / float(constants[0])
    return Thermal(capacity, *(float(constant) * capacity for constant in constants[1:]))


def follow(thermal: Thermal, run: Run, ambient: float = ROOM) -> Floats:
    """The temperature [degC] that a node has at the times of a run at constant power, from the run's own start."""
    seconds = np.rint(run.seconds - run.seconds[0]).astype(np.int64)
    made = heat(thermal.node(ambient), run.temperature[0], run.power[0], int(seconds[-1]))
    return np.asarray(made[seconds])


def _balance(run: Run, ambient: float) -> tuple[Floats, Floats]:
    """What multiplies the four constants, ``(stretches, 4)``, and the rises [K].

    The variance of what disturbs a stretch grows with its length, which is what the weights say.
    """
    rise = run.temperature - run.temperature[0]
    if len(rise) < 3 or rise.max() < LEAST_RISE:
        raise DataError(f"a run warms by less than {LEAST_RISE:g} K", hint="record a longer heat-up")
    pressure = evaporation(run.temperature, np.asarray(ambient))
    drives = (run.temperature - ambient, pressure, run.power * pressure / ATMOSPHERE)
    step = np.diff(run.seconds)
    put_in = np.append(0.0, np.cumsum(run.power[:-1] * step))
    lost = [np.append(0.0, np.cumsum((drive[1:] + drive[:-1]) / 2 * step)) for drive in drives]
    whole = np.stack([put_in, *(-integral for integral in lost), rise], axis=1)
    ends = np.searchsorted(run.seconds, np.arange(run.seconds[0], run.seconds[-1], STRETCH))
    ends = np.append(ends, len(rise) - 1)
    made = np.diff(whole[ends], axis=0) / np.sqrt(np.diff(run.seconds[ends]))[:, None]
    return made[:, :-1], made[:, -1]


def _fit(columns: Floats, rises: Floats, used: tuple[int, ...]) -> Floats | None:
    """Least squares over some of the constants, the others 0; None where one comes out below zero."""
    made = np.zeros(columns.shape[1])
    made[list(used)] = np.linalg.lstsq(columns[:, used], rises, rcond=None)[0]
    return made if made[0] > 0 and (made >= 0).all() else None
