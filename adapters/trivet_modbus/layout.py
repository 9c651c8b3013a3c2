"""The keys of a Modbus profile's ``settings``: how its addresses and words are meant; needs no Modbus library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from trivet.device.document import Profile
from trivet.errors import DocumentError, Message
from trivet.signals import Json
from trivet_modbus.address import ADDRESSINGS, TABLES, Addressing, Table, wire_address
from trivet_modbus.kinds import KINDS
from trivet_modbus.settings import PERIODS, choice, known, periods, seconds, whole

BYTE_ORDERS = ("big", "little")
WORD_ORDERS = ("big", "little", "swapped", "halves")
REGISTERS_AT_ONCE = 125
BITS_AT_ONCE = 2000
TURNAROUND = 0.01
WORST_TURNAROUND = 0.5
KEYS = frozenset(
    {
        "addressing",
        "word_order",
        "byte_order",
        "sentinels",
        "block_limit",
        "bit_limit",
        "max_gap",
        "forbidden",
        "periods",
        "turnaround",
        "worst_turnaround",
    }
)


@dataclass(frozen=True, slots=True)
class Span:
    """Addresses of one table that must not be read, first and last included."""

    table: Table
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Map:
    """How a profile's addresses and words are meant, and how much may be read at once.

    Attributes:
        addressing: What the addresses of the profile count from.
        word_order: Order of the registers of one value unless a point says otherwise.
        byte_order: Order of the bytes within a register unless a point says otherwise.
        sentinels: Type to the raw numbers that mean "not available" unless a point lists its own.
        block_limit: Most registers in one request.
        bit_limit: Most coils or discrete inputs in one request.
        max_gap: Most unused addresses that a request may read along.
        forbidden: Addresses that are never read.
        periods: Poll class to period [s].
        turnaround: What the controller usually takes to answer [s].
        worst_turnaround: The longest that a correct answer ever takes [s].
    """

    addressing: Addressing
    word_order: str = "big"
    byte_order: str = "big"
    sentinels: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    block_limit: int = REGISTERS_AT_ONCE
    bit_limit: int = BITS_AT_ONCE
    max_gap: int = 16
    forbidden: tuple[Span, ...] = ()
    periods: Mapping[str, float] = field(default_factory=lambda: dict(PERIODS))
    turnaround: float = TURNAROUND
    worst_turnaround: float = WORST_TURNAROUND

    def limit(self, table: Table) -> int:
        """Most addresses of a table in one request."""
        return self.bit_limit if table.bits else self.block_limit


def profile_map(profile: Profile) -> Map:
    """The checked settings of a profile.

    Raises:
        DocumentError: A key is unknown, missing or has an impossible value.
    """
    where, given = f"{profile.id}/settings", profile.settings
    known(given, KEYS, where)
    if "addressing" not in given:
        raise DocumentError(
            "'addressing' is missing",
            where=where,
            hint=Message("say which of {names} it is", names=", ".join(ADDRESSINGS)),
        )
    addressing = Addressing(choice(given["addressing"], ADDRESSINGS, "addressing", where))
    usual = seconds(given.get("turnaround", TURNAROUND), "turnaround", where)
    worst = seconds(given.get("worst_turnaround", max(WORST_TURNAROUND, usual)), "worst_turnaround", where)
    if worst < usual:
        raise DocumentError("'worst_turnaround' is below 'turnaround'", where=where, hint="exchange the two")
    return Map(
        addressing=addressing,
        word_order=choice(given.get("word_order", "big"), WORD_ORDERS, "word_order", where),
        byte_order=choice(given.get("byte_order", "big"), BYTE_ORDERS, "byte_order", where),
        sentinels=_sentinels(given.get("sentinels", {}), where),
        block_limit=whole(given.get("block_limit", REGISTERS_AT_ONCE), (1, REGISTERS_AT_ONCE), "block_limit", where),
        bit_limit=whole(given.get("bit_limit", BITS_AT_ONCE), (1, BITS_AT_ONCE), "bit_limit", where),
        max_gap=whole(given.get("max_gap", 16), (0, BITS_AT_ONCE), "max_gap", where),
        forbidden=tuple(_span(node, addressing, where) for node in _list(given.get("forbidden", ()), where)),
        periods={**PERIODS, **periods(given, where)},
        turnaround=usual,
        worst_turnaround=worst,
    )


def _sentinels(node: Json, where: str) -> dict[str, tuple[float, ...]]:
    if not isinstance(node, Mapping) or not all(isinstance(marks, (list, tuple)) for marks in node.values()):
        raise DocumentError("'sentinels' is no mapping", where=where, hint="list raw numbers for each type")
    known(node, KINDS, f"{where}/sentinels")
    for marks in node.values():
        if any(isinstance(mark, bool) or not isinstance(mark, (int, float)) for mark in marks):
            raise DocumentError("'sentinels' lists what is no number", where=where, hint="list raw numbers")
    return {kind: tuple(float(mark) for mark in marks) for kind, marks in node.items()}


def _list(value: Json, where: str) -> tuple[Json, ...]:
    if not isinstance(value, (list, tuple)):
        raise DocumentError("'forbidden' is not a list", where=where, hint="list {table, from, to}")
    return tuple(value)


def _span(node: Json, addressing: Addressing, where: str) -> Span:
    if not isinstance(node, Mapping) or set(node) != {"table", "from", "to"}:
        raise DocumentError(Message("'forbidden' has {node!r}", node=node), where=where, hint="list {table, from, to}")
    table = Table(choice(node["table"], TABLES, "table", where))
    first, last = (wire_address(node[key], addressing, table, where)[1] for key in ("from", "to"))
    if last < first:
        raise DocumentError(
            Message("'forbidden' goes from {first} to {last}", first=first, last=last),
            where=where,
            hint="exchange the two",
        )
    return Span(table, first, last)
