"""Where a point is and how its registers are meant: the keys of ``Point.at``; needs no Modbus library.

The keys::

    table       coil, discrete, input or holding; may be left out where the address names it
    address     as the manual writes it, see ``settings.addressing`` of the profile
    type        a key of ``kinds.KINDS``; bool, and only it, in the bit tables
    word_order  where the most significant register is: big (first), little (last),
                swapped (first, registers exchanged in pairs), halves (in the middle of four)
    byte_order  big or little: likewise for the bytes of one register
    half        high or low: which half of its register an 8-bit type takes; of a string: the half
                that has the character, where a register holds only one
    bit, bits   bit number, or [lowest, highest], of a ``bit``; 0 is the least significant
    count       registers of a ``string``
    severity    1 to 1000: this bit is a named alarm, delivered as a condition
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from trivet.errors import DocumentError, Message
from trivet.signals import Json
from trivet_modbus.address import TABLES, Table, wire_address
from trivet_modbus.kinds import KINDS
from trivet_modbus.layout import BYTE_ORDERS, WORD_ORDERS, Map
from trivet_modbus.settings import choice, whole

KEYS = frozenset({"table", "address", "type", "word_order", "byte_order", "half", "bit", "bits", "count", "severity"})
HALVES = ("high", "low")
ORDERED = {"big": range(1, 7), "little": range(1, 7), "swapped": (1, 2, 4, 6), "halves": (1, 2, 4)}
REGISTER_TYPES = tuple(name for name in KINDS if name != "bool")


class At(NamedTuple):
    """What ``at`` says; the attributes are those of ``ModbusPoint``."""

    table: Table
    address: int
    type: str
    words: int
    word_order: str
    byte_order: str
    half: str
    bits: tuple[int, int]


def read_at(at: Mapping[str, Json], layout: Map, where: str) -> At:
    """Checks ``at``.

    Raises:
        DocumentError: A key is unknown, missing, or contradicts another.
    """
    unknown = sorted(set(at) - KEYS)
    if unknown:
        hint = Message("use {names}", names=", ".join(sorted(KEYS)))
        raise DocumentError(
            Message("a Modbus point has no key {unknown!r}", unknown=unknown[0]), where=where, hint=hint
        )
    if "address" not in at:
        raise DocumentError("'address' is missing", where=where, hint="write it as the manual does")
    named = Table(choice(at["table"], TABLES, "table", where)) if "table" in at else None
    table, address = wire_address(at["address"], layout.addressing, named, where)
    kind = _type(at, table, where)
    half = _half(at, kind, where)
    words = _words(at, kind, where)
    word_order = choice(at.get("word_order", layout.word_order), WORD_ORDERS, "word_order", where)
    if kind != "string" and words not in ORDERED[word_order]:
        raise DocumentError(
            Message("{words} registers have no order {word_order!r}", words=words, word_order=word_order),
            where=where,
            hint="use big or little",
        )
    byte_order = choice(at.get("byte_order", layout.byte_order), BYTE_ORDERS, "byte_order", where)
    bits = _bits(at, kind, half, where)
    return At(table, address, kind, words, word_order, byte_order, half if kind == "string" else "", bits)


def severity(at: Mapping[str, Json], kind: str, where: str) -> int:
    """How grave a named alarm is; 0 for what is none.

    Raises:
        DocumentError: It is no bit, or the number is none of 1 to 1000.
    """
    if "severity" not in at:
        return 0
    if KINDS[kind].family not in ("bit", "bool"):
        raise DocumentError("'severity' belongs to a bit", where=where, hint="use the type bit")
    return whole(at["severity"], (1, 1000), "severity", where)


def _type(at: Mapping[str, Json], table: Table, where: str) -> str:
    if table.bits:
        return choice(at.get("type", "bool"), ("bool",), "type", where)
    if "type" not in at:
        raise DocumentError(
            "'type' is missing", where=where, hint=Message("use one of {names}", names=", ".join(REGISTER_TYPES))
        )
    return choice(at["type"], REGISTER_TYPES, "type", where)


def _words(at: Mapping[str, Json], kind: str, where: str) -> int:
    if kind == "string":
        return whole(at.get("count"), (1, 123), "count", where)
    if "count" in at:
        raise DocumentError("'count' belongs to a string", where=where, hint="drop it, the type has its own length")
    return KINDS[kind].words


def _half(at: Mapping[str, Json], kind: str, where: str) -> str:
    if KINDS[kind].width == 8:
        return choice(at.get("half"), HALVES, "half", where)
    if "half" not in at:
        return ""
    if kind != "string":
        raise DocumentError("'half' belongs to an 8-bit type or a string", where=where, hint="drop it")
    return choice(at["half"], HALVES, "half", where)


def _bits(at: Mapping[str, Json], kind: str, half: str, where: str) -> tuple[int, int]:
    """Lowest and highest bit; all of them where the type is another."""
    given = [key for key in ("bit", "bits") if key in at]
    is_bit = KINDS[kind].family == "bit"
    if is_bit != (len(given) == 1):
        raise DocumentError("'bit' or 'bits' goes with a type 'bit', and only there", where=where, hint="give one")
    if not is_bit:
        return (8, 15) if half == "high" else (0, max(KINDS[kind].width, 1) - 1)
    ends = at["bits"] if "bits" in at else [at["bit"], at["bit"]]
    if not isinstance(ends, (list, tuple)) or len(ends) != 2:
        raise DocumentError(Message("'bits' is {ends!r}", ends=ends), where=where, hint="write [lowest, highest]")
    low, high = (whole(end, (0, KINDS[kind].width - 1), "bit", where) for end in ends)
    if low > high:
        raise DocumentError(
            Message("'bits' goes from {low} to {high}", low=low, high=high), where=where, hint="exchange the two"
        )
    return low, high
