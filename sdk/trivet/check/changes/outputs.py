"""Changes of an interface's outputs and decisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from trivet.check.changes.change import Change, differs, grouped, spanned
from trivet.check.changes.signals import unit_changes
from trivet.check.changes.texts import reworded
from trivet.interface.document import DecisionRule, Interface, Needs, Output, OutputClass
from trivet.interface.parsed import Path


def output_changes(old: Interface, new: Interface) -> Iterator[Change]:
    """Outputs and decisions that went, came or changed; tiers are spelt out and shared classes followed."""

    def one(path: Path, before: Output, after: Output) -> Iterator[Change]:
        name = str(path[-1])
        yield from _output(path, before, after)
        yield from _needs((*path, "needs"), old.needs(name), new.needs(name))
        yield from _classes(path, name, old, new)

    yield from grouped(("outputs",), old.outputs, new.outputs, "TRV-B060", "TRV-B061", one)
    yield from grouped(("decisions",), old.decisions, new.decisions, "TRV-B085", "TRV-B086", _decision)


def _output(path: Path, old: Output, new: Output) -> Iterator[Change]:
    yield from differs("TRV-B062", (*path, "kind"), old.kind, new.kind)
    yield from differs("TRV-B063", (*path, "window"), old.window, new.window)
    yield from unit_changes("TRV-B064", "TRV-B064", (*path, "unit"), old.unit, new.unit)
    yield from spanned("TRV-B065", "TRV-B066", (*path, "range"), old.range, new.range)
    yield from differs("TRV-B073", (*path, "horizon"), dict(old.horizon), dict(new.horizon))
    yield from differs("TRV-B074", (*path, "baseline"), old.baseline, new.baseline)
    yield from differs("TRV-B075", (*path, "limit"), old.limit, new.limit)
    yield from reworded(path, old, new, "label")


def _needs(path: Path, old: Needs, new: Needs) -> Iterator[Change]:
    before, after = _sets(old), _sets(new)
    if before == after:
        return
    # A plant that met the old needs meets the new ones when some new set lies within each old one.
    looser = not after or (bool(before) and all(any(group <= other for group in after) for other in before))
    yield Change("TRV-B068" if looser else "TRV-B067", path, [list(group) for group in old], [list(g) for g in new])


def _sets(needs: Needs) -> set[frozenset[str]]:
    return {frozenset(group) for group in needs}


def _classes(path: Path, name: str, old: Interface, new: Interface) -> Iterator[Change]:
    before, after = _known(old, name), _known(new, name)
    own = old.outputs[name].classes_of is None and new.outputs[name].classes_of is None

    def one(place: Path, was: OutputClass, now: OutputClass) -> Iterator[Change]:
        key = str(place[-1])
        yield from differs("TRV-B071", (*place, "id"), was.id, now.id)
        if was.needs or now.needs:
            yield from _needs((*place, "needs"), old.needs(name, key), new.needs(name, key))
        if own:
            yield from reworded(place, was, now, "label", "remedy")

    yield from grouped((*path, "classes"), before, after, "TRV-B069", "TRV-B070", one)


def _known(interface: Interface, name: str) -> Mapping[str, OutputClass]:
    other = interface.outputs[name].classes_of
    return interface.classes(name) if other is None or other in interface.outputs else {}


def _decision(path: Path, old: DecisionRule, new: DecisionRule) -> Iterator[Change]:
    yield from differs("TRV-B087", (*path, "output"), old.output, new.output)
    yield from differs("TRV-B087", (*path, "classes"), sorted(old.classes), sorted(new.classes))
    for key in ("watch", "act"):
        was, now = getattr(old, key), getattr(new, key)
        yield from differs("TRV-B088", (*path, key), [was.raise_at, was.clear_at], [now.raise_at, now.clear_at])
    yield from differs("TRV-B088", (*path, "confirm"), old.confirm, new.confirm)
    yield from differs("TRV-B088", (*path, "hold"), old.hold, new.hold)
    if old.false_alarms != new.false_alarms:
        yield Change("TRV-B089", (*path, "false_alarms"))
