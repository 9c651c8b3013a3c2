"""What must hold of a profile or a device document by itself; what they say of each other is ``wiring``'s."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trivet import units
from trivet.device.document import Device, Endpoint, Point, Profile
from trivet.errors import DocumentError, Finding, Message
from trivet.interface.findings import Findings, near
from trivet.interface.load import build, fields
from trivet.interface.parsed import Json, Parsed, Path

_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_SEMVER = re.compile(r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?")
_VARIABLE = frozenset({"at", "unit", "scale", "offset", "scale_register", "sentinels", "enumeration", "range", "poll"})
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
MOST_REPEATS = 64


def check_profile(profile: Profile | Parsed[Profile]) -> list[Finding]:
    """Units, ranges, and references from point to point; addresses are the adapter's to judge."""
    source = profile if isinstance(profile, Parsed) else None
    document = profile.document if isinstance(profile, Parsed) else profile
    notes = Findings(document, document.id, source)
    _check_identity(notes, document.id, document.version)
    notes.require(bool(document.points), "TRV-D031", ("points",), "is empty", "describe at least one point")
    notes.require(document.hold is None or document.hold > 0, "TRV-D033", ("hold",), "must be above 0 seconds")
    for name, point in document.points.items():
        _check_point(notes, name, point, document.points)
    return notes.found


def check_device(device: Device | Parsed[Device]) -> list[Finding]:
    """Names, time zone, endpoints, and bindings that name one of its endpoints."""
    source = device if isinstance(device, Parsed) else None
    document = device.document if isinstance(device, Parsed) else device
    notes = Findings(document, document.id, source)
    _check_identity(notes, document.id, None)
    shape = bool(_SEMVER.fullmatch(document.interface.version))
    notes.require(shape, "TRV-D030", ("interface", "version"), "is not a semantic version", "write such as `0.9.0`")
    notes.require(bool(document.endpoints), "TRV-D031", ("endpoints",), "is empty", "name at least one endpoint")
    if not zone_exists(document.time_zone):
        hint = "write an IANA name such as `Europe/Berlin` or `UTC`"
        notes.add(
            "TRV-D016", ("time_zone",), Message("`{time_zone}` is not a time zone", time_zone=document.time_zone), hint
        )
    for name, endpoint in document.endpoints.items():
        _check_endpoint(notes, ("endpoints", name), endpoint)
    groups: dict[Path, Mapping[str, str]] = {("bind",): document.bind}
    groups.update({("zones", zone): own for zone, own in document.zones.items()})
    for path, lines in groups.items():
        _check_lines(notes, path, lines, document.endpoints)
    _check_levels(notes, document)
    return notes.found


def _check_identity(notes: Findings[Any], name: str, version: str | None) -> None:
    hint = "write lower-case words joined by hyphens"
    notes.require(
        bool(_KEBAB.fullmatch(name)), "TRV-D030", ("id",), Message("`{name}` is not kebab-case", name=name), hint
    )
    if version is not None:
        hint = "write three numbers, such as `0.9.0`"
        notes.require(
            bool(_SEMVER.fullmatch(version)),
            "TRV-D030",
            ("version",),
            Message("`{version}` is not a semantic version", version=version),
            hint,
        )


def _check_point(notes: Findings[Profile], name: str, point: Point, points: Mapping[str, Point]) -> None:
    path: Path = ("points", name)
    hint = "write lower-case words joined by underscores"
    notes.require(bool(_SNAKE.fullmatch(name)), "TRV-D030", path, "is not snake_case", hint)
    _check_unit(notes, (*path, "unit"), point.unit)
    _check_range(notes, (*path, "range"), point.range)
    notes.require(point.scale != 0, "TRV-D033", (*path, "scale"), "must not be 0", "every value would be the same")
    references: dict[Path, str | None] = {
        (*path, "scale_register"): point.scale_register,
        (*path, "repeat", "count"): point.repeat.count if point.repeat else None,
        (*path, "selector", "point"): point.selector.point if point.selector else None,
    }
    references.update({(*path, "when", other): other for other in point.when})
    for place, other in references.items():
        if other is not None and other == name:
            notes.add("TRV-D032", place, Message("`{other}` is the point itself", other=other), "name another point")
        elif other is not None and other not in points:
            notes.add("TRV-D032", place, Message("there is no point `{other}`", other=other), near(other, points))
    _check_repeat(notes, path, point)
    _check_codes(notes, (*path, "enumeration"), point.enumeration)
    if point.selector is not None:
        _check_codes(notes, (*path, "selector", "cases"), point.selector.cases)
        for code, case in point.selector.cases.items():
            _check_case(notes, (*path, "selector", "cases", code), case)


