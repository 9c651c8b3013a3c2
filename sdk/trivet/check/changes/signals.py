"""Changes of an interface's signals and parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trivet import units
from trivet.check.changes.change import Change, differs, grouped, moved, spanned
from trivet.check.changes.texts import reworded
from trivet.errors import DocumentError, Message
from trivet.interface.document import Interface, Parameter, Repeat, Signal
from trivet.interface.parsed import Path

INFINITE = float("inf")


def signal_changes(old: Interface, new: Interface) -> Iterator[Change]:
    """Signals that went, came or changed."""
    yield from grouped(("signals",), old.signals, new.signals, "TRV-B010", "TRV-B011", _signal)
    yield from grouped(("parameters",), old.parameters, new.parameters, "TRV-B040", "TRV-B041", _parameter)


def unit_changes(same: str, other: str, path: Path, old: str, new: str) -> Iterator[Change]:
    """A unit of the same quantity, with the factor between the two, or of another."""
    if old == new:
        return
    try:
        scale, offset = units.conversion(old, new)
    except DocumentError:
        yield Change(other, path, old, new)
        return
    if (scale, offset) != (1.0, 0.0):
        yield Change(same, path, old, new, _converted(scale, offset))
    else:
        yield Change("TRV-B038", path, old, new)


def _converted(scale: float, offset: float) -> str:
    if offset:
        return Message("numbers are x{scale:g} {offset:+g} of what they were", scale=scale, offset=offset)
    return Message("numbers are x{scale:g} of what they were", scale=scale)


def _signal(path: Path, old: Signal, new: Signal) -> Iterator[Change]:
    yield from unit_changes("TRV-B013", "TRV-B014", (*path, "unit"), old.unit, new.unit)
    yield from spanned("TRV-B015", "TRV-B016", (*path, "range"), old.range, new.range)
    yield from differs("TRV-B017", (*path, "period"), old.period, new.period)
    yield from moved("TRV-B018", "TRV-B019", (*path, "max_age"), old.max_age, new.max_age, INFINITE)
    if old.role != new.role:
        yield Change("TRV-B020" if new.role == "label" else "TRV-B039", (*path, "role"), old.role, new.role)
    yield from moved("TRV-B021", "TRV-B022", (*path, "resolution"), old.resolution, new.resolution, INFINITE)
    yield from moved("TRV-B023", "TRV-B036", (*path, "max_rate"), old.max_rate, new.max_rate, INFINITE)
    yield from differs("TRV-B024", (*path, "counter"), old.counter, new.counter)
    yield from _states((*path, "enumeration"), old.enumeration, new.enumeration)
    yield from _repeat((*path, "repeat"), old.repeat, new.repeat)
    yield from differs("TRV-B033", (*path, "resample"), old.resample, new.resample)
    yield from differs("TRV-B034", (*path, "uncertain"), old.uncertain, new.uncertain)
    if old.frozen_after != new.frozen_after:
        yield Change("TRV-B035", (*path, "frozen_after"))
    yield from differs("TRV-B037", (*path, "same_as"), old.same_as, new.same_as)
    yield from reworded(path, old, new, "label", "note")


def _states(path: Path, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    """States by name: a number that changed hands is a change of each state concerned."""
    before = {state: code for code, state in old.items()}
    after = {state: code for code, state in new.items()}
    for state, code in before.items():
        if state in after:
            yield from differs("TRV-B028", (*path, after[state]), f"{code}: {state}", f"{after[state]}: {state}")
        elif code in new and new[code] not in before:
            yield Change("TRV-B027", (*path, code), f"{code}: {state}", f"{code}: {new[code]}")
        else:
            yield Change("TRV-B025", (*path, code), f"{code}: {state}")
    for state, code in after.items():
        if state not in before and not (code in old and old[code] not in after):
            yield Change("TRV-B026", (*path, code), new=f"{code}: {state}")


def _repeat(path: Path, old: Repeat | None, new: Repeat | None) -> Iterator[Change]:
    if old is None or new is None:
        if old != new:
            yield Change("TRV-B031", path, old.max if old else None, new.max if new else None)
        return
    yield from moved("TRV-B029", "TRV-B030", (*path, "max"), old.max, new.max, 0)
    yield from differs("TRV-B032", (*path, "count"), old.count, new.count)


def _parameter(path: Path, old: Parameter, new: Parameter) -> Iterator[Change]:
    yield from unit_changes("TRV-B042", "TRV-B042", (*path, "unit"), old.unit, new.unit)
    yield from spanned("TRV-B043", "TRV-B044", (*path, "range"), old.range, new.range)
    yield from reworded(path, old, new, "label", "note")
