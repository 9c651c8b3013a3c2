"""The guard lets nothing through that nobody can know."""

from __future__ import annotations

import itertools
import math
from typing import Any

import pytest

from small import COLUMNS, interface, manifest
from trivet.runtime.guard import Guard, Verdict

GOOD = {"novelty": [0.2], "health": [0.9], "fault": [0.7, 0.1, 0.1, 0.1]}
ALL = (True, True, True)
NONE = [0, 0, 0]


@pytest.fixture
def guard() -> Guard:
    return Guard(interface(), manifest())


def verdict(guard: Guard, raw: dict[str, list[float]] | None = None, learned: float = 3, **row: Any) -> Verdict:
    whole = {"fitted": ALL, "missing": NONE, "stale": NONE, "bad": NONE, "frames": 10, "flags": (), **row}
    return guard.after(guard.before(**whole), raw or GOOD, learned)


def test_a_whole_window_passes(guard: Guard) -> None:
    said = verdict(guard)
    assert (said.reasons, said.classes, said.accepted) == ({}, {}, True)


def test_a_class_that_needs_more_is_withheld_alone(guard: Guard) -> None:
    said = verdict(guard, fitted=(True, True, False))
    assert said.classes == {"fault": {"clog": "not_fitted"}}
    assert said.reasons == {}


def test_nothing_fitted_says_nothing(guard: Guard) -> None:
    said = verdict(guard, fitted=(False, False, False))
    assert {name: reasons[0] for name, reasons in said.reasons.items()} == dict.fromkeys(GOOD, "not_fitted")
    assert not said.accepted


@pytest.mark.parametrize(
    ("stale", "bad", "reason"), [(0, 0, "missing"), (3, 0, "stale"), (0, 3, "bad"), (1, 1, "missing")]
)
def test_the_reason_is_what_most_frames_were_lost_to(guard: Guard, stale: int, bad: int, reason: str) -> None:
    said = verdict(guard, missing=[3, 0, 0], stale=[stale, 0, 0], bad=[bad, 0, 0])
    assert said.reasons["novelty"] == (reason,)


def test_losses_within_the_share_pass(guard: Guard) -> None:
    assert verdict(guard, missing=[2, 2, 2]).reasons == {}


def test_another_set_of_needs_saves_an_output(guard: Guard) -> None:
    assert "health" not in verdict(guard, missing=[0, 9, 0]).reasons


@pytest.mark.parametrize("flag", ["interrupted", "joined_late", "overlong"])
def test_a_cut_window_is_withheld_whole(guard: Guard, flag: str) -> None:
    said = verdict(guard, flags=(flag,))
    assert {reasons[0] for reasons in said.reasons.values()} == {flag}
    assert not said.accepted


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_is_not_told(guard: Guard, number: float) -> None:
    said = verdict(guard, {**GOOD, "health": [number]})
    assert said.reasons == {"health": ("not_finite",)}


def test_a_score_out_of_range_is_not_believed(guard: Guard) -> None:
    assert verdict(guard, {**GOOD, "health": [1.2]}).reasons == {"health": ("out_of_range",)}


def test_novelty_withholds_what_it_guards_and_the_memory_stays(guard: Guard) -> None:
    said = verdict(guard, {**GOOD, "novelty": [1.5]})
    assert said.reasons == {"health": ("novelty",), "fault": ("novelty",)}
    assert not said.accepted


def test_unknown_novelty_withholds_too(guard: Guard) -> None:
    said = verdict(guard, {**GOOD, "novelty": [math.nan]})
    assert said.reasons["fault"] == ("not_finite",)
    assert not said.accepted


def test_a_baseline_is_learnt_first(guard: Guard) -> None:
    said = verdict(guard, learned=1)
    assert said.reasons == {"health": ("learning 1/3",)}
    assert said.accepted


def test_all_reasons_are_listed_in_order(guard: Guard) -> None:
    said = verdict(guard, {**GOOD, "novelty": [7.0]}, learned=0, flags=("interrupted",))
    assert said.reasons["health"] == ("interrupted", "novelty", "learning 0/3")


def test_no_pattern_of_loss_gives_a_health_that_nobody_can_know(guard: Guard) -> None:
    needs = interface().needs("health")
    for fitted, lost in itertools.product(itertools.product([False, True], repeat=3), repeat=2):
        missing = [10 * flag for flag in lost]
        known = {c for c, f, gone in zip(COLUMNS, fitted, lost, strict=True) if f and not gone}
        said = verdict(guard, fitted=fitted, missing=missing)
        if not any(set(group) <= known for group in needs):
            assert "health" in said.reasons


def test_a_set_that_names_a_column_outside_the_package_is_never_met() -> None:
    guard = Guard(interface(), manifest(columns=("power", "mode", "other")))
    assert verdict(guard).classes == {"fault": {"clog": "not_fitted"}}


def test_patterns_are_bounded(guard: Guard) -> None:
    guard.PATTERNS = 4
    for lost in itertools.product([0, 10], repeat=3):
        verdict(guard, missing=list(lost))
    assert len(guard._cache) <= 4