def _check_unit(notes: Findings[Profile], path: Path, code: str | None) -> None:
    try:
        units.parse("1" if code is None else code)
    except DocumentError as error:
        notes.add(error.rule, path, error.message, error.hint)


def _check_range(notes: Findings[Profile], path: Path, limits: tuple[float, float] | None) -> None:
    if limits is not None:
        message = Message("{low:g} is not below {high:g}", low=limits[0], high=limits[1])
        notes.require(limits[0] < limits[1], "TRV-D033", path, message, "write the lower limit first")


def _check_repeat(notes: Findings[Profile], path: Path, point: Point) -> None:
    if point.repeat is None:
        return
    fits = 1 <= point.repeat.max <= MOST_REPEATS
    notes.require(
        fits,
        "TRV-D034",
        (*path, "repeat", "max"),
        Message("must lie between 1 and {most}", most=MOST_REPEATS),
    )
    notes.require(point.repeat.stride > 0, "TRV-D034", (*path, "repeat", "stride"), "must be above 0")


def _check_codes(notes: Findings[Profile], path: Path, codes: Mapping[str, Any]) -> None:
    for code in codes:
        shape = bool(_NUMBER.fullmatch(code))
        notes.require(shape, "TRV-D035", (*path, code), "is not a number", "write the number that the controller sends")


def _check_case(notes: Findings[Profile], path: Path, case: Mapping[str, Json]) -> None:
    """A case gives keys of a point, with values that a point takes."""
    for key, value in case.items():
        if key not in _VARIABLE:
            notes.add("TRV-D036", (*path, key), "cannot differ from case to case", near(key, _VARIABLE))
            continue
        hint: Any = fields(Point)[key][0]
        _, problems = build(value, hint)
        for problem in problems:
            notes.add("TRV-D036", (*path, key, *problem.path), problem.message, problem.hint)
        if key == "unit" and not problems:
            _check_unit(notes, (*path, key), value)


def _check_endpoint(notes: Findings[Device], path: Path, endpoint: Endpoint) -> None:
    try:
        parts = urlsplit(endpoint.url)
        secret, scheme = parts.username or parts.password, parts.scheme
    except ValueError:
        secret, scheme = None, ""
    notes.require(
        bool(scheme), "TRV-D037", (*path, "url"), "is not a URL", "write such as `modbus+tcp://192.0.2.7:502`"
    )
    hint = "secrets come from the environment or a file"
    notes.require(not secret, "TRV-D038", (*path, "url"), "holds a user name or password", hint)
    notes.require(
        endpoint.ct_ratio > 0, "TRV-D033", (*path, "ct_ratio"), "must be above 0", "use `invert` for the sign"
    )


def _check_lines(
    notes: Findings[Device], path: Path, lines: Mapping[str, str], endpoints: Mapping[str, Endpoint]
) -> None:
    for signal, spec in lines.items():
        endpoint, _, point = spec.partition(".")
        if endpoint not in endpoints or not point:
            hint = Message("write `endpoint.point`; endpoints are {names}", names=", ".join(endpoints))
            notes.add(
                "TRV-D002", (*path, signal), Message("`{spec}` names no endpoint of this device", spec=spec), hint
            )


def _check_levels(notes: Findings[Device], device: Device) -> None:
    for name, override in device.decisions.items():
        for key, level in (("watch", override.watch), ("act", override.act)):
            below = level is None or level.clear_at < level.raise_at
            place: Path = ("decisions", name, key, "clear_at")
            notes.require(below, "TRV-D039", place, "must be below `raise_at`", "without a gap the state would flicker")


def zone_exists(name: str) -> bool:
    """Whether a name is an IANA time zone that this machine knows."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
