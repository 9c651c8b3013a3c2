"""Schedules of a kitchen: constants out of predictions, the best choices, the power limit, the calendar, advice."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime

import numpy as np
import pytest

from trivet.build.thermal import cool_down, heat_up_time
from trivet.interface.site import Demand, Hours, Member, PowerLimit, Site, Tariff
from trivet.plan.advice import NOTE, WORDS, Advice, Known, advise, line
from trivet.plan.appliance import Appliances, Sight, appliances
from trivet.plan.hours import ALWAYS, calendar, holds
from trivet.plan.policy import HEAT, REST, STEP, move, policy
from trivet.plan.schedule import Schedule, Yielding, follow, schedule, share
from trivet.runtime.restraint import Limits
from trivet.signals import SECOND, Floats

ROOM, GOAL = 22.0, 180.0
FREE = Yielding(np.inf, np.zeros(3, np.int64), np.zeros(3))


def distance(at: Floats, power: float, capacity: float, loss: float) -> Floats:
    zero = np.zeros_like(at)
    numbers = (zero + power, zero + ROOM, zero + capacity, zero + loss, zero)
    return heat_up_time(at, zero + GOAL, *numbers)


def cooled(at: float, seconds: float, capacity: float, loss: float) -> float:
    numbers = (at, seconds, ROOM, capacity, loss, 0.0)
    return float(cool_down(*(np.array([number]) for number in numbers))[0])


def sight(
    power: float = 9000.0, capacity: float = 40e3, loss: float = 8.0, at: float = GOAL, low: float = 110.0
) -> Sight:
    """What an exact thermal node says about itself."""
    rested = cooled(at, 1800.0, capacity, loss)
    lowered = max(rested, low)
    temperatures = np.array([rested, lowered, at])
    off, setback, preheat = distance(temperatures, power, capacity, loss).tolist()
    kept = 0.0 if rested > low else loss * (low - ROOM) * 1800.0 * 0.5
    hold = power * preheat + loss * (GOAL - ROOM) * max(1800.0 - preheat, 0.0)
    energy = np.array([power * off, kept + power * setback, hold, hold]) / 3600.0
    a, b, c, d = energy.tolist()
    return Sight((off, setback, preheat, preheat), (a, b, c, d))


def three() -> Appliances:
    return appliances([sight(), sight(14e3, 60e3, 5.0), sight(6e3, 25e3, 7.0, at=60.0)])


def test_predictions_give_the_constants_of_a_node_away() -> None:
    of = appliances([sight()])
    assert of.full[0] == pytest.approx(9000.0, rel=1e-3)
    assert of.hold[0] == pytest.approx(8.0 * (GOAL - ROOM), rel=1e-3)
    for hours in (0.5, 1.0, 2.0, 6.0):
        truth = distance(np.array([cooled(GOAL, hours * 3600, 40e3, 8.0)]), 9000.0, 40e3, 8.0)[0]
        assert of.resting(of.distance, hours * 3600.0)[0] == pytest.approx(truth, rel=0.12)


def test_a_cold_appliance_takes_what_was_learnt_when_it_was_hot() -> None:
    cold = sight(power=2500.0, at=ROOM + 1)
    assert appliances([cold], np.array([1234.0])).hold[0] == 1234.0
    assert appliances([cold]).hold[0] == pytest.approx(0.15 * 2500.0, rel=1e-3)


def test_choices_are_the_cheapest_of_all() -> None:
    """Every sequence of choices over six steps, against the one that the policy leads to."""
    rng = np.random.default_rng(4)
    of = three()
    for _ in range(6):
        orders = rng.choice([0.0, ALWAYS], (6, 3), p=[0.7, 0.3])
        plan = follow(of, policy(of, orders, 5.0), orders, FREE)
        for row in range(3):
            best = min(cost(of, row, path, orders[:, row]) for path in itertools.product(range(3), repeat=6))
            chosen = cost(of, row, tuple(plan.choices[:, row].tolist()), orders[:, row])
            assert chosen <= best * 1.02 + 15.0


def cost(of: Appliances, row: int, path: tuple[int, ...], orders: Floats) -> float:
    """Energy, waiting and what is missing at the end [Wh]."""
    alone = Appliances(*(getattr(of, name)[row : row + 1] for name in Appliances.__slots__))
    now, total = alone.distance, 0.0
    for choice, order in zip(path, orders, strict=True):
        if order:
            total += float(5.0 * now[0] + alone.full[0] * now[0] / 3600.0)
            now = np.zeros(1)
            continue
        made = move(alone, now[:, None])
        total += float(made.energy[0, 0, choice])
        now = made.after[:, 0, choice]
    return total + float(alone.full[0] * now[0] / 3600.0)


def test_what_is_needed_at_any_time_is_kept_hot_and_what_is_not_rests() -> None:
    of = three()
    needed, free = np.full((24, 3), ALWAYS), np.zeros((24, 3))
    kept = follow(of, policy(of, needed, 5.0), needed, FREE)
    assert np.all(kept.choices[:-1] == HEAT)
    assert np.all(kept.distance[6:] == 0)
    rest = follow(of, policy(of, free, 5.0), free, FREE)
    assert np.all(rest.choices[:-6] == REST)
    assert rest.power[:-6].sum() == 0


def test_it_is_ready_when_the_kitchen_opens_and_no_sooner_than_needed() -> None:
    of = three()
    orders = np.zeros((48, 3))
    orders[30:] = ALWAYS
    made = schedule(of, orders, 5.0, FREE)
    assert np.all(made.distance[30] == 0)
    assert np.all(made.choices[10:20] == REST)
    assert made.late.max() == 0


def test_a_power_limit_is_kept_by_starting_earlier() -> None:
    of = three()
    orders = np.zeros((72, 3))
    orders[48:] = ALWAYS
    free = schedule(of, orders, 5.0, FREE)
    limit = 0.6 * float(free.power.sum(axis=1).max())
    made = schedule(of, orders, 5.0, FREE._replace(limit=limit))
    assert made.power.sum(axis=1).max() <= limit
    assert made.over <= 0
    assert made.late.max() < 60.0
    assert made.lead > 0


def test_who_matters_least_yields_first_and_who_must_not_yield_never() -> None:
    wanted = np.full(3, HEAT, np.int8)
    power = np.array([[0.0, 200.0, 1000.0]] * 3)
    order = np.array([2, 1, 0])
    first = share(wanted, power, Yielding(1300.0, order, np.zeros(3)), np.zeros(3))
    assert first.tolist() == [HEAT, 1, REST]
    fixed = share(wanted, power, Yielding(1300.0, order, np.array([0.0, 0.0, 1.0])), np.zeros(3))
    assert fixed[2] == HEAT


@pytest.mark.parametrize("seed", range(5))
def test_no_random_kitchen_goes_over_its_limit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    many = [
        sight(rng.uniform(4e3, 15e3), rng.uniform(2e4, 8e4), rng.uniform(3, 12), rng.uniform(30, 180)) for _ in range(7)
    ]
    of = appliances(many)
    orders = rng.choice([0.0, 0.1, ALWAYS], (60, 7))
    limit = float(rng.uniform(0.2, 0.8) * of.full.sum())
    made = schedule(of, orders, 5.0, Yielding(limit, rng.integers(0, 3, 7), np.zeros(7)))
    assert made.power.sum(axis=1).max() <= limit
    assert np.convolve(made.power.sum(axis=1), np.ones(3) / 3, "valid").max() <= limit


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_hours_go_over_midnight_and_know_their_days() -> None:
    night = (Hours(start="22:00", end="02:00", days=("fri",)),)
    assert holds(night, moment("2026-01-02T23:00"))
    assert holds(night, moment("2026-01-03T01:59"))
    assert not holds(night, moment("2026-01-03T02:00"))
    assert not holds(night, moment("2026-01-03T23:00"))
    assert holds((), moment("2026-01-03T23:00"))


def site(**more: object) -> Site:
    usual = {
        "kind": "site",
        "format": 0,
        "id": "bistro",
        "title": {"en": "Bistro"},
        "time_zone": "Europe/Berlin",
        "opening": (Hours(start="11:00", end="14:00"),),
        "members": {},
    }
    return Site(**{**usual, **more})  # type: ignore[arg-type]


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def test_a_calendar_is_on_the_clock_of_the_site_in_summer_too() -> None:
    member = Member(device="x.yaml")
    winter = calendar(site(), [member], at("2026-01-15T09:50"), 3)
    assert winter.open.tolist() == [0, 0, 1]
    summer = calendar(site(), [member], at("2026-07-15T08:50"), 3)
    assert summer.open.tolist() == [0, 0, 1]
    assert summer.clock(2) == "11:00"
    assert summer.orders[:, 0].tolist() == [0, 0, ALWAYS]


def test_demand_and_tariffs_are_looked_up_in_order() -> None:
    noon = Hours(start="12:00", end="13:00")
    member = Member(device="x.yaml", demand=(Demand(orders=12, hours=(noon,)), Demand(orders=3)))
    dear = Tariff(price=0.4, hours=(Hours(start="11:00", end="12:00"),))
    made = calendar(site(tariffs=(dear, Tariff(price=0.2))), [member], at("2026-01-15T10:55"), 4)
    assert made.orders[:, 0].tolist() == pytest.approx([0.25, 1.0, 1.0, 1.0])
    assert made.price[0] == pytest.approx(2 * made.price[1])


def planned(known: list[Known]) -> tuple[list[Advice], Schedule]:
    members = [Member(device=f"{name}.yaml", demand=(Demand(orders=0.5),)) for name in "abc"]
    whole = site(power_limit=PowerLimit(limit=30e3))
    when = calendar(whole, members, at("2026-01-15T08:00"), 96)
    of = three()
    made = schedule(of, when.orders, 5.0, FREE, when.price)
    return advise(list("abc"), of, made, when, known), made


def test_advice_covers_the_plan_and_says_that_no_signature_does() -> None:
    advice, _ = planned([Known()] * 3)
    for name in "abc":
        own = [one for one in advice if one.appliance == name]
        assert all(a.end == b.start for a, b in itertools.pairwise(own))
        assert sum(one.minutes for one in own) == 480
    assert {one.action for one in advice} <= set(WORDS.values())
    assert any(one.action == "preheat" and one.reason.startswith("ready at") for one in advice)
    made = line(advice[0], "bistro", "t", "a", "b", {"packages": ["0" * 64]})
    assert made["note"] == NOTE
    assert made["signed"] is False


def test_what_stands_against_an_appliance_leaves_it_alone() -> None:
    advice, _ = planned([Known(("running_programme",)), Known(("hot_holding",)), Known()])
    for name, reason in (("a", "running_programme"), ("b", "hot_holding")):
        first = next(one for one in advice if one.appliance == name)
        assert first.action in {"none", "hold"}
        assert first.action == "hold" or reason in first.vetoes
        assert first.saved == 0


def test_declared_limits_stand_over_the_whole_plan() -> None:
    strict = Limits(highest=170.0, humidity=40.0)
    advice, _ = planned([Known(limits=strict, setpoint=180.0), Known(limits=Limits(switchings=0.0)), Known()])
    assert not [one for one in advice if one.appliance in "ab" and one.action not in {"none", "hold"}]
    assert STEP == 300
