"""One value as the bytes of its registers: types, byte orders, encoding, text; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from trivet_modbus.points import ModbusPoint

DTYPES: Mapping[str, str] = {
    "int16": "<i2",
    "uint16": "<u2",
    "int32": "<i4",
    "uint32": "<u4",
    "int64": "<i8",
    "uint64": "<u8",
    "float16": "<f2",
    "float32": "<f4",
    "float64": "<f8",
    "bcd16": "<u2",
    "bcd32": "<u4",
    "bit": "<u2",
}


def encode(point: ModbusPoint, raw: float) -> bytes:
    """A raw number (before scale and offset) as its registers' bytes on the wire.

    A ``bit`` gives its register with only its own bits set; in the bit tables the result is one byte, 0 or 1.

    Raises:
        ValueError: The type cannot hold the number.
    """
    if point.table.bits:
        return bytes([_whole(raw, 0, 1, point)])
    little = _little(point, raw)
    wire = bytearray(len(little))
    for index, byte in zip(order(point, 0), little, strict=True):
        wire[index] = byte
    return bytes(wire)


def text(point: ModbusPoint, payload: bytes) -> str:
    """The text of a ``string``, up to its first NUL and without trailing spaces."""
    characters = bytes(payload[index ^ (point.byte_order == "little")] for index in range(2 * point.words))
    return characters.split(b"\0")[0].decode("latin-1").rstrip()


def order(point: ModbusPoint, base: int) -> list[int]:
    """Where on the wire the bytes of a value are, least significant first; ``base`` is its first register."""
    places = []
    for significance in range(2 * point.words):
        word, high = divmod(significance, 2)
        register = point.words - 1 - word if point.word_order == "big" else word
        places.append(2 * (base + register) + (1 - high if point.byte_order == "big" else high))
    return places


def _little(point: ModbusPoint, raw: float) -> bytes:
    """A raw number's bytes, least significant first."""
    if point.type.startswith("float"):
        return _float(point, raw)
    if point.type == "bit":
        low, high = point.bits
        return (_whole(raw, 0, (1 << (high - low + 1)) - 1, point) << low).to_bytes(2, "little")
    if point.type.startswith("bcd"):
        return int(str(_whole(raw, 0, 10 ** (4 * point.words) - 1, point)), 16).to_bytes(2 * point.words, "little")
    width = 16 * point.words
    signed = point.type.startswith("int")
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if signed else (0, 2**width - 1)
    return _whole(raw, low, high, point).to_bytes(2 * point.words, "little", signed=signed)


def _float(point: ModbusPoint, raw: float) -> bytes:
    with np.errstate(over="ignore"):
        packed = np.array(raw, DTYPES[point.type])
    if math.isfinite(raw) and not np.isfinite(packed):
        raise ValueError(f"{point.name}: a {point.type} cannot hold {raw:g}")
    return packed.tobytes()


def _whole(raw: float, low: int, high: int, point: ModbusPoint) -> int:
    if not math.isfinite(raw) or not low <= round(raw) <= high:
        raise ValueError(f"{point.name}: a {point.type} cannot hold {raw:g}")
    return round(raw)
