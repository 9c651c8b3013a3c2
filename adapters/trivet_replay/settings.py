"""How a table is laid out: the settings of a table profile, and an endpoint's choices.

A profile's ``settings``::

    time        {column, format, zone, start}: see ``Layout``
    filter      column to the value that a row must have to count
    delimiter   of CSV; a comma unless given
    decimal     decimal mark of CSV; a point unless given
    period      with ``hold``: spacing [s] of the rows that thinning removed; 1 unless given
    gap         spacing [s] above which data are missing; ``hold`` unless given
    interval    after: a row stands from its time on; before: for the period that ends there

An endpoint's ``settings``: ``filter`` (added to the profile's), ``start`` and ``values``
(point to number, for constants).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trivet.device.document import Endpoint, Profile
from trivet.errors import DocumentError, Message
from trivet.signals import SECOND, Json

SCHEME = "replay"
FORMATS: Mapping[str, int] = {
    "iso": 0,
    "seconds": SECOND,
    "unix_s": SECOND,
    "unix_ms": 10**6,
    "unix_us": 10**3,
    "unix_ns": 1,
}
"""Format of a time column to the nanoseconds in one of its units."""

PROFILE_KEYS = ("time", "filter", "delimiter", "decimal", "period", "gap", "interval")
ENDPOINT_KEYS = ("filter", "start", "values")
TIME_KEYS = ("column", "format", "zone", "start")
LONGEST = 366 * 86400.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a table keeps its times, and which of its rows count.

    Attributes:
        time: Heading of the time column.
        format: ``iso`` (also Parquet's own timestamps), ``seconds`` since ``start``, or ``unix_s``,
            ``unix_ms``, ``unix_us``, ``unix_ns``.
        zone: IANA name of times without a zone, or None: the device's.
        start: What ``seconds`` count from [ns, UTC].
        filter: Heading to the value that a row must have.
        delimiter: Of CSV.
        decimal: Decimal mark of CSV.
        period: Spacing of the rows that thinning removed [s].
        gap: Spacing above which data are missing [s], or None.
        before: A row stands for the period that ends at its time.
        values: Point to the number it has here, for constants.
    """

    time: str
    format: str
    zone: str | None = None
    start: int | None = None
    filter: Mapping[str, str | float | bool] = field(default_factory=dict)
    delimiter: str = ","
    decimal: str = "."
    period: float = 1.0
    gap: float | None = None
    before: bool = False
    values: Mapping[str, float] = field(default_factory=dict)


def layout(profile: Profile, endpoint: Endpoint | None = None, where: str = "") -> Layout:
    """The checked settings of a table profile, with an endpoint's choices.

    Raises:
        DocumentError: A key is unknown, missing or has an impossible value.
    """
    place = f"{profile.id}/settings"
    given: Mapping[str, Json] = profile.settings
    known(given, PROFILE_KEYS, place)
    time = _mapping(given.get("time"), "time", place)
    known(time, TIME_KEYS, f"{place}/time")
    made = Layout(
        time=heading(time.get("column"), "column", f"{place}/time") or "",
        format=_choice(time.get("format", "iso"), FORMATS, "format", f"{place}/time"),
        zone=_zone(time.get("zone"), f"{place}/time"),
        start=_instant(time.get("start"), f"{place}/time"),
        filter=_filter(given.get("filter", {}), place),
        delimiter=_mark(given.get("delimiter", ","), "delimiter", place),
        decimal=_mark(given.get("decimal", "."), "decimal", place),
        period=_seconds(given.get("period", 1.0), "period", place),
        gap=_seconds(given["gap"], "gap", place) if "gap" in given else profile.hold,
        before=_choice(given.get("interval", "after"), ("after", "before"), "interval", place) == "before",
    )
    if not made.time:
        raise DocumentError("'column' is missing", where=f"{place}/time", hint="name the column that holds the times")
    return made if endpoint is None else _chosen(made, profile, endpoint.settings, where)


