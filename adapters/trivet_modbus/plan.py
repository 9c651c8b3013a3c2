"""Which requests read a set of points: as few as possible, then as short as possible.

Rules: a request stays within the block limit, bridges at most ``max_gap`` unused
addresses in a row and no forbidden one, and never splits a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

from trivet_modbus.address import Table, manual_number
from trivet_modbus.layout import Map
from trivet_modbus.points import ModbusPoint
from trivet_modbus.settings import CLASSES


@dataclass(frozen=True, slots=True)
class Block:
    """One read request.

    Attributes:
        table: What is read.
        address: First address, as on the wire.
        count: Registers, or bits.
        points: Points whose whole value lies inside.
    """

    table: Table
    address: int
    count: int
    points: tuple[ModbusPoint, ...]

    @property
    def size(self) -> int:
        """Bytes of data in the answer."""
        return (self.count + 7) // 8 if self.table.bits else 2 * self.count

    def __str__(self) -> str:
        first, last = manual_number(self.table, self.address), manual_number(self.table, self.address + self.count - 1)
        return f"function {self.table.function}, {self.address}+{self.count} ({first} to {last})"


def blocks(points: Iterable[ModbusPoint], layout: Map) -> tuple[Block, ...]:
    """The requests for points of one poll class, in order of table and address.

    Strings are left out: they are read once, to identify a controller.
    """
    wanted = sorted((one for one in points if one.type != "string"), key=lambda one: (one.table, one.address, one.end))
    made: list[Block] = []
    for table, group in groupby(wanted, key=lambda one: one.table):
        made += _cover(tuple(group), table, layout)
    return tuple(made)


def poll_classes(points: Iterable[ModbusPoint], layout: Map) -> Mapping[str, tuple[Block, ...]]:
    """Poll class to its requests, the fastest first; classes without points are left out."""
    every = tuple(points)
    planned = {name: blocks((one for one in every if one.poll == name), layout) for name in CLASSES}
    return {name: made for name, made in planned.items() if made}


def _cover(points: tuple[ModbusPoint, ...], table: Table, layout: Map) -> list[Block]:
    """Splits sorted points into the runs of least (requests, addresses), by dynamic programming."""
    best: list[tuple[int, int]] = [(0, 0)] + [(len(points) + 1, 0)] * len(points)
    start = [0] * (len(points) + 1)
    for first in range(len(points)):
        for stop, length in _runs(points, first, layout):
            cost = (best[first][0] + 1, best[first][1] + length)
            if cost < best[stop]:
                best[stop], start[stop] = cost, first
    made: list[Block] = []
    stop = len(points)
    while stop:
        run = points[start[stop] : stop]
        made.append(Block(table, run[0].address, max(one.end for one in run) - run[0].address, run))
        stop = start[stop]
    return made[::-1]


def _runs(points: tuple[ModbusPoint, ...], first: int, layout: Map) -> Iterator[tuple[int, int]]:
    """(stop, addresses) of every run ``points[first:stop]`` that one request may read."""
    origin, reach = points[first].address, points[first].address
    for stop in range(first, len(points)):
        one = points[stop]
        bridged = _bridged(reach, one, layout)
        reach = max(reach, one.end)
        if reach - origin > layout.limit(one.table) or not bridged:
            return
        yield stop + 1, reach - origin


def _bridged(covered: int, following: ModbusPoint, layout: Map) -> bool:
    """Whether one request may read from the first uncovered address on to the following point."""
    if following.address - covered > layout.max_gap:
        return False
    return not any(
        span.table is following.table and span.first < following.address and span.last >= covered
        for span in layout.forbidden
    )
