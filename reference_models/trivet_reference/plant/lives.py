"""Lives of dishwashers: when a fault begins, how it grows, when it stops the machine, and its repair.

Time is the machine's operating time [h]. Courses are sampling priors of a simulator, no claims
about real machines. A life is far too long to be stepped through second by second, so a plant
lives it in *stretches*: some stretches of an hour or less, each at its own point of the life.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from trivet.signals import Floats, Ints
from trivet_reference.plant.faults import FAULTS
from trivet_reference.plant.machine import Machines

DAY = 13.0
"""Operating hours of a day."""

SPAN = 1500.0
"""Operating hours of a life that are looked at; about four months."""

NEVER = np.inf


class Course(NamedTuple):
    """How one kind of fault goes.

    Attributes:
        shortest: Operating hours from onset to a dead component, at least.
        longest: Likewise at most; drawn evenly in the logarithm.
        start: Severity right after the onset.
        shape: The severity grows with this power of the time since.
    """

    shortest: float
    longest: float
    start: float = 0.0
    shape: float = 1.0


COURSES: Mapping[str, Course] = {
    "booster_scale": Course(150, 1200),
    "booster_phase_open": Course(4, 60, 1.0),
    "tank_element_failed": Course(2, 20, 1.0),
    "filter_clog": Course(3, 40),
    "wash_arm_clog": Course(30, 250),
    "wash_pump_bearing": Course(100, 400, 0.0, 1.5),
    "wash_pump_cavitation": Course(0.5, 25),
    "wash_pump_seal_leak": Course(30, 250, 0.0, 1.5),
    "drain_blockage": Course(2, 60),
    "inlet_valve_slow": Course(100, 400),
    "inlet_valve_leak": Course(12, 90),
    "rinse_jets_blocked": Course(100, 400),
    "detergent_empty": Course(1.5, 8, 1.0),
    "rinse_aid_empty": Course(1.5, 8, 1.0),
    "temperature_sensor_drift": Course(300, 1000),
    "temperature_sensor_open": Course(0.5, 8, 1.0),
    "door_switch": Course(50, 400),
    "softener_exhausted": Course(30, 120, 0.2),
    "heat_recovery_fouled": Course(300, 1000),
    "contactor_welded": Course(4, 60, 0.4),
}

_KINDS = np.array([COURSES[name] for name in FAULTS])
_SOFTENER, _SCALE, _RECOVERY = (
    FAULTS.index(name) for name in ("softener_exhausted", "booster_scale", "heat_recovery_fouled")
)


@dataclass(frozen=True, slots=True)
class Lives:
    """Lives of a fleet; the first axis counts the faults of one machine.

    Attributes:
        kind: Index into ``FAULTS``, or -1 for none, int ``(faults, machines)``.
        onset: When it begins [h], ``(faults, machines)``.
        lead: From there to a dead component [h].
        limit: Severity at which the machine is stopped before that; 1 where only a dead component stops it.
        delay: From the onset to a stop [h] where the first severity is enough for one; else infinite.
        repair: From the stop to the end of the repair [h].
        variant: Which part of several is hit, 0 to 1, ``(machines,)``.
    """

    kind: Ints
    onset: Floats
    lead: Floats
    limit: Floats
    delay: Floats
    repair: Floats
    variant: Floats

    @property
    def present(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Where there is a fault at all, ``(faults, machines)``."""
        return np.asarray(self.kind >= 0)

    @property
    def failure(self) -> Floats:
        """When each fault stops its machine [h], ``(faults, machines)``; infinite without one."""
        start, shape = _KINDS[self.kind, 2], _KINDS[self.kind, 3]
        share = np.clip((self.limit - start) / np.maximum(1.0 - start, 1e-9), 0.0, 1.0) ** (1.0 / shape)
        after = np.minimum(np.where(start >= 1.0, self.lead, share * self.lead), self.delay)
        return np.where(self.present, self.onset + after, NEVER)

    def grown(self, hours: Floats) -> Floats:
        """Severity of each fault at a time of each machine's life, ``(faults, machines)``."""
        start, shape = _KINDS[self.kind, 2], _KINDS[self.kind, 3]
        share = np.clip((hours - self.onset) / self.lead, 0.0, 1.0)
        there = self.present & (hours >= self.onset) & (hours < self.failure + self.repair)
        return np.where(there, start + (1.0 - start) * share**shape, 0.0)

    def severity(self, hours: Floats) -> Floats:
        """Severity of every fault at a time of each machine's life, ``(len(FAULTS), machines)``."""
        levels = np.zeros((len(FAULTS), self.kind.shape[1]))
        for kind, level in zip(self.kind, self.grown(hours), strict=True):
            who = np.flatnonzero(kind >= 0)
            levels[kind[who], who] = np.maximum(levels[kind[who], who], level[who])
        return levels


