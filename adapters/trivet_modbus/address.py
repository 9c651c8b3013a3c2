"""Register addresses as manuals write them, and what goes over the wire.

A manual may count from zero (as the wire does), from one, or in the five- or
six-digit notation of Modicon, whose first digit names the table. Which of them
it is has to be said once in the profile; it is never guessed.
"""

from __future__ import annotations

import enum
import re

from trivet.errors import DocumentError, Message
from trivet.signals import Json

LAST = 0xFFFF


class Table(enum.StrEnum):
    """The four tables of a Modbus server."""

    COIL = "coil"
    DISCRETE = "discrete"
    INPUT = "input"
    HOLDING = "holding"

    @property
    def bits(self) -> bool:
        """Whether an address is one bit rather than a 16-bit register."""
        return self in (Table.COIL, Table.DISCRETE)

    @property
    def function(self) -> int:
        """The function code that reads it (Modbus Application Protocol 1.1b3, 6.1 to 6.4)."""
        return FUNCTIONS[self]


FUNCTIONS = {Table.COIL: 1, Table.DISCRETE: 2, Table.HOLDING: 3, Table.INPUT: 4}
TABLES = tuple(table.value for table in Table)
PREFIXES = {"co": Table.COIL, "di": Table.DISCRETE, "ir": Table.INPUT, "hr": Table.HOLDING}
DIGITS = {"0": Table.COIL, "1": Table.DISCRETE, "3": Table.INPUT, "4": Table.HOLDING}


class Addressing(enum.StrEnum):
    """What the addresses of a manual count from."""

    ZERO = "zero"
    ONE = "one"
    MODICON = "modicon"


ADDRESSINGS = tuple(addressing.value for addressing in Addressing)


def wire_address(written: Json, addressing: Addressing, table: Table | None, where: str) -> tuple[Table, int]:
    """The table and zero-based address that a notation stands for.

    Args:
        written: ``12``, ``"0x0C"``, ``"hr:12"``; with Modicon's notation ``30013`` or ``"400001"``.
        addressing: What the profile's addresses count from.
        table: The table that the point names, or None when the notation does.
        where: The point, for the message.

    Raises:
        DocumentError: The notation is unknown, lacks a table, contradicts it, or is out of range.
    """
    text = str(written).strip() if isinstance(written, (str, int)) and not isinstance(written, bool) else ""
    prefix, _, rest = text.rpartition(":")
    named = PREFIXES.get(prefix.lower()) if prefix else None
    if prefix and named is None:
        raise DocumentError(
            Message("address {written!r} has an unknown prefix", written=written),
            where=where,
            hint="use co:, di:, ir: or hr:",
        )
    if not re.fullmatch(r"0[xX][0-9a-fA-F]{1,4}|[0-9]{1,6}", rest):
        raise DocumentError(
            Message("address {written!r} cannot be read", written=written),
            where=where,
            hint="write 12, 0x0C, hr:12 or 30013",
        )
    if addressing is Addressing.MODICON and not prefix:
        named, number = _modicon(rest, table, where)
    else:
        number = int(rest, 0 if rest[:2].lower() == "0x" else 10)
    number -= addressing is not Addressing.ZERO
    return _agreed(named, table, written, where), _in_range(number, written, where)


def manual_number(table: Table, address: int) -> str:
    """A wire address in Modicon's notation: five digits while they suffice, else six."""
    digit = next(key for key, value in DIGITS.items() if value is table)
    return f"{digit}{address + 1:04d}" if address < 9999 else f"{digit}{address + 1:05d}"


def _modicon(text: str, table: Table | None, where: str) -> tuple[Table, int]:
    """Table and one-based number of a five- or six-digit reference; a coil's leading zeros may be lost."""
    if text[:2].lower() == "0x":
        raise DocumentError(
            Message("address {text!r} is hexadecimal, Modicon's are not", text=text), where=where, hint="write 40013"
        )
    if len(text) < 5 and table is Table.COIL:
        return Table.COIL, int(text)
    if len(text) < 5 or text[0] not in DIGITS:
        raise DocumentError(
            Message("address {text!r} is not a Modicon reference", text=text), where=where, hint="write 30013 or 400001"
        )
    return DIGITS[text[0]], int(text[1:])


def _agreed(named: Table | None, table: Table | None, written: Json, where: str) -> Table:
    if named and table and named is not table:
        message = Message(
            "address {written!r} is of table {named}, the point says {table}", written=written, named=named, table=table
        )
        raise DocumentError(message, where=where, hint="drop one of the two")
    agreed = named or table
    if agreed is None:
        raise DocumentError(
            "'table' is missing", where=where, hint=Message("use one of {names}", names=", ".join(TABLES))
        )
    return agreed


def _in_range(number: int, written: Json, where: str) -> int:
    if not 0 <= number <= LAST:
        raise DocumentError(
            Message("address {written!r} is {number} on the wire", written=written, number=number),
            where=where,
            hint=Message("it lies in 0 to {last}", last=LAST),
        )
    return number
