"""The fault matrix in small: no fault on any transport ever gives a wrong value. The full one is a soak test."""

from __future__ import annotations

import asyncio

from kits.matrix import Cell, Tally, cells, ours, trouble

READS = 40
EVERY = 10
PATIENT = 0.6
"""Far above every delay, so that a busy machine does not make one longer than the declared turnaround."""


async def field(one: Cell) -> Tally:
    async with trouble(one.scheme, one.fault, EVERY) as route:
        return await ours(route.url(1), one.retries, READS, PATIENT)


async def test_no_value_is_ever_wrong() -> None:
    every = tuple(cells())
    async with asyncio.timeout(120):
        tallies = await asyncio.gather(*map(field, every))
    assert {one: tally.wrong for one, tally in zip(every, tallies, strict=True) if tally.wrong} == {}
    assert all(tally.reads >= READS for tally in tallies)
    assert all(tally.right > READS // 2 for tally in tallies)
