"""Windows of simulated ovens and pots with what each action then came to: the training data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trivet.build.golden import Recorded
from trivet.build.inputs import Inputs, blanked
from trivet.interface.document import Interface
from trivet.signals import SECOND, Float32s, Floats, Ints
from trivet.window.window import Window
from trivet_reference.cooking.actions import Moments, joined, moments, outcomes, taken
from trivet_reference.cooking.features import COLUMNS, PARAMETERS
from trivet_reference.plant.cookers import Cookers, draw_ovens, draw_pots
from trivet_reference.plant.kitchen import CLOSED, IDLE
from trivet_reference.plant.machine import Flags
from trivet_reference.plant.oven import Oven
from trivet_reference.train.recording import START, Recording, record, windows

EVERY = 300
"""Time between two windows of one plant that enter the data [s]."""

Sessions = Sequence[tuple[float, int]]

SESSIONS: Sessions = ((9.2, 9000), (21.4, 7200))
"""Hour at which plants are first seen, and for how long [s]: before opening, and over closing time."""

ERRORS = {"heat_capacity": 0.03, "loss_coefficient": 0.08, "evaporation_coefficient": 0.08}
"""Standard deviation of the logarithm of thermal constants as the device document has them."""

PATTERNS: dict[str, tuple[str, ...]] = {
    "everything": COLUMNS,
    "controller and meter": tuple(name for name in COLUMNS if name != "ambient_temperature"),
    "controller": tuple(name for name in COLUMNS if name not in {"active_power", "ambient_temperature"}),
    "temperature and meter": ("chamber_temperature", "chamber_setpoint", "active_power"),
    "temperature": ("chamber_temperature", "chamber_setpoint"),
}
"""What plants have: sets of fitted columns that the model is trained and judged for."""

DRAWS: tuple[tuple[Callable[[int, int], Cookers], bool], ...] = ((draw_ovens, True), (draw_pots, False))
"""Kinds of plants, and whether they have steam programmes."""


@dataclass(frozen=True, slots=True)
class Samples:
    """Windows of many plants, and what came of each action that was taken at their end.

    Attributes:
        values: float32 ``(rows, length, columns)``.
        context: float32 ``(rows, k)``.
        ready: Time to the set-point after each action [s], ``(rows, actions)``.
        energy: ``(rows, actions)`` [Wh].
        idle: Rows without food, a programme or an open door; only there is there an action to take.
        pot: Rows of pots.
        plant: Number of the plant, int ``(rows,)``.
    """

    values: Float32s
    context: Float32s
    ready: Floats
    energy: Floats
    idle: Flags
    pot: Flags
    plant: Ints

    def __len__(self) -> int:
        return len(self.values)

    def rows(self, index: Ints | Flags) -> Samples:
        """Some of them."""
        return Samples(*(getattr(self, field.name)[index] for field in fields(Samples)))

    def inputs(self, pattern: str = "everything") -> Inputs:
        """As a model gets them at plants that have these signals."""
        return blanked(Inputs(self.values, self.context), COLUMNS, frozenset(PATTERNS[pattern]))


class _Session(NamedTuple):
    """A fleet that was watched: snapshots every ``EVERY`` seconds."""

    recording: Recording
    elapsed: list[int]
    moments: list[Moments]
    idle: list[NDArray[np.bool_]]


def simulate(interface: Interface, seed: int, count: int, sessions: Sessions = SESSIONS) -> Samples:
    """Samples of so many ovens and as many pots in each session; each plant is in one session only."""
    parts = []
    for number, (hour, seconds) in enumerate(sessions):
        for kind, (draw, steams) in enumerate(DRAWS):
            own = 4 * seed + 2 * number + kind
            parts.append(_samples(interface, draw(own, count), own, hour, seconds, steams))
    plants = np.concatenate([part.plant + n * count for n, part in enumerate(parts)])
    whole = {f.name: np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Samples)}
    return Samples(**{**whole, "plant": plants})


def _samples(interface: Interface, cookers: Cookers, seed: int, hour: float, seconds: int, steams: bool) -> Samples:
    session = _watch(interface, cookers, seed, hour, seconds, steams)
    plates = told(cookers, seed)
    made, owner = [], []
    for number in range(len(cookers)):
        ends = {START + (session.recording.start + at) * SECOND: n for n, at in enumerate(session.elapsed)}
        known = {name: float(plates[name][number]) for name in PARAMETERS}
        found = windows(session.recording, number, interface, "recent", COLUMNS, COLUMNS, known)
        chosen = [(ends[window.span[1]], window) for window in found if window.span[1] in ends]
        made += [window for _, window in chosen]
        owner += [(place, number) for place, _ in chosen]
    place, plant = np.array(owner, np.int64).T
    states = _picked(session.moments, place, plant)
    outcome = outcomes(states)
    idle = np.stack(session.idle)[place, plant]
    return _table(made, outcome.ready, outcome.energy, idle, np.full(len(made), not steams), plant)


def _table(made: list[Window], ready: Floats, energy: Floats, idle: Flags, pot: Flags, plant: Ints) -> Samples:
    values = np.stack([window.values for window in made])
    context = np.array([window.context for window in made], np.float32)
    return Samples(values, context, ready, energy, idle & np.isfinite(ready).all(axis=1), pot, plant)


def _watch(interface: Interface, cookers: Cookers, seed: int, hour: float, seconds: int, steams: bool) -> _Session:
    """Plants at every temperature from the room's to the set-point, left to their crews."""
    oven = Oven(cookers, seed, hour=hour, steams=steams)
    rng = np.random.default_rng((seed, 21))
    warm = rng.uniform(0, 1, len(cookers)) * rng.integers(0, 2, len(cookers))
    oven.temperature = cookers.ambient + warm * (cookers.setpoint - cookers.ambient)
    oven.reading = oven.temperature + cookers.bias
    start = oven.second
    elapsed: list[int] = []
    states: list[Moments] = []
    idle: list[NDArray[np.bool_]] = []

    def step() -> None:
        oven.step()
        if (oven.second - start) % EVERY == 0:
            elapsed.append(oven.second - start)
            states.append(moments(oven))
            idle.append((oven.kitchen.state == IDLE) | (oven.kitchen.state == CLOSED))

    kept = record(step, oven.signals, interface, COLUMNS, seconds, start)
    return _Session(kept, elapsed, states, idle)


