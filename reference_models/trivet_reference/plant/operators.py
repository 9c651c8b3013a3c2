"""People at a dishwasher: when racks come, how long the door is open, what is in a rack."""

from __future__ import annotations

import numpy as np

from trivet.signals import Floats, Ints
from trivet_reference.plant.machine import Flags, Machines

EMPTY, RUNNING, REACTING, LOADING, LEFT_OPEN = range(5)

OPENS, CLOSES = 9.5, 22.5
"""Hours of the day between which a machine is on."""

_DAY = 86_400.0


def intensity(hour: float) -> float:
    """Share of a day's racks that arrive per hour, at an hour of the day; it sums to one over a day.

    Two thirds come with lunch (13:15) and dinner (20:30), the rest evenly between opening and closing.
    """
    lunch = 0.28 * np.exp(-0.5 * ((hour - 13.25) / 0.75) ** 2) / (0.75 * 2.5066)
    dinner = 0.38 * np.exp(-0.5 * ((hour - 20.5) / 0.9) ** 2) / (0.9 * 2.5066)
    return float(lunch + dinner + (0.34 / 12.5 if OPENS <= hour <= CLOSES - 0.5 else 0.0))


class Operators:
    """One crew a machine.

    A one-tank machine is opened for each rack; on a conveyor the next rack is set on the belt while it runs.

    Attributes:
        queue: Racks that wait.
        state: One of ``EMPTY``, ``RUNNING``, ``REACTING``, ``LOADING``, ``LEFT_OPEN``.
        door_open: Whether the door is open.
        start: Whether a loaded machine is told to start in this second.
        fresh: Whether what it then washes is cold, rather than the same rack once more.
        ware: Mass of crockery in the rack [kg].
        programme: Length of the chosen wash as a share of the normal one.
        pace: Mean time between racks [s], or None for the day's own rhythm.
    """

    def __init__(self, machines: Machines, rng: np.random.Generator, pace: Floats | float | None) -> None:
        count = len(machines)
        self._machines = machines
        self._belt = machines.belt
        self._rng = rng
        self.pace = pace
        self.queue = np.zeros(count, dtype=int)
        self.state = np.zeros(count, dtype=int)
        self.timer = np.zeros(count)
        self.door_open = np.zeros(count, dtype=bool)
        self.start = np.zeros(count, dtype=bool)
        self.fresh = np.ones(count, dtype=bool)
        self.ware = np.full(count, 5.0)
        self.programme = np.ones(count)

    def step(self, second: int, ready: Flags, washing: Flags) -> None:
        """One second of the day; ``ready`` and ``washing`` say what each machine is doing."""
        self._arrive(second)
        state, belt = self.state, self._belt
        self.timer -= 1.0
        due, waiting = self.timer <= 0.0, self.queue > 0
        running = state == RUNNING
        finished = running & ~washing & ~self.start
        reacted = (state == REACTING) & due
        loaded = (state == LOADING) & due
        fetched = ((state == EMPTY) | (state == LEFT_OPEN)) & waiting & ready | (running & belt & waiting)
        self.start = loaded & waiting & ready
        self._enter(finished & ~fetched, REACTING)
        self._enter(reacted | fetched, LOADING)
        self._enter(self.start, RUNNING)
        self._enter(loaded & ~self.start & ~(belt & waiting), EMPTY)
        self.door_open = ((self.state == LOADING) | (self.state == LEFT_OPEN)) & ~belt

    def _arrive(self, second: int) -> None:
        """New racks; nobody queues more than six, the rest waits elsewhere."""
        if self.pace is not None:
            rate = np.broadcast_to(1.0 / np.asarray(self.pace), self.queue.shape)
        else:
            rate = self._machines.racks * intensity((second % _DAY) / 3600.0) / 3600.0
        arrived = self._rng.random(len(self.queue)) < rate
        self.queue = np.minimum(self.queue + arrived, 6)

    def _enter(self, who: Flags, state: int) -> None:
        """Moves some crews to another state and draws how long they stay there."""
        index = np.flatnonzero(who)
        if not len(index):
            return
        rng, count = self._rng, len(index)
        self.state[index] = state
        if state == REACTING:
            again = (rng.random(count) < self._machines.rewash[index]) & ~self._belt[index]
            self.queue[index] += again
            self.fresh[index] = ~again
            busy = self.queue[index] > 0
            self.timer[index] = np.where(busy, rng.exponential(6.0, count), rng.exponential(40.0, count)) + 3.0
        elif state == LOADING:
            self.timer[index] = rng.uniform(8.0, 22.0, count) * np.where(self._belt[index], 0.2, 1.0)
        elif state == RUNNING:
            self.queue[index] -= 1
            self._load(index)
        else:
            left = rng.random(count) < self._machines.door_habit[index]
            self.state[index] = np.where(left, LEFT_OPEN, EMPTY)

    def _load(self, index: Ints) -> None:
        """Fills a rack and chooses its programme; a rack that is washed once more stays as it is."""
        rng, machines, count = self._rng, self._machines, len(index)
        half = rng.random(count) < machines.half_empty[index]
        mass = machines.ware[index] * rng.normal(1.0, 0.12, count)
        filled = np.maximum(mass, 1.0) * np.where(half, 0.45, 1.0)
        self.ware[index] = np.where(self.fresh[index], filled, self.ware[index])
        other = rng.random(count) < machines.other_programme[index]
        self.programme[index] = np.where(other, rng.choice([0.6, 1.7], count), 1.0)


def ware_capacity(mass: Floats) -> Floats:
    """Heat capacity of a loaded rack [J/K]: ceramic at 840 J/(kg K) and 1.2 kg of plastic."""
    return np.asarray(840.0 * mass + 1.2 * 1700.0)
