"""Rules about windows and the conditions that open and close them."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from trivet.errors import Message
from trivet.interface.columns import columns
from trivet.interface.document import Interface, Signal, When, WindowSpec, sums
from trivet.interface.findings import Findings, near
from trivet.interface.path import Path

LONGEST_WINDOW = 100_000


def check_windows(findings: Findings[Interface]) -> None:
    """Lengths, kinds, conditions; each window has outputs, and a novelty among them."""
    interface = findings.document
    known = columns(interface)
    findings.require(bool(interface.windows), "TRV-I050", ("windows",), "is empty", "declare at least one window")
    for name, spec in interface.windows.items():
        path: Path = ("windows", name)
        _check_frames(findings, path, spec)
        _check_kind(findings, path, spec)
        for key, conditions in (("opens_when", spec.opens_when), ("closes_when", spec.closes_when)):
            for index, when in enumerate(conditions):
                check_condition(findings, (*path, key, index), when, known)
        kinds = [output.kind for output in interface.outputs.values() if output.window == name]
        findings.require(bool(kinds), "TRV-I057", path, "has no outputs", "name it in an output, or remove it")
        if kinds:
            hint = "add an output of kind `novelty` with a limit"
            findings.require(
                kinds.count("novelty") == 1, "TRV-I058", path, "must have exactly one novelty output", hint
            )


def check_condition(findings: Findings[Any], path: Path, when: When, known: Mapping[str, Signal]) -> None:
    """A condition looks at one of these columns that can fulfil it, and that is no label."""
    if when.signal not in known:
        findings.add(
            "TRV-I052",
            (*path, "signal"),
            Message("`{signal}` is not a column", signal=when.signal),
            near(when.signal, known),
        )
        return
    signal = known[when.signal]
    hint = "a label is the controller's own judgement and must not shape what the model sees"
    findings.require(
        signal.role != "label",
        "TRV-I055",
        (*path, "signal"),
        Message("`{signal}` is a label", signal=when.signal),
        hint,
    )
    findings.require(when.hold >= 0, "TRV-I053", (*path, "hold"), "must not be negative")
    findings.require(when.run_on >= 0, "TRV-I053", (*path, "run_on"), "must not be negative")
    hint = "write it at the condition that closes"
    closes = when.run_on == 0 or "closes_when" in path
    findings.require(closes, "TRV-I053", (*path, "run_on"), "has no meaning where a cycle opens", hint)
    if when.states:
        _check_states(findings, path, when, signal)
    else:
        _check_threshold(findings, path, when, signal)
    if when.beside:
        _check_consumers(findings, path, when)


def _check_consumers(findings: Findings[Any], path: Path, when: When) -> None:
    """Between two sums of consumers there is room for what the condition looks for."""
    place: Path = (*path, "beside")
    if when.threshold is None:
        findings.add("TRV-I053", place, "has no meaning beside `states`", "use `above` or `below`")
        return
    findings.require(min(when.beside) > 0, "TRV-I053", place, "must be above 0")
    added, least = sums(when.beside), 2 * abs(when.threshold)
    gap = min(above - below for below, above in pairwise(added))
    findings.require(
        gap > least,
        "TRV-I054",
        place,
        Message("two sums of consumers lie {gap:g} apart", gap=gap),
        Message("to be told apart they need more than twice the threshold, {least:g}", least=least),
    )


def _check_states(findings: Findings[Any], path: Path, when: When, signal: Signal) -> None:
    states = list(signal.enumeration.values())
    if not states:
        findings.add(
            "TRV-I053",
            (*path, "states"),
            Message("`{signal}` has no states", signal=when.signal),
            "use `above` or `below`",
        )
        return
    for index, state in enumerate(when.states):
        place: Path = (*path, "states", index)
        findings.require(
            state in states,
            "TRV-I053",
            place,
            Message("`{state}` is not a state of `{signal}`", state=state, signal=when.signal),
            near(state, states),
        )


def _check_threshold(findings: Findings[Any], path: Path, when: When, signal: Signal) -> None:
    key, threshold = ("above", when.above) if when.above is not None else ("below", when.below)
    if signal.enumeration:
        findings.add(
            "TRV-I053", (*path, key), Message("`{signal}` has states, not a size", signal=when.signal), "use `states`"
        )
    elif threshold is not None and not signal.counter:
        low, high = signal.range
        inside = low <= threshold <= high
        hint = Message(
            "the range of `{signal}` is {low:g} to {high:g} {unit}",
            signal=when.signal,
            low=low,
            high=high,
            unit=signal.unit,
        )
        findings.require(
            inside, "TRV-I054", (*path, key), Message("{threshold:g} can never be crossed", threshold=threshold), hint
        )


def _check_frames(findings: Findings[Interface], path: Path, spec: WindowSpec) -> None:
    fits = 1 <= spec.length <= LONGEST_WINDOW
    findings.require(
        fits,
        "TRV-I050",
        (*path, "length"),
        Message("must lie between 1 and {most} frames", most=LONGEST_WINDOW),
    )
    findings.require(spec.every >= 1, "TRV-I050", (*path, "every"), "must be at least 1 frame")
    before = 0 <= spec.pre < max(spec.length, 1)
    findings.require(before, "TRV-I050", (*path, "pre"), "must be at least 0 and below `length`")
    share = 0 <= spec.max_missing <= 1
    findings.require(share, "TRV-I056", (*path, "max_missing"), "must lie between 0 and 1", "it is a share")
    wait = spec.expect_within is None or spec.expect_within > 0
    findings.require(wait, "TRV-I056", (*path, "expect_within"), "must be above 0 seconds")


def _check_kind(findings: Findings[Interface], path: Path, spec: WindowSpec) -> None:
    conditions = {"opens_when": spec.opens_when, "closes_when": spec.closes_when}
    if spec.kind == "cycle":
        for key, given in conditions.items():
            findings.require(bool(given), "TRV-I051", (*path, key), "is missing or empty", "a cycle needs conditions")
        findings.require(spec.every == 1, "TRV-I051", (*path, "every"), "has no meaning in a cycle", "remove it")
        return
    for key, given in conditions.items():
        findings.require(not given, "TRV-I051", (*path, key), "has no meaning in a sliding window", "remove it")
    findings.require(spec.pre == 0, "TRV-I051", (*path, "pre"), "has no meaning in a sliding window", "remove it")
