"""A plant for any profile: every point shows something plausible that moves; for trying adapters, not models."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trivet.device.adapter import Snapshot
from trivet.device.document import Point, Profile
from trivet.device.library import load_interface
from trivet.interface.library import shipped
from trivet.signals import SECOND

DWELL = 60
"""How long a state lasts [s]."""

LEVELS: Mapping[str, tuple[float, float]] = {
    "Cel": (60.0, 5.0),
    "W": (1500.0, 500.0),
    "%": (50.0, 20.0),
    "s": (300.0, 100.0),
}
"""Middle and swing of what a point shows, by its unit."""

USUAL = (40.0, 10.0)


class Exhibit:
    """A ``Values`` callable over a profile, the same for the same seed.

    Attributes:
        profile: Whose points it shows, under the names of their signals where they have one.
        instances: How many of a repeated point are fitted.
    """

    parameters: Mapping[str, float] = {}

    def __init__(self, profile: Profile, seed: int = 1, instances: int = 2) -> None:
        self.profile = profile
        self.instances = instances
        self._phases = {name: random.Random(f"{seed}/{name}").random() for name in profile.points}  # noqa: S311

    def __call__(self, now: int, /) -> Snapshot:
        """What all points show at a time [ns, UTC]."""
        points = self.profile.points
        counted = {point.repeat.count for point in points.values() if point.repeat and point.repeat.count}
        values: dict[str, float | str] = {}
        for name, point in points.items():
            if name in counted:
                values[point.signal or name] = float(min(self.instances, self._most(name)))
            elif point.repeat:
                for number in range(1, min(self.instances, point.repeat.max) + 1):
                    values[f"{point.signal or name}_{number}"] = self._value(name, point, now, number)
            else:
                values[point.signal or name] = self._value(name, point, now, 0)
        return Snapshot(values)

    def _most(self, count: str) -> int:
        return min(p.repeat.max for p in self.profile.points.values() if p.repeat and p.repeat.count == count)

    def _value(self, name: str, point: Point, now: int, number: int) -> float | str:
        seconds = now / SECOND
        phase = self._phases[name] + number / 7
        if point.enumeration:
            states = list(dict.fromkeys(point.enumeration.values()))
            return states[int(seconds / DWELL + phase * len(states)) % len(states)]
        middle, swing = LEVELS.get(point.unit or "", USUAL)
        if point.poll != "normal":
            return middle
        return round(middle + swing * math.sin(seconds / DWELL + math.tau * phase), 2)


@dataclass(slots=True)
class Showcase:
    """A scenario made of one profile; see ``commission.simulate.Scenario`` for the attributes."""

    name: str
    interface: str
    endpoints: Mapping[str, str]
    faults: tuple[str, ...]
    appliance: Mapping[str, str]
    profile: Profile

    def plant(self, seed: int = 1, **choices: Any) -> Exhibit:
        """The exhibit; faults of a process are refused, since it has none."""
        if choices.get("fault"):
            raise ValueError("a profile's exhibit has no process and no faults; try --wire")
        return Exhibit(self.profile, seed)


def showcase(profile: Profile) -> Showcase:
    """A profile as a scenario, for the interface that knows most of its signals."""
    signals = {point.signal for point in profile.points.values() if point.signal}
    interfaces = [load_interface(name).document for name in sorted(shipped("interface"))]
    interface = max(interfaces, key=lambda each: len(signals & set(each.signals))).id
    model = profile.title.get("en", profile.id)
    return Showcase(profile.id, interface, {"controller": profile.id}, (), {"model": model}, profile)