def again(seed: int, machines: Machines, before: Lives, sick: float = 0.65, names: Sequence[str] = FAULTS) -> Lives:
    """Another life of the same machines, with other faults than the last."""
    drawn = draw(seed, machines, sick, names=names)
    kind = np.where(drawn.kind == before.kind[0], -1, drawn.kind)
    kind[1, kind[0] < 0] = -1
    return replace(drawn, kind=kind, variant=before.variant)


def draw(
    seed: int, machines: Machines, sick: float = 0.65, second: float = 0.1, names: Sequence[str] = FAULTS
) -> Lives:
    """Lives whose faults end with a dead component only; see ``stopped``.

    Args:
        seed: The same seed gives the same lives.
        machines: The fleet; only machines with heat recovery can have it fouled.
        sick: Share of machines with a fault.
        second: Share of those with another one that begins during the first.
        names: Faults that there are, each as often as any other.
    """
    rng = np.random.default_rng((seed, 6))
    count = len(machines)
    kind = np.stack([_kinds(rng, machines, names), _kinds(rng, machines, names)])
    ill = rng.random(count) < sick
    kind[0, ~ill] = -1
    kind[1, ~(ill & (rng.random(count) < second)) | (kind[1] == kind[0])] = -1
    low, high = np.log(_KINDS[kind, 0]), np.log(_KINDS[kind, 1])
    lead = np.exp(low + rng.random(kind.shape) * (high - low))
    onset = rng.uniform(0.05, 0.35, count) * SPAN
    later = onset + lead[0] * rng.uniform(0.0, 0.6, count)
    shape = (2, count)
    return Lives(
        kind,
        np.stack([onset, later]),
        lead,
        np.ones(shape),
        np.full(shape, NEVER),
        rng.uniform(8.0, 16.0, shape),
        rng.random(count),
    )


def _kinds(rng: np.random.Generator, machines: Machines, names: Sequence[str]) -> Ints:
    """One kind a machine, all equally often; a machine without heat recovery gets another one."""
    known = np.array([FAULTS.index(name) for name in names])
    count = len(machines)
    kind = known[rng.permutation(count) % len(known)]
    others = known[known != _RECOVERY]
    if len(others):
        kind = np.where((kind == _RECOVERY) & (machines.recovery <= 0), rng.choice(others, count), kind)
    return np.asarray(kind, np.int64)


def stopped(lives: Lives, limit: Floats, delay: Floats) -> Lives:
    """The same lives with what stops each machine before its component is dead, ``(machines,)`` each.

    Args:
        lives: With limits of 1.
        limit: Severity at which a first fault alone stops its machine.
        delay: Hours after which its first severity alone does.
    """
    first = np.stack([limit, np.ones_like(limit)])
    return replace(lives, limit=first, delay=np.stack([delay, np.full_like(delay, NEVER)]))


