"""The adapter contract, over every adapter that brings a kit."""

from __future__ import annotations

import asyncio
import importlib
import math
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib import metadata, util

import pytest

from kits.contract import Kit, close, samples, until
from trivet.device.adapter import Adapter
from trivet.device.document import Profile
from trivet.errors import DocumentError
from trivet.interface.library import shipped
from trivet.interface.parse import read
from trivet.signals import Condition, Gap, Item, Quality, Readings

SAFE = 30.0
NAMES = ("modbus", "opcua", "replay")


def kits() -> Iterator[Kit]:
    for name in NAMES:
        kit = getattr(importlib.import_module(f"kits.{name}"), "kit", None) if util.find_spec(f"kits.{name}") else None
        if kit is not None:
            yield kit


KITS = {kit.adapter.name: kit for kit in kits()}
LIVE = [name for name, kit in KITS.items() if not kit.adapter.recorded]


@pytest.fixture(params=KITS)
def kit(request: pytest.FixtureRequest) -> Kit:
    return KITS[request.param]


@pytest.fixture(params=LIVE)
def live(request: pytest.FixtureRequest) -> Kit:
    return KITS[request.param]


def is_gap(item: Item) -> bool:
    return isinstance(item, Gap)


def is_readings(item: Item) -> bool:
    return isinstance(item, Readings) and len(item) > 0


def test_it_is_the_entry_point_of_its_name(kit: Kit) -> None:
    (entry,) = metadata.entry_points(group="trivet.adapters", name=kit.adapter.name)
    assert entry.load() is kit.adapter
    assert isinstance(kit.adapter, Adapter)
    assert kit.adapter.schemes


def test_importing_it_loads_no_protocol_library(kit: Kit) -> None:
    library = kit.library or "pyarrow"
    code = f"import sys, trivet_{kit.adapter.name}; sys.exit({library!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0  # noqa: S603 # our own words


def test_every_point_that_ships_is_accepted(kit: Kit) -> None:
    profiles = [read(file, Profile).document for file in shipped("profile").values()]
    own = [profile for profile in profiles if profile.adapter == kit.adapter.name]
    assert own
    for profile in own:
        for point in profile.points.values():
            kit.adapter.point(point, profile)


async def test_a_wrong_point_is_refused_by_name(kit: Kit) -> None:
    async with kit.start() as stand:
        profile = stand.target.profile
    name, point = next(iter(profile.points.items()))
    wrong = replace(point, at={**point.at, "no_such_key": 1})
    with pytest.raises(DocumentError) as caught:
        kit.adapter.point(wrong, replace(profile, points={**profile.points, name: wrong}))
    assert name in str(caught.value)
    assert caught.value.hint


async def test_a_wrong_url_is_refused(kit: Kit) -> None:
    async with kit.start() as stand:
        for url in kit.wrong_urls:
            endpoint = replace(stand.target.endpoint, url=url)
            with pytest.raises(DocumentError):
                await anext(kit.adapter.connect(replace(stand.target, endpoint=endpoint), stand.clock))


async def test_values_status_times_and_origin(kit: Kit) -> None:
    async with asyncio.timeout(SAFE), kit.start() as stand:
        before = stand.clock.now()
        stream = kit.adapter.connect(stand.target, stand.clock)
        items: list[Item] = []
        while not {s.name for s in samples(items)} >= stand.expected.keys() | stand.bad:
            items += await until(stream, is_readings)
        await close(stream)
        after = stand.clock.now()
    assert all(isinstance(item, Readings | Condition | Gap) for item in items)
    for sample in samples(items):
        assert sample.origin == stand.target.name
        if sample.name in stand.expected:
            assert sample.value == pytest.approx(stand.expected[sample.name])
            assert (sample.quality, sample.reason) == (Quality.GOOD, "")
        if sample.name in stand.bad:
            assert math.isnan(sample.value)
            assert sample.quality is Quality.BAD
            assert sample.reason
        if not kit.adapter.recorded:
            assert before <= sample.receive <= after
            assert sample.source <= sample.receive


async def test_confirmation_never_goes_back(kit: Kit) -> None:
    async with asyncio.timeout(SAFE), kit.start() as stand:
        stream = kit.adapter.connect(stand.target, stand.clock)
        items = [item for _ in range(2) for item in await until(stream, is_readings)]
        await close(stream)
    confirmed: dict[str, int] = {}
    for sample in samples(items):
        assert sample.receive >= confirmed.get(sample.name, 0)
        confirmed[sample.name] = sample.receive


async def test_a_closed_source_leaves_nothing_behind_and_can_be_opened_again(kit: Kit) -> None:
    async with asyncio.timeout(SAFE), kit.start() as stand:
        for _ in range(2):
            running = asyncio.all_tasks()
            stream = kit.adapter.connect(stand.target, stand.clock)
            assert samples(await until(stream, is_readings))
            await close(stream)
            left = asyncio.all_tasks() - running
            if left:
                # the server's side of the connection ends by itself, a task of ours would not
                await asyncio.wait(left)


async def test_a_cut_link_is_one_gap_that_closes_when_data_flow_again(live: Kit) -> None:
    async with asyncio.timeout(SAFE), live.start() as stand:
        assert stand.cut is not None
        assert stand.restore is not None
        stream = live.adapter.connect(stand.target, stand.clock)
        await until(stream, is_readings)
        await stand.cut()
        opened = (await until(stream, is_gap))[-1]
        await stand.restore()
        closed = (await until(stream, is_gap))[-1]
        fresh = samples(await until(stream, is_readings))
        await close(stream)
    assert isinstance(opened, Gap)
    assert isinstance(closed, Gap)
    assert opened.end is None
    assert opened.reason
    assert closed.end is not None
    assert (closed.start, closed.origin) == (opened.start, stand.target.name)
    assert closed.end >= closed.start
    assert all(sample.receive >= closed.end for sample in fresh)


async def test_nobody_there_is_a_gap_and_not_an_error(live: Kit) -> None:
    async with asyncio.timeout(SAFE), live.start() as stand:
        assert stand.cut is not None
        assert stand.restore is not None
        await stand.cut()
        stream = live.adapter.connect(stand.target, stand.clock)
        gap = await anext(stream)
        assert isinstance(gap, Gap)
        assert gap.end is None
        await stand.restore()
        assert samples(await until(stream, is_readings))
        await close(stream)
