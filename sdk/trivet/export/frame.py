"""One frame of an interface as bytes: the layout that the C header declares, and its codec.

Little endian, packed, in the order of the columns' names, so that the order of a document
never has meaning: ``time_ns`` int64 (end of the frame, ns since the Unix epoch, UTC), then each
column. A measurement is float32 and NaN when it is not known; a counter is float64, since
single precision cannot count far; an enumeration is int16 and -32768 when it is not known.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from typing import NamedTuple

from trivet.errors import DocumentError
from trivet.interface.columns import columns
from trivet.interface.document import Interface, Signal

UNKNOWN_STATE = -32768
"""Stands for a state that is not known."""

_KINDS = {"float": ("f", 4), "double": ("d", 8), "int16_t": ("h", 2)}


class Field(NamedTuple):
    """One column in a frame.

    Attributes:
        name: Of the column.
        signal: That it belongs to.
        kind: C type.
        offset: From the frame's first byte.
        size: In bytes.
    """

    name: str
    signal: Signal
    kind: str
    offset: int
    size: int


def layout(interface: Interface) -> tuple[Field, ...]:
    """The columns of a frame in their order.

    Raises:
        DocumentError: A state's code does not fit 16 bits.
    """
    fields, offset = [], 8
    for name, signal in sorted(columns(interface).items()):
        kind = "double" if signal.counter else "int16_t" if signal.enumeration else "float"
        if kind == "int16_t" and any(not -32768 < int(code) < 32768 for code in signal.enumeration):
            raise DocumentError("a state's code does not fit 16 bits", where=f"signals.{name}.enumeration")
        size = _KINDS[kind][1]
        fields.append(Field(name, signal, kind, offset, size))
        offset += size
    return tuple(fields)


def size_of(fields: tuple[Field, ...]) -> int:
    """Bytes of a frame."""
    return fields[-1].offset + fields[-1].size if fields else 8


def pack(interface: Interface, time: int, values: Mapping[str, float | str | None]) -> bytes:
    """One frame as bytes.

    Args:
        interface: What the columns are.
        time: End of the frame [ns, UTC].
        values: Column to value, or state name; a missing one, None or NaN is not known.
    """
    fields = layout(interface)
    numbers = [_number(field, values.get(field.name)) for field in fields]
    return struct.pack("<q" + "".join(_KINDS[field.kind][0] for field in fields), time, *numbers)


def unpack(interface: Interface, data: bytes) -> tuple[int, dict[str, float | str | None]]:
    """Time and values of a frame; the reverse of ``pack``.

    Raises:
        DocumentError: The bytes are of another length.
    """
    fields = layout(interface)
    if len(data) != size_of(fields):
        raise DocumentError(f"a frame has {size_of(fields)} bytes and these are {len(data)}", where=interface.id)
    time, *numbers = struct.unpack("<q" + "".join(_KINDS[field.kind][0] for field in fields), data)
    return time, {field.name: _value(field, number) for field, number in zip(fields, numbers, strict=True)}


def _number(field: Field, value: float | str | None) -> float | int:
    if field.kind != "int16_t":
        return math.nan if value is None else float(value)
    codes = {state: int(code) for code, state in field.signal.enumeration.items()}
    if isinstance(value, str):
        return codes.get(value, UNKNOWN_STATE)
    known = value is not None and not math.isnan(value) and int(value) in codes.values()
    return int(value) if known and value is not None else UNKNOWN_STATE


def _value(field: Field, number: float) -> float | str | None:
    if field.kind == "int16_t":
        return field.signal.enumeration.get(str(number))
    return None if math.isnan(number) else number
