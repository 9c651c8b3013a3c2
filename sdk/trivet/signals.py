"""What travels between the rooms: readings, conditions, gaps, events, frames.

Times are integer nanoseconds since the Unix epoch, UTC. Status is an OPC UA
StatusCode (OPC 10000-4, 7.39) whatever the protocol; its two top bits are the
quality. A wrong reading is a value with a status, never an exception.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from itertools import repeat
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Float32s = NDArray[np.float32]
Ints = NDArray[np.int64]
Codes = NDArray[np.uint32]

SECOND = 1_000_000_000


class Quality(enum.IntEnum):
    """The two top bits of a StatusCode: Good, Uncertain or Bad."""

    GOOD = 0
    UNCERTAIN = 1
    BAD = 2


class Status(enum.IntEnum):
    """The OPC UA StatusCodes that trivet itself assigns.

    A server may send others; they travel as plain integers. Names and numbers
    are those of the OPC Foundation's StatusCode table.
    """

    GOOD = 0x0000_0000
    UNCERTAIN = 0x4000_0000
    UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE = 0x408F_0000
    UNCERTAIN_LAST_USABLE_VALUE = 0x4090_0000
    UNCERTAIN_SENSOR_NOT_ACCURATE = 0x4093_0000
    UNCERTAIN_ENGINEERING_UNITS_EXCEEDED = 0x4094_0000
    BAD = 0x8000_0000
    BAD_COMMUNICATION_ERROR = 0x8005_0000
    BAD_DECODING_ERROR = 0x8007_0000
    BAD_TIMEOUT = 0x800A_0000
    BAD_WAITING_FOR_INITIAL_DATA = 0x8032_0000
    BAD_NODE_ID_UNKNOWN = 0x8034_0000
    BAD_NOT_READABLE = 0x803A_0000
    BAD_OUT_OF_RANGE = 0x803C_0000
    BAD_NOT_SUPPORTED = 0x803D_0000
    BAD_TYPE_MISMATCH = 0x8074_0000
    BAD_CONFIGURATION_ERROR = 0x8089_0000
    BAD_NOT_CONNECTED = 0x808A_0000
    BAD_DEVICE_FAILURE = 0x808B_0000
    BAD_SENSOR_FAILURE = 0x808C_0000
    BAD_OUT_OF_SERVICE = 0x808D_0000
    BAD_NO_DATA = 0x809B_0000


def quality(status: int) -> Quality:
    """The quality of a StatusCode; the reserved pattern 11 counts as Bad."""
    return Quality(min(status >> 30, 2))


def status_name(status: int) -> str:
    """The OPC Foundation's name of a StatusCode, or its number when trivet has no name for it."""
    code = status & 0xFFFF_0000
    try:
        return "".join(part.capitalize() for part in Status(code).name.split("_"))
    except ValueError:
        return f"0x{status:08X}"


class Sample(NamedTuple):
    """One reading of one signal, made when somebody asks for one; a tuple, since that is made six times as fast.

    Attributes:
        name: Point name before binding, signal name (column) after it.
        value: In the unit of the point or signal; NaN when there is no number.
        status: OPC UA StatusCode.
        source: When the controller says the value was taken [ns, UTC].
        receive: When it was last confirmed here: polled, notified, or covered by a keep-alive [ns, UTC].
        origin: Endpoint it came from.
        reason: Why the status is not Good, in one word, or empty.
    """

    name: str
    value: float
    status: int
    source: int
    receive: int
    origin: str
    reason: str = ""

    @property
    def quality(self) -> Quality:
        """Good, Uncertain or Bad."""
        return quality(self.status)


