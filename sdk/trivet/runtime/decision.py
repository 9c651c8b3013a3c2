"""From predictions to a state somebody acts on: ``ok``, ``watch`` or ``act``, with hysteresis.

A state goes up when ``confirm`` consecutive windows agree on it, and down when
the value is below the clear level and the state has been held for ``hold``
seconds. A withheld prediction moves nothing: silence is not health.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from trivet.errors import DocumentError
from trivet.interface.document import DecisionRule, Interface, Level
from trivet.runtime.predictions import Predictions
from trivet.signals import SECOND

LEVELS = ("ok", "watch", "act")
SILENT = ("none", "unknown")


@dataclass(frozen=True, slots=True)
class Decision:
    """A change of state.

    Attributes:
        device: Device id.
        rule: Name of the decision rule.
        state: ``ok``, ``watch`` or ``act``.
        before: State until now, or None when this is the first.
        subject: Class that it is about, or empty.
        value: Value that decided.
        since: Close of the window that decided [ns, UTC].
    """

    device: str
    rule: str
    state: str
    before: str | None
    subject: str
    value: float
    since: int


class Standing(NamedTuple):
    """What one rule remembers about one device; None as state is "not judged yet".

    Attributes:
        state: Present state.
        subject: Class that it is about.
        since: When it was entered [ns, UTC].
        rising: State that the last windows point to.
        rising_subject: Class that they name.
        confirmed: How many of them in a row.
    """

    state: str | None = None
    subject: str = ""
    since: int = 0
    rising: str = ""
    rising_subject: str = ""
    confirmed: int = 0


def decide(rule: DecisionRule, standing: Standing, value: float, subject: str, now: int) -> Standing:
    """The standing after one judged window; pure.

    Args:
        rule: Levels, confirmation and hold.
        standing: Standing before it.
        value: Value of the strongest class, or of the output.
        subject: That class, or empty.
        now: Close of the window [ns, UTC].
    """
    level = _level(rule, value)
    if level == (standing.state or "") and (level == "ok" or subject == standing.subject):
        return _steady(standing)
    if standing.state is None or LEVELS.index(level) >= LEVELS.index(standing.state):
        return _rise(rule, standing, level, subject, now)
    return _fall(rule, standing, value, level, subject, now)


def _rise(rule: DecisionRule, standing: Standing, level: str, subject: str, now: int) -> Standing:
    subject = "" if level == "ok" else subject
    same = standing.rising == level and standing.rising_subject == subject
    count = standing.confirmed + 1 if same else 1
    if count < rule.confirm:
        return standing._replace(rising=level, rising_subject=subject, confirmed=count)
    return Standing(level, subject, now)


def _fall(rule: DecisionRule, standing: Standing, value: float, level: str, subject: str, now: int) -> Standing:
    present = rule.act if standing.state == "act" else rule.watch
    same_subject = subject == standing.subject
    if (same_subject and value >= present.clear_at) or now - standing.since < rule.hold * SECOND:
        return _steady(standing)
    if same_subject and level == "ok" and standing.state == "act" and value >= rule.watch.clear_at:
        level = "watch"
    return Standing(level, "" if level == "ok" else subject, now)


def _steady(standing: Standing) -> Standing:
    """The standing with nothing rising."""
    return standing._replace(rising="", rising_subject="", confirmed=0) if standing.confirmed else standing


def _level(rule: DecisionRule, value: float) -> str:
    return "act" if value >= rule.act.raise_at else "watch" if value >= rule.watch.raise_at else "ok"


UNJUDGED = Standing()


class Decider:
    """The decision rules of one package, and where each device stands.

    Attributes:
        standings: (device, rule) to standing; small, and saved with the device's memory.
    """

    def __init__(self, interface: Interface, outputs: tuple[str, ...]) -> None:
        self._rules = {name: rule for name, rule in interface.decisions.items() if rule.output in outputs}
        self._tighter: dict[str, dict[str, DecisionRule]] = {}
        self.standings: dict[tuple[str, str], Standing] = {}

    def tighten(self, device: str, overrides: Mapping[str, tuple[Level | None, Level | None]]) -> None:
        """Takes a device document's own levels (watch, act).

        Raises:
            DocumentError: A rule is unknown, or a level would be looser than the interface's.
        """
        own = {}
        for name, (watch, act) in overrides.items():
            rule = self._rules.get(name)
            if rule is None:
                raise DocumentError(
                    f"no decision {name!r} in this package", where=device, hint=f"one of {list(self._rules)}"
                )
            own[name] = replace(
                rule,
                watch=_tighter(device, name, rule.watch, watch),
                act=_tighter(device, name, rule.act, act),
            )
        self._tighter[device] = own

    def step(self, predictions: Predictions) -> list[Decision]:
        """Changes of state, in the order of the rows."""
        if not self._rules:
            return []
        ports = predictions.ports
        rules = [(name, rule, _eligible(rule, ports[rule.output])) for name, rule in self._rules.items()]
        changes = []
        for row, verdict in enumerate(predictions.verdicts):
            for name, rule, eligible in rules:
                if rule.output not in verdict.reasons:
                    numbers = predictions.raw[rule.output][row]
                    strongest = _strongest(eligible, numbers, verdict.classes.get(rule.output, {}))
                    change = self._rule(name, predictions.devices[row], strongest, predictions.spans[row][1])
                    changes += [change] if change else []
        return changes

    def _rule(self, name: str, device: str, strongest: tuple[float, str] | None, now: int) -> Decision | None:
        if strongest is None:
            return None
        rule = self._tighter[device].get(name, self._rules[name]) if device in self._tighter else self._rules[name]
        before = self.standings.get((device, name), UNJUDGED)
        value, subject = strongest
        after = self.standings[device, name] = decide(rule, before, value, subject, now)
        if after.state is None or (after.state, after.subject) == (before.state, before.subject):
            return None
        return Decision(device, name, after.state, before.state, after.subject, value, after.since)


def _eligible(rule: DecisionRule, classes: tuple[str, ...]) -> list[tuple[int, str]]:
    """Numbers of an output that count for a rule, each with its class; an output without classes has one number."""
    if not classes:
        return [(0, "")]
    return [(n, c) for n, c in enumerate(classes) if (c in rule.classes if rule.classes else c not in SILENT)]


def _strongest(
    eligible: list[tuple[int, str]], numbers: Sequence[float], withheld: Mapping[str, str]
) -> tuple[float, str] | None:
    """The largest number that counts and was not withheld, with its class; None when there is none."""
    return max([(numbers[n], name) for n, name in eligible if name not in withheld], default=None)


def _tighter(device: str, name: str, level: Level, own: Level | None) -> Level:
    if own is None:
        return level
    if own.raise_at > level.raise_at or own.clear_at > level.clear_at:
        raise DocumentError(
            f"decision {name!r} would be looser than the interface's ({level.raise_at}, {level.clear_at})",
            where=device,
            hint="a device document may tighten a level, never loosen it",
        )
    return own
