"""Modbus endpoints for tests: profiles, targets and a served plant."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from kits.contract import Kit, Stand
from servers.relay import Relay
from trivet.device.adapter import Snapshot, Target
from trivet.device.clock import ScaledClock
from trivet.device.document import Endpoint, Point, Profile, Provenance
from trivet.signals import Status
from trivet_modbus import adapter
from trivet_modbus.points import point
from trivet_modbus.server import serve
from trivet_modbus.settings import parse_url

NOWHERE = "/dev/null"
"""A folder in which nothing can be written: what is learned is forgotten."""


def profile(points: Mapping[str, Point], **settings: Any) -> Profile:
    """A profile of these points, zero-based unless the settings say otherwise."""
    return Profile(
        kind="profile",
        format=0,
        id="test-meter",
        version="0.1.0",
        title={"en": "Meter"},
        adapter="modbus",
        source=Provenance(document="test", date="2026-11-20", confidence="own"),
        points=points,
        settings={"addressing": "zero", **settings},
    )


def target(source: Profile, url: str, name: str = "dishwasher/meter", folder: str = NOWHERE, **settings: Any) -> Target:
    """All points of a profile at a URL; never gives up on an answer unless ``timeout`` says so."""
    endpoint = Endpoint(profile=source.id, url=url, settings={"timeout": 30, "retries": 1, **settings})
    typed = {key: point(one, source) for key, one in source.points.items()}
    return Target(name=name, endpoint=endpoint, profile=source, points=typed, folder=folder)


POINTS = {
    "power": Point(at={"table": "input", "address": 0, "type": "float32"}, unit="W", signal="power"),
    "temperature": Point(at={"table": "holding", "address": 3, "type": "int16"}, scale=0.5, signal="temperature"),
    "racks": Point(at={"table": "holding", "address": 10, "type": "uint32"}, signal="racks", poll="slow"),
    "mode": Point(
        at={"table": "holding", "address": 12, "type": "uint16"}, signal="mode", enumeration={"7": "washing"}
    ),
    "door": Point(at={"table": "discrete", "address": 2}, signal="door", enumeration={"0": "closed", "1": "open"}),
    "probe": Point(at={"table": "holding", "address": 4, "type": "int16"}, sentinels=(-32768.0,), signal="probe"),
}
SHOWN: Mapping[str, float | str] = {
    "power": 2000.5,
    "temperature": 61.5,
    "racks": 70000.0,
    "mode": "washing",
    "door": "open",
    "probe": 20.0,
}


@asynccontextmanager
async def start() -> AsyncIterator[Stand]:
    """Our server behind a relay, on a clock of fifty seconds a second."""
    clock, source = ScaledClock(50.0), profile(POINTS)
    shown = Snapshot(SHOWN, {"probe": int(Status.BAD_SENSOR_FAILURE)})
    async with serve(source, lambda now: shown, "127.0.0.1:0", clock) as url:
        _, port, _ = parse_url(url)
        async with Relay("127.0.0.1", port) as relay:

            async def cut() -> None:
                await relay.refuse()
                relay.cut()

            yield Stand(
                target=target(source, f"modbus+tcp://127.0.0.1:{relay.port}"),
                clock=clock,
                expected={"power": 2000.5, "temperature": 61.5, "racks": 70000.0, "mode": 7.0, "door": 1.0},
                bad=frozenset({"probe"}),
                cut=cut,
                restore=relay.accept,
            )


kit = Kit(
    adapter=adapter,
    library="",
    wrong_urls=("", "127.0.0.1:502", "opc.tcp://127.0.0.1:502", "modbus+tcp://127.0.0.1?unit=300"),
    start=start,
)
