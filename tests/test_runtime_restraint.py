"""Vetoes over proposals: hostile and random ones, against a second reading of the rules."""

from __future__ import annotations

import json
import math
import platform
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from trivet.runtime.restraint import (
    ACTIONS,
    Limits,
    Pasteurisation,
    Proposals,
    Situations,
    restrained,
    vetoes,
)

NAN = math.nan
ROWS, STEP = 20_000, 20.0
RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"


def one(action: str, setpoint: float = 120.0, ramp: float = 0.1, humidity: float = 50.0) -> Proposals:
    numbers = [np.array([value]) for value in (setpoint, ramp, humidity)]
    return Proposals(np.array([ACTIONS.index(action)]), *numbers)


def appliance(core: tuple[float, ...] = (20.0,), **differs: float) -> Situations:
    usual = {"running": 0.0, "food": 0.0, "temperature": 150.0, "rate": 0.0, "switchings": 0.0} | differs
    known = {name: np.array([value]) for name, value in usual.items()}
    return Situations(core=np.array([core]), step=60.0, **known)


def reasons(proposal: Proposals, now: Situations, limits: Limits = Limits()) -> set[str]:  # noqa: B008
    return {reason for reason, rows in vetoes(proposal, now, limits).items() if rows[0]}


@pytest.mark.parametrize(("degrees", "seconds"), [(60, 93 * 60), (65, 816), (70, 120), (75, 30), (80, 7.5)])
def test_pasteurisation_takes_the_published_times(degrees: float, seconds: float) -> None:
    value = Pasteurisation().value(np.array([[degrees]]), seconds)
    assert value[0] == pytest.approx(120.0, rel=0.01)


def test_nothing_stands_against_doing_nothing() -> None:
    worst = appliance((NAN,), running=1.0, food=1.0, rate=9.0, switchings=99.0, temperature=400.0)
    assert reasons(one("hold", NAN, NAN, NAN), worst, Limits(ramp=1, switchings=1, highest=100, humidity=60)) == set()


def test_a_running_programme_is_left_alone_and_so_is_an_unknown_one() -> None:
    for running in (1.0, NAN):
        assert "running_programme" in reasons(one("off"), appliance(running=running))
    assert reasons(one("off"), appliance()) == set()


def test_food_has_its_time_and_then_stays_hot() -> None:
    raw, done = (20.0, 60.0), (20.0, 75.0, 75.0)
    assert reasons(one("setback", 80.0), appliance(raw, food=1.0)) == {"lethality"}
    assert reasons(one("setback", 80.0), appliance(done, food=1.0)) == set()
    assert reasons(one("setback", 62.9), appliance(done, food=1.0)) == {"hot_holding"}
    assert reasons(one("off"), appliance(done, food=1.0)) == {"hot_holding"}
    assert reasons(one("off"), appliance((NAN,), food=NAN)) == {"lethality", "hot_holding"}
    assert reasons(one("preheat"), appliance(raw, food=1.0)) == set()


def test_declared_limits_stand_and_others_do_not() -> None:
    assert reasons(one("preheat", ramp=2.0), appliance(), Limits(ramp=1.0)) == {"ramp"}
    assert reasons(one("off"), appliance(rate=-2.0), Limits(ramp=1.0)) == {"ramp"}
    assert reasons(one("preheat", ramp=NAN), appliance(), Limits(ramp=1.0)) == {"ramp"}
    assert reasons(one("off"), appliance(switchings=6.0), Limits(switchings=6)) == {"switching"}
    assert reasons(one("off", humidity=30.0), appliance(), Limits(humidity=40)) == {"humidity"}
    assert reasons(one("preheat", 191.0), appliance(), Limits(highest=190)) == {"set_point"}
    assert reasons(one("preheat", 180.0), appliance(temperature=195.0), Limits(highest=190)) == {"too_hot"}
    assert reasons(one("setback", 30.0), appliance(), Limits(lowest=40)) == {"set_point"}
    assert reasons(one("preheat", NAN), appliance()) == set()
    assert reasons(one("preheat", NAN), appliance(), Limits(highest=190)) == {"set_point"}
    assert reasons(one("preheat", math.inf), appliance()) == {"set_point"}
    assert reasons(one("off", NAN, NAN, NAN), appliance(rate=50.0, switchings=NAN)) == set()


def edged(rng: np.random.Generator, rows: int, *edges: float) -> np.ndarray:
    """Numbers at the edges, one float beside them, between and far beyond them, infinite and unknown."""
    edge = rng.choice(edges, rows)
    beside = np.nextafter(edge, rng.choice([-1e9, 1e9], rows))
    anything = rng.uniform(min(edges) - 30, max(edges) + 30, rows)
    wild = rng.choice([math.inf, -math.inf, NAN, 1e300, -1e300, 0.0], rows)
    return np.choose(rng.choice(4, rows, p=[0.25, 0.25, 0.4, 0.1]), [edge, beside, anything, wild])


