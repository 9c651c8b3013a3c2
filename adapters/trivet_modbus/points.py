"""Typed Modbus points out of a profile; needs no Modbus library.

A profile's ``Point.at`` has these keys::

    table       coil, discrete, input or holding; may be left out where the address names it
    address     as the manual writes it, see ``settings.addressing`` of the profile
    type        int16 to uint64, float16 to float64, bcd16, bcd32, bit, string; bool for the bit tables
    word_order  big or little: where the most significant register of a value is
    byte_order  big or little: likewise for the bytes of one register
    bit, bits   bit number, or [lowest, highest], of a ``bit`` in a register; 0 is the least significant
    count       registers of a ``string``
    severity    1 to 1000: this bit is a named alarm, delivered as a condition
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from trivet.device.document import Point, Profile
from trivet.errors import DocumentError
from trivet.signals import Json
from trivet_modbus.address import LAST, TABLES, Table, wire_address
from trivet_modbus.layout import BYTE_ORDERS, WORD_ORDERS, Map, profile_map
from trivet_modbus.settings import choice, whole

WORDS: Mapping[str, int] = {
    "int16": 1,
    "uint16": 1,
    "int32": 2,
    "uint32": 2,
    "int64": 4,
    "uint64": 4,
    "float16": 1,
    "float32": 2,
    "float64": 4,
    "bcd16": 1,
    "bcd32": 2,
    "bit": 1,
}
KEYS = frozenset({"table", "address", "type", "word_order", "byte_order", "bit", "bits", "count", "severity"})


@dataclass(frozen=True, slots=True)
class ModbusPoint:
    """One value of a Modbus server.

    Attributes:
        name: As the profile names it; of a repeated point with its number.
        table: Where it is.
        address: First address, as on the wire.
        type: ``float32`` and so on; ``bool`` in the bit tables.
        words: Registers it takes; 1 for a coil or discrete input.
        word_order: ``big`` or ``little``.
        byte_order: ``big`` or ``little``.
        bits: Lowest and highest bit of a ``bit``.
        scale: Factor on the raw number.
        offset: Added after ``scale``.
        sentinels: Raw numbers that mean "not available".
        scale_register: Point with a power of ten to multiply by, or None.
        poll: Poll class.
        severity: Above 0: it is a condition rather than a reading.
        message: What a condition says.
        repeat: How many there are at most; 0 when it is not repeated.
        stride: Addresses from one to the next.
    """

    name: str
    table: Table
    address: int
    type: str
    words: int = 1
    word_order: str = "big"
    byte_order: str = "big"
    bits: tuple[int, int] = (0, 15)
    scale: float = 1.0
    offset: float = 0.0
    sentinels: tuple[float, ...] = ()
    scale_register: str | None = None
    poll: str = "normal"
    severity: int = 0
    message: str = ""
    repeat: int = 0
    stride: int = 1

    @property
    def end(self) -> int:
        """First address after it."""
        return self.address + self.words

    def instances(self) -> Iterator[ModbusPoint]:
        """The point itself, or ``name_1`` to ``name_max`` of a repeated one."""
        if not self.repeat:
            yield self
        for number in range(self.repeat):
            shifted = self.address + number * self.stride
            yield replace(self, name=f"{self.name}_{number + 1}", address=shifted, repeat=0)


def point(source: Point, profile: Profile) -> ModbusPoint:
    """Checks one point of a profile.

    Raises:
        DocumentError: A key is unknown, missing, or contradicts another; ``where`` names the point.
    """
    name = next((name for name, other in profile.points.items() if other is source), "point")
    where = f"{profile.id}/{name}"
    layout = profile_map(profile)
    unknown = sorted(set(source.at) - KEYS)
    if unknown:
        hint = f"use {', '.join(sorted(KEYS))}"
        raise DocumentError(f"a Modbus point has no key {unknown[0]!r}", where=where, hint=hint)
    if source.when or source.selector:
        raise DocumentError("'when' and 'selector' are not honoured over Modbus", where=where, hint="leave it out")
    table, address = _place(source.at, layout, where)
    kind = _type(source.at, table, where)
    made = ModbusPoint(
        name=name,
        table=table,
        address=address,
        type=kind,
        words=_words(source.at, kind, where),
        word_order=choice(source.at.get("word_order", layout.word_order), WORD_ORDERS, "word_order", where),
        byte_order=choice(source.at.get("byte_order", layout.byte_order), BYTE_ORDERS, "byte_order", where),
        bits=_bits(source.at, kind, where),
        scale=_scale(source.scale, where),
        offset=source.offset,
        sentinels=tuple(_sentinel(value, kind, where) for value in source.sentinels),
        scale_register=_scale_register(source, profile, where),
        poll=source.poll,
        severity=_severity(source.at, kind, where),
        message=source.label.get("en", name),
        repeat=source.repeat.max if source.repeat else 0,
        stride=_stride(source, where),
    )
    return _checked(made, layout, where)


def _place(at: Mapping[str, Json], layout: Map, where: str) -> tuple[Table, int]:
    if "address" not in at:
        raise DocumentError("'address' is missing", where=where, hint="write it as the manual does")
    named = Table(choice(at["table"], TABLES, "table", where)) if "table" in at else None
    return wire_address(at["address"], layout.addressing, named, where)


def _type(at: Mapping[str, Json], table: Table, where: str) -> str:
    if table.bits:
        return choice(at.get("type", "bool"), ("bool",), "type", where)
    if "type" not in at:
        raise DocumentError("'type' is missing", where=where, hint=f"use one of {', '.join((*WORDS, 'string'))}")
    return choice(at["type"], (*WORDS, "string"), "type", where)


def _words(at: Mapping[str, Json], kind: str, where: str) -> int:
    if kind == "string":
        return whole(at.get("count"), (1, 123), "count", where)
    if "count" in at:
        raise DocumentError("'count' belongs to a string", where=where, hint="drop it, the type has its own length")
    return WORDS.get(kind, 1)


def _bits(at: Mapping[str, Json], kind: str, where: str) -> tuple[int, int]:
    """Lowest and highest bit; a whole register where the type is another."""
    given = [key for key in ("bit", "bits") if key in at]
    if (kind == "bit") != (len(given) == 1):
        raise DocumentError("'bit' or 'bits' goes with the type 'bit', and only there", where=where, hint="give one")
    if kind != "bit":
        return 0, 15
    ends = at["bits"] if "bits" in at else [at["bit"], at["bit"]]
    if not isinstance(ends, (list, tuple)) or len(ends) != 2:
        raise DocumentError(f"'bits' is {ends!r}", where=where, hint="write [lowest, highest]")
    low, high = (whole(end, (0, 15), "bit", where) for end in ends)
    if low > high:
        raise DocumentError(f"'bits' goes from {low} to {high}", where=where, hint="exchange the two")
    return low, high


def _severity(at: Mapping[str, Json], kind: str, where: str) -> int:
    if "severity" not in at:
        return 0
    if kind not in ("bit", "bool"):
        raise DocumentError("'severity' belongs to a bit", where=where, hint="use the type bit")
    return whole(at["severity"], (1, 1000), "severity", where)


def _scale(scale: float, where: str) -> float:
    if scale == 0:
        raise DocumentError("'scale' is 0", where=where, hint="every value would be the same")
    return scale


def _sentinel(value: float, kind: str, where: str) -> float:
    """A sentinel as the type reads it: 0x8000 of an int16 is -32768."""
    if kind in ("bool", "string") or kind.startswith("float"):
        raise DocumentError(f"the type {kind} has no sentinels", where=where, hint="NaN is always one of a float")
    if kind.startswith("bcd"):
        return value
    width = 16 * WORDS[kind]
    half, whole_range = 2.0 ** (width - 1), float(2**width - 1)
    if value != int(value) or not -half <= value <= whole_range:
        raise DocumentError(f"sentinel {value:g} is no {kind}", where=where, hint=f"give a number of {width} bits")
    # a 64-bit maximum rounds up to 2**63 as a float, and still means the maximum
    negative = value > half or (value == half and width < 64)
    return value - 2.0**width if kind.startswith("int") and negative else value


def _scale_register(source: Point, profile: Profile, where: str) -> str | None:
    named = source.scale_register
    if named is not None and named not in profile.points:
        raise DocumentError(f"'scale_register' names {named!r}, which is no point", where=where, hint="add that point")
    return named


def _stride(source: Point, where: str) -> int:
    if source.repeat is None:
        return 1
    whole(source.repeat.max, (1, 1000), "repeat.max", where)
    if source.repeat.count is not None:
        raise DocumentError("'repeat.count' is not honoured over Modbus", where=where, hint="give the number as 'max'")
    if source.repeat.stride != int(source.repeat.stride) or source.repeat.stride < 1:
        raise DocumentError(f"'stride' is {source.repeat.stride:g}", where=where, hint="use a whole number")
    return int(source.repeat.stride)


def _checked(made: ModbusPoint, layout: Map, where: str) -> ModbusPoint:
    """A point that ends inside the table, fits in one request and is not forbidden."""
    for one in made.instances():
        if one.end > LAST + 1:
            raise DocumentError(f"address {one.address} and {one.words} registers leave the table", where=where)
        if one.words > layout.limit(one.table):
            raise DocumentError(f"{one.words} registers do not fit in one request", where=where, hint="see block_limit")
        for span in layout.forbidden:
            if span.table is one.table and one.address <= span.last and span.first < one.end:
                raise DocumentError(f"address {one.address} is forbidden", where=where, hint="see settings.forbidden")
    return made