def _chosen(made: Layout, profile: Profile, given: Mapping[str, Json], where: str) -> Layout:
    """A layout with an endpoint's own settings."""
    known(given, ENDPOINT_KEYS, where)
    values = _mapping(given.get("values", {}), "values", where)
    known(values, [name for name, p in profile.points.items() if "value" in p.at], f"{where}/values")
    start = _instant(given.get("start"), where) if "start" in given else made.start
    if made.format == "seconds" and start is None:
        raise DocumentError(
            "'start' is missing", where=where, hint="say when second 0 was, such as start: '2024-05-01T08:00:00Z'"
        )
    return replace(
        made,
        start=start,
        filter={**made.filter, **_filter(given.get("filter", {}), where)},
        values={name: number(value, name, f"{where}/values") for name, value in values.items()},
    )


def known(given: Mapping[str, Json], keys: Collection[str], where: str) -> None:
    """Refuses keys that are none of these.

    Raises:
        DocumentError: There is another.
    """
    unknown = sorted(set(given) - set(keys))
    if unknown:
        allowed = ", ".join(keys) or "none"
        raise DocumentError(
            Message("a table has no key {unknown!r}", unknown=unknown[0]),
            where=where,
            hint=Message("keys here are: {allowed}", allowed=allowed),
        )


def _mapping(value: Json, name: str, where: str) -> Mapping[str, Json]:
    if not isinstance(value, Mapping):
        raise DocumentError(
            Message("{name!r} is missing or not a mapping", name=name),
            where=where,
            hint=Message("write {name}: {{...}}", name=name),
        )
    return value


def heading(value: Json, name: str, where: str) -> str | None:
    """A column's heading, or None where none is given.

    Raises:
        DocumentError: It is not a text.
    """
    if value is None or (isinstance(value, str) and value):
        return value
    raise DocumentError(
        Message("{name!r} is {value!r}", name=name, value=value), where=where, hint="give the column's heading"
    )


def _choice(value: Json, allowed: Collection[str], name: str, where: str) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise DocumentError(
            Message("{name!r} is {value!r}", name=name, value=value),
            where=where,
            hint=Message("use one of {names}", names=", ".join(allowed)),
        )
    return value


def _mark(value: Json, name: str, where: str) -> str:
    if not isinstance(value, str) or len(value) != 1 or value in '"\r\n':
        raise DocumentError(
            Message("{name!r} is {value!r}", name=name, value=value), where=where, hint="give one character"
        )
    return value


def number(value: Json, name: str, where: str) -> float:
    """A number as a float.

    Raises:
        DocumentError: It is not a number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DocumentError(Message("{name!r} is {value!r}", name=name, value=value), where=where, hint="give a number")
    return float(value)


def _seconds(value: Json, name: str, where: str) -> float:
    seconds = number(value, name, where)
    if not 0.001 <= seconds <= LONGEST:
        raise DocumentError(
            Message("{name!r} is {value!r}", name=name, value=value),
            where=where,
            hint="give seconds, from 0.001 to a year",
        )
    return seconds


def _filter(value: Json, where: str) -> dict[str, str | float | bool]:
    wanted: dict[str, Any] = dict(_mapping(value, "filter", where))
    for heading, cell in wanted.items():
        if not isinstance(cell, (str, int, float, bool)):
            raise DocumentError(
                Message("filter on {heading!r} is {cell!r}", heading=heading, cell=cell),
                where=where,
                hint="give a text or a number",
            )
    return wanted


def _zone(value: Json, where: str) -> str | None:
    return None if value is None else checked_zone(str(value), where)


def checked_zone(name: str, where: str) -> str:
    """An IANA zone name that this machine knows.

    Raises:
        DocumentError: It does not know it.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise DocumentError(
            Message("time zone {name!r} is not known", name=name), where=where, hint="such as Europe/Berlin or UTC"
        ) from error
    return name


def _instant(value: Json, where: str) -> int | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise DocumentError(
            Message("'start' is {value!r}", value=value),
            where=where,
            hint="write an ISO time such as '2024-05-01T08:00:00Z'",
        ) from error
    if moment.tzinfo is None:
        raise DocumentError("'start' has no time zone", where=where, hint="end it with Z or an offset")
    return (moment - EPOCH) // timedelta(microseconds=1) * 1000
