"""Cycles of simulated dishwashers with what was wrong at the time: the training data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from trivet.build.baseline import fields
from trivet.build.features import FeatureList
from trivet.build.session import FeatureSession
from trivet.interface.document import Interface
from trivet.signals import SECOND, Float32s, Floats, Ints
from trivet.window.window import Window
from trivet_reference.plant import faults, machine
from trivet_reference.plant.dishwasher import Dishwasher
from trivet_reference.plant.faults import FAULTS, Faults
from trivet_reference.plant.machine import Machines
from trivet_reference.train.dishwasher_features import COLUMNS, PARAMETERS, TIER_A, TIER_B, TIER_C
from trivet_reference.train.recording import START, Recording, record, windows

PATTERNS: dict[str, tuple[str, ...]] = {
    "A": TIER_A,
    "AB": (*TIER_A, *TIER_B),
    "ABC": COLUMNS,
    "AC": (*TIER_A, *TIER_C),
    "B": TIER_B,
    "total": ("active_power",),
}
"""What plants have: sets of fitted columns that the model is trained for."""

HOUR = 9.4

_PART = 150


@dataclass(frozen=True, slots=True)
class Fleet:
    """Simulated machines and what they showed.

    Attributes:
        machines: Their constants.
        ills: What is wrong with them, and when.
        recording: What they showed.
    """

    machines: Machines
    ills: Faults
    recording: Recording


@dataclass(frozen=True, slots=True)
class Cycles:
    """Windows of a fleet under one pattern, machine after machine, each in order of time.

    Attributes:
        values: float32 ``(rows, length, columns)``, NaN where the pattern has no signal.
        context: float32 ``(rows, k)``.
        machine: Which machine, int ``(rows,)``.
        order: Number of the window at its machine, int ``(rows,)``.
        levels: Severity of every fault when the cycle closed, ``(rows, faults)``.
    """

    values: Float32s
    context: Float32s
    machine: Ints
    order: Ints
    levels: Floats

    def __len__(self) -> int:
        return len(self.values)


def simulate(
    interface: Interface,
    seed: int,
    machines: int,
    seconds: int,
    ills: Faults | None = None,
    pace: tuple[float, float] = (80.0, 400.0),
) -> Fleet:
    """A fleet that works for some hours, with its own rhythm of racks and its own faults."""
    drawn = machine.draw(seed, machines)
    known = faults.draw(seed, machines, float(seconds)) if ills is None else ills
    rng = np.random.default_rng((seed, 4))
    gaps = np.exp(rng.uniform(np.log(pace[0]), np.log(pace[1]), machines))
    plant = Dishwasher(drawn, seed, known, pace=gaps, hour=HOUR)
    start = round(HOUR * 3600)
    kept = record(plant.step, lambda: plant.sensors.signals(plant), interface, COLUMNS, seconds, start)
    return Fleet(drawn, known, kept)


class Table(NamedTuple):
    """Features of cycles, one row a cycle.

    Attributes:
        x: float32 ``(rows, names)``.
        machine: Which machine, int ``(rows,)``.
        order: Number of the window at its machine, int ``(rows,)``.
        levels: Severity of every fault when the cycle closed, ``(rows, faults)``.
    """

    x: Float32s
    machine: Ints
    order: Ints
    levels: Floats


def cycles(interface: Interface, fleet: Fleet, pattern: Sequence[str], chosen: Sequence[int]) -> Cycles:
    """The windows of a fleet of which only these columns are fitted.

    Args:
        interface: Whose window ``cycle`` it is.
        fleet: The machines.
        pattern: Fitted columns.
        chosen: Which of them.
    """
    made: list[Window] = []
    owner: list[int] = []
    for number in chosen:
        plate = fleet.machines.nameplate(number)
        known = {name: plate[name] for name in PARAMETERS}
        found = windows(fleet.recording, number, interface, "cycle", COLUMNS, pattern, known)
        whole = [w for w in found if not {"joined_late", "interrupted"} & set(w.flags)]
        made += whole
        owner += [number] * len(whole)
    machine_of = np.array(owner, np.int64)
    first = np.searchsorted(machine_of, machine_of)
    return Cycles(
        np.stack([w.values for w in made]) if made else np.zeros((0, 1, len(COLUMNS)), np.float32),
        np.array([w.context for w in made], np.float32),
        machine_of,
        np.arange(len(made)) - first,
        levels(fleet, machine_of, np.array([w.span[1] for w in made])),
    )


def levels(fleet: Fleet, owner: Ints, closed: Ints) -> Floats:
    """Severities that a model may be asked about when each cycle closed, ``(rows, faults)``."""
    elapsed = (closed - START) / SECOND - fleet.recording.start
    rows = np.array([fleet.ills.levels(second)[:, who] for second, who in zip(elapsed, owner, strict=True)])
    rows = rows.reshape(len(owner), len(FAULTS))
    without = fleet.machines.recovery[owner] <= 0
    rows[without, FAULTS.index("heat_recovery_fouled")] = 0.0
    return rows


def remembered(features: FeatureList, data: Cycles, names: Sequence[str]) -> Float32s:
    """Features of every cycle with the memory of those before it, ``(rows, names)``."""
    session = FeatureSession(features, names)
    state = np.zeros((int(data.machine.max()) + 1, len(fields(features))), np.float32)
    made = np.full((len(data), len(names)), np.nan, np.float32)
    for number in range(int(data.order.max()) + 1):
        rows = np.flatnonzero(data.order == number)
        who = data.machine[rows]
        made[rows], following = session.run(data.values[rows], data.context[rows], state[who])
        if following is not None:
            state[who] = following
    return made


def table(
    interface: Interface, fleet: Fleet, pattern: Sequence[str], features: FeatureList, names: Sequence[str]
) -> Table:
    """Features of all cycles of a fleet, made in parts so that memory stays small."""
    parts = []
    for first in range(0, len(fleet.machines), _PART):
        chosen = range(first, min(first + _PART, len(fleet.machines)))
        data = cycles(interface, fleet, pattern, chosen)
        if len(data):
            parts.append(Table(remembered(features, data, names), data.machine, data.order, data.levels))
    return Table(*(np.concatenate(column) for column in zip(*parts, strict=True)))
