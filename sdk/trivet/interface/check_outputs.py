"""Rules about outputs, guards and decisions."""

from __future__ import annotations

from typing import NamedTuple

from trivet.errors import Message
from trivet.interface.check_signals import check_range, check_unit
from trivet.interface.columns import columns
from trivet.interface.document import DecisionRule, Guard, Interface, Needs, Output
from trivet.interface.findings import Findings, near
from trivet.interface.path import Path

HORIZONS = ("seconds", "racks")
MANY_COLUMNS = ("classes", "actions")


class GuardForm(NamedTuple):
    """What a check of the closed list takes.

    Attributes:
        action: What it does.
        requires: Keys that must be given.
        allows: Further keys that may be given, besides ``outputs``.
        parameters: Numbers that ``parameters`` must have.
    """

    action: str
    requires: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()


GUARDS = {
    "missing": GuardForm("withhold", (), ("signals",)),
    "stale": GuardForm("withhold", (), ("signals",)),
    "bad": GuardForm("withhold", (), ("signals",)),
    "novelty_above": GuardForm("withhold", (), ("limit",)),
    "not_finite": GuardForm("withhold"),
    "out_of_range": GuardForm("withhold"),
    "running_programme": GuardForm("veto", ("signals", "states")),
    "lethality": GuardForm("veto", ("signals", "limit", "parameters"), (), ("reference", "z_below", "z_above")),
    "hot_holding": GuardForm("veto", ("signals", "limit")),
    "ramp": GuardForm("veto", ("signals", "limit")),
    "switching": GuardForm("veto", ("limit", "parameters"), ("signals",), ("seconds",)),
}


def check_outputs(findings: Findings[Interface]) -> None:
    """Windows, units, kinds and their columns, needs, horizons."""
    interface = findings.document
    findings.require(bool(interface.outputs), "TRV-I060", ("outputs",), "is empty", "declare at least one output")
    for name, output in interface.outputs.items():
        path: Path = ("outputs", name)
        known = output.window in interface.windows
        hint = near(output.window, interface.windows)
        findings.require(
            known, "TRV-I060", (*path, "window"), Message("`{window}` is not a window", window=output.window), hint
        )
        check_unit(findings, (*path, "unit"), output.unit)
        if output.range is not None:
            check_range(findings, (*path, "range"), output.range)
        _check_classes(findings, name, output)
        _check_limit(findings, path, output)
        _check_horizon(findings, path, output)
        _check_all_needs(findings, path, output)


def check_guards(findings: Findings[Interface]) -> None:
    """Guards name outputs and columns that exist and give what their check takes."""
    interface = findings.document
    known = columns(interface)
    for index, guard in enumerate(interface.guards):
        path: Path = ("guards", index)
        for at, name in enumerate(guard.outputs):
            hint = near(name, interface.outputs)
            findings.require(
                name in interface.outputs,
                "TRV-I070",
                (*path, "outputs", at),
                Message("`{name}` is not an output", name=name),
                hint,
            )
        for at, name in enumerate(guard.signals):
            findings.require(
                name in known,
                "TRV-I071",
                (*path, "signals", at),
                Message("`{name}` is not a column", name=name),
                near(name, known),
            )
        states = {state for name in guard.signals if name in known for state in known[name].enumeration.values()}
        for at, state in enumerate(guard.states):
            message = Message("`{state}` is not a state of these signals", state=state)
            findings.require(state in states, "TRV-I072", (*path, "states", at), message, near(state, states))
        _check_form(findings, path, guard)


def check_decisions(findings: Findings[Interface]) -> None:
    """Decisions read outputs that exist; their levels have a gap and rise from watch to act."""
    interface = findings.document
    for name, rule in interface.decisions.items():
        path: Path = ("decisions", name)
        if rule.output not in interface.outputs:
            hint = near(rule.output, interface.outputs)
            findings.add(
                "TRV-I080", (*path, "output"), Message("`{output}` is not an output", output=rule.output), hint
            )
        elif _resolves(interface, rule.output):
            known = interface.classes(rule.output)
            for at, key in enumerate(rule.classes):
                hint = near(key, known)
                findings.require(
                    key in known,
                    "TRV-I081",
                    (*path, "classes", at),
                    Message("`{key}` is not a class of it", key=key),
                    hint,
                )
        _check_levels(findings, path, rule)