def drawn(seed: int, rows: int) -> tuple[Proposals, Situations, Limits]:
    """Proposals made to slip through: at every edge, with unknown and absurd numbers."""
    rng = np.random.default_rng(seed)
    action = rng.choice([0, 1, 2, 3, -1, 4, 99], rows, p=[0.35, 0.35, 0.05, 0.2, 0.02, 0.02, 0.01])
    made = Proposals(action, edged(rng, rows, 62.0, 63.0, 190.0), edged(rng, rows, 1.0, -1.0), edged(rng, rows, 40.0))
    core = np.sort(edged(rng, rows * 8, 20.0, 60.0, 70.0, 75.0).reshape(rows, 8), axis=1)
    core[rng.random(rows) < 0.5] = rng.uniform(60, 76, (1, 1))
    tri = [0.0, 0.0, 0.0, 1.0, NAN]
    now = Situations(
        running=rng.choice(tri, rows),
        food=rng.choice([0.0, 0.0, 1.0, 1.0, NAN], rows),
        core=core,
        step=STEP,
        temperature=edged(rng, rows, 63.0, 190.0),
        rate=edged(rng, rows, 1.0, -1.0) * rng.choice([0.1, 1.0], rows),
        switchings=rng.choice([0.0, 3.0, 5.0, 6.0, 7.0, NAN], rows),
    )
    declared = [np.where(rng.random(rows) < 0.5, NAN, value) for value in (1, 6, 40, 190, 40)]
    ramp, switchings, lowest, highest, humidity = declared
    return made, now, Limits(63.0, ramp, switchings, lowest, highest, humidity)


def violations(action: np.ndarray, wanted: Proposals, now: Situations, limits: Limits) -> Iterator[str]:
    """What is wrong with actions that got through: the rules again, row by row, in plain arithmetic.

    Never interrupt a programme; never let food that had less than the equivalent of 120 s at 70 degC, or that is to be
    held at 63 degC, cool; keep ramp, cycles, humidity, oil maximum and the maker's window.
    """
    for row in np.flatnonzero(action != 2).tolist():
        does = int(action[row])
        if does not in (0, 1, 3):
            yield "no such action"
            continue
        if now.running[row] != 0.0:
            yield "programme"
        if does != 3 and now.food[row] != 0.0:
            minutes = 0.0
            for degrees in now.core[row].tolist():
                if math.isfinite(degrees):
                    z = 6.0 if degrees < 70.0 else 8.3
                    minutes += math.exp(math.log(10.0) * min(degrees - 70.0, 60.0) / z) * STEP / 60.0
            if minutes < 2.0 * (1 - 1e-12):
                yield "lethality"
            if does == 0 or not wanted.setpoint[row] >= 63.0:
                yield "hot holding"
        yield from bounds(row, does, wanted, now, limits)


def bounds(row: int, does: int, wanted: Proposals, now: Situations, limits: Limits) -> Iterator[str]:
    ramp, switchings, lowest, highest, humidity = (float(np.asarray(limit)[row]) for limit in limits[1:6])
    if not math.isnan(ramp):
        if not -ramp <= now.rate[row] <= ramp:
            yield "ramp now"
        if does != 0 and not -ramp <= wanted.ramp[row] <= ramp:
            yield "ramp to come"
    if not math.isnan(switchings) and not now.switchings[row] < switchings - 0.5:
        yield "cycles"
    if not math.isnan(humidity) and not wanted.humidity[row] >= humidity:
        yield "humidity"
    if does != 0:
        if not math.isnan(lowest) and not wanted.setpoint[row] >= lowest:
            yield "too low"
        if not math.isnan(highest) and not wanted.setpoint[row] <= highest:
            yield "too high"
        if math.isinf(wanted.setpoint[row]):
            yield "no set-point"
    if does == 3 and not math.isnan(highest) and not now.temperature[row] <= highest:
        yield "oil"


def judged(seed: int, rows: int) -> tuple[list[str], int]:
    """What got through wrongly, and how many proposals got through."""
    proposals, now, limits = drawn(seed, rows)
    action = restrained(proposals, now, limits)
    assert np.all((action == proposals.action) | (action == 2))
    return list(violations(action, proposals, now, limits)), int((action != 2).sum())


def test_no_hostile_proposal_gets_through() -> None:
    wrong, through = judged(1, ROWS)
    assert wrong == []
    assert through > ROWS // 200


def test_the_second_reading_sees_what_a_missing_veto_lets_through() -> None:
    proposals, now, limits = drawn(2, ROWS)
    found = set(violations(proposals.action, proposals, now, limits))
    assert found >= {"no such action", "programme", "lethality", "hot holding", "ramp now", "cycles", "humidity", "oil"}


@pytest.mark.soak
def test_no_violation_in_a_million_proposals() -> None:
    rounds, wrong, through = 50, 0, 0
    for seed in range(100, 100 + rounds):
        found, passed = judged(seed, ROWS)
        wrong, through = wrong + len(found), through + passed
    commit = subprocess.run(["git", "describe", "--always"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607
    result = {"proposals": rounds * ROWS, "passed": through, "violations": wrong, "seeds": [100, 99 + rounds]}
    told = {**result, "commit": commit, "date": datetime.now(UTC).date().isoformat(), "machine": platform.machine()}
    (RESULTS / "vetoes.json").write_text(json.dumps(told) + "\n")
    assert wrong == 0
