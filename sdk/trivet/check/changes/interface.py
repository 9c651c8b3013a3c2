"""Changes of a whole interface."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from trivet.check.changes.change import Change, differs, grouped, moved
from trivet.check.changes.outputs import output_changes
from trivet.check.changes.signals import INFINITE, signal_changes
from trivet.check.changes.texts import reworded
from trivet.interface.document import BudgetRow, Guard, Interface, When, WindowSpec
from trivet.interface.parsed import Path


def interface_changes(old: Interface, new: Interface) -> Iterator[Change]:
    """Every change from one interface to another; the version itself is none."""
    yield from differs("TRV-B001", ("id",), old.id, new.id)
    yield from reworded((), old, new, "title", "note")
    yield from differs("TRV-B002", ("frame",), old.frame, new.frame)
    yield from differs("TRV-B003", ("settle",), old.settle, new.settle)
    yield from signal_changes(old, new)
    for name in sorted({*old.tiers, *new.tiers}):
        was, now = old.tiers.get(name), new.tiers.get(name)
        if was is None or now is None or set(was) != set(now):
            yield Change("TRV-B045", ("tiers", name), list(was) if was else None, list(now) if now else None)
    yield from grouped(("windows",), old.windows, new.windows, "TRV-B050", "TRV-B051", _window)
    yield from output_changes(old, new)
    yield from _guards(old.guards, new.guards)
    yield from _budget(old.budget, new.budget)
    yield from differs("TRV-B092", ("fallback", "action"), old.fallback.action, new.fallback.action)
    yield from reworded(("fallback",), old.fallback, new.fallback, "text")


def _window(path: Path, old: WindowSpec, new: WindowSpec) -> Iterator[Change]:
    yield from differs("TRV-B054", (*path, "kind"), old.kind, new.kind)
    yield from differs("TRV-B052", (*path, "length"), old.length, new.length)
    yield from differs("TRV-B053", (*path, "every"), old.every, new.every)
    for key in ("opens_when", "closes_when"):
        if _conditions(getattr(old, key)) != _conditions(getattr(new, key)):
            yield Change("TRV-B055", (*path, key))
    yield from differs("TRV-B056", (*path, "pre"), old.pre, new.pre)
    yield from differs("TRV-B056", (*path, "overlong"), old.overlong, new.overlong)
    yield from moved("TRV-B057", "TRV-B059", (*path, "max_missing"), old.max_missing, new.max_missing, 1)
    yield from differs("TRV-B058", (*path, "expect_within"), old.expect_within, new.expect_within)


def _conditions(whens: tuple[When, ...]) -> list[object]:
    """Alternatives in their order; the states and consumers of one have none."""
    return [
        (when.signal, frozenset(when.states), when.above, when.below, when.hold, sorted(when.beside), when.run_on)
        for when in whens
    ]


def _guards(old: tuple[Guard, ...], new: tuple[Guard, ...]) -> Iterator[Change]:
    """Guards that are not on both sides, paired with those of the same check that are left."""
    was, now = [_guard(guard) for guard in old], [_guard(guard) for guard in new]
    gone = [(guard, index) for index, guard in enumerate(old) if was[index] not in now]
    come = [(guard, index) for index, guard in enumerate(new) if now[index] not in was]
    checks = sorted({guard.check for guard, _ in (*gone, *come)})
    for check in checks:
        left = [index for guard, index in gone if guard.check == check]
        right = [index for guard, index in come if guard.check == check]
        for index in right[: len(left)]:
            yield Change("TRV-B082", ("guards", index), check, check)
        for index in left[len(right) :]:
            yield Change("TRV-B081", ("guards", index), old=check)
        for index in right[len(left) :]:
            yield Change("TRV-B080", ("guards", index), new=check)


def _guard(guard: Guard) -> tuple[object, ...]:
    sets = (frozenset(guard.outputs), frozenset(guard.signals), frozenset(guard.states))
    return (guard.check, guard.action, *sets, guard.limit, tuple(sorted(guard.parameters.items())))


def _budget(old: tuple[BudgetRow, ...], new: tuple[BudgetRow, ...]) -> Iterator[Change]:
    """Rows by what they are about; a new row is a new limit."""
    was, now = _limits(old), _limits(new)
    for row in sorted({*was, *now}):
        path: Path = ("budget",)
        for change in moved("TRV-B090", "TRV-B091", path, was.get(row), now.get(row), INFINITE):
            yield change._replace(detail=" ".join(map(str, row)))


def _limits(rows: tuple[BudgetRow, ...]) -> dict[tuple[object, ...], float]:
    keyed = sorted(((row.architecture, row.cpu, row.cores, row.stage, row.percentile), row.limit) for row in rows)
    return {key: min(limit for _, limit in group) for key, group in groupby(keyed, key=lambda pair: pair[0])}