def _resolves(interface: Interface, output: str) -> bool:
    spec = interface.outputs[output]
    return spec.classes_of is None or spec.classes_of in interface.outputs


def _check_classes(findings: Findings[Interface], name: str, output: Output) -> None:
    path: Path = ("outputs", name)
    if output.kind not in MANY_COLUMNS:
        one = not output.classes and output.classes_of is None
        findings.require(
            one,
            "TRV-I063",
            path,
            Message("of kind `{kind}` has one column, not classes", kind=output.kind),
            "remove `classes`",
        )
        return
    if output.classes_of is not None:
        findings.require(not output.classes, "TRV-I063", (*path, "classes"), "stands beside `classes_of`", "keep one")
        _check_shared(findings, path, output)
        return
    findings.require(
        bool(output.classes),
        "TRV-I063",
        path,
        Message("of kind `{kind}` has no classes", kind=output.kind),
        "add `classes`",
    )
    if output.kind == "classes" and output.classes:
        hint = "add `unknown`: what a model has no name for must have a place"
        findings.require("unknown" in output.classes, "TRV-I062", (*path, "classes"), "lacks the class `unknown`", hint)
    _check_ids(findings, path, output)


def _check_shared(findings: Findings[Interface], path: Path, output: Output) -> None:
    outputs = findings.document.outputs
    other = outputs.get(output.classes_of or "")
    place: Path = (*path, "classes_of")
    if other is None:
        hint = near(output.classes_of or "", outputs)
        findings.add("TRV-I064", place, Message("`{classes_of}` is not an output", classes_of=output.classes_of), hint)
    elif other.kind != output.kind or not other.classes:
        remedy = Message("name an output of kind `{kind}` that lists its own classes", kind=output.kind)
        findings.add(
            "TRV-I064",
            place,
            Message("`{classes_of}` has no such classes of its own", classes_of=output.classes_of),
            remedy,
        )


def _check_ids(findings: Findings[Interface], path: Path, output: Output) -> None:
    holders: dict[int, list[str]] = {}
    for key, value in output.classes.items():
        holders.setdefault(value.id, []).append(key)
    for key, value in output.classes.items():
        place: Path = (*path, "classes", key, "id")
        first, *others = holders[value.id]
        twin = first if key != first else others[0] if others else ""
        if twin:
            findings.add(
                "TRV-I061",
                place,
                Message("{id} is also the id of `{twin}`", id=value.id, twin=twin),
                "give each class its own",
            )
        elif not 0 <= value.id < len(output.classes):
            hint = "ids are the columns of the tensor: 0, 1, 2 ... without a gap"
            findings.add("TRV-I061", place, Message("{id} leaves a gap", id=value.id), hint)


def _check_limit(findings: Findings[Interface], path: Path, output: Output) -> None:
    if output.kind == "novelty":
        given = output.limit is not None and output.limit > 0
        hint = "above the limit a window is unlike what the model knows"
        findings.require(given, "TRV-I065", (*path, "limit"), "of a novelty must be given and above 0", hint)
    else:
        findings.require(output.limit is None, "TRV-I065", (*path, "limit"), "is only for a novelty", "remove it")


def _check_horizon(findings: Findings[Interface], path: Path, output: Output) -> None:
    for key, value in output.horizon.items():
        place: Path = (*path, "horizon", key)
        known = ", ".join(HORIZONS)
        findings.require(
            key in HORIZONS, "TRV-I066", place, "is not a horizon", Message("write one of {names}", names=known)
        )
        findings.require(value >= 0, "TRV-I066", place, "must not be negative")
    findings.require(output.baseline >= 0, "TRV-I067", (*path, "baseline"), "must not be negative")


