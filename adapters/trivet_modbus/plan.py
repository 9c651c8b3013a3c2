"""Which requests read a set of points in the least time on their line; pure.

Rules: a request stays within the block limit, reads at most ``max_gap`` unused addresses in a
row along (and none where a request of its own is quicker), no forbidden one, and never splits
a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from trivet_modbus.address import Table, manual_number
from trivet_modbus.cost import Cost, size
from trivet_modbus.layout import Map
from trivet_modbus.points import ModbusPoint

NEVER = 1 << 62
"""Longer than any plan takes [ns]."""


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
        return size(self.table, self.count)

    def __str__(self) -> str:
        first, last = manual_number(self.table, self.address), manual_number(self.table, self.address + self.count - 1)
        return f"function {self.table.function}, {self.address}+{self.count} ({first} to {last})"


def blocks(points: Iterable[ModbusPoint], layout: Map, cost: Cost) -> tuple[Block, ...]:
    """The requests for points of one poll class that take the least time, in order of table and address.

    Strings are left out: they are read once, to identify a controller.
    """
    wanted = sorted((one for one in points if one.type != "string"), key=lambda one: (one.table, one.address, one.end))
    made: list[Block] = []
    for table, group in groupby(wanted, key=lambda one: one.table):
        made += _cover(tuple(group), table, layout, cost)
    return tuple(made)


def _cover(points: tuple[ModbusPoint, ...], table: Table, layout: Map, cost: Cost) -> list[Block]:
    """Splits sorted points into the runs of least (time, requests, addresses), by dynamic programming.

    No other sharing out of the points is quicker: of two requests whose spans overlap, the one that
    begins later can give its points to the other, or take the other's last ones, at no cost.
    """
    best: list[tuple[int, int, int]] = [(0, 0, 0)] + [(NEVER, 0, 0)] * len(points)
    start = [0] * (len(points) + 1)
    for first in range(len(points)):
        time, requests, addresses = best[first]
        for stop, length in _runs(points, first, layout):
            candidate = (time + cost.of(table, length), requests + 1, addresses + length)
            if candidate < best[stop]:
                best[stop], start[stop] = candidate, first
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
