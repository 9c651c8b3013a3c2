"""Vetoes: what a window shows that forbids acting, and what it cannot show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from small import COLUMNS, interface, manifest, windows
from trivet.runtime.guard import Verdict
from trivet.runtime.veto import Vetoes, last_known

NAN = math.nan
PLAIN = Verdict({}, {}, {}, True)


def vetoed(rule: Mapping[str, Any], *rows: list[float]) -> list[bool]:
    """Which rows the rule vetoes; in the column that it names."""
    guarded = interface(guards=[{"action": "veto", **rule}])
    column = COLUMNS.index(rule["signals"][0])
    batch = windows(len(rows))
    for row, values in enumerate(rows):
        batch.values[row, :, column] = [NAN] * (10 - len(values)) + values
    said = Vetoes(guarded, manifest()).apply(batch, [PLAIN] * len(rows))
    assert all(verdict.accepted and not verdict.reasons for verdict in said)
    return [bool(verdict.vetoes) for verdict in said]


def test_a_running_programme_is_not_interrupted() -> None:
    rule = {"check": "running_programme", "signals": ["mode"], "states": ["busy"]}
    assert vetoed(rule, [0.0, 1.0], [1.0, 0.0], [1.0, NAN], [NAN]) == [True, False, True, False]


def test_hot_food_is_not_let_cool() -> None:
    rule = {"check": "hot_holding", "signals": ["power"], "limit": 63}
    assert vetoed(rule, [62.9], [63.0], [70.0, NAN], []) == [False, True, True, False]


def test_food_that_is_warming_has_its_time_first() -> None:
    rule = {
        "check": "lethality",
        "signals": ["power"],
        "limit": 10,
        "parameters": {"reference": 70, "z_below": 6, "z_above": 8.3},
    }
    cold, warming, done = [20.0] * 10, [20.0] * 9 + [60.0], [70.0] * 5
    assert vetoed(rule, cold, warming, done, done[:4]) == [False, True, False, True]


def test_a_fast_change_is_left_alone() -> None:
    rule = {"check": "ramp", "signals": ["power"], "limit": 1}
    assert vetoed(rule, [100.0, 103.0], [100.0, 102.0], [100.0, 97.0], [NAN, 90.0]) == [True, False, True, False]


def test_what_switches_often_is_not_switched_more() -> None:
    rule = {"check": "switching", "signals": ["power"], "limit": 6, "parameters": {"seconds": 3600}}
    busy, calm = [0.0, 900.0] * 5, [0.0] * 5 + [900.0] * 5
    assert vetoed(rule, busy, calm, [NAN] * 10) == [True, False, False]


def test_a_column_outside_the_package_makes_no_veto() -> None:
    guarded = interface(guards=[{"check": "ramp", "action": "veto", "signals": ["level"], "limit": 1}])
    assert not Vetoes(guarded, manifest())


def test_vetoes_are_listed_by_output() -> None:
    rules = [
        {"check": "hot_holding", "action": "veto", "signals": ["power"], "limit": 63, "outputs": ["health"]},
        {"check": "ramp", "action": "veto", "signals": ["power"], "limit": 1},
    ]
    batch = windows()
    batch.values[0, :, 0] = np.linspace(0, 90, 10)
    (said,) = Vetoes(interface(guards=rules), manifest()).apply(batch, [PLAIN])
    assert said.vetoes == {"health": ("hot_holding", "ramp"), "novelty": ("ramp",), "fault": ("ramp",)}


@pytest.mark.parametrize(("row", "newest"), [([1, 2, NAN], 2), ([NAN, NAN], NAN), ([3], 3)])
def test_last_known_skips_what_is_not(row: list[float], newest: float) -> None:
    assert np.array_equal(last_known(np.array([row], np.float32)), np.array([newest], np.float32), equal_nan=True)
