"""From predictions to a state somebody acts on: ``ok``, ``watch`` or ``act``, with hysteresis.

A state goes up when ``confirm`` consecutive windows agree on it, and down when
the value is below the clear level and the state has been held for ``hold``
seconds. A withheld prediction moves nothing: silence is not health.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from trivet.errors import DocumentError
from trivet.interface.document import DecisionRule, Interface, Level
from trivet.runtime.predictions import Prediction, Predictions, Value
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


@dataclass(frozen=True, slots=True)
class Standing:
    """What one rule remembers about one device; None as state is "not judged yet".

    Attributes:
        state: Present state.
        subject: Class that it is about.
        since: When it was entered [ns, UTC].
        rising: State that the last windows point to.
        rising_subject: Class that they name.
        count: How many of them in a row.
    """

    state: str | None = None
    subject: str = ""
    since: int = 0
    rising: str = ""
    rising_subject: str = ""
    count: int = 0


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
        return replace(standing, rising="", rising_subject="", count=0)
    if standing.state is None or LEVELS.index(level) >= LEVELS.index(standing.state):
        return _rise(rule, standing, level, subject, now)
    return _fall(rule, standing, value, level, subject, now)


def _rise(rule: DecisionRule, standing: Standing, level: str, subject: str, now: int) -> Standing:
    subject = "" if level == "ok" else subject
    same = standing.rising == level and standing.rising_subject == subject
    count = standing.count + 1 if same else 1
    if count < rule.confirm:
        return replace(standing, rising=level, rising_subject=subject, count=count)
    return Standing(level, subject, now)


def _fall(rule: DecisionRule, standing: Standing, value: float, level: str, subject: str, now: int) -> Standing:
    present = rule.act if standing.state == "act" else rule.watch
    same_subject = subject == standing.subject
    if (same_subject and value >= present.clear_at) or now - standing.since < rule.hold * SECOND:
        return replace(standing, rising="", rising_subject="", count=0)
    if same_subject and level == "ok" and standing.state == "act" and value >= rule.watch.clear_at:
        level = "watch"
    return Standing(level, "" if level == "ok" else subject, now)


def _level(rule: DecisionRule, value: float) -> str:
    return "act" if value >= rule.act.raise_at else "watch" if value >= rule.watch.raise_at else "ok"


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
        return [decision for prediction in predictions for decision in self._prediction(prediction)]

    def _prediction(self, prediction: Prediction) -> list[Decision]:
        changes = (self._rule(name, prediction) for name in self._rules)
        return [change for change in changes if change]

    def _rule(self, name: str, prediction: Prediction) -> Decision | None:
        rule = self._tighter.get(prediction.device, {}).get(name, self._rules[name])
        strongest = _strongest(rule, prediction.values[rule.output])
        if strongest is None:
            return None
        key = (prediction.device, name)
        before = self.standings.get(key, Standing())
        value, subject = strongest
        after = decide(rule, before, value, subject, prediction.span[1])
        self.standings[key] = after
        if after.state is None or (after.state, after.subject) == (before.state, before.subject):
            return None
        return Decision(prediction.device, name, after.state, before.state, after.subject, value, after.since)


def _strongest(rule: DecisionRule, value: Value) -> tuple[float, str] | None:
    """The value that counts, and its class; None when withheld."""
    if value is None:
        return None
    if not isinstance(value, dict):
        return value, ""
    eligible = rule.classes or tuple(name for name in value if name not in SILENT)
    known = [(number, name) for name in eligible if (number := value.get(name)) is not None]
    return max(known) if known else None


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
