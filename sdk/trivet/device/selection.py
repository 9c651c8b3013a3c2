"""Which points of an endpoint are worth reading; pure.

Rules:
    1. Points that feed a column, and the points that decide how those are read.
    2. Points that name no quantity (neither unit nor signal nor states): an adapter may make
       conditions of them, such as the bits of a fault word.
    3. Where that leaves nothing, all of them, so that the state of the link is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from trivet.device.adapter import Target
from trivet.device.binding import Binding
from trivet.device.document import Point
from trivet.interface.columns import columns


def selected(target: Target, binding: Binding) -> Target:
    """The target with only those points that are worth reading for a binding, and how old their values may get."""
    points = target.profile.points
    wires = binding.wires.get(target.name.rpartition("/")[2], ())
    fed = {wire.point for wire in wires}
    signals = columns(binding.interface)
    ages = {wire.point: signals[wire.column].max_age for wire in wires}
    open_names = [name for name in target.points if _feeds(name, points[name], fed) or not _measures(points[name])]
    kept: set[str] = set()
    while open_names:
        name = open_names.pop()
        if name in points and name not in kept:
            kept.add(name)
            open_names += _deciding(points[name])
    read = {name: typed for name, typed in target.points.items() if name in kept}
    return replace(target, points=read, max_age=ages) if kept else target


def _feeds(name: str, point: Point, fed: set[str]) -> bool:
    """Whether a point, or an instance of a repeated one, feeds a column."""
    numbers = range(1, point.repeat.max + 1) if point.repeat else ()
    return name in fed or any(f"{name}_{number}" in fed for number in numbers)


def _measures(point: Point) -> bool:
    return bool(point.unit or point.signal or point.enumeration)


def _deciding(point: Point) -> Iterator[str]:
    """Names of the points that decide how a point is read."""
    yield from point.when
    if point.scale_register:
        yield point.scale_register
    if point.repeat and point.repeat.count:
        yield point.repeat.count
    if point.selector:
        yield point.selector.point
