"""Which part of a refused request the controller does have; pure.

A controller answers a whole request or none of it: one address that it lacks, or one register too many
at once, hides all others. The search reads parts, so that what is there is delivered in the same poll:
the first missing point by halving, its neighbours one by one (holes come in runs), then all the rest.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from trivet_modbus.layout import Span
from trivet_modbus.plan import Block
from trivet_modbus.points import ModbusPoint

Search = Generator[Block, bool, None]
"""Yields blocks to read; is sent whether each was refused as illegal."""


@dataclass(slots=True)
class Found:
    """What a search learned.

    Attributes:
        holes: Addresses that the controller refuses.
        limit: Most addresses in one request, or 0 when the search met no limit.
        longest: Most addresses that were read in one request.
    """

    holes: list[Span] = field(default_factory=list)
    limit: int = 0
    longest: int = 0


def search(block: Block, found: Found) -> Search:
    """Looks for what a refused block has; ``found`` is filled on the way. No point is in two parts that are read."""
    points = tuple(sorted(block.points, key=lambda one: (one.address, one.end)))
    start, stop = yield from _narrowed(block, points, (0, len(points)), found)
    while start < len(points):
        # holes come in runs: after a missing point its neighbour is tried alone
        stop = start + 1 if stop == start else _reach(points, start, found.limit)
        if (yield _part(block, points, start, start, stop)):
            start, stop = yield from _narrowed(block, points, (start, stop), found)
        else:
            _read(found, points[start:stop])
            start, stop = stop, len(points)


def _narrowed(
    block: Block, points: tuple[ModbusPoint, ...], span: tuple[int, int], found: Found
) -> Generator[Block, bool, tuple[int, int]]:
    """Inside a span of points that was refused together: where to go on, and the same again after a missing point."""
    begin, stop = span
    start = begin
    while stop - start > 1:
        middle = (start + stop) // 2
        if (yield _part(block, points, begin, start, middle)):
            stop = middle
        else:
            _read(found, points[begin:middle])
            start = middle
    one = points[start]
    # what comes before it was read; alone it was refused only if nothing does
    if begin == start or (yield _part(block, points, start, start, stop)):
        found.holes.append(Span(block.table, one.address, one.end - 1))
        return stop, stop
    _read(found, points[start:stop])
    covered = max(other.end for other in points[begin:start])
    if covered < one.address:
        found.holes.append(Span(block.table, covered, one.address - 1))
    elif covered < one.end:
        found.limit = covered - points[begin].address
    return stop, len(points)


def _reach(points: tuple[ModbusPoint, ...], start: int, limit: int) -> int:
    """Where a request that begins with a point has to stop."""
    if not limit:
        return len(points)
    stop = start + 1
    while stop < len(points) and points[stop].end - points[start].address <= limit:
        stop += 1
    return stop


def _read(found: Found, points: tuple[ModbusPoint, ...]) -> None:
    found.longest = max(found.longest, max(one.end for one in points) - points[0].address)


def _part(block: Block, points: tuple[ModbusPoint, ...], begin: int, first: int, stop: int) -> Block:
    """A request from ``points[begin]`` on, for the sake of ``points[first:stop]``."""
    address = points[begin].address
    count = max(one.end for one in points[begin:stop]) - address
    return Block(block.table, address, count, points[first:stop])
