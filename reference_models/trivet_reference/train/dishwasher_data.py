"""Cycles of simulated dishwashers with what was wrong at the time: the training data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trivet.build.baseline import fields
from trivet.build.features import FeatureList
from trivet.build.session import FeatureSession
from trivet.interface.document import Interface
from trivet.signals import SECOND, Float32s, Floats, Ints
from trivet.window.window import Window
from trivet_reference.plant import faults, machine
from trivet_reference.plant.dishwasher import Dishwasher
from trivet_reference.plant.faults import FAULTS, Ills
from trivet_reference.plant.lives import Stretches
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
    ills: Ills
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
        opened: When it opened [s of the plant], ``(rows,)``.
        closed: When it closed [s of the plant], ``(rows,)``.
    """

    values: Float32s
    context: Float32s
    machine: Ints
    order: Ints
    levels: Floats
    opened: Floats
    closed: Floats

    def __len__(self) -> int:
        return len(self.values)


def simulate(
    interface: Interface,
    seed: int,
    machines: int,
    seconds: int,
    ills: Ills | None = None,
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
        stretch: Part of the life that the cycle opened in, int ``(rows,)``.
        settled: Cycles of the same part before it, int ``(rows,)``.
        closed: When it closed [s of the plant], ``(rows,)``.
    """

    x: Float32s
    machine: Ints
    order: Ints
    levels: Floats
    stretch: Ints
    settled: Ints
    closed: Floats


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
    opened, closed = (_seconds(fleet, [w.span[end] for w in made]) for end in (0, 1))
    return Cycles(
        np.stack([w.values for w in made]) if made else np.zeros((0, 1, len(COLUMNS)), np.float32),
        np.array([w.context for w in made], np.float32),
        machine_of,
        np.arange(len(made)) - first,
        levels(fleet, machine_of, closed),
        opened,
        closed,
    )


def _seconds(fleet: Fleet, times: Sequence[int]) -> Floats:
    """Times [ns] in the plant's own seconds."""
    return (np.array(times, np.int64) - START) / SECOND - fleet.recording.start


def levels(fleet: Fleet, owner: Ints, closed: Floats) -> Floats:
    """Severities that a model may be asked about when each cycle closed [s of the plant], ``(rows, faults)``."""
    ills = fleet.ills
    truth = ills.truth if isinstance(ills, Stretches) else ills.levels
    rows = np.array([truth(second)[:, who] for second, who in zip(closed, owner, strict=True)])
    rows = rows.reshape(len(owner), len(FAULTS))
    without = fleet.machines.recovery[owner] <= 0
    rows[without, FAULTS.index("heat_recovery_fouled")] = 0.0
    return rows


def parts(fleet: Fleet, data: Cycles) -> tuple[Ints, Ints]:
    """Which part of its life each cycle opened in, and how many of that part came before it."""
    if not isinstance(fleet.ills, Stretches):
        return np.zeros(len(data), np.int64), data.order
    stretch = fleet.ills.number(data.opened)
    key = data.machine * len(fleet.ills.begin) + stretch
    return stretch, np.arange(len(data)) - np.searchsorted(key, key)


class Memory:
    """What a model remembers of each machine, with what is left out between parts of lives made up for.

    Where a new part begins, the baseline counts as full, and the slow mean as forgotten, since it would
    hold cycles of this part only.
    """

    def __init__(self, features: FeatureList, machines: int) -> None:
        listed = fields(features)
        self._full = features.baseline.windows
        self._slow = np.flatnonzero([field.name.endswith(("_slow", "_weight")) for field in listed])
        self._state = np.zeros((machines, len(listed)), np.float32)

    def of(self, who: Ints, fresh: NDArray[np.bool_]) -> Float32s:
        """The memory of some machines, of which those that are ``fresh`` begin another part, ``(machines, fields)``."""
        begins = who[fresh]
        self._state[np.ix_(begins, self._slow)] = 0.0
        self._state[begins, 0] = self._full
        return self._state[who]

    def keep(self, who: Ints, state: Float32s | None) -> None:
        """Remembers what follows."""
        if state is not None:
            self._state[who] = state


def remembered(features: FeatureList, data: Cycles, names: Sequence[str], settled: Ints | None = None) -> Float32s:
    """Features of every cycle with the memory of those before it, ``(rows, names)``.

    Args:
        features: The list.
        data: Machine after machine, each in order.
        names: Features or context inputs.
        settled: Cycles of the same part of a life before each; None when lives are whole.
    """
    session = FeatureSession(features, names)
    memory = Memory(features, int(data.machine.max()) + 1)
    made = np.full((len(data), len(names)), np.nan, np.float32)
    for number in range(int(data.order.max()) + 1):
        rows = np.flatnonzero(data.order == number)
        who = data.machine[rows]
        fresh = np.zeros(len(rows), bool) if settled is None or not number else settled[rows] == 0
        made[rows], following = session.run(data.values[rows], data.context[rows], memory.of(who, fresh))
        memory.keep(who, following)
    return made


def table(
    interface: Interface, fleet: Fleet, pattern: Sequence[str], features: FeatureList, names: Sequence[str]
) -> Table:
    """Features of all cycles of a fleet, made in parts so that memory stays small."""
    made = []
    for first in range(0, len(fleet.machines), _PART):
        chosen = range(first, min(first + _PART, len(fleet.machines)))
        data = cycles(interface, fleet, pattern, chosen)
        if len(data):
            stretch, settled = parts(fleet, data)
            x = remembered(features, data, names, settled)
            made.append(Table(x, data.machine, data.order, data.levels, stretch, settled, data.closed))
    return Table(*(np.concatenate(column) for column in zip(*made, strict=True)))