@dataclass(frozen=True, slots=True)
class Stretches:
    """Parts of lives that a plant steps through one after the other.

    Attributes:
        lives: The lives, one after the other: from one to the next everything is repaired.
        number_of: Which of the lives each stretch is a part of, int ``(stretches,)``.
        begin: Second of the plant at which each begins, rising from 0, ``(stretches,)``.
        hours: Time of each machine's life at which it begins [h], ``(stretches, machines)``.
        weight: Hours of the life that it stands for [h], ``(stretches, machines)``.
    """

    lives: tuple[Lives, ...]
    number_of: Ints
    begin: Ints
    hours: Floats
    weight: Floats

    @property
    def variant(self) -> Floats:
        """Which part of several is hit, as the plant asks."""
        return self.lives[0].variant

    @property
    def sick(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """Machines with a fault in any of their lives."""
        return np.asarray(np.stack([one.present[0] for one in self.lives]).any(axis=0))

    def number(self, second: Floats | float) -> Ints:
        """Which stretch a second of the plant belongs to."""
        return np.asarray(np.searchsorted(self.begin, second, side="right") - 1)

    def life(self, second: float) -> Floats:
        """Time of each machine's life at a second of the plant [h]."""
        stretch = int(self.number(second))
        return np.asarray(self.hours[stretch] + (second - self.begin[stretch]) / 3600.0)

    def truth(self, second: float) -> Floats:
        """Severity of every fault at a second of the plant, ``(len(FAULTS), machines)``."""
        present = self.lives[int(self.number_of[int(self.number(second))])]
        return present.severity(self.life(second))

    def levels(self, second: float) -> Floats:
        """What the plant feels, ``(len(FAULTS), machines)``.

        An exhausted softener shows as the limescale that has grown since: the plant's own growth
        would have to be stepped through from the onset.
        """
        levels = self.truth(second)
        levels[_SCALE] = np.maximum(levels[_SCALE], levels[_SOFTENER])
        levels[_SOFTENER] = 0.0
        return levels


def stretches(lives: Sequence[Lives], seed: int, first: int, length: int, count: int, worn: float = 0.1) -> Stretches:
    """A first stretch for the machine's own baseline, and further ones spread over each of its lives.

    Healthy lives are sampled evenly. In a life with a fault one stretch lies before the onset and
    one in each of ``count - 1`` parts of the course, which become shorter towards the failure.

    Args:
        lives: The lives, of the same machines.
        seed: Of the points.
        first: Length of the first stretch [s].
        length: Of the others [s].
        count: Number of the others in each life.
        worn: Share of first lives with a fault that are first seen when it has begun.
    """
    rng = np.random.default_rng((seed, 8))
    late = lives[0].present[0] & (rng.random(lives[0].kind.shape[1]) < worn)
    made = [_points(rng, one, length, count, late if not number else late & False) for number, one in enumerate(lives)]
    start, nothing = made[0][0], np.zeros_like(made[0][0])
    numbers = np.repeat(np.arange(len(lives)), count)
    return Stretches(
        tuple(lives),
        np.concatenate([[0], numbers]),
        np.concatenate([[0], first + length * np.arange(len(numbers))]),
        np.concatenate([start[None], *(hours for _, hours, _ in made)]),
        np.concatenate([nothing[None], *(weight for _, _, weight in made)]),
    )


def _points(
    rng: np.random.Generator, lives: Lives, length: int, count: int, late: np.ndarray[Any, np.dtype[np.bool_]]
) -> tuple[Floats, Floats, Floats]:
    """When each machine is first seen, where its stretches begin, and the hours that each stands for."""
    machines = lives.kind.shape[1]
    sick, onset, failure = lives.present[0], lives.onset[0], lives.failure[0]
    course = np.where(sick, failure - onset, SPAN)
    known = np.where(late, rng.uniform(0.2, 0.5, machines), 0.0)
    edges = known + (1.0 - known) * (1.0 - (1.0 - np.linspace(0.0, 1.0, count)[:, None]) ** 2)
    place = edges[:-1] + rng.random((count - 1, machines)) * np.diff(edges, axis=0)
    before = np.where(late, onset + known * course, rng.uniform(0.2, 0.95, machines) * onset)
    ill = np.concatenate([before[None], onset + place * course])
    # The last stretch ends with the failure at the latest, where it is long enough for that.
    ill[-1] = np.minimum(ill[-1], np.maximum(failure - length / 3600.0, onset))
    well = (np.arange(count)[:, None] + rng.random((count, machines))) / count * SPAN
    weight = np.concatenate([np.where(late, 0.0, onset)[None], np.diff(edges, axis=0) * course])
    start = np.where(late, onset + known * course, 0.0)
    return start, np.where(sick, ill, well), np.where(sick, weight, SPAN / count)
