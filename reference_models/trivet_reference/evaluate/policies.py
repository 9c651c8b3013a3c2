"""Policies of a simulated kitchen: what people do today, what a timer does, what the plan does, what nobody can."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from trivet.build.thermal import heat_up_time
from trivet.plan.appliance import Appliances, Sight, appliances, sights
from trivet.plan.hours import ALWAYS
from trivet.plan.policy import STEP, policy
from trivet.plan.schedule import Yielding, share
from trivet.runtime.model import Model
from trivet.runtime.restraint import HOLD, OFF, PREHEAT, SETBACK, Limits, Proposals, Situations, vetoes
from trivet.signals import Floats, Ints
from trivet.window.window import stack
from trivet_reference.cooking.data import told
from trivet_reference.cooking.features import COLUMNS, PARAMETERS
from trivet_reference.identify import ROOM
from trivet_reference.plant.cookers import Cookers
from trivet_reference.plant.machine import Flags
from trivet_reference.plant.oven import Oven
from trivet_reference.plant.pot import ATMOSPHERE
from trivet_reference.plant.service import CLOSES, DT, OPENS, PER_DAY, Loads, Service
from trivet_reference.train.recording import record, windows

REST, LOWER, HEAT = range(3)
PER_STEP = round(STEP / DT)
EARLY = 1.0
"""When people switch everything on before the kitchen opens [h]."""

TIMER = 1200.0
"""Idle time after which a timer sets back [s]."""

Choose = Callable[[int, Service], Ints]
"""Step of five minutes and the kitchens, to choices; asked at the start of each step."""


class Outcome(NamedTuple):
    """What a policy came to, by kitchen where not said otherwise.

    Attributes:
        energy: [kWh] ``(kitchens,)``.
        peak: Highest mean over 15 minutes [kW] ``(kitchens,)``.
        unready: Orders that found an appliance unready ``(kitchens,)``.
        late: Time that orders waited [min] ``(kitchens,)``.
        served: Orders ``(kitchens,)``.
        lethality: Least pasteurisation of any load, less what is needed [s].
        violations: Times that a running programme was interfered with.
        vetoed: Proposals that the vetoes turned into doing nothing.
        power: Mean power of each kitchen in each step of five minutes [W] ``(steps, kitchens)``.
        each: The same of each appliance ``(steps, appliances)``.
    """

    energy: Floats
    peak: Floats
    unready: Floats
    late: Floats
    served: Floats
    lethality: float
    violations: int
    vetoed: int
    power: Floats
    each: Floats


def run(asked: Loads, choose: Choose) -> Outcome:
    """Kitchens over all days of their orders; every choice passes the vetoes."""
    plant, kitchens = Service(asked), int(asked.kitchen.max()) + 1
    steps = len(asked.arrivals) // PER_STEP
    each, vetoed = np.zeros((steps, len(asked.cookers))), 0
    for step in range(steps):
        choice = np.asarray(choose(step, plant))
        kept, against = _restrained(plant, choice)
        vetoed += against
        for _ in range(PER_STEP):
            each[step] += plant.step(kept) / PER_STEP
    member = np.equal.outer(np.arange(kitchens), asked.kitchen).astype(float)
    power = each @ member.T
    quarters = power[: steps // 3 * 3].reshape(-1, 3, kitchens).mean(axis=1)
    return Outcome(
        energy=member @ plant.energy / 1000.0,
        peak=quarters.max(axis=0) / 1000.0,
        unready=member @ plant.unready.astype(float),
        late=member @ plant.late / 60.0,
        served=member @ plant.served.astype(float),
        lethality=float(plant.lethality.min()) - 120.0,
        violations=plant.cooled,
        vetoed=vetoed,
        power=power,
        each=each,
    )


def _restrained(plant: Service, choice: Ints) -> tuple[Ints, int]:
    """The choices after the vetoes, and how many they turned; what is left alone is heated as its cook wants."""
    count = len(choice)
    c, inside = plant.cookers, (plant.busy > 0).astype(float)
    action = np.array([OFF, SETBACK, PREHEAT])[choice]
    action = np.where((action == PREHEAT) & (plant.temperature >= c.setpoint - 3.0), HOLD, action)
    now = Situations(inside, inside, plant.core[:, None], DT, plant.temperature, np.zeros(count), np.zeros(count))
    wished = Proposals(action, np.where(choice == LOWER, c.setback, c.setpoint), np.zeros(count), np.zeros(count))
    against = np.logical_or.reduce(list(vetoes(wished, now, Limits()).values()))
    return np.where(against, HEAT, choice), int(against.sum())


def hour(step: int) -> float:
    """Hour of the day at which a step of five minutes begins."""
    return step * STEP / 3600.0 % 24.0


def working(step: int) -> bool:
    """Whether people have everything on in this step."""
    return OPENS - EARLY <= hour(step) < CLOSES


def always(step: int, plant: Service) -> Ints:
    """On from an hour before opening until closing."""
    return np.full(len(plant.busy), HEAT if working(step) else REST)


def fixed(step: int, plant: Service) -> Ints:
    """On for lunch and dinner, set back between them."""
    meal = 11.0 <= hour(step) < 14.75 or 17.0 <= hour(step) < 21.75
    return np.full(len(plant.busy), HEAT if meal else LOWER if working(step) else REST)


def timer(step: int, plant: Service) -> Ints:
    """On as always, set back after 20 idle minutes until the next order."""
    if not working(step):
        return np.full(len(plant.busy), REST)
    opened = (hour(step) - (OPENS - EARLY)) * 3600.0
    idle = np.where(plant.idle < opened, plant.idle, opened - EARLY * 3600.0)
    return np.where(idle >= TIMER, LOWER, HEAT)


def expected(history: Loads, days: int) -> Floats:
    """Orders expected in each step of so many days, out of past ones: by kind of day and hour, smoothed.

    Returns:
        ``(steps, appliances)``; the first day is a Monday.
    """
    count = history.arrivals.shape[1]
    past = history.arrivals.reshape(-1, PER_DAY // PER_STEP, PER_STEP, count).sum(axis=2).astype(float)
    weekday = np.arange(len(past)) % 7
    shape = past.mean(axis=0)
    wide = np.exp(-0.5 * (np.arange(-12, 13) / 4.0) ** 2)
    shape = np.apply_along_axis(np.convolve, 0, shape, wide / wide.sum(), "same")
    hours = np.arange(len(shape)) * STEP / 3600.0
    shape *= ((hours >= OPENS) & (hours < CLOSES))[:, None]
    total = np.array([past[weekday == day].sum(axis=(1,)).mean(axis=0) for day in range(7)])
    share_of_day = shape / np.maximum(shape.sum(axis=0), 1e-9)
    return np.concatenate([share_of_day * total[day % 7] for day in range(days)])


def known(asked: Loads) -> Floats:
    """The orders that will come, as certain ones, ``(steps, appliances)``."""
    count = asked.arrivals.shape[1]
    return np.where(asked.arrivals.reshape(-1, PER_STEP, count).sum(axis=1) > 0, ALWAYS, 0.0)


class Planned:
    """The plan's dynamic programme over expected orders, with constants out of predictions.

    Args:
        of: Appliances as the predictions have them.
        distance: Seconds of full power that a temperature misses.
        orders: Expected in each step, ``(steps, appliances)``.
        wait: What a minute of waiting costs [Wh].
        yielding: Limits of each kitchen, or None.
        kitchen: Number of each appliance's kitchen.
    """

    def __init__(
        self,
        of: Appliances,
        distance: Callable[[Floats], Floats],
        orders: Floats,
        wait: float,
        limit: Floats | None = None,
        kitchen: Ints | None = None,
    ) -> None:
        self._of, self._distance, self._orders = of, distance, orders
        self._limit, self._kitchen = limit, kitchen
        early = orders if limit is None else np.maximum(orders, np.roll(orders, -3, axis=0))
        self._policy = policy(of, early, wait / 60.0)

    def __call__(self, step: int, plant: Service) -> Ints:
        """Choices for the kitchens as they are."""
        now = self._distance(plant.temperature)
        choice = self._policy.choose(step, now).astype(np.int64)
        if self._limit is None or self._kitchen is None:
            return choice
        choice = np.where(plant.wanted, HEAT, choice)
        power = np.stack([np.zeros(len(now)), 0.5 * self._of.hold, _heating(self._of, now)], axis=1)
        urgent = self._orders[step : step + 6].sum(axis=0)
        for number, limit in enumerate(self._limit.tolist()):
            rows = np.flatnonzero(self._kitchen == number)
            order = Yielding(limit, np.zeros(len(rows), np.int64), plant.wanted[rows].astype(float))
            choice[rows] = share(choice[rows].astype(np.int8), power[rows], order, urgent[rows])
        return choice


def _heating(of: Appliances, now: Floats) -> Floats:
    part = np.minimum(now, STEP) / STEP
    return np.asarray(of.full * part + of.hold * (1.0 - part))


def predicted(model: Model, cookers: Cookers, seed: int) -> tuple[Appliances, int]:
    """What the package says about hot idle appliances, as a plan's constants; and for how many it said nothing.

    Those are told by their thermal node alone, with the same constants.
    """
    oven = Oven(cookers, seed, hour=11.5, steams=False, pace=1e9)
    oven.temperature, oven.reading = cookers.setpoint.copy(), cookers.setpoint + cookers.bias
    oven.advance(300)
    kept = record(oven.step, oven.signals, model.interface, COLUMNS, 420, oven.second)
    plates = told(cookers, seed)
    made = []
    for number in range(len(cookers)):
        plate: dict[str, float | None] = {name: float(plates[name][number]) for name in PARAMETERS}
        made.append(windows(kept, number, model.interface, "recent", COLUMNS, COLUMNS, plate)[-1])
    raw = model.raw(stack(made))
    names = ("off", "setback", "hold", "preheat")
    ready, energy = (np.asarray(raw[name], np.float64) for name in ("time_to_ready", "energy"))
    both = np.concatenate([ready, energy], axis=1)
    whole: Flags = np.asarray(np.isfinite(both).sum(axis=1) == both.shape[1], np.bool_)
    ready, energy = (np.where(whole[:, None], of, 1.0) for of in (ready, energy))
    seen: list[Sight] = sights(*([dict(zip(names, row, strict=True)) for row in of.tolist()] for of in (ready, energy)))
    return appliances(seen), int((~whole).sum())


def node_distance(cookers: Cookers, seed: int) -> Callable[[Floats], Floats]:
    """Temperatures to seconds of full power, by the node that the package carries, with the constants told to it."""
    plates = told(cookers, seed)
    share_of = plates["steam_share"] * plates["rated_power"] / ATMOSPHERE
    wet = plates["evaporation_coefficient"] + share_of
    room = np.full(len(cookers), ROOM)

    def distance(at: Floats) -> Floats:
        numbers = (plates["rated_power"], room, plates["heat_capacity"], plates["loss_coefficient"], wet)
        made = heat_up_time(at, cookers.setpoint - 1.0, *numbers)
        return np.where(np.isnan(made), 7200.0, made)

    return distance
