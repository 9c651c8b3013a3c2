"""Rules about windows, outputs, guards, decisions and the budget: promises that cannot be kept."""

from __future__ import annotations

from trivet.errors import Message
from trivet.interface.document import DecisionRule, Interface, Output, When, WindowSpec
from trivet.interface.findings import Findings
from trivet.interface.parsed import Path

LONGEST_SPAN = 7 * 86400.0


def check_promises(notes: Findings[Interface]) -> None:
    """Everything that is formally right and never does what it says."""
    interface = notes.document
    for name, window in interface.windows.items():
        _check_window(notes, ("windows", name), window)
    for name, output in interface.outputs.items():
        _check_output(notes, ("outputs", name), output)
    for name, rule in interface.decisions.items():
        _check_decision(notes, ("decisions", name), rule)
    seen: set[str] = set()
    for index, guard in enumerate(interface.guards):
        if repr(guard) in seen:
            notes.add(
                "TRV-L046", ("guards", index), Message("`{check}` stands there twice", check=guard.check), "remove one"
            )
        seen.add(repr(guard))
    _check_budget(notes)


def _check_window(notes: Findings[Interface], path: Path, window: WindowSpec) -> None:
    span = window.length * notes.document.frame
    if span > LONGEST_SPAN:
        hint = "shorten it, or lengthen `frame`"
        notes.add("TRV-L040", (*path, "length"), Message("is {days:.0f} days", days=span / 86400), hint)
    if window.max_missing >= 1:
        notes.add("TRV-L041", (*path, "max_missing"), "of 1 lets a window without any value through", "lower it")
    if window.kind == "cycle" and window.expect_within is None:
        hint = "give the longest time in seconds in which a cycle must come"
        notes.add("TRV-L042", path, "has no `expect_within`, so that silence looks like health", hint)
    closing = {_test(when) for when in window.closes_when}
    same = [when for when in window.opens_when if _test(when) in closing]
    if same:
        message = Message("closes by the condition on `{signal}` that opens it", signal=same[0].signal)
        notes.add("TRV-L043", (*path, "closes_when"), message, "use another state or level")


def _test(when: When) -> tuple[object, ...]:
    """What a condition looks for, however long."""
    return (when.signal, when.states, when.above, when.below, when.beside)


def _check_output(notes: Findings[Interface], path: Path, output: Output) -> None:
    if output.kind in ("quantity", "score") and output.range is None:
        hint = "give the values that can be believed; others are withheld"
        notes.add("TRV-L044", path, "has no `range`, so that any number passes", hint)


def _check_decision(notes: Findings[Interface], path: Path, rule: DecisionRule) -> None:
    if rule.false_alarms is None:
        hint = "say for how many false alarms in how many seconds it was tuned"
        notes.add("TRV-L045", path, "has no `false_alarms`", hint)
    output = notes.document.outputs.get(rule.output)
    if output is None:
        return
    top = 1.0 if output.kind == "classes" else None
    limit = output.range[1] if output.range is not None else top
    for key, level in (("watch", rule.watch), ("act", rule.act)):
        if limit is not None and level.raise_at > limit:
            message = Message(
                "{raise_at:g} is above {limit:g}, the most that `{output}` can be",
                raise_at=level.raise_at,
                limit=limit,
                output=rule.output,
            )
            notes.add("TRV-L047", (*path, key, "raise_at"), message, "lower it")


def _check_budget(notes: Findings[Interface]) -> None:
    """A prediction must be done before the next one is due."""
    steps = [window.every if window.kind == "sliding" else window.length for window in notes.document.windows.values()]
    if not steps:
        return
    due = min(steps) * notes.document.frame
    for index, row in enumerate(notes.document.budget):
        if row.limit > due > 0:
            message = Message(
                "{limit:g} s is longer than the {due:g} s until the next window", limit=row.limit, due=due
            )
            notes.add("TRV-L048", ("budget", index, "limit"), message, "lower it")
