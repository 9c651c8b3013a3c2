"""The keys of an endpoint's URL and ``settings``, and checks of settings; needs no Modbus library."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from trivet.device.document import Endpoint
from trivet.errors import DocumentError
from trivet.signals import Json

SCHEME = "modbus+tcp"
PORT = 502
CLASSES = ("fast", "normal", "slow", "static")
PERIODS: Mapping[str, float] = {"fast": 0.5, "normal": 1.0, "slow": 10.0, "static": 600.0}
ENDPOINT_KEYS = frozenset({"timeout", "retries", "periods"})


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


def line(endpoint: Endpoint, where: str = "") -> Line:
    """The checked URL and settings of an endpoint.

    Raises:
        DocumentError: The URL is not ``modbus+tcp://host:port?unit=1``, or a setting is wrong.
    """
    host, port, unit = parse_url(endpoint.url, where)
    given = endpoint.settings
    known(given, ENDPOINT_KEYS, where)
    return Line(
        host=host,
        port=port,
        unit=unit,
        timeout=seconds(given.get("timeout", 1.0), "timeout", where),
        retries=whole(given.get("retries", 1), (0, 10), "retries", where),
        periods=periods(given, where),
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


def known(given: Mapping[str, Json], keys: Collection[str], where: str) -> None:
    """Checks that a mapping has only keys that exist.

    Raises:
        DocumentError: It has another.
    """
    unknown = sorted(set(given) - set(keys))
    if unknown:
        raise DocumentError(f"Modbus has no setting {unknown[0]!r}", where=where, hint=f"use {', '.join(sorted(keys))}")


def seconds(value: Json, name: str, where: str) -> float:
    """A duration above 0 and of a day at most [s].

    Raises:
        DocumentError: It is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 < value <= 86400.0:
        raise DocumentError(f"{name!r} is {value!r}", where=where, hint="use seconds, above 0")
    return float(value)


def periods(given: Mapping[str, Json], where: str) -> dict[str, float]:
    """Poll class to period [s], of those that are given.

    Raises:
        DocumentError: A class is unknown or a period is none.
    """
    named = given.get("periods", {})
    if not isinstance(named, Mapping):
        raise DocumentError("'periods' is not a mapping", where=where, hint=f"give seconds for {', '.join(CLASSES)}")
    known(named, CLASSES, f"{where}/periods")
    return {name: seconds(value, name, f"{where}/periods") for name, value in named.items()}
