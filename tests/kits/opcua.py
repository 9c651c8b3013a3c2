"""What tests of the OPC UA adapter share: a stage to set values on, a target to read them, a way to collect items."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from queue import Queue
from threading import Thread
from typing import cast

import numpy as np

from kits.contract import Kit, Stand
from servers.relay import Relay
from trivet.device.adapter import Clock, Snapshot, Target
from trivet.device.clock import ScaledClock, WallClock
from trivet.device.document import Endpoint, Point, Profile
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet.signals import SECOND, Condition, Gap, Item, Json, Readings, Sample, Status
from trivet_opcua import adapter
from trivet_opcua.server import serve

DISHWASHER = "opc30200-dishwashing-machine"
COMBI = "opc30200-combi-steamer"
PATIENCE = 60.0


@dataclass
class Stage:
    """A plant whose values a test sets; ``counter`` names a signal that shows the seconds of the clock."""

    values: dict[str, float | str]
    status: dict[str, int] = field(default_factory=dict)
    conditions: tuple[Condition, ...] = ()
    counter: str = ""

    def __call__(self, now: int) -> Snapshot:
        values = dict(self.values)
        if self.counter:
            values[self.counter] = now // SECOND % 60_000
        return Snapshot(values, dict(self.status), self.conditions)


def dishwasher() -> Stage:
    """A hood machine of one tank."""
    values: dict[str, float | str] = {
        "tank_temperature_1": 60.0,
        "tank_setpoint_1": 62.0,
        "rinse_temperature": 84.4,
        "operation_mode": "operation",
        "program_mode": "cleaning_1",
        "hygiene_value": 30.0,
        "tank_count": 1.0,
    }
    return Stage(values)


def shipped(name: str) -> Profile:
    """A profile that ships."""
    return read(find("profile", name), Profile).document


def profile(points: Mapping[str, Point], **settings: Json) -> Profile:
    """A profile of a test's own points, otherwise as the dishwasher's."""
    known = shipped(DISHWASHER)
    return Profile(
        kind="profile",
        format=0,
        id="test",
        version="0.0.1",
        title={"en": "Test"},
        adapter="opcua",
        source=known.source,
        points=points,
        settings={**known.settings, **settings},
    )


def target(profile: Profile, url: str, instances: Mapping[str, str | int] | None = None, **settings: Json) -> Target:
    """All points of a profile at a URL, unencrypted unless said otherwise."""
    endpoint = Endpoint(
        profile=profile.id, url=url, instances=instances or {}, settings={"security": "none", **settings}
    )
    points = {name: adapter.point(point, profile) for name, point in profile.points.items()}
    return Target("washer/controller", endpoint, profile, points)


def open_server(
    plant: Stage, clock: Clock | None = None, bind: str = "127.0.0.1:0", fillers: tuple[str, ...] = ()
) -> AbstractAsyncContextManager[str]:
    """A dishwasher's server."""
    return serve(shipped(DISHWASHER), plant, bind, clock or WallClock(), fillers=fillers)


def port(url: str) -> int:
    """Port of a URL."""
    return int(url.rpartition(":")[2])


class Reader:
    """Reads a source in a test; what was read stays in ``items``."""

    def __init__(self, target: Target, clock: Clock | None = None) -> None:
        self.items: list[Item] = []
        self._source = cast("AsyncGenerator[Item, None]", adapter.connect(target, clock or WallClock()))

    async def __aenter__(self) -> Reader:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._source.aclose()

    async def until(self, done: Callable[[Item], bool]) -> Item:
        """Reads until an item is what the test waits for; a test that waits in vain fails."""
        async with asyncio.timeout(PATIENCE):
            async for item in self._source:
                self.items.append(item)
                if done(item):
                    return item
        raise AssertionError("the source ended")

    async def sample(self, name: str, done: Callable[[Sample], bool] = lambda _: True) -> Sample:
        """Reads until a point has a row that the test waits for."""
        found: list[Sample] = []

        def seen(item: Item) -> bool:
            found.extend(s for s in samples(item) if s.name == name and done(s))
            return bool(found)

        await self.until(seen)
        return found[0]

    def all(self, name: str) -> list[Sample]:
        """Every row of a point that was read so far."""
        return [sample for item in self.items for sample in samples(item) if sample.name == name]

    @property
    def gaps(self) -> list[Gap]:
        """Every gap that was read so far."""
        return [item for item in self.items if isinstance(item, Gap)]


def samples(item: Item) -> list[Sample]:
    """Rows of an item, none when it is no reading."""
    return item.samples() if isinstance(item, Readings) else []


def has(item: Item, name: str) -> bool:
    """Whether an item has a row of a point."""
    return isinstance(item, Readings) and name in item.names and bool(np.any(item.column == item.names.index(name)))


def closed(item: Item) -> bool:
    """Whether an item is the end of a gap."""
    return isinstance(item, Gap) and item.end is not None


def opened(item: Item) -> bool:
    """Whether an item is the beginning of a gap."""
    return isinstance(item, Gap) and item.end is None


CLOCK = ScaledClock(10.0)


@lru_cache(maxsize=1)
def hall() -> str:
    """URL of one server for the whole contract, on a thread and loop of its own, on a clock of ten seconds a second."""
    plant = dishwasher()
    plant.status["rinse_temperature"] = Status.BAD_SENSOR_FAILURE
    told: Queue[str] = Queue()

    async def run() -> None:
        async with open_server(plant, CLOCK) as url:
            told.put(url)
            await asyncio.Event().wait()

    Thread(target=lambda: asyncio.run(run()), daemon=True).start()
    return told.get(timeout=PATIENCE)


@asynccontextmanager
async def start() -> AsyncIterator[Stand]:
    """A dishwasher's server behind a relay."""
    async with Relay("127.0.0.1", port(hall())) as relay:

        async def cut() -> None:
            await relay.refuse()
            relay.cut()

        yield Stand(
            target=target(shipped(DISHWASHER), f"opc.tcp://127.0.0.1:{relay.port}"),
            clock=CLOCK,
            expected={
                "tank_temperature_1": 60.0,
                "tank_setpoint_1": 62.0,
                "operation_mode": 7.0,
                "program_mode": 2.0,
                "hygiene_value": 30.0,
                "tank_count": 1.0,
            },
            bad=frozenset({"rinse_temperature", "pre_tank_temperature"}),
            cut=cut,
            restore=relay.accept,
        )


kit = Kit(
    adapter=adapter,
    library="asyncua",
    wrong_urls=("", "127.0.0.1:4840", "modbus+tcp://127.0.0.1:4840", "opc.tcp://user:secret@127.0.0.1:4840"),
    start=start,
)
