"""The read plan: every point once, within all limits, and in no more time than brute force finds."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trivet_modbus.address import Addressing, Table
from trivet_modbus.agenda import Agenda
from trivet_modbus.cost import Cost, cost
from trivet_modbus.layout import Map, Span
from trivet_modbus.plan import Block, blocks
from trivet_modbus.points import ModbusPoint


def at(address: int, words: int = 1, table: Table = Table.HOLDING, poll: str = "normal") -> ModbusPoint:
    kind = {1: "uint16", 2: "uint32", 4: "uint64"}[words]
    return ModbusPoint(f"p{address}_{words}", table, address, kind, words, poll=poll)


def layout(limit: int = 125, gap: int = 16, *forbidden: tuple[int, int]) -> Map:
    spans = tuple(Span(Table.HOLDING, first, last) for first, last in forbidden)
    return Map(Addressing.ZERO, block_limit=limit, max_gap=gap, forbidden=spans)


FEW = Cost(10**9, 1)
"""A line on which only the number of requests counts."""


def spans(planned: tuple[Block, ...]) -> list[tuple[int, int]]:
    return [(block.address, block.count) for block in planned]


def test_gaps_are_bridged_up_to_the_limit() -> None:
    points = [at(0), at(17), at(100)]
    assert spans(blocks(points, layout(gap=16), FEW)) == [(0, 18), (100, 1)]
    assert spans(blocks(points, layout(gap=15), FEW)) == [(0, 1), (17, 1), (100, 1)]
    assert spans(blocks(points, layout(gap=100), FEW)) == [(0, 101)]


@pytest.mark.parametrize(
    ("baud", "turnaround", "bridged"),
    [(9600, 0, 10), (9600, 0.02, 18), (19200, 0, 10), (38400, 0, 12), (115200, 0.02, 129)],
)
def test_a_gap_is_bridged_only_where_that_is_quicker(baud: int, turnaround: float, bridged: int) -> None:
    """A register is two characters; a request of its own 20 at 19200 baud and below, and the turnaround."""
    price = cost(baud, turnaround)
    points, wide = (at(0), at(1 + bridged)), layout(1000, 1000)
    assert len(blocks(points, wide, price)) == 1
    assert len(blocks((at(0), at(2 + bridged)), wide, price)) == 2


@pytest.mark.parametrize(
    ("baud", "one", "hundred"), [(9600, 25.2, 252.1), (19200, 12.6, 126.0), (38400, 7.8, 64.5), (115200, 4.9, 23.8)]
)
def test_wire_time_on_a_serial_line(baud: int, one: float, hundred: float) -> None:
    assert cost(baud, 0.0).of(Table.HOLDING, 1) / 1e6 == pytest.approx(one, abs=0.1)
    assert cost(baud, 0.0).of(Table.HOLDING, 100) / 1e6 == pytest.approx(hundred, abs=0.1)


def test_a_value_is_never_split() -> None:
    points = [at(0, 2), at(2, 2), at(4, 2)]
    assert spans(blocks(points, layout(limit=5), FEW)) == [(0, 2), (2, 4)]


def test_forbidden_addresses_are_not_bridged() -> None:
    points = [at(0), at(4)]
    assert spans(blocks(points, layout(125, 16, (2, 2)), FEW)) == [(0, 1), (4, 1)]
    assert spans(blocks(points, layout(125, 16, (5, 9)), FEW)) == [(0, 5)]


def test_tables_and_poll_classes_are_apart() -> None:
    points = [at(0), at(1, table=Table.INPUT), at(1, poll="slow"), at(2, poll="fast")]
    planned = Agenda(points, layout(), FEW).decoders({})
    assert list(planned) == ["slow", "normal", "fast"]
    assert [decoder.block.table for decoder in planned["normal"]] == [Table.HOLDING, Table.INPUT]


def test_bits_of_one_register_are_read_together() -> None:
    points = [ModbusPoint(f"b{n}", Table.HOLDING, 7, "bit", bits=(n, n)) for n in range(16)]
    (block,) = blocks(points, layout(), FEW)
    assert (block.address, block.count, len(block.points)) == (7, 1, 16)


def test_coils_have_their_own_limit() -> None:
    points = [ModbusPoint(f"c{n}", Table.COIL, n, "bool") for n in range(0, 4000, 10)]
    assert spans(blocks(points, layout(), FEW)) == [(0, 1991), (2000, 1991)]


def test_strings_are_not_polled() -> None:
    assert blocks([ModbusPoint("model", Table.HOLDING, 0, "string", 8)], layout(), FEW) == ()


def test_a_block_prints_both_notations() -> None:
    (block,) = blocks([at(12, 2)], layout(), FEW)
    assert str(block) == "function 3, 12+2 (40013 to 40014)"


def allowed(chosen: tuple[ModbusPoint, ...], plan: Map) -> tuple[int, int] | None:
    """(first, length) of the request that reads exactly these points, or None when a rule forbids it."""
    first = min(p.address for p in chosen)
    used = sorted({a for p in chosen for a in range(p.address, p.end)})
    length = used[-1] + 1 - first
    holes = [range(a + 1, b) for a, b in pairwise(used)]
    if length > plan.block_limit or any(len(hole) > plan.max_gap for hole in holes):
        return None
    if any(s.first <= a <= s.last for s in plan.forbidden for hole in holes for a in hole):
        return None
    return first, length


def brute_force(points: tuple[ModbusPoint, ...], plan: Map, price: Cost) -> int:
    """Least time over every way to share the points out among requests [ns]."""
    if not points:
        return 0
    best = 1 << 62
    rest = points[1:]
    for mask in range(2 ** len(rest)):
        together = (points[0], *(p for i, p in enumerate(rest) if mask >> i & 1))
        one = allowed(together, plan)
        if one is not None:
            others = brute_force(tuple(p for i, p in enumerate(rest) if not mask >> i & 1), plan, price)
            best = min(best, others + price.of(Table.HOLDING, one[1]))
    return best


@st.composite
def small_maps(draw: st.DrawFn) -> tuple[tuple[ModbusPoint, ...], Map, Cost]:
    places = draw(
        st.lists(st.tuples(st.integers(0, 24), st.sampled_from([1, 2, 4])), min_size=1, max_size=6, unique=True)
    )
    used = {a for address, words in places for a in range(address, address + words)}
    holes = [a for a in range(24) if a not in used]
    forbidden = draw(st.lists(st.sampled_from(holes), max_size=2)) if holes else []
    plan = layout(draw(st.integers(4, 20)), draw(st.integers(0, 20)), *((a, a) for a in forbidden))
    price = cost(draw(st.sampled_from([0, 1200, 9600, 19200, 115200])), draw(st.sampled_from([0.0, 0.005, 0.02])))
    return tuple(at(address, words) for address, words in places), plan, price


@settings(max_examples=150, deadline=None)
@given(small_maps())
def test_no_plan_takes_less_time(case: tuple[tuple[ModbusPoint, ...], Map, Cost]) -> None:
    points, plan, price = case
    planned = blocks(points, plan, price)
    assert sorted(p.name for block in planned for p in block.points) == sorted(p.name for p in points)
    for block in planned:
        assert allowed(block.points, plan) == (block.address, block.count)
    assert sum(price.of(block.table, block.count) for block in planned) == brute_force(points, plan, price)
