"""The types that registers are read as: how wide each is, and its values out of bytes; pure.

Bytes come least significant first, value after value, whatever order they had on the wire.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from trivet.signals import Floats

Bytes = NDArray[np.uint8]
CENTURY = 2000


@dataclass(frozen=True, slots=True)
class Kind:
    """A type.

    Attributes:
        family: What its bits mean.
        words: Registers it takes; 0 when the point says how many.
        width: Bits that hold the value.
    """

    family: str
    words: int
    width: int


def _kinds() -> dict[str, Kind]:
    made = {"bool": Kind("bool", 1, 1), "string": Kind("string", 0, 0)}
    for family, widths in {
        "int": (8, 16, 32, 48, 64),
        "uint": (8, 16, 32, 48, 64),
        "float": (16, 32, 64),
        "bcd": (8, 16, 32, 48, 64),
        "mod10k": (32, 48, 64),
        "signmag": (16, 32),
        "datetime": (48, 64, 96),
    }.items():
        made.update({f"{family}{width}": Kind(family, -(-width // 16), width) for width in widths})
    made.update({"bit": Kind("bit", 1, 16), "bit32": Kind("bit", 2, 32), "bit64": Kind("bit", 4, 64)})
    return made


KINDS: Mapping[str, Kind] = _kinds()
"""``int8`` to ``int64``, ``uint8`` to ``uint64``, ``float16`` to ``float64``, ``bcd8`` to ``bcd64``, and

- ``mod10k32`` to ``mod10k64``: each register holds four decimal digits;
- ``signmag16``, ``signmag32``: a sign bit and a magnitude;
- ``bit``, ``bit32``, ``bit64``: some bits of one, two or four registers;
- ``datetime48``: year since 2000, month, day, hour, minute and second, a byte each;
- ``datetime64``: year since 2000, month and day, hour and minute, milliseconds, a register each
  (the fields of IEC 60870-5-4);
- ``datetime96``: year, month, day, hour, minute and second, a register each.

Times are seconds since 1970 in the controller's own clock, which is seldom UTC."""

NO_NUMBER: Mapping[str, str] = {"bcd": "not_decimal", "mod10k": "not_decimal", "datetime": "not_a_time"}
"""Family to the reason of a bit pattern that is no value of it; floats say ``not_a_number``."""


VIEWS: Mapping[str, str] = {
    name: f"<{'f' if kind.family == 'float' else kind.family[0]}{2 * kind.words}"
    for name, kind in KINDS.items()
    if kind.family in ("int", "uint", "float") and kind.width in (16, 32, 64)
}
"""Types that numpy reads as they are."""


def rounded(value: float, name: str) -> float:
    """The number that a float type makes of a number; infinite where it cannot hold it."""
    with np.errstate(over="ignore"):
        return float(np.array(value, f"<f{2 * KINDS[name].words}"))


def values(name: str, data: Bytes, low: NDArray[np.uint64], mask: NDArray[np.uint64]) -> Floats:
    """The numbers of one type, NaN where the bits are no number of it.

    Args:
        name: Key of ``KINDS``.
        data: Little-endian bytes, value after value.
        low: Lowest bit of each value that is part of its registers.
        mask: Its bits, shifted down.
    """
    kind = KINDS[name]
    if name in VIEWS:
        return data.view(VIEWS[name]).astype(np.float64)
    if kind.family == "datetime":
        return np.array([_time(name, row) for row in data.view("<u2").reshape(-1, kind.words)])
    if kind.family == "mod10k":
        words = data.view("<u2").reshape(-1, kind.words).astype(np.float64)
        return np.where((words > 9999).any(axis=1), np.nan, words @ (10_000.0 ** np.arange(kind.words)))
    whole = _whole(data, kind)
    if kind.family == "bit" or kind.width == 8:
        whole = (whole >> low) & mask
    return _number(kind, whole)


def _whole(data: Bytes, kind: Kind) -> NDArray[np.uint64]:
    """The registers of each value as one unsigned number."""
    if kind.words != 3:
        return data.view(f"<u{2 * kind.words}").astype(np.uint64)
    padded = np.zeros((len(data) // 6, 8), np.uint8)
    padded[:, :6] = data.reshape(-1, 6)
    return padded.view("<u8").reshape(-1)


def _number(kind: Kind, whole: NDArray[np.uint64]) -> Floats:
    if kind.family == "bcd":
        digits = (whole[:, np.newaxis] >> np.arange(0, kind.width, 4, dtype=np.uint64)) & np.uint64(0xF)
        numbers = (digits * 10.0 ** np.arange(digits.shape[1])).sum(axis=1)
        return np.where((digits > 9).any(axis=1), np.nan, numbers)
    if kind.family == "signmag":
        half = np.uint64(1 << (kind.width - 1))
        magnitude = (whole & (half - np.uint64(1))).astype(np.float64)
        return np.where((whole & half) > 0, -magnitude, magnitude) + 0.0  # + 0.0 makes a minus zero 0
    if kind.family == "int":
        spare = np.uint64(64 - kind.width)
        return ((whole << spare).view(np.int64) >> spare.astype(np.int64)).astype(np.float64)
    return whole.astype(np.float64)


def _time(name: str, words: NDArray[np.uint16]) -> float:
    """Seconds since 1970 of a date and time; the last register comes first."""
    registers = [int(word) for word in words[::-1]]
    if name == "datetime48":
        year, month, day, hour, minute, second = (byte for word in registers for byte in divmod(word, 256))
        year, micro = year + CENTURY, 0
    elif name == "datetime64":
        year, month, day = (registers[0] & 0x7F) + CENTURY, registers[1] >> 8 & 0xF, registers[1] & 0x1F
        hour, minute = registers[2] >> 8 & 0x1F, registers[2] & 0x3F
        second, milli = divmod(registers[3], 1000)
        micro = 1000 * milli
    else:
        year, month, day, hour, minute, second = registers
        year, micro = year + CENTURY * (year < 100), 0
    try:
        return datetime(year, month, day, hour, minute, second, micro, UTC).timestamp()
    except ValueError:
        return math.nan