def _picked(states: list[Moments], place: Ints, plant: Ints) -> Moments:
    """The states of plants at their own times."""
    number = len(states[0])
    every = joined(states)
    rows = place * number + plant
    rest = [getattr(every, field.name)[rows] for field in fields(Moments) if field.name != "cookers"]
    return Moments(taken(every.cookers, rows), *rest)


def told(cookers: Cookers, seed: int) -> dict[str, Floats]:
    """The parameters as a device document has them: thermal constants with the errors of an identification."""
    rng = np.random.default_rng((seed, 22))
    plates = [cookers.parameters(number) for number in range(len(cookers))]
    exact = {name: np.array([plate[name] for plate in plates]) for name in PARAMETERS}
    factors = {name: np.exp(sd * rng.standard_normal(len(cookers))) for name, sd in ERRORS.items()}
    return {name: values * factors.get(name, 1.0) for name, values in exact.items()}


def recorded(interface: Interface, seed: int) -> Recorded:
    """Readings of one oven that make one window, for the first golden layer."""
    cookers = draw_ovens(seed, 1)
    oven = Oven(cookers, seed, hour=9.4)
    kept = record(oven.step, oven.signals, interface, COLUMNS, 1_200, oven.second)
    return Recorded.of([kept.readings(0, COLUMNS)], interface, COLUMNS, cookers.parameters(0))
