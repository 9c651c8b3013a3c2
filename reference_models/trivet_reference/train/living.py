"""Fleets that live their lives in stretches, and what a model must say about each of their cycles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from trivet.interface.document import Interface
from trivet.signals import Floats, Ints
from trivet_reference.plant import lives, machine, stops
from trivet_reference.plant.dishwasher import Dishwasher
from trivet_reference.plant.faults import FAULTS
from trivet_reference.plant.lives import DAY, NEVER, Lives, Stretches
from trivet_reference.plant.machine import ONE_TANK
from trivet_reference.train.dishwasher_data import HOUR, Fleet, Table
from trivet_reference.train.dishwasher_features import COLUMNS
from trivet_reference.train.recording import record

FIRST, LENGTH, COUNT = 5200, 1600, 5
"""Seconds for the baseline, seconds of each further stretch, and their number."""

SETTLE = 3
"""Cycles of a stretch that teach nothing: until then the slow mean knows too little of it."""

HORIZONS = ("fault_50_racks", "fault_24h", "fault_7d")
RACKS = 50.0

_SAG, _SAGGED = 0.94, 0.05
_JUMP = 45 * 86_400


class Living(NamedTuple):
    """A fleet with its lives."""

    fleet: Fleet
    stretches: Stretches


def live(
    interface: Interface,
    seed: int,
    count: int,
    names: Sequence[str] = FAULTS,
    sick: float = 0.65,
    pace: tuple[float, float] = (70.0, 300.0),
    types: tuple[float, float, float] = ONE_TANK,
    parts: tuple[int, int, int] = (FIRST, LENGTH, COUNT),
) -> Living:
    """A fleet that lives some stretches of two lives.

    Each stretch lies in another season, at another pace; in some the mains is low.

    Args:
        interface: Says which signals are means over a frame.
        seed: Of everything that is drawn.
        count: Number of machines.
        names: Faults that there are.
        sick: Share of machines with a fault.
        pace: Mean time between racks, from and to [s].
        types: Shares of machine types.
        parts: Seconds of the first stretch and of the others, and the number of others in each of two lives.
    """
    machines = machine.draw(seed, count, types)
    one = lives.draw(seed, machines, sick, names=names)
    every = (one, lives.again(seed + 50, machines, one, sick, names))
    found = [stops.found(machines, each, seed).lives for each in every] if sick > 0 else every
    stretches = lives.stretches(found, seed, *parts)
    rng = np.random.default_rng((seed, 4))
    plant = Dishwasher(machines, seed, stretches, pace=np.full(count, pace[0]), hour=HOUR)
    begins = {int(begin) for begin in stretches.begin}

    def step() -> None:
        if plant.elapsed in begins:
            plant.operators.pace = np.exp(rng.uniform(np.log(pace[0]), np.log(pace[1]), count))
            plant.mains.sag = np.where(rng.random(count) < _SAGGED, _SAG, 1.0)
            plant.second += _JUMP if plant.elapsed else 0
        plant.step()

    seconds = int(stretches.begin[-1]) + parts[1]
    kept = record(step, lambda: plant.sensors.signals(plant), interface, COLUMNS, seconds, round(HOUR * 3600))
    return Living(Fleet(machines, stretches, kept), stretches)


class Truth(NamedTuple):
    """What is true of each cycle, ``(rows,)`` each.

    Attributes:
        lead: Operating hours until a fault that has begun stops the machine; infinite without one.
        kind: That fault, index into ``FAULTS``, or -1.
        down: Whether the machine was stopped and is not repaired yet.
        rate: Racks of an operating hour.
        weight: Operating hours that the cycle stands for.
        onset: Hours since the fault that is present began; NaN without one.
    """

    lead: Floats
    kind: Ints
    down: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]
    rate: Floats
    weight: Floats
    onset: Floats


def truth(living: Living, cycles: Table) -> Truth:
    """What is true of the cycles of a fleet."""
    stretches, who = living.stretches, cycles.machine
    hours = stretches.hours[cycles.stretch, who]
    hours = hours + (cycles.closed - stretches.begin[cycles.stretch]) / 3600.0
    number = stretches.number_of[cycles.stretch]
    told = [_course(one, who, hours) for one in stretches.lives]
    lead, kind, down, since = (np.choose(number, column) for column in zip(*told, strict=True))
    racks = living.fleet.machines.racks[who] / DAY
    return Truth(lead, kind, down, racks, _weights(stretches, cycles), since)


def _course(life: Lives, who: Ints, hours: Floats) -> tuple[Floats, Ints, np.ndarray[Any, np.dtype[np.bool_]], Floats]:
    """Lead, kind, whether it is down, and hours since the onset, were all cycles of this life."""
    onset, failure, repair = life.onset[:, who], life.failure[:, who], life.repair[:, who]
    begun = life.present[:, who] & (hours >= onset)
    ahead = np.where(begun & (hours < failure), failure - hours, NEVER)
    first = ahead.argmin(axis=0)
    lead = ahead.min(axis=0)
    kind = np.where(np.isfinite(lead), life.kind[first, who], -1)
    down = (begun & (hours >= failure) & (hours < failure + repair)).any(axis=0)
    since = np.where(begun & (hours < failure + repair), hours - onset, -1.0).max(axis=0)
    return lead, kind, np.asarray(down), np.where(since < 0, np.nan, since)


def _weights(stretches: Stretches, cycles: Table) -> Floats:
    """The hours of each stretch, shared among those of its cycles that count."""
    key = cycles.machine * len(stretches.begin) + cycles.stretch
    counts = cycles.settled >= SETTLE
    shared = np.bincount(key[counts], minlength=int(key.max()) + 1)[key]
    hours = stretches.weight[cycles.stretch, cycles.machine]
    return np.where(counts, hours / np.maximum(shared, 1), 0.0)


def horizons(rate: Floats) -> Floats:
    """Operating hours of each of ``HORIZONS`` at machines with this rate of racks, ``(3, rows)``."""
    return np.stack([RACKS / rate, np.full_like(rate, 24.0), np.full_like(rate, 7 * DAY)])


def reach(told: Truth) -> Ints:
    """Number of the first of ``HORIZONS`` within which the machine will be stopped; 3 for none of them."""
    return np.asarray((told.lead >= horizons(told.rate)).sum(axis=0))


def months(told: Truth, chosen: Ints) -> float:
    """Machine-months of some cycles: each machine has its own racks a day, 30 days a month."""
    return float((1.0 / (told.rate[chosen] * DAY * 30.0)).sum())
