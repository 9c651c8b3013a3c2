"""States go up when windows agree, and down when they have been held and cleared."""

from __future__ import annotations

import pytest

from small import interface
from trivet.errors import DocumentError
from trivet.interface.document import Level
from trivet.runtime.decision import Decider, Decision
from trivet.runtime.guard import Verdict
from trivet.runtime.predictions import Predictions
from trivet.signals import SECOND

CLASSES = ("none", "unknown", "clog", "leak")


def said(values: list[float] | None, minute: int, device: str = "dish") -> Predictions:
    verdict = Verdict({"fault": ("missing",)} if values is None else {}, {}, {}, values is not None)
    numbers = values or [0.0] * 4
    close = minute * 60 * SECOND
    return Predictions([device], [(0, close)], {"fault": CLASSES}, {"fault": [numbers]}, [verdict], [()], None, 0)


def clog(p: float) -> list[float]:
    return [1 - p, 0.0, p, 0.0]


@pytest.fixture
def decider() -> Decider:
    return Decider(interface(), ("fault",))


def steps(decider: Decider, *values: list[float] | None) -> list[list[Decision]]:
    return [decider.step(said(value, minute)) for minute, value in enumerate(values)]


def test_ok_is_said_only_after_it_is_confirmed(decider: Decider) -> None:
    first, second, third = steps(decider, clog(0.1), clog(0.1), clog(0.1))
    assert (first, third) == ([], [])
    assert [(d.state, d.before, d.subject) for d in second] == [("ok", None, "")]


def test_a_fault_is_raised_when_confirmed_and_named(decider: Decider) -> None:
    *_, raised = steps(decider, clog(0.1), clog(0.1), clog(0.6), clog(0.6))
    assert [(d.state, d.before, d.subject, d.value) for d in raised] == [("watch", "ok", "clog", 0.6)]


def test_windows_that_name_different_faults_confirm_nothing(decider: Decider) -> None:
    leak = [0.3, 0.0, 0.0, 0.7]
    *_, last = steps(decider, clog(0.1), clog(0.1), clog(0.7), leak)
    assert last == []


def test_a_withheld_window_moves_nothing(decider: Decider) -> None:
    changes = steps(decider, clog(0.1), clog(0.1), clog(0.9), None, clog(0.9))
    assert [len(change) for change in changes] == [0, 1, 0, 0, 1]
    assert changes[-1][0].state == "act"


def test_it_comes_down_below_the_clear_level_after_the_hold(decider: Decider) -> None:
    changes = steps(decider, clog(0.9), clog(0.9), clog(0.55), clog(0.4), clog(0.1))
    assert [[d.state for d in change] for change in changes] == [[], ["act"], [], ["watch"], ["ok"]]


def test_a_fall_out_of_the_hold_lands_where_the_value_belongs(decider: Decider) -> None:
    *_, last = steps(decider, clog(0.9), clog(0.9), clog(0.1))
    assert [d.state for d in last] == ["ok"]


def test_the_hold_keeps_a_state(decider: Decider) -> None:
    decider.step(said(clog(0.9), 0))
    decider.step(said(clog(0.9), 1))
    early = said(clog(0.0), 1)
    early.spans[0] = (0, 61 * SECOND)
    assert decider.step(early) == []


def test_devices_stand_apart(decider: Decider) -> None:
    for minute in range(2):
        decider.step(said(clog(0.9), minute, "a"))
    assert ("b", "fault") not in decider.standings


def test_a_device_may_tighten_a_level(decider: Decider) -> None:
    decider.tighten("dish", {"fault": (Level(raise_at=0.2, clear_at=0.1), None)})
    *_, last = steps(decider, clog(0.25), clog(0.25))
    assert [d.state for d in last] == ["watch"]


def test_a_device_may_not_loosen_a_level(decider: Decider) -> None:
    with pytest.raises(DocumentError, match="looser"):
        decider.tighten("dish", {"fault": (Level(raise_at=0.6, clear_at=0.3), None)})


def test_an_unknown_rule_is_refused(decider: Decider) -> None:
    with pytest.raises(DocumentError, match="no decision 'flood'"):
        decider.tighten("dish", {"flood": (None, None)})
