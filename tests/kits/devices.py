"""What tests of the device room share: small documents, readings, and an adapter that plays what it is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from trivet.device.adapter import Adapter, Clock, Target
from trivet.device.document import Device, Endpoint, InterfaceReference, Point, Profile, Provenance
from trivet.device.library import ResolvedDevice
from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.interface.parsed import Lines, Parsed
from trivet.signals import SECOND, Item, Readings

NOON = 1_700_000_000 * SECOND


def signal(**more: Any) -> dict[str, Any]:
    return {"unit": "Cel", "range": [-10, 120], "period": 1, "max_age": 10, **more}


SIGNALS: Mapping[str, Any] = {
    "tank_temperature": signal(resolution=1, max_rate=10, repeat={"max": 3}),
    "rinse_temperature": signal(max_rate=10, uncertain="flag"),
    "inlet_temperature": signal(uncertain="drop"),
    "active_power": signal(unit="W", range=[0, 60000]),
    "power_l1": signal(unit="W", range=[0, 20000]),
    "power_l2": signal(unit="W", range=[0, 20000]),
    "power_l3": signal(unit="W", range=[0, 20000]),
    "voltage_l1": signal(unit="V", range=[0, 300]),
    "active_energy": signal(unit="W.h", range=[0, 1e9], counter=True),
    "mode": signal(unit="1", range=[0, 9], enumeration={"0": "off", "1": "wash", "7": "rinse"}),
    "water_pressure": signal(
        unit="bar", range=[0, 10], frozen_after={"seconds": 5, "signal": "mode", "states": ["wash"]}
    ),
    "rack_count": signal(unit="1", range=[0, 1e8], counter=True),
}


def interface(**changes: Any) -> Interface:
    """An interface with one signal of each sort."""
    tree = {
        "kind": "interface",
        "format": 0,
        "id": "bench",
        "version": "0.9.0",
        "title": {"en": "Bench"},
        "frame": 2,
        "settle": 2,
        "signals": dict(SIGNALS),
        "tiers": {"B": ["power_l1", "power_l2", "power_l3"]},
        "windows": {"recent": {"kind": "sliding", "length": 10}},
        "outputs": {
            "health": {"kind": "score", "window": "recent", "needs": [["tank_temperature_1", "mode"], ["B"]]},
            "fault": {
                "kind": "classes",
                "window": "recent",
                "needs": [["mode"]],
                "classes": {"none": {"id": 0}, "unknown": {"id": 1}, "phase": {"id": 2, "needs": [["mode", "B"]]}},
            },
        },
        "parameters": {"rated_power": {"unit": "W", "range": [100, 60000]}},
        "fallback": {"action": "none"},
        "budget": [],
    }
    return load({**tree, **changes}, Interface)


def point(**more: Any) -> Point:
    return Point(**{"at": {}, **more})


def profile(points: Mapping[str, Point], adapter: str = "played", **more: Any) -> Profile:
    return Profile(
        kind="profile",
        format=0,
        id="test-profile",
        version="0.1.0",
        title={"en": "Test"},
        adapter=adapter,
        source=Provenance(document="made up", date="2026-01-01", confidence="own"),
        points=points,
        **more,
    )


def device(endpoints: Mapping[str, Endpoint] | None = None, **more: Any) -> Device:
    return Device(
        kind="device",
        format=0,
        id="washer",
        interface=InterfaceReference(id="bench", version="0.9.0"),
        endpoints=endpoints or {"plc": endpoint()},
        **more,
    )


def endpoint(**more: Any) -> Endpoint:
    return Endpoint(**{"profile": "test-profile", "url": "played:here", **more})


def readings(rows: Sequence[tuple[str, float, float]], names: Sequence[str] = (), **more: Any) -> Readings:
    """Good readings out of (name, value, seconds after noon)."""
    vocabulary = tuple(names) or tuple(dict.fromkeys(name for name, _, _ in rows))
    times = np.array([NOON + round(at * SECOND) for _, _, at in rows], np.int64)
    made = Readings(
        vocabulary,
        np.array([vocabulary.index(name) for name, _, _ in rows], np.int64),
        np.array([value for _, value, _ in rows], np.float64),
        np.zeros(len(rows), np.uint32),
        times,
        times,
        "washer/plc",
    )
    return replace(made, **more)


class Played:
    """An adapter whose sources yield given items, then end, stay silent or fail."""

    def __init__(
        self, items: Mapping[str, Sequence[Item | BaseException]], recorded: bool = False, endless: bool = False
    ) -> None:
        self.items = items
        self.endless = endless
        self.closed: list[str] = []
        self.adapter = Adapter("played", ("played",), lambda point, _: point, self.connect, readings, recorded=recorded)

    async def connect(self, target: Target, clock: Clock) -> AsyncIterator[Item]:
        try:
            for item in self.items[target.name.partition("/")[2]]:
                if isinstance(item, BaseException):
                    raise item
                yield item
                await asyncio.sleep(0)
            if self.endless:
                await asyncio.Event().wait()
        finally:
            self.closed.append(target.name)

    def resolved(self, document: Device, profiles: Mapping[str, Profile]) -> ResolvedDevice:
        """A device read by this adapter."""
        targets = {
            name: Target(f"{document.id}/{name}", spec, profiles[name], dict(profiles[name].points))
            for name, spec in document.endpoints.items()
        }
        return ResolvedDevice(
            parsed(document),
            "",
            {name: parsed(spec) for name, spec in profiles.items()},
            {},
            dict.fromkeys(targets, self.adapter),
            targets,
        )


def parsed(document: Any) -> Parsed[Any]:
    """A document as if parsed, without a text."""
    return Parsed(document, {}, Lines({}, {}), f"{document.id}.yaml")
