"""What a simulated controller shows: a plant's snapshot as raw values of a profile's points; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from trivet.device.adapter import Snapshot
from trivet.device.document import Point, Profile
from trivet.signals import Quality, Status, quality
from trivet_opcua.points import INTEGERS, OpcPoint, expand, point

RANGES: Mapping[str, tuple[int, int]] = {
    "SByte": (-(2**7), 2**7 - 1),
    "Byte": (0, 2**8 - 1),
    "Int16": (-(2**15), 2**15 - 1),
    "UInt16": (0, 2**16 - 1),
    "Int32": (-(2**31), 2**31 - 1),
    "UInt32": (0, 2**32 - 1),
    "Int64": (-(2**63), 2**63 - 1),
    "UInt64": (0, 2**64 - 1),
}


class Shown(NamedTuple):
    """A raw value and its StatusCode; no value when the status is Bad."""

    raw: int | float | bool | None
    status: int


@dataclass(frozen=True, slots=True)
class Slot:
    """One variable of the server.

    Attributes:
        name: Point name, repeats expanded.
        signal: Column of the interface that it shows, or the point's own name where it names none.
        at: Where it is.
        spec: The profile's point.
    """

    name: str
    signal: str
    at: OpcPoint
    spec: Point

    @property
    def data(self) -> str:
        """OPC UA data type on the wire; enumerations travel as Int32."""
        if self.at.data in INTEGERS | {"Boolean", "Float", "Double"}:
            return self.at.data
        return "Int32" if self.at.data or self.spec.enumeration else "Double"


def slots(profile: Profile, first: Snapshot) -> list[Slot]:
    """The variables of a server: what the plant shows at its start, and the counts of its instances."""
    found: list[Slot] = []
    for name, spec in profile.points.items():
        typed = point(spec, profile)
        for expanded, at in expand(name, typed, {}).items():
            signal = spec.signal + expanded.removeprefix(name) if spec.signal else expanded
            found.append(Slot(expanded, signal, at, spec))
    fitted = [slot for slot in found if slot.signal in first.values or slot.signal in first.status]
    return fitted + [slot for slot in found if slot not in fitted and _counted(slot) is not None]


def count(slot: Slot, shown: list[Slot]) -> int:
    """Value of a count after OPC 30200: ``NameNo`` is the number of ``Name_1``, ``Name_2`` and so on."""
    stem = _counted(slot)
    return sum(1 for other in shown if stem and other.at.path and other.at.path[-1].text.startswith(f"{stem}_"))


def encode(slot: Slot, snapshot: Snapshot) -> Shown:
    """What a variable shows of a snapshot: the state's native code, or the number as its data type can hold it."""
    status = snapshot.status.get(slot.signal, int(Status.GOOD))
    if quality(status) is Quality.BAD:
        return Shown(None, status)
    value = _native(slot.spec, snapshot.values.get(slot.signal))
    if value is None or math.isnan(value):
        return Shown(None, Status.BAD_NO_DATA)
    return Shown(_typed(value, slot.data), status)


def _native(spec: Point, value: float | str | None) -> float | None:
    """The number before ``scale`` and ``offset``; None for a state that the controller has no code for."""
    if isinstance(value, str):
        return next((float(code) for code, state in spec.enumeration.items() if state == value), None)
    return None if value is None else (value - spec.offset) / spec.scale


def _typed(value: float, data: str) -> int | float | bool:
    if data == "Boolean":
        return value != 0
    if data not in RANGES:
        return value
    low, high = RANGES[data]
    return int(min(max(round(value) if math.isfinite(value) else value, low), high))


def _counted(slot: Slot) -> str | None:
    """The stem of the names that a point counts, or None when it counts nothing."""
    last = slot.at.path[-1].text if slot.at.path else ""
    return last.removesuffix("No") if last.endswith("No") and slot.data in INTEGERS else None
