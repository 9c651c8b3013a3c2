"""Rules about signals, parameters and tiers."""

from __future__ import annotations

import re

from trivet import units
from trivet.errors import DocumentError, Message
from trivet.interface.columns import MOST_REPEATS, column_names, columns
from trivet.interface.document import Interface, Signal
from trivet.interface.findings import Findings, near
from trivet.interface.path import Path

_CODE = re.compile(r"-?(0|[1-9][0-9]{0,15})")
_STATE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


def check_signals(findings: Findings[Interface]) -> None:
    """Units, ranges, times, enumerations, counters, repeats, plausibility."""
    interface = findings.document
    for name, signal in interface.signals.items():
        path: Path = ("signals", name)
        check_unit(findings, (*path, "unit"), signal.unit)
        check_range(findings, (*path, "range"), signal.range)
        _check_times(findings, path, signal)
        _check_plausibility(findings, path, signal)
        _check_enumeration(findings, path, signal)
        _check_counter(findings, path, signal)
        _check_repeat(findings, name, signal)
        _check_frozen(findings, path, signal)
    for name, parameter in interface.parameters.items():
        check_unit(findings, ("parameters", name, "unit"), parameter.unit)
        check_range(findings, ("parameters", name, "range"), parameter.range)
    _check_collisions(findings)


def check_tiers(findings: Findings[Interface]) -> None:
    """Tiers name columns and nothing else is called like a tier."""
    known = columns(findings.document)
    for tier, names in findings.document.tiers.items():
        path: Path = ("tiers", tier)
        findings.require(tier not in known, "TRV-I024", path, "is also the name of a column", "rename the tier")
        findings.require(bool(names), "TRV-I041", path, "is empty", "name its columns")
        for index, name in enumerate(names):
            findings.require(
                name in known,
                "TRV-I041",
                (*path, index),
                Message("`{name}` is not a column", name=name),
                near(name, known),
            )


def check_unit(findings: Findings[Interface], path: Path, code: str) -> None:
    """A code is a unit."""
    try:
        units.parse(code)
    except DocumentError as error:
        findings.add(error.rule, path, error.message, error.hint)


def check_range(findings: Findings[Interface], path: Path, limits: tuple[float, float]) -> None:
    """A range has its lower limit first."""
    low, high = limits
    findings.require(
        low < high,
        "TRV-I033",
        path,
        Message("{low:g} is not below {high:g}", low=low, high=high),
        "write the lower limit first",
    )


def _check_times(findings: Findings[Interface], path: Path, signal: Signal) -> None:
    findings.require(signal.period > 0, "TRV-I034", (*path, "period"), "must be above 0 seconds")
    hint = "a value that is renewed every `period` must stay valid that long"
    enough = signal.max_age >= signal.period
    findings.require(
        enough,
        "TRV-I034",
        (*path, "max_age"),
        Message("{max_age:g} s is below the period", max_age=signal.max_age),
        hint,
    )


def _check_plausibility(findings: Findings[Interface], path: Path, signal: Signal) -> None:
    for key, value in (("resolution", signal.resolution), ("max_rate", signal.max_rate)):
        findings.require(
            value is None or value > 0, "TRV-I035", (*path, key), "must be above 0", "remove it or correct it"
        )


def _check_enumeration(findings: Findings[Interface], path: Path, signal: Signal) -> None:
    if not signal.enumeration:
        return
    place: Path = (*path, "enumeration")
    findings.require(
        signal.unit == "1", "TRV-I036", (*path, "unit"), "of a signal with states must be `1`", "write '1'"
    )
    seen: dict[str, str] = {}
    for code, state in signal.enumeration.items():
        if not _CODE.fullmatch(code):
            findings.add("TRV-I036", (*place, code), "is not a whole number", "write `number: state_name`")
        elif not signal.range[0] <= int(code) <= signal.range[1]:
            findings.add("TRV-I036", (*place, code), "lies outside the signal's range", "widen `range`")
        hint = "write lower-case words joined by underscores"
        findings.require(
            bool(_STATE.fullmatch(state)),
            "TRV-I036",
            (*place, code),
            Message("`{state}` is not snake_case", state=state),
            hint,
        )
        if state in seen:
            findings.add(
                "TRV-I036",
                (*place, code),
                Message("`{state}` is also the name of {code}", state=state, code=seen[state]),
                "rename one",
            )
        seen.setdefault(state, code)


def _check_counter(findings: Findings[Interface], path: Path, signal: Signal) -> None:
    if not signal.counter:
        return
    hint = "a counter enters the tensor as its increase per frame"
    findings.require(not signal.enumeration, "TRV-I037", (*path, "counter"), "has states, so it cannot count", hint)
    findings.require(signal.resample == "last", "TRV-I037", (*path, "resample"), "of a counter must be `last`", hint)
    findings.require(signal.range[0] >= 0, "TRV-I037", (*path, "range"), "of a counter must not be negative", hint)


def _check_repeat(findings: Findings[Interface], name: str, signal: Signal) -> None:
    if signal.repeat is None:
        return
    path: Path = ("signals", name, "repeat")
    most = signal.repeat.max
    limits = Message("must lie between 1 and {most}", most=MOST_REPEATS)
    findings.require(1 <= most <= MOST_REPEATS, "TRV-I038", (*path, "max"), limits)
    count = signal.repeat.count
    if count is None:
        return
    signals = findings.document.signals
    if count not in signals:
        findings.add(
            "TRV-I038", (*path, "count"), Message("`{count}` is not a signal", count=count), near(count, signals)
        )
    else:
        fits = signals[count].repeat is None and not signals[count].enumeration and signals[count].range[1] <= most
        hint = Message("its range must end at {most} or below, and it must not repeat or have states", most=most)
        findings.require(fits, "TRV-I038", (*path, "count"), Message("`{count}` cannot count these", count=count), hint)


def _check_frozen(findings: Findings[Interface], path: Path, signal: Signal) -> None:
    rule = signal.frozen_after
    if rule is None:
        return
    place: Path = (*path, "frozen_after")
    findings.require(rule.seconds > 0, "TRV-I039", (*place, "seconds"), "must be above 0")
    if rule.signal is None:
        findings.require(not rule.states, "TRV-I039", (*place, "states"), "has no signal", "add `signal`")
        return
    other = columns(findings.document).get(rule.signal)
    if other is None:
        findings.add(
            "TRV-I039",
            (*place, "signal"),
            Message("`{signal}` is not a column", signal=rule.signal),
            "correct the name",
        )
        return
    findings.require(bool(rule.states), "TRV-I039", place, "has a signal but no states", "add `states`")
    for index, state in enumerate(rule.states):
        known = state in other.enumeration.values()
        hint = near(state, other.enumeration.values())
        findings.require(
            known,
            "TRV-I039",
            (*place, "states", index),
            Message("`{state}` is not a state of `{signal}`", state=state, signal=rule.signal),
            hint,
        )


def _check_collisions(findings: Findings[Interface]) -> None:
    owner: dict[str, str] = {}
    for name, signal in findings.document.signals.items():
        if signal.repeat is not None and signal.repeat.max > MOST_REPEATS:
            continue
        for column in column_names(name, signal):
            if column in owner:
                findings.add(
                    "TRV-I024",
                    ("signals", name),
                    Message("makes column `{column}`, as `{owner}` does", column=column, owner=owner[column]),
                    "rename one",
                )
            owner[column] = name
