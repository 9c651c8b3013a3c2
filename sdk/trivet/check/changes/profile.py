"""Changes of a profile: whatever makes a number of the controller mean something else breaks DATA."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trivet.check.changes.change import Change, differs, grouped, moved, spanned
from trivet.check.changes.signals import unit_changes
from trivet.check.changes.texts import reworded
from trivet.device.document import Point, PointRepeat, Profile
from trivet.interface.parsed import Path

PACE = frozenset({"block_limit", "bit_limit", "max_gap", "forbidden", "periods", "timeout", "retries", "publishing"})
"""Settings that say how a controller is asked, never what its numbers mean."""

ORDER = ("word_order", "byte_order")
SPEED = ("static", "slow", "normal", "fast")


def profile_changes(old: Profile, new: Profile) -> Iterator[Change]:
    """Every change from one profile to another; the version itself is none."""
    yield from differs("TRV-B100", ("id",), old.id, new.id)
    yield from differs("TRV-B101", ("adapter",), old.adapter, new.adapter)
    yield from setting_changes(("settings",), old.settings, new.settings)
    yield from differs("TRV-B104", ("match",), dict(old.match), dict(new.match))
    yield from differs("TRV-B105", ("hold",), old.hold, new.hold)
    if old.source != new.source:
        yield Change("TRV-B106", ("source",), old.source.document, new.source.document)
    yield from reworded((), old, new, "title", "note")
    yield from grouped(("points",), old.points, new.points, "TRV-B110", "TRV-B111", _point)


def setting_changes(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """The adapter's own keys, by whether they can change a number."""
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            rule = "TRV-B103" if key in PACE else "TRV-B113" if key in ORDER else "TRV-B102"
            yield Change(rule, (*path, key), old.get(key), new.get(key))


def _point(path: Path, old: Point, new: Point) -> Iterator[Change]:
    yield from _place((*path, "at"), old.at, new.at)
    yield from _unit((*path, "unit"), old.unit, new.unit)
    yield from differs("TRV-B116", (*path, "scale"), old.scale, new.scale)
    yield from differs("TRV-B117", (*path, "offset"), old.offset, new.offset)
    yield from differs("TRV-B118", (*path, "scale_register"), old.scale_register, new.scale_register)
    yield from differs("TRV-B119", (*path, "sentinels"), sorted(old.sentinels), sorted(new.sentinels))
    yield from differs("TRV-B120", (*path, "enumeration"), dict(old.enumeration), dict(new.enumeration))
    if old.signal != new.signal:
        yield Change("TRV-B123" if old.signal is None else "TRV-B122", (*path, "signal"), old.signal, new.signal)
    yield from spanned("TRV-B124", "TRV-B125", (*path, "range"), old.range, new.range)
    slower = SPEED.index(new.poll) < SPEED.index(old.poll)
    yield from differs("TRV-B126" if slower else "TRV-B127", (*path, "poll"), old.poll, new.poll)
    yield from differs("TRV-B128", (*path, "when"), dict(old.when), dict(new.when))
    yield from _repeat((*path, "repeat"), old.repeat, new.repeat)
    if old.selector != new.selector:
        yield Change("TRV-B133", (*path, "selector"))
    yield from reworded(path, old, new, "label", "note")


def _place(path: Path, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """Where and how a point is read."""
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            rule = "TRV-B113" if key in ORDER else "TRV-B114" if key in ("type", "data") else "TRV-B112"
            yield Change(rule, (*path, key), old.get(key), new.get(key))


def _unit(path: Path, old: str | None, new: str | None) -> Iterator[Change]:
    if old is None or new is None:
        yield from differs("TRV-B121", path, old, new)
    else:
        yield from unit_changes("TRV-B115", "TRV-B121", path, old, new)


def _repeat(path: Path, old: PointRepeat | None, new: PointRepeat | None) -> Iterator[Change]:
    if old is None or new is None:
        if old != new:
            yield Change("TRV-B132", path, old.max if old else None, new.max if new else None)
        return
    yield from moved("TRV-B129", "TRV-B130", (*path, "max"), old.max, new.max, 0)
    yield from differs("TRV-B131", (*path, "stride"), old.stride, new.stride)
    yield from differs("TRV-B131", (*path, "count"), old.count, new.count)
