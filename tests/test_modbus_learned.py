"""What a unit lacks: searched once, delivered around in the same poll, remembered beside the device document."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kits.contract import close, samples
from kits.modbus import profile, target
from servers.modbus_raw import RawServer, running, word
from trivet.device.clock import ScaledClock
from trivet.device.document import Point, PointRepeat, Profile
from trivet.signals import SECOND, Item, Quality, Readings
from trivet_modbus import adapter
from trivet_modbus.address import Table
from trivet_modbus.explore import Found, search
from trivet_modbus.layout import Span, profile_map
from trivet_modbus.learned import WEEK, Learned, Memory, memory
from trivet_modbus.plan import Block
from trivet_modbus.points import ModbusPoint, point

UNIT = 1
START = 1_700_000_000 * SECOND


def spaced(addresses: list[int], words: int = 1) -> Profile:
    kind = {1: "uint16", 2: "uint32"}[words]
    points = {f"p{at}": Point(at={"table": "holding", "address": at, "type": kind}) for at in addresses}
    return profile(points)


def block(source: Profile) -> Block:
    typed = [one for each in source.points.values() for one in point(each, source).instances()]
    first, stop = min(one.address for one in typed), max(one.end for one in typed)
    return Block(Table.HOLDING, first, stop - first, tuple(typed))


def searched(asked: Block, holes: set[int], limit: int = 125) -> tuple[Found, list[ModbusPoint], int]:
    """What a search finds at a controller with holes, the points it delivers, and how often it is refused."""
    found, delivered, refused = Found(), list[ModbusPoint](), 1
    steps = search(asked, found)
    part = next(steps, None)
    while part is not None:
        no = part.count > limit or not holes.isdisjoint(range(part.address, part.address + part.count))
        refused += no
        delivered += [] if no else part.points
        try:
            part = steps.send(no)
        except StopIteration:
            break
    return found, delivered, refused


def test_one_missing_point_among_many_costs_eight_refusals_at_most() -> None:
    asked = block(spaced(list(range(100))))
    for missing in range(100):
        found, delivered, refused = searched(asked, {missing})
        assert found.holes == [Span(Table.HOLDING, missing, missing)]
        assert len(delivered) == 99
        assert refused <= 8


def test_a_gap_between_points_that_must_not_be_read_is_found() -> None:
    asked = block(spaced([0, 1, 2, 10, 11, 30]))
    found, delivered, _ = searched(asked, {5})
    assert found.holes == [Span(Table.HOLDING, 3, 9)]
    assert len(delivered) == 6


@pytest.mark.parametrize("limit", [1, 15, 80])
def test_a_block_limit_is_found(limit: int) -> None:
    found, delivered, refused = searched(block(spaced(list(range(100)))), set(), limit)
    assert found.holes == []
    assert found.limit == limit
    assert len(delivered) == 100
    assert refused <= 9


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=30, unique=True),
    st.sets(st.integers(0, 63), max_size=12),
    st.integers(4, 125),
    st.integers(1, 2),
)
def test_all_that_is_there_is_delivered_once(addresses: list[int], holes: set[int], limit: int, words: int) -> None:
    asked = block(spaced(addresses, words))
    assume(asked.count > limit or not holes.isdisjoint(range(asked.address, asked.address + asked.count)))
    found, delivered, _ = searched(asked, holes, limit)
    there = [one for one in asked.points if holes.isdisjoint(range(one.address, one.end))]
    assert sorted(one.name for one in delivered) == sorted(one.name for one in there)
    assert found.limit <= limit
    learned = Learned().more(Table.HOLDING, found)
    if len(there) < len(asked.points):
        assert {one.name for one in asked.points if learned.lacks(one)} >= {
            one.name for one in asked.points if one not in there
        }


POINTS = {
    "power": Point(at={"table": "holding", "address": 0, "type": "uint16"}, repeat=PointRepeat(max=40)),
    "energy": Point(at={"table": "holding", "address": 300, "type": "uint16"}, repeat=PointRepeat(max=5)),
}
HOLES = {(3, 7), (3, 21), (3, 22), (3, 303)}


def expected() -> dict[str, float]:
    held = {f"power_{n + 1}": n for n in range(40)} | {f"energy_{n + 1}": 300 + n for n in range(5)}
    return {name: float(word(UNIT, 3, at)) for name, at in held.items() if (3, at) not in HOLES}


def files(folder: Path) -> list[str]:
    return [file.name for file in folder.iterdir()]


def stream(server: RawServer, folder: Path, clock: ScaledClock, **settings: Any) -> AsyncIterator[Item]:
    asked = target(profile(POINTS, **settings), f"modbus+tcp://127.0.0.1:{server.port}", folder=str(folder), timeout=5)
    return adapter.connect(asked, clock)


async def polls(items: AsyncIterator[Item], count: int) -> list[dict[str, tuple[float, str]]]:
    """The rows of so many polls: name to value and reason."""
    rows: list[dict[str, tuple[float, str]]] = [{}]
    async for item in items:
        for sample in samples([item]) if isinstance(item, Readings) else ():
            rows[-1][sample.name] = (sample.value if sample.quality is Quality.GOOD else -1.0, sample.reason)
        if len(rows[-1]) == 45:
            if len(rows) == count:
                return rows
            rows.append({})
    raise AssertionError("the source ended")


async def test_the_first_poll_delivers_all_that_is_there_and_later_ones_ask_for_nothing_else(tmp_path: Path) -> None:
    server = RawServer(holes=set(HOLES))
    async with running(server):
        items = stream(server, tmp_path, ScaledClock(200.0, START))
        (first,) = await polls(items, 1)
        asked = len(server.log)
        later = await polls(items, 100)
        await close(items)
        per_poll = (len(server.log) - asked) / 100
        again = stream(server, tmp_path, ScaledClock(200.0, START + 60 * SECOND))
        server.log.clear()
        (restarted,) = await polls(again, 1)
        await close(again)
        refused = [r for r in server.log if any((r.function, r.address + n) in server.holes for n in range(r.count))]
    for rows in (first, *later, restarted):
        assert {name: value for name, (value, reason) in rows.items() if not reason} == expected()
        assert {reason for _, reason in rows.values() if reason} == {"illegal_address"}
    assert per_poll < 6.5
    assert refused == []


async def test_the_file_is_beside_the_device_document_and_never_needed(tmp_path: Path) -> None:
    server, url = RawServer(holes=set(HOLES)), ""
    async with running(server):
        for content in (None, "", "[]", "{}", '{"kind":"learned","endpoints":{"meter":{"holes":5}}}', "[" * 10**5):
            path = tmp_path / "dishwasher.learned.json"
            if content is not None:
                path.write_text(content, encoding="utf-8")
            items = stream(server, tmp_path, ScaledClock(200.0, START))
            (rows,) = await polls(items, 1)
            await close(items)
            assert {name for name, (_, reason) in rows.items() if not reason} == set(expected())
            (node,) = json.loads(path.read_text(encoding="utf-8"))["endpoints"].values()
            url = node["url"]
            assert {"table": "holding", "from": 7, "to": 7} in node["holes"]
    assert url == f"modbus+tcp://127.0.0.1:{server.port}"
    assert files(tmp_path) == ["dishwasher.learned.json"]


async def test_what_was_missing_is_looked_for_again(tmp_path: Path) -> None:
    server = RawServer(holes=set(HOLES))
    async with running(server):
        items = stream(server, tmp_path, ScaledClock(20_000.0, START), periods={"normal": 300})
        await polls(items, 1)
        server.holes.clear()
        rows = (await polls(items, 14))[-1]
        await close(items)
    assert not any(reason for _, reason in rows.values())


async def test_a_controller_that_refuses_everything_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    server = RawServer(fault=lambda number, request: "exception 2")
    async with running(server):
        items = stream(server, tmp_path, ScaledClock(200.0, START))
        await polls(items, 3)
        server.fault = lambda number, request: ""
        rows = (await polls(items, 2))[-1]
        await close(items)
    assert not any(reason for _, reason in rows.values())
    assert files(tmp_path) == []


async def test_learning_is_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    server = RawServer(holes={(3, 7)})
    with caplog.at_level(logging.INFO, "trivet_modbus"):
        async with running(server):
            items = stream(server, tmp_path, ScaledClock(200.0, START))
            await polls(items, 30)
            await close(items)
    assert [record.getMessage() for record in caplog.records] == ["dishwasher/meter: the holding table lacks 7 to 7"]


def kept(folder: Path, key: str = "meter 1.0.0") -> Memory:
    return memory("washer-1/meter", str(folder), "modbus+tcp://meter", key)


def test_memory_keeps_each_endpoint_and_forgets_what_is_old_or_of_another(tmp_path: Path) -> None:
    learned = Learned((Span(Table.COIL, 3, 9),), 50, 0, 0.25)
    kept(tmp_path).save(learned, START)
    memory("washer-1/other", str(tmp_path), "modbus+tcp://other", "x").save(Learned(block_limit=7), START)
    assert kept(tmp_path).load(START + 1) == learned
    assert kept(tmp_path, "meter 1.0.1").load(START + 1) == Learned()
    assert kept(tmp_path).load(START + WEEK + 1) == Learned()
    assert kept(tmp_path).load(START - 1) == Learned()
    assert [file.name for file in tmp_path.iterdir()] == ["washer-1.learned.json"]


def test_a_folder_that_cannot_be_written_only_forgets(caplog: pytest.LogCaptureFixture) -> None:
    kept(Path("/dev/null")).save(Learned(block_limit=7), START)
    assert "not kept" in caplog.text
    assert kept(Path("/dev/null")).load(START) == Learned()


def test_limits_narrow_a_map_and_never_widen_it() -> None:
    layout = profile_map(profile(POINTS, block_limit=40))
    assert Learned(block_limit=50).layout(layout).block_limit == 40
    narrowed = Learned((Span(Table.HOLDING, 3, 4),), 12).layout(layout)
    assert (narrowed.block_limit, narrowed.forbidden[-1]) == (12, Span(Table.HOLDING, 3, 4))


@given(
    st.recursive(
        st.none() | st.integers() | st.text() | st.booleans(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "holes",
                        "table",
                        "from",
                        "to",
                        "block_limit",
                        "bit_limit",
                        "worst_turnaround",
                        "learned",
                        "url",
                        "profile",
                    ]
                ),
                inner,
            )
        ),
    )
)
def test_any_json_is_passed_over(node: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        own = kept(Path(folder))
        tree = {"kind": "learned", "endpoints": {"meter": node}}
        own.path.write_text(json.dumps(tree), encoding="utf-8")
        assert own.load(START) == Learned()
