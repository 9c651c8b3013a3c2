"""DataValues to readings: numbers in the profile's unit, status and times kept; pure, no OPC UA library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from trivet.errors import DocumentError
from trivet.signals import Quality, Readings, Status, quality, status_name
from trivet.units import conversion, spelling, unece
from trivet_opcua.points import OpcPoint
from trivet_opcua.transport import Change, Unit

NAN = math.nan
LARGEST = 1e300
"""Above it an integer may not fit a float, and nothing in a kitchen is."""


class Sample(NamedTuple):
    """One decoded value, before it is one row of many."""

    value: float
    status: int
    source: int
    reason: str = ""


@dataclass(slots=True)
class Rows:
    """Rows of readings in the making.

    Attributes:
        names: The vocabulary.
        origin: Endpoint they come from.
    """

    names: tuple[str, ...]
    origin: str
    column: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    status: list[int] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    reasons: dict[int, str] = field(default_factory=dict)

    def add(self, column: int, sample: Sample) -> None:
        """Appends one row."""
        if sample.reason:
            self.reasons[len(self.column)] = sample.reason
        self.column.append(column)
        self.values.append(sample.value)
        self.status.append(sample.status)
        self.source.append(sample.source)

    def readings(self, receive: int | Sequence[int]) -> Readings:
        """All rows, received at one moment [ns, UTC], or each at its own."""
        return Readings(
            names=self.names,
            column=np.array(self.column, np.int64),
            values=np.array(self.values, np.float64),
            status=np.array(self.status, np.uint32),
            source=np.array(self.source, np.int64),
            receive=np.full(len(self.column), receive, np.int64),
            origin=self.origin,
            reasons=self.reasons,
        )


@dataclass(frozen=True, slots=True)
class Rule:
    """How a raw value becomes a number.

    Attributes:
        scale: Factor on the raw number.
        offset: Added after ``scale``.
        sentinels: Raw numbers that mean "not available".
        refused: Why no number is believed, in one word, or empty.
    """

    scale: float = 1.0
    offset: float = 0.0
    sentinels: tuple[float, ...] = ()
    refused: str = ""


def rule(point: OpcPoint, unit: Unit | None, declared: str | None = None, foreign: bool = False) -> Rule:
    """The rule of a point, given the unit that the server shows for it.

    A known unit that differs from the profile's is converted from. A missing one leaves the
    profile's declaration standing. One that nobody can read, or of another kind, is refused:
    somebody has to declare what the server sends. A profile with its own scale knows better. States
    of another enumeration are refused.

    Args:
        point: Where the value is.
        unit: EngineeringUnits, or None where the server shows none.
        declared: UCUM code that the device document declares for this point; it stands above both.
        foreign: It is of another enumeration than the profile maps.
    """
    if foreign:
        return Rule(sentinels=point.sentinels, refused="enumeration")
    plain = Rule(point.scale, point.offset, point.sentinels)
    shown = declared or ucum(unit)
    if point.unit is None or (declared is None and (point.scale, point.offset) != (1.0, 0.0)):
        return plain
    if shown is None:
        return Rule(sentinels=point.sentinels, refused="unit") if _unreadable(unit) else plain
    try:
        scale, offset = conversion(shown, point.unit)
    except DocumentError:
        return Rule(sentinels=point.sentinels, refused="unit")
    return Rule(scale, offset, point.sentinels)


def _unreadable(unit: Unit | None) -> bool:
    """Whether a server shows a unit that is none of UNECE's and none that is written like a known one."""
    return unit is not None and (unit.id > 0 or bool(unit.text.strip()))


def ucum(unit: Unit | None) -> str | None:
    """The UCUM code of EngineeringUnits: by UNECE id first, then by what is shown; None when neither is known."""
    if unit is None:
        return None
    try:
        return unece(unit.id)
    except DocumentError:
        return spelling(unit.text) if unit.text else None


def sample(raw: Any, status: int, source: int, how: Rule) -> Sample:
    """One raw value; what is no number is NaN, with a status that says so unless the server's does."""
    if quality(status) is Quality.BAD:
        return Sample(NAN, status, source, status_name(status))
    if how.refused:
        return Sample(NAN, Status.BAD_CONFIGURATION_ERROR, source, how.refused)
    if raw is None:
        return Sample(NAN, Status.BAD_NO_DATA, source, "no_value")
    if not isinstance(raw, (int, float)):
        return Sample(NAN, Status.BAD_TYPE_MISMATCH, source, "not_a_number")
    if raw in how.sentinels:
        return Sample(NAN, Status.BAD_NO_DATA, source, "sentinel")
    value = float(raw) * how.scale + how.offset if abs(raw) <= LARGEST else NAN
    if not math.isfinite(value):
        return Sample(NAN, Status.BAD_OUT_OF_RANGE, source, "not_finite")
    return Sample(value, status, source, status_name(status) if status >> 30 else "")


def decode(
    changes: Sequence[Change],
    rules: Sequence[Rule],
    names: tuple[str, ...],
    receive: int,
    origin: str,
    reasons: Mapping[int, str] | None = None,
    confirmed: Sequence[int] | None = None,
) -> Readings:
    """What came over the wire, as readings.

    Args:
        changes: Data changes or read values; ``item`` indexes ``rules`` and ``names``.
        rules: How each becomes a number.
        names: Point names, repeats expanded.
        receive: When they arrived [ns, UTC]; also the source time where the server gave none.
        origin: Endpoint they come from.
        reasons: Items for which there is no node, with a word why.
        confirmed: When each change was last confirmed [ns, UTC], where that was before ``receive``; items are known.
    """
    rows = Rows(names, origin)
    for item, (raw, status, source, server) in changes:
        if 0 <= item < len(rules):
            rows.add(item, sample(raw, status, source or server or receive, rules[item]))
    for item, reason in (reasons or {}).items():
        rows.add(item, Sample(NAN, Status.BAD_NODE_ID_UNKNOWN, receive, reason))
    return rows.readings(receive if confirmed is None else confirmed)
