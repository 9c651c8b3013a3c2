"""What is read of one target and when: decoders by poll class; needs no Modbus library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from trivet.device.adapter import Target
from trivet.errors import DocumentError
from trivet.signals import SECOND
from trivet_modbus.codec import Decoder, compile_decoder
from trivet_modbus.layout import profile_map
from trivet_modbus.plan import poll_classes
from trivet_modbus.points import ModbusPoint, point
from trivet_modbus.settings import Line, line


@dataclass(frozen=True, slots=True)
class Turn:
    """One poll class.

    Attributes:
        name: ``static``, ``slow``, ``normal`` or ``fast``.
        period: Time between two polls [ns].
        decoders: Its requests.
    """

    name: str
    period: int
    decoders: tuple[Decoder, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything a source needs to know about its target.

    Attributes:
        origin: Name of the target.
        line: Where the unit is.
        turns: Poll classes, the slowest first, so that scale factors are known before they are used.
    """

    origin: str
    line: Line
    turns: tuple[Turn, ...]


def schedule(target: Target) -> Schedule:
    """The schedule of a target.

    Raises:
        DocumentError: The endpoint's URL or settings are wrong, or no point can be read.
    """
    where = target.name
    one_line, layout = line(target.endpoint, where), profile_map(target.profile)
    factors = {one.scale_register for one in target.points.values() if one.scale_register}
    points = tuple(_wanted(target, factors))
    names = tuple(one.name for one in points if one.type != "string" and not one.severity)
    periods = {**layout.periods, **one_line.periods}
    turns = [
        Turn(name, round(periods[name] * SECOND), tuple(compile_decoder(block, names, factors) for block in blocks))
        for name, blocks in poll_classes(points, layout).items()
    ]
    if not turns:
        raise DocumentError("no point of this endpoint can be polled", where=where, hint="see the profile's points")
    return Schedule(target.name, one_line, tuple(reversed(turns)))


def _wanted(target: Target, factors: set[str]) -> Iterator[ModbusPoint]:
    """The target's points, and the scale factors that they need."""
    for one in target.points.values():
        yield from one.instances()
    for name in sorted(factors - set(target.points)):
        yield from point(target.profile.points[name], target.profile).instances()