_NOTHING: Mapping[Any, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, init=False)
class Readings:
    """Samples in columns, one row a sample, in the order received.

    A value that did not change but was confirmed (polled again, or covered by a
    keep-alive) is a row with the old source time and the new receive time.

    Attributes:
        names: The vocabulary; ``column`` indexes it.
        column: Which name each row is of, int ``(rows,)``.
        values: float64 ``(rows,)``; NaN when there is no number.
        status: StatusCodes, uint32 ``(rows,)``.
        source: Source times [ns], int64 ``(rows,)``.
        receive: Receive times [ns], int64 ``(rows,)``.
        origin: Endpoint they came from.
        reasons: Row number to a one-word reason, for rows that have one.
        provenance: What they were read from and how: texts by name, the same object for every batch of one session;
            empty where the adapter cannot say.
    """

    names: tuple[str, ...]
    column: Ints
    values: Floats
    status: Codes
    source: Ints
    receive: Ints
    origin: str = ""
    reasons: Mapping[int, str] = field(default_factory=dict)
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __init__(
        self,
        names: tuple[str, ...],
        column: Ints,
        values: Floats,
        status: Codes,
        source: Ints,
        receive: Ints,
        origin: str = "",
        reasons: Mapping[int, str] = _NOTHING,
        provenance: Mapping[str, str] = _NOTHING,
    ) -> None:
        # as a frozen dataclass does it, in half the time: there is one for every answer of a controller
        _names(self, names)
        _column(self, column)
        _values(self, values)
        _status(self, status)
        _source(self, source)
        _receive(self, receive)
        _origin(self, origin)
        _reasons(self, reasons)
        _provenance(self, provenance)

    def __len__(self) -> int:
        return len(self.values)

    def sample(self, row: int) -> Sample:
        """The sample in one row."""
        return Sample(
            self.names[int(self.column[row])],
            float(self.values[row]),
            int(self.status[row]),
            int(self.source[row]),
            int(self.receive[row]),
            self.origin,
            self.reasons.get(row, ""),
        )

    def samples(self) -> list[Sample]:
        """All rows as samples."""
        rows = len(self.values)
        columns: tuple[NDArray[Any], ...] = (self.values, self.status, self.source, self.receive)
        names = map(self.names.__getitem__, self.column.tolist())
        reasons = map(self.reasons.get, range(rows), repeat("")) if self.reasons else repeat("")
        made = zip(names, *map(_listed, columns), repeat(self.origin), reasons, strict=False)
        # what the class's own call does, without a Python call for each row
        return list(map(tuple.__new__, repeat(Sample), made))


def _listed(column: NDArray[Any]) -> Iterable[float]:
    """Numbers of a column; one that repeats a single number, as the times of one answer do, is not unpacked."""
    listed: Iterable[float] = repeat(column.item(0)) if column.strides == (0,) and len(column) else column.tolist()
    return listed


_names, _column, _values, _status, _source, _receive, _origin, _reasons, _provenance = (
    getattr(Readings, one.name).__set__ for one in fields(Readings)
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A controller's own alarm or message (OPC 10000-9), or a named alarm bit.

    Attributes:
        id: Stable id of the condition at its origin.
        active: Whether the state it reports holds.
        acked: Whether an operator acknowledged it; None when the source cannot say.
        severity: 1 to 1000 as in OPC 10000-9; 0 when the source has none.
        message: The source's own words.
        source: When it changed, as the controller says [ns, UTC].
        receive: When it arrived [ns, UTC].
        origin: Endpoint it came from.
    """

    id: str
    active: bool
    acked: bool | None
    severity: int
    message: str
    source: int
    receive: int
    origin: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of time for which data are known to be missing.

    Attributes:
        start: Last moment that is covered [ns, UTC].
        end: First moment that is covered again, or None while the gap is open.
        reason: One word: ``refused``, ``reset``, ``timeout``, ``clock_step``, ``recording`` ...
        origin: Endpoint, or device.
        detail: What a person may want to know about the cause.
    """

    start: int
    end: int | None
    reason: str
    origin: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that turned out to be true about an appliance: the label that comes back.

    Attributes:
        device: Device id.
        kind: ``fault``, ``repaired``, ``part``, ``cleaned`` or ``descaled``.
        start: From [ns, UTC].
        end: To [ns, UTC], or None.
        subject: Fault class or part, as the interface names it.
        by: Who says so.
        certainty: ``confirmed``, ``likely`` or ``suspected``.
        note: Free text.
    """

    device: str
    kind: str
    start: int
    end: int | None
    subject: str = ""
    by: str = ""
    certainty: str = "confirmed"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """All columns of one device at one instant of the frame grid.

    Attributes:
        time: End of the interval ``(time - frame, time]`` that it stands for [ns, UTC].
        values: float64 ``(columns,)``; NaN is not known.
        status: StatusCodes, uint32 ``(columns,)``; kept where the value is NaN.
    """

    time: int
    values: Floats
    status: Codes


Item = Readings | Condition | Gap
Json = Any
