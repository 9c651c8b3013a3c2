"""Profile and device documents: what a controller type offers, and what one appliance is wired to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from trivet.errors import Message
from trivet.interface.document import STRICT, Labels, Level, When
from trivet.interface.parsed import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class PointRepeat:
    """Points that recur at a stride.

    Attributes:
        max: Most there can be; the points are ``name_1`` to ``name_max``.
        stride: Distance between two, in the adapter's own addresses.
        count: Point that says how many there are, or None.
    """

    __pydantic_config__ = STRICT

    max: int
    stride: float = 1
    count: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selector:
    """A point whose value decides how another is read (a unit or decimal-point setting).

    Attributes:
        point: Point to look at.
        cases: Its code (as text) to the keys of the point that then differ.
    """

    __pydantic_config__ = STRICT

    point: str
    cases: Mapping[str, Mapping[str, Json]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One thing that a controller type offers.

    Attributes:
        at: Where and how, in the adapter's own keys.
        unit: UCUM code of the decoded value, or None for states, counts and text.
        signal: Interface signal that it usually is, or None.
        scale: Factor on the raw number.
        offset: Added after ``scale``.
        scale_register: Point that holds a power of ten to multiply by, or None.
        sentinels: Raw numbers that mean "not available".
        enumeration: Native code (as text) to the interface's state name.
        range: Plausible values, in ``unit``.
        poll: How often it is worth reading.
        when: Read only while these other points have these codes.
        repeat: Recurring points, or None.
        selector: Setting that changes how this point is read, or None.
    """

    __pydantic_config__ = STRICT

    at: Mapping[str, Json]
    unit: str | None = None
    signal: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    scale_register: str | None = None
    sentinels: tuple[float, ...] = ()
    enumeration: Mapping[str, str] = field(default_factory=dict)
    range: tuple[float, float] | None = None
    poll: Literal["static", "slow", "normal", "fast"] = "normal"
    when: Mapping[str, float] = field(default_factory=dict)
    repeat: PointRepeat | None = None
    selector: Selector | None = None
    label: Labels = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a profile's facts come from.

    Attributes:
        document: Public manual, map or specification.
        date: ISO date of that source.
        confidence: How far it was proved.
    """

    __pydantic_config__ = STRICT

    document: str
    date: str
    confidence: Literal["manual", "third_party", "tested", "own"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What one controller type, or one table of recorded data, offers.

    Attributes:
        kind: Always ``profile``.
        format: Number of the document format.
        id: Kebab-case name.
        version: Semantic version of this profile.
        adapter: Name of the adapter that reads it.
        points: Point name to point.
        settings: The adapter's own keys (addressing, word order, namespace, columns ...).
        match: Point or nameplate field to the text that identifies this controller type.
        hold: Recorded tables only: longest time a thinned value stands for [s].
    """

    __pydantic_config__ = STRICT

    kind: Literal["profile"]
    format: Literal[0]
    id: str
    version: str
    title: Labels
    adapter: str
    source: Provenance
    points: Mapping[str, Point]
    settings: Mapping[str, Json] = field(default_factory=dict)
    match: Mapping[str, str] = field(default_factory=dict)
    hold: float | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One controller, meter or recording of an appliance.

    Attributes:
        profile: Id or path of the profile.
        url: Where it is; secrets come from the environment or a file, never from here.
        covers: Signals that this meter covers; empty means all it offers.
        ct_ratio: Factor of external current transformers.
        invert: Points whose sign is reversed.
        instances: Placeholder to the instance that is meant, such as ``{"<No.>": 1}``.
        settings: The adapter's own keys.
    """

    __pydantic_config__ = STRICT

    profile: str
    url: str
    covers: tuple[str, ...] = ()
    ct_ratio: float = 1.0
    invert: tuple[str, ...] = ()
    instances: Mapping[str, str | int] = field(default_factory=dict)
    settings: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InterfaceReference:
    """The interface and version that a device document was written for."""

    __pydantic_config__ = STRICT

    id: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appliance:
    """The nameplate."""

    __pydantic_config__ = STRICT

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleOverride:
    """Opening and closing conditions that replace those of the interface's window."""

    __pydantic_config__ = STRICT

    opens_when: tuple[When, ...] = ()
    closes_when: tuple[When, ...] = ()
    expect_within: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelOverride:
    """Decision levels that may be tighter than the interface's, never looser."""

    __pydantic_config__ = STRICT

    watch: Level | None = None
    act: Level | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One appliance in a plant.

    Attributes:
        kind: Always ``device``.
        format: Number of the document format.
        id: Name of the appliance at its site.
        endpoints: Endpoint name to endpoint; all of them feed the same frames.
        bind: Signal to ``endpoint.point``; a point that names its signal needs no line.
        parameters: Values of the interface's parameters, in their units.
        time_zone: IANA name, for times without a zone.
        zones: Zone name to its own ``bind``: one logical appliance per chamber or cup.
    """

    __pydantic_config__ = STRICT

    kind: Literal["device"]
    format: Literal[0]
    id: str
    interface: InterfaceReference
    endpoints: Mapping[str, Endpoint]
    appliance: Appliance = field(default_factory=Appliance)
    site: str = ""
    time_zone: str = "UTC"
    bind: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    windows: Mapping[str, CycleOverride] = field(default_factory=dict)
    decisions: Mapping[str, LevelOverride] = field(default_factory=dict)
    zones: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """Something that turned out to be true about an appliance, as people and systems write it down.

    Attributes:
        kind: Always ``event``.
        format: Number of the document format.
        device: Device id.
        event: What happened.
        start: From when, as RFC 3339 text with an offset, such as ``2026-03-01T06:30:00Z``.
        end: Until when, or None.
        subject: Fault class, as the interface names it, or part.
        by: Who says so.
        certainty: How sure they are.
    """

    __pydantic_config__ = STRICT

    kind: Literal["event"]
    format: Literal[0]
    device: str
    event: Literal["fault", "repaired", "part", "cleaned", "descaled"]
    start: str
    end: str | None = None
    subject: str = ""
    by: str = ""
    certainty: Literal["confirmed", "likely", "suspected"] = "confirmed"
    note: str = ""

    def __post_init__(self) -> None:
        times = [_instant(text) for text in (self.start, self.end) if text is not None]
        if times != sorted(times):
            raise ValueError(Message("must not end before it starts"))


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise ValueError(Message("{text!r} is not a time with its offset, such as '2026-03-01T06:30:00Z'", text=text))
    return instant
