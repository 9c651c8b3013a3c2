"""The keys of a Modbus profile's ``settings``, and of an endpoint's; needs no Modbus library."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from trivet.device.document import Endpoint, Profile
from trivet.errors import DocumentError
from trivet.signals import Json
from trivet_modbus.address import ADDRESSINGS, TABLES, Addressing, Table, wire_address

SCHEME = "modbus+tcp"
PORT = 502
ORDERS = ("big", "little")
CLASSES = ("fast", "normal", "slow", "static")
PERIODS: Mapping[str, float] = {"fast": 0.5, "normal": 1.0, "slow": 10.0, "static": 600.0}
REGISTERS_AT_ONCE = 125
BITS_AT_ONCE = 2000
PROFILE_KEYS = frozenset(
    {"addressing", "word_order", "byte_order", "block_limit", "bit_limit", "max_gap", "forbidden", "periods"}
)
ENDPOINT_KEYS = frozenset({"timeout", "retries", "periods"})


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
        block_limit: Most registers in one request.
        bit_limit: Most coils or discrete inputs in one request.
        max_gap: Most unused addresses that a request reads along.
        forbidden: Addresses that are never read.
        periods: Poll class to period [s].
    """

    addressing: Addressing
    word_order: str = "big"
    byte_order: str = "big"
    block_limit: int = REGISTERS_AT_ONCE
    bit_limit: int = BITS_AT_ONCE
    max_gap: int = 16
    forbidden: tuple[Span, ...] = ()
    periods: Mapping[str, float] = field(default_factory=lambda: dict(PERIODS))

    def limit(self, table: Table) -> int:
        """Most addresses of a table in one request."""
        return self.bit_limit if table.bits else self.block_limit


@dataclass(frozen=True, slots=True)
class Line:
    """Where a unit is and how patient a client is with it.

    Attributes:
        host: Name or IP address.
        port: TCP port.
        unit: Unit id, 0 to 255.
        timeout: Longest wait for one answer [s of real time].
        retries: Further tries after silence or a busy answer.
        periods: Poll class to period [s], where it differs from the profile's.
    """

    host: str
    port: int = PORT
    unit: int = 1
    timeout: float = 1.0
    retries: int = 1
    periods: Mapping[str, float] = field(default_factory=dict)


def profile_map(profile: Profile) -> Map:
    """The checked settings of a profile.

    Raises:
        DocumentError: A key is unknown, missing or has an impossible value.
    """
    where, given = f"{profile.id}/settings", profile.settings
    _known(given, PROFILE_KEYS, where)
    if "addressing" not in given:
        raise DocumentError("'addressing' is missing", where=where, hint=f"say which of {', '.join(ADDRESSINGS)} it is")
    addressing = Addressing(choice(given["addressing"], ADDRESSINGS, "addressing", where))
    return Map(
        addressing=addressing,
        word_order=choice(given.get("word_order", "big"), ORDERS, "word_order", where),
        byte_order=choice(given.get("byte_order", "big"), ORDERS, "byte_order", where),
        block_limit=whole(given.get("block_limit", REGISTERS_AT_ONCE), (1, REGISTERS_AT_ONCE), "block_limit", where),
        bit_limit=whole(given.get("bit_limit", BITS_AT_ONCE), (1, BITS_AT_ONCE), "bit_limit", where),
        max_gap=whole(given.get("max_gap", 16), (0, BITS_AT_ONCE), "max_gap", where),
        forbidden=tuple(_span(node, addressing, where) for node in _list(given.get("forbidden", ()), where)),
        periods={**PERIODS, **_periods(given, where)},
    )


def line(endpoint: Endpoint, where: str = "") -> Line:
    """The checked URL and settings of an endpoint.

    Raises:
        DocumentError: The URL is not ``modbus+tcp://host:port?unit=1``, or a setting is wrong.
    """
    host, port, unit = parse_url(endpoint.url, where)
    given = endpoint.settings
    _known(given, ENDPOINT_KEYS, where)
    return Line(
        host=host,
        port=port,
        unit=unit,
        timeout=_seconds(given.get("timeout", 1.0), "timeout", where),
        retries=whole(given.get("retries", 1), (0, 10), "retries", where),
        periods=_periods(given, where),
    )


def parse_url(url: str, where: str = "") -> tuple[str, int, int]:
    """Host, port and unit id of ``modbus+tcp://host:port?unit=1``.

    Raises:
        DocumentError: The URL has another form.
    """
    hint = f"write {SCHEME}://host:{PORT}?unit=1"
    try:
        parts = urlsplit(url)
        port = parts.port
        query = dict(parse_qsl(parts.query, strict_parsing=True)) if parts.query else {}
        unit = int(query.pop("unit", "1"))
    except ValueError as error:
        raise DocumentError(f"{url!r} is not a Modbus URL", where=where, hint=hint) from error
    plain = parts.scheme == SCHEME and parts.path in ("", "/") and not (parts.username or parts.password or query)
    if not (plain and parts.hostname and 0 <= unit <= 255):
        raise DocumentError(f"{url!r} is not a Modbus URL", where=where, hint=hint)
    return parts.hostname, PORT if port is None else port, unit


def choice(value: Json, allowed: tuple[str, ...], name: str, where: str) -> str:
    """A text that is one of a few.

    Raises:
        DocumentError: It is none of them.
    """
    if value not in allowed or not isinstance(value, str):
        raise DocumentError(f"{name!r} is {value!r}", where=where, hint=f"use one of {', '.join(allowed)}")
    return value


def whole(value: Json, bounds: tuple[int, int], name: str, where: str) -> int:
    """An integer within bounds.

    Raises:
        DocumentError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not bounds[0] <= value <= bounds[1]:
        hint = f"use an integer from {bounds[0]} to {bounds[1]}"
        raise DocumentError(f"{name!r} is {value!r}", where=where, hint=hint)
    return value


def _known(given: Mapping[str, Json], keys: Collection[str], where: str) -> None:
    unknown = sorted(set(given) - set(keys))
    if unknown:
        raise DocumentError(f"Modbus has no setting {unknown[0]!r}", where=where, hint=f"use {', '.join(sorted(keys))}")


def _seconds(value: Json, name: str, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 < value <= 86400.0:
        raise DocumentError(f"{name!r} is {value!r}", where=where, hint="use seconds, above 0")
    return float(value)


def _periods(given: Mapping[str, Json], where: str) -> dict[str, float]:
    periods = given.get("periods", {})
    if not isinstance(periods, Mapping):
        raise DocumentError("'periods' is not a mapping", where=where, hint=f"give seconds for {', '.join(CLASSES)}")
    _known(periods, CLASSES, f"{where}/periods")
    return {name: _seconds(value, name, f"{where}/periods") for name, value in periods.items()}


def _list(value: Json, where: str) -> tuple[Json, ...]:
    if not isinstance(value, (list, tuple)):
        raise DocumentError("'forbidden' is not a list", where=where, hint="list {table, from, to}")
    return tuple(value)


def _span(node: Json, addressing: Addressing, where: str) -> Span:
    if not isinstance(node, Mapping) or set(node) != {"table", "from", "to"}:
        raise DocumentError(f"'forbidden' has {node!r}", where=where, hint="list {table, from, to}")
    table = Table(choice(node["table"], TABLES, "table", where))
    first, last = (wire_address(node[key], addressing, table, where)[1] for key in ("from", "to"))
    if last < first:
        raise DocumentError(f"'forbidden' goes from {first} to {last}", where=where, hint="exchange the two")
    return Span(table, first, last)
