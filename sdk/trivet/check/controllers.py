"""Rules about profiles by themselves, and what their adapter says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from trivet.canonical import dumps
from trivet.device.document import Point, Profile
from trivet.device.frames import golden_findings
from trivet.device.library import adapter
from trivet.errors import AdapterError, DocumentError, Message
from trivet.interface.findings import Findings
from trivet.interface.parsed import Path

PERIODS: Mapping[str, float] = {"fast": 0.5, "normal": 1.0, "slow": 10.0, "static": 600.0}
"""Poll class to its time in seconds, where neither profile nor endpoint gives another."""


def check_controller(notes: Findings[Profile]) -> None:
    """Where its facts come from, points that get into each other's way, and every point as its adapter reads it."""
    profile = notes.document
    try:
        date.fromisoformat(profile.source.date)
    except ValueError:
        hint = "write it as 2026-03-31"
        notes.add(
            "TRV-L060", ("source", "date"), Message("`{date}` is not a date", date=profile.source.date[:40]), hint
        )
    seen: dict[bytes, str] = {}
    feeds: dict[str, str] = {}
    for name, point in profile.points.items():
        path: Path = ("points", name)
        _check_place(notes, path, name, point, seen)
        _check_sentinels(notes, path, point)
        _check_feeds(notes, path, name, point, feeds)
    _check_adapter(notes)


def period(profile: Profile, settings: Mapping[str, object], poll: str) -> float:
    """How often a point of a poll class is confirmed [s]."""
    periods = dict(PERIODS)
    for own in (profile.settings.get("periods"), settings.get("periods")):
        if isinstance(own, Mapping):
            periods.update({key: float(value) for key, value in own.items() if isinstance(value, (int, float))})
    return periods[poll]


def _check_place(notes: Findings[Profile], path: Path, name: str, point: Point, seen: dict[bytes, str]) -> None:
    place = dumps({"at": dict(point.at), "when": dict(point.when)})
    other = seen.setdefault(place, name)
    if other != name:
        notes.add(
            "TRV-L061",
            (*path, "at"),
            Message("is also where `{other}` stands", other=other),
            "remove one, or correct its address",
        )


def _check_sentinels(notes: Findings[Profile], path: Path, point: Point) -> None:
    if point.range is None:
        return
    for index, sentinel in enumerate(point.sentinels):
        value = sentinel * point.scale + point.offset
        if point.scale_register is None and point.range[0] <= value <= point.range[1]:
            message = Message(
                "{sentinel:g} means {value:g}, which lies in the point's range", sentinel=sentinel, value=value
            )
            notes.add("TRV-L062", (*path, "sentinels", index), message, "a true value would be lost: correct one")


def _check_feeds(notes: Findings[Profile], path: Path, name: str, point: Point, feeds: dict[str, str]) -> None:
    if point.signal is None or point.when:
        return
    other = feeds.setdefault(point.signal, name)
    if other != name:
        message = Message(
            "`{other}` names `{signal}` too, so that every device must choose", other=other, signal=point.signal
        )
        notes.add("TRV-L063", (*path, "signal"), message, "let one point name it")


def _check_adapter(notes: Findings[Profile]) -> None:
    profile = notes.document
    try:
        reader = adapter(profile.adapter)
    except AdapterError as error:
        notes.add("TRV-D014", ("adapter",), error.message, error.hint)
        return
    refused = list(_refused(profile, reader.point))
    for path, rule, message, hint in refused:
        notes.add(rule, path, message, hint)
    if not refused and reader.show is not None and notes.source is not None:
        notes.found += golden_findings(profile, notes.source.where, reader.show)


def _refused(profile: Profile, point: object) -> Iterator[tuple[Path, str, str, str]]:
    """What the adapter refuses; an error in the settings is said once."""
    told = False
    for name, spec in profile.points.items():
        try:
            point(spec, profile)  # type: ignore[operator]
        except DocumentError as error:
            in_settings = error.where.startswith(f"{profile.id}/settings")
            if in_settings and told:
                continue
            told = told or in_settings
            path: Path = ("settings",) if in_settings else ("points", name)
            yield path, error.rule or "TRV-L064", error.message, error.hint
