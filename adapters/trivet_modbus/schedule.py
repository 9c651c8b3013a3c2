"""What is read of one target and when; needs no Modbus library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trivet.device.adapter import Target
from trivet.errors import DocumentError
from trivet.signals import SECOND
from trivet_modbus.agenda import Agenda
from trivet_modbus.cost import Cost, cost
from trivet_modbus.layout import Map, profile_map
from trivet_modbus.learned import Learned, Memory, memory
from trivet_modbus.points import ModbusPoint, point
from trivet_modbus.settings import Line, line

NOTHING = Learned()


@dataclass(frozen=True, slots=True)
class Turn:
    """One poll class.

    Attributes:
        name: ``static``, ``slow``, ``normal`` or ``fast``.
        period: Time between two polls [ns].
    """

    name: str
    period: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything a source needs to know about its target.

    Attributes:
        origin: Name of the target.
        line: Where the unit is.
        layout: How the profile's registers are meant, and how long the controller takes.
        cost: What requests cost on the line.
        points: What is read: the target's points and those that decide how these are read.
        turns: Poll classes, the slowest first.
        profile: Id and version of the profile.
        memory: Where is kept what is learned about the unit; None keeps nothing.
    """

    origin: str
    line: Line
    layout: Map
    cost: Cost
    points: tuple[ModbusPoint, ...]
    turns: tuple[Turn, ...]
    profile: str = ""
    memory: Memory | None = None

    def agenda(self, learned: Learned = NOTHING) -> Agenda:
        """A fresh agenda, to which no value is known yet.

        Args:
            learned: What the unit is known to refuse; that is not asked for.
        """
        points = (one for one in self.points if not learned.lacks(one))
        return Agenda(points, learned.layout(self.layout), self.cost)


def schedule(target: Target) -> Schedule:
    """The schedule of a target.

    Raises:
        DocumentError: The endpoint's URL or settings are wrong, or no point can be read.
    """
    where = target.name
    one_line, layout = line(target.endpoint, where, target.folder), profile_map(target.profile)
    points = tuple(_wanted(target))
    price = cost(one_line.baud, layout.turnaround)
    periods = {**layout.periods, **one_line.periods}
    turns = tuple(Turn(name, round(periods[name] * SECOND)) for name in Agenda(points, layout, price).classes)
    if not turns:
        raise DocumentError("no point of this endpoint can be polled", where=where, hint="see the profile's points")
    profile = f"{target.profile.id} {target.profile.version}"
    kept = memory(where, target.folder, target.endpoint.url, profile)
    return Schedule(where, one_line, layout, price, points, turns, profile, kept)


def _wanted(target: Target) -> Iterator[ModbusPoint]:
    """The target's points, and those that decide how they are read."""
    wanted: dict[str, ModbusPoint] = dict(target.points)
    unseen = list(wanted.values())
    while unseen:
        for decider in unseen.pop().deciders():
            name = next(n for n in (decider, decider.rpartition("_")[0]) if n in target.profile.points)
            if name not in wanted:
                wanted[name] = point(target.profile.points[name], target.profile)
                unseen.append(wanted[name])
    for one in wanted.values():
        yield from one.instances()
