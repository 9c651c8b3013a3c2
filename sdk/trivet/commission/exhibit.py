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
from trivet.signals import SECOND, Condition

DWELL = 60
"""How long a state lasts [s]."""

LEVELS: Mapping[str, tuple[float, float]] = {
    "Cel": (60.0, 5.0),
    "K": (5.0, 1.0),
    "V": (230.0, 3.0),
    "A": (5.0, 2.0),
    "Hz": (50.0, 0.05),
    "W": (1500.0, 500.0),
    "kW": (1.5, 0.5),
    "V.A": (1600.0, 500.0),
    "kV.A": (1.6, 0.5),
    "V.A{var}": (300.0, 100.0),
    "kV.A{var}": (0.3, 0.1),
    "bar": (1.0, 0.3),
    "%": (50.0, 20.0),
    "s": (300.0, 100.0),
    "min": (30.0, 10.0),
}
"""Middle and swing of what a point shows, by its unit."""

RATES: Mapping[str, float] = {
    "W.h": 0.4,
    "kW.h": 4e-4,
    "V.A.h": 0.45,
    "kV.A.h": 4.5e-4,
    "V.A.h{var}": 0.1,
    "kV.A.h{var}": 1e-4,
    "h": 1 / 3600,
}
"""What counts up, and how much each second, by its unit."""

ROUND = 10_000_000
"""After how long counters begin again [s]."""

USUAL = (40.0, 10.0)
FACTOR = -1.0
"""The power of ten that registers with one are multiplied by."""


class Exhibit:
    """A ``Values`` callable over a profile, the same for the same seed.

    Points that decide how others are read stand still, at a code for which most is read.

    Attributes:
        profile: Whose points it shows, under the names of their signals where they have one.
        instances: How many of a repeated point are fitted.
        fixed: What shows something else: point, signal or alarm to its value or state.
    """

    parameters: Mapping[str, float] = {}

    def __init__(
        self, profile: Profile, seed: int = 1, instances: int = 2, fixed: Mapping[str, float | str] | None = None
    ) -> None:
        self.profile = profile
        self.instances = instances
        self.fixed = dict(fixed or {})
        self._phases = {name: random.Random(f"{seed}/{name}").random() for name in profile.points}  # noqa: S311
        self._still = _deciding(profile) | _identity(profile)

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
        for name, value in self.fixed.items():
            values[(points[name].signal if name in points else None) or name] = value
        alarms = [name for name, value in self.fixed.items() if value in (1, True) and "severity" in _at(points, name)]
        return Snapshot(values, {}, tuple(Condition(name, True, None, 500, name, now, now, "") for name in alarms))

    def _most(self, count: str) -> int:
        return min(p.repeat.max for p in self.profile.points.values() if p.repeat and p.repeat.count == count)

    def _value(self, name: str, point: Point, now: int, number: int) -> float | str:
        if name in self._still:
            return self._still[name]
        seconds = now / SECOND
        phase = self._phases[name] + number / 7
        if point.enumeration:
            states = list(dict.fromkeys(point.enumeration.values()))
            return states[int(seconds / DWELL + phase * len(states)) % len(states)]
        rate = RATES.get(point.unit or "")
        if rate is not None:
            return round(rate * ((seconds + ROUND * phase) % ROUND), 3)
        middle, swing = _level(point)
        if point.poll != "normal":
            return middle
        return round(middle + swing * math.sin(seconds / DWELL + math.tau * phase), 2)


def _at(points: Mapping[str, Point], name: str) -> Mapping[str, Any]:
    return points[name].at if name in points else {}


def _level(point: Point) -> tuple[float, float]:
    """Middle and swing of a point, inside its range."""
    middle, swing = LEVELS.get(point.unit or "", USUAL)
    if point.range is None or point.range[0] <= middle - swing < middle + swing <= point.range[1]:
        return middle, swing
    low, high = point.range
    return (low + 3 * high) / 4, (high - low) / 8


def _identity(profile: Profile) -> dict[str, float | str]:
    """Points by which the profile is known."""
    texts = {name: text for name, text in profile.match.items() if name in profile.points}
    return {name: float(text) if text.replace(".", "", 1).isdecimal() else text for name, text in texts.items()}


def _deciding(profile: Profile) -> dict[str, float | str]:
    """Points that decide how others are read, and what they show."""
    shown: dict[str, float | str] = {}
    for point in profile.points.values():
        if point.scale_register:
            shown[point.scale_register] = FACTOR
        if point.selector:
            states = profile.points[point.selector.point].enumeration
            shown.setdefault(point.selector.point, next(iter(states.values()), 0.0))
    for point in profile.points.values():
        for name, code in point.when.items():
            shown[name] = profile.points[name].enumeration.get(f"{code:g}", code)
    return shown


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
        return Exhibit(self.profile, seed, fixed=choices.get("fixed"))


def showcase(profile: Profile, path: str | None = None) -> Showcase:
    """A profile as a scenario, for the interface that knows most of its signals; ``path`` is where it is from."""
    signals = {point.signal for point in profile.points.values() if point.signal}
    interfaces = [load_interface(name).document for name in sorted(shipped("interface"))]
    interface = max(interfaces, key=lambda each: len(signals & set(each.signals))).id
    model = profile.title.get("en", profile.id)
    return Showcase(profile.id, interface, {"controller": path or profile.id}, (), {"model": model}, profile)
