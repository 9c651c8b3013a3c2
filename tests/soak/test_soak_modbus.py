"""The full fault matrix: ten thousand reads in each field, none of them wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from kits.matrix import Cell, Tally, cell, cells

pytestmark = pytest.mark.soak
READS = 10_000
AT_ONCE = 8


async def test_no_value_is_ever_wrong(tell: Callable[[str], None]) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def field(one: Cell) -> Tally:
        async with turn:
            return await cell(one, READS)

    every = tuple(cells())
    tallies = dict(zip(every, await asyncio.gather(*map(field, every)), strict=True))
    reads, wrong = (sum(getattr(tally, name) for tally in tallies.values()) for name in ("reads", "wrong"))
    refused = sum(tally.errors.total() for tally in tallies.values())
    tell(f"Modbus fault matrix, {len(every)} fields: of {reads} reads {wrong} wrong, {refused} told as Bad")
    assert {one: tally.wrong for one, tally in tallies.items() if tally.wrong} == {}
