"""One value as the bytes of its registers: orders, encoding, text; pure."""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime, timedelta

from trivet_modbus.kinds import CENTURY, KINDS
from trivet_modbus.points import ModbusPoint

FLOATS = {16: "<e", 32: "<f", 64: "<d"}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def encode(point: ModbusPoint, raw: float) -> bytes:
    """A raw number (before scale and offset) as its registers' bytes on the wire.

    A ``bit`` and a type of half a register give registers with only their own bits set; in the bit
    tables the result is one byte, 0 or 1.

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
    if point.half:
        first = (point.half == "low") == (point.byte_order == "big")
        characters = payload[int(first) : 2 * point.words : 2]
    else:
        characters = bytes(payload[index ^ (point.byte_order == "little")] for index in range(2 * point.words))
    return characters.split(b"\0")[0].decode("latin-1").rstrip()


def encode_text(point: ModbusPoint, characters: str) -> bytes:
    """A text as the bytes of a ``string``, cut to its length and filled with NUL."""
    room = point.words if point.half else 2 * point.words
    data = characters.encode("latin-1", "replace")[:room].ljust(room, b"\0")
    if point.half:
        high_first = (point.half == "high") == (point.byte_order == "big")
        return b"".join(bytes([byte, 0] if high_first else [0, byte]) for byte in data)
    return bytes(data[index ^ (point.byte_order == "little")] for index in range(room))


def order(point: ModbusPoint, base: int) -> list[int]:
    """Where on the wire the bytes of a value are, least significant first; ``base`` is its first register."""
    places = []
    for significance in range(2 * point.words):
        word, high = divmod(significance, 2)
        register = _register(point, word)
        places.append(2 * (base + register) + (1 - high if point.byte_order == "big" else high))
    return places


def _register(point: ModbusPoint, significance: int) -> int:
    """Which register has the word of a significance, 0 the least."""
    first = point.words - 1 - significance
    if point.words == 1:
        return 0
    if point.word_order == "big":
        return first
    if point.word_order == "little":
        return significance
    return first ^ 1 if point.word_order == "swapped" else first if point.words == 2 else first ^ 2


def _little(point: ModbusPoint, raw: float) -> bytes:
    """A raw number's bytes, least significant first."""
    kind = KINDS[point.type]
    size = 2 * point.words
    if kind.family == "float":
        return _float(point, raw)
    if kind.family == "datetime":
        return _time(point, raw)
    if kind.family == "mod10k":
        number = _whole(raw, 0, 10_000**point.words - 1, point)
        return b"".join((number // 10_000**word % 10_000).to_bytes(2, "little") for word in range(point.words))
    if kind.family == "bit":
        low, high = point.bits
        return (_whole(raw, 0, (1 << (high - low + 1)) - 1, point) << low).to_bytes(size, "little")
    return (_pattern(point, raw) << (point.bits[0] if kind.width == 8 else 0)).to_bytes(size, "little")


def _pattern(point: ModbusPoint, raw: float) -> int:
    """The bits of a whole number."""
    kind = KINDS[point.type]
    half = 1 << (kind.width - 1)
    if kind.family == "bcd":
        return int(str(_whole(raw, 0, 10 ** (kind.width // 4) - 1, point)), 16)
    if kind.family == "signmag":
        number = _whole(raw, 1 - half, half - 1, point)
        return -number | half if number < 0 else number
    low, high = (-half, half - 1) if kind.family == "int" else (0, 2 * half - 1)
    return _whole(raw, low, high, point) & (2 * half - 1)


def _float(point: ModbusPoint, raw: float) -> bytes:
    try:
        return struct.pack(FLOATS[KINDS[point.type].width], raw)
    except OverflowError as error:
        raise ValueError(f"{point.name}: a {point.type} cannot hold {raw:g}") from error


def _time(point: ModbusPoint, raw: float) -> bytes:
    """Seconds since 1970 as a date and time."""
    if not math.isfinite(raw):
        return b"\xff" * (2 * point.words)
    try:
        when = EPOCH + timedelta(seconds=raw)
    except OverflowError as error:
        raise ValueError(f"{point.name}: a {point.type} cannot hold {raw:g}") from error
    short = when.year - CENTURY
    if point.type != "datetime96" and not 0 <= short <= 127:
        raise ValueError(f"{point.name}: a {point.type} cannot hold {when:%Y-%m-%d}")
    if point.type == "datetime48":
        pairs = ((short, when.month), (when.day, when.hour), (when.minute, when.second))
        registers = [high << 8 | low for high, low in pairs]
    elif point.type == "datetime64":
        milliseconds = 1000 * when.second + when.microsecond // 1000
        registers = [short, when.month << 8 | when.day, when.hour << 8 | when.minute, milliseconds]
    else:
        registers = [when.year, when.month, when.day, when.hour, when.minute, when.second]
    return b"".join(register.to_bytes(2, "little") for register in registers[::-1])


def _whole(raw: float, low: int, high: int, point: ModbusPoint) -> int:
    if not math.isfinite(raw) or not low <= round(raw) <= high:
        raise ValueError(f"{point.name}: a {point.type} cannot hold {raw:g}")
    return round(raw)
