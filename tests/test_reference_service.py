"""Simulated kitchens over days: realism against published kitchens, policies, vetoes, forecast."""

from __future__ import annotations

from functools import cache

import numpy as np

from trivet.signals import Floats, Ints
from trivet_reference.cooking.forecast import forecast
from trivet_reference.evaluate.policies import HEAT, REST, Outcome, always, expected, known, run, timer
from trivet_reference.plant.equipment import draw_kitchens
from trivet_reference.plant.service import PER_DAY, Loads, Service, loads


@cache
def kitchens(days: int = 3) -> tuple[Loads, tuple[str, ...]]:
    cookers, kitchen, kinds = draw_kitchens(11, 8)
    return loads(11, cookers, kitchen, kinds, days), tuple(kinds)


@cache
def on() -> Outcome:
    return run(kitchens()[0], always)


def test_appliances_draw_what_published_kitchens_draw() -> None:
    """Published: combi ovens 35 kWh and fryers 11 kWh a day, load factors of 4 to 30 %; here simulated, always on."""
    asked, kinds = kitchens()
    daily = on().each.mean(axis=0) * 24.0 / 1000.0
    factor = on().each.mean(axis=0) / asked.cookers.power
    by_kind = {kind: np.median(daily[np.array(kinds) == kind]) for kind in set(kinds)}
    assert 15 < by_kind["combi"] < 80
    assert 5 < by_kind["fryer"] < 30
    assert 0.03 < np.median(factor) < 0.3
    assert np.all(on().each.max(axis=0) <= 1.1 * asked.cookers.power + 500)
    assert np.all(on().peak * 1000.0 > 2.0 * on().power.mean(axis=0))


def test_orders_come_at_meals_and_at_the_weekend() -> None:
    cookers, kitchen, kinds = draw_kitchens(12, 20)
    asked = loads(12, cookers, kitchen, kinds, 14)
    days = asked.arrivals.reshape(14, PER_DAY, -1).sum(axis=2)
    assert days[5::7].sum() > 1.5 * days[0::7].sum()
    hours = asked.arrivals.reshape(14, 24, PER_DAY // 24, -1).sum(axis=(0, 2, 3))
    assert hours[13] > 2 * hours[16]
    assert hours[20] > 2 * hours[16]
    assert hours[:10].sum() == 0


def test_everything_on_is_always_ready_and_everything_off_never() -> None:
    assert on().unready.sum() == 0
    assert on().late.sum() == 0
    assert on().violations == 0
    assert on().lethality >= 0
    off = run(kitchens()[0], lambda _, plant: np.full(len(plant.busy), REST))
    assert off.unready.sum() > 0.3 * off.served.sum()
    assert off.violations == 0
    assert off.lethality >= 0


def test_a_timer_saves_and_makes_wait() -> None:
    made = run(kitchens()[0], timer)
    assert np.all(made.energy < on().energy)
    assert made.unready.sum() > 0


def test_a_hostile_policy_cools_no_running_programme() -> None:
    rng = np.random.default_rng(1)

    def wild(_: int, plant: Service) -> Ints:
        return rng.integers(0, 3, len(plant.busy))

    made = run(kitchens()[0].days(0, 1), wild)
    assert made.violations == 0
    assert made.vetoed > 0


def test_what_is_expected_is_what_came_on_the_mean() -> None:
    asked, _ = kitchens()
    cookers, kitchen, kinds = draw_kitchens(11, 8)
    long = loads(11, cookers, kitchen, kinds, 14)
    said = expected(long, 7)
    assert said.shape == (7 * 288, len(cookers))
    assert said.sum() / 7 == np.float64(said.sum() / 7)
    assert abs(said.sum() / 7 / (long.arrivals.sum() / 14) - 1) < 0.01
    assert np.all(known(asked).sum(axis=0) >= 0)


def test_forecasts_beat_last_week() -> None:
    cookers, kitchen, kinds = draw_kitchens(13, 4)
    whole = loads(13, cookers, kitchen, kinds, 11)
    past, asked = whole.days(0, 7), whole.days(7, 11)

    def hot(step: int, plant: Service) -> Ints:
        return always(step, plant)

    before, after = run(past, hot).each, run(asked, hot).each
    hold: Floats = cookers.losses(cookers.setpoint, cookers.moist) + cookers.fan_power
    scores = forecast(past, before, after, hold, asked)
    assert scores.quarter["this"] < scores.quarter["same hour last week"]
    assert HEAT == 2