def _check_all_needs(findings: Findings[Interface], path: Path, output: Output) -> None:
    _check_needs(findings, (*path, "needs"), output.needs)
    for key, value in output.classes.items():
        _check_needs(findings, (*path, "classes", key, "needs"), value.needs)
    covered = bool(output.needs) or (bool(output.classes) and all(value.needs for value in output.classes.values()))
    hint = "name at least one set of signals that it can be made from"
    findings.require(covered, "TRV-I044", (*path, "needs"), "is missing or empty", hint)


def _check_needs(findings: Findings[Interface], path: Path, needs: Needs) -> None:
    interface = findings.document
    known = columns(interface)
    for index, group in enumerate(needs):
        findings.require(bool(group), "TRV-I044", (*path, index), "is an empty set", "name signals, or remove it")
        for at, name in enumerate(group):
            place: Path = (*path, index, at)
            if name in interface.tiers:
                labels = [
                    column for column in interface.tiers[name] if column in known and known[column].role == "label"
                ]
            elif name in known:
                labels = [name] if known[name].role == "label" else []
            else:
                message = Message("`{name}` is neither a column nor a tier", name=name)
                findings.add("TRV-I042", place, message, near(name, [*known, *interface.tiers]))
                continue
            hint = "a label, or anything derived from it, never enters a feature"
            findings.require(
                not labels, "TRV-I043", place, Message("`{names}` is a label", names=", ".join(labels)), hint
            )


def _check_form(findings: Findings[Interface], path: Path, guard: Guard) -> None:
    form = GUARDS[guard.check]
    right = guard.action == form.action
    findings.require(
        right,
        "TRV-I074",
        (*path, "action"),
        Message("of `{check}` must be `{action}`", check=guard.check, action=form.action),
        "correct it",
    )
    given = {
        "signals": bool(guard.signals),
        "states": bool(guard.states),
        "limit": guard.limit is not None,
        "parameters": bool(guard.parameters),
    }
    for key, present in given.items():
        if key in form.requires:
            findings.require(
                present,
                "TRV-I073",
                (*path, key),
                Message("is missing for `{check}`", check=guard.check),
                Message("add `{key}`", key=key),
            )
        elif key not in form.allows:
            findings.require(
                not present,
                "TRV-I073",
                (*path, key),
                Message("has no meaning for `{check}`", check=guard.check),
                "remove it",
            )
    for key in form.parameters if guard.parameters else ():
        above = guard.parameters.get(key, 0) > 0
        findings.require(
            above, "TRV-I073", (*path, "parameters", key), "must be given and above 0", Message("add `{key}`", key=key)
        )
    for key in guard.parameters:
        known = key in form.parameters
        findings.require(known, "TRV-I073", (*path, "parameters", key), "is not a number of this check", "remove it")
    if guard.check == "novelty_above":
        outputs = findings.document.outputs
        stands = any(output.kind == "novelty" for output in outputs.values())
        findings.require(stands, "TRV-I075", path, "has no novelty output to look at", "declare one")


def _check_levels(findings: Findings[Interface], path: Path, rule: DecisionRule) -> None:
    for key, level in (("watch", rule.watch), ("act", rule.act)):
        below = level.clear_at < level.raise_at
        hint = "without a gap the state would flicker"
        findings.require(below, "TRV-I082", (*path, key, "clear_at"), "must be below `raise_at`", hint)
    rises = rule.watch.raise_at <= rule.act.raise_at
    findings.require(rises, "TRV-I082", (*path, "act", "raise_at"), "must not be below that of `watch`", "swap them")
    findings.require(rule.confirm >= 1, "TRV-I083", (*path, "confirm"), "must be at least 1 window")
    findings.require(rule.hold >= 0, "TRV-I083", (*path, "hold"), "must not be negative")
    alarms = rule.false_alarms
    if alarms is not None:
        fits = alarms.count > 0 and alarms.seconds > 0
        findings.require(fits, "TRV-I083", (*path, "false_alarms"), "must have a count and a time above 0")
