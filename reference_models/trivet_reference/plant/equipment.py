"""Convection ovens, fryers, griddles and kettles, each as the constants of one thermal node.

Idle losses and preheat energies are drawn below the published limits: full-size electric convection ovens
1.4 kW at 177 degC (ENERGY STAR 3.0) and half-size 1.0 kW, standard fryers 0.8 kW with about 2.5 kWh to preheat,
electric griddles 320 W for each square foot. They describe no particular product.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np

from trivet.signals import Floats, Ints
from trivet_reference.plant.cookers import Cookers, draw_ovens

SQUARE_FOOT = 0.092903
"""[m2]."""


def draw_convection(seed: int, count: int) -> Cookers:
    """Electric convection ovens, a third of them half-size."""
    rng = np.random.default_rng((seed, 15))
    half = rng.random(count) < 1 / 3
    setpoint = np.round(rng.uniform(160, 200, count) / 5) * 5
    loss = rng.uniform(0.65, 1.0, count) * np.where(half, 1000.0, 1400.0) / (177.0 - 24.0)
    return _made(
        rng,
        power=np.where(half, rng.uniform(5500, 8000, count), rng.uniform(8500, 12500, count)),
        capacity=np.where(half, rng.uniform(14e3, 22e3, count), rng.uniform(24e3, 38e3, count)),
        loss=loss,
        setpoint=setpoint,
        setback=setpoint * rng.uniform(0.6, 0.75, count),
        fan_power=rng.uniform(200, 450, count),
        door_loss=rng.uniform(0.3, 0.9, count) * 0.008,
        exchange=np.full(count, 25.0),
        pans=np.where(half, 3.0, 5.0),
        orders=rng.uniform(8, 25, count),
    )


def draw_fryers(seed: int, count: int) -> Cookers:
    """Electric fryers with one vat of 15 to 25 kg of oil; moist food takes its heat in minutes."""
    rng = np.random.default_rng((seed, 16))
    oil = rng.uniform(15, 25, count)
    capacity = oil * 2000.0 + rng.uniform(9e3, 15e3, count)
    setpoint = np.round(rng.uniform(168, 180, count))
    return _made(
        rng,
        power=rng.uniform(11e3, 17e3, count) * oil / 23.0,
        capacity=capacity,
        loss=rng.uniform(0.65, 1.0, count) * 800.0 / (175.0 - 24.0),
        setpoint=setpoint,
        setback=setpoint - rng.uniform(40, 60, count),
        fan_power=rng.uniform(5, 20, count),
        door_loss=np.zeros(count),
        exchange=np.full(count, 45.0),
        pans=np.full(count, 1.2),
        orders=rng.uniform(15, 60, count),
    )


def draw_griddles(seed: int, count: int) -> Cookers:
    """Electric griddles of 3 to 6 square feet with a plate of 16 to 25 mm of steel."""
    rng = np.random.default_rng((seed, 17))
    feet = rng.uniform(3, 6, count)
    plate = feet * SQUARE_FOOT * rng.uniform(0.016, 0.025, count) * 7850.0 * 490.0
    setpoint = np.round(rng.uniform(180, 200, count) / 5) * 5
    return _made(
        rng,
        power=feet * rng.uniform(1700, 2300, count),
        capacity=plate * rng.uniform(1.2, 1.6, count),
        loss=rng.uniform(0.65, 1.0, count) * 320.0 * feet / (191.0 - 24.0),
        setpoint=setpoint,
        setback=setpoint - rng.uniform(50, 80, count),
        fan_power=rng.uniform(3, 10, count),
        door_loss=np.zeros(count),
        exchange=np.full(count, 30.0),
        pans=np.full(count, 1.0),
        orders=rng.uniform(15, 50, count),
    )


def draw_kettles(seed: int, count: int) -> Cookers:
    """Kettles with 20 to 80 litres of water below a lid that is seldom shut."""
    rng = np.random.default_rng((seed, 18))
    litres = rng.uniform(20, 80, count)
    setpoint = np.round(rng.uniform(85, 96, count))
    return replace(
        _made(
            rng,
            power=litres * rng.uniform(180, 260, count),
            capacity=litres * 4186.0 * rng.uniform(1.1, 1.3, count),
            loss=0.5 * litres ** (2 / 3) * rng.uniform(0.5, 1.5, count),
            setpoint=setpoint,
            setback=setpoint - rng.uniform(12, 25, count),
            fan_power=rng.uniform(2, 10, count),
            door_loss=np.full(count, 0.0002),
            exchange=np.full(count, 25.0),
            pans=litres / 25.0,
            orders=rng.uniform(4, 12, count),
        ),
        evaporation=0.2 * litres ** (2 / 3) * rng.uniform(0.3, 1.2, count),
        moist=np.ones(count),
        steam=rng.uniform(0.0, 0.2, count),
    )


def _made(
    rng: np.random.Generator,
    *,
    power: Floats,
    capacity: Floats,
    loss: Floats,
    setpoint: Floats,
    setback: Floats,
    fan_power: Floats,
    door_loss: Floats,
    exchange: Floats,
    pans: Floats,
    orders: Floats,
) -> Cookers:
    """The rest of the constants, drawn alike for every kind; dry, as most are."""
    count = len(power)
    return Cookers(
        power=np.round(power, -2),
        capacity=capacity,
        loss=loss,
        evaporation=np.zeros(count),
        steam=np.zeros(count),
        moist=np.full(count, 0.01),
        setpoint=setpoint,
        setback=np.round(setback / 5) * 5,
        hysteresis=rng.uniform(1.0, 4.0, count),
        fan_power=fan_power,
        standby_power=rng.uniform(2, 15, count),
        three_phase=np.ones(count),
        voltage=rng.normal(1.0, 0.012, count),
        door_loss=door_loss,
        lag=rng.uniform(3, 15, count),
        bias=rng.normal(0, 0.7, count),
        ambient=rng.uniform(20, 30, count),
        exchange=exchange,
        pans=pans,
        orders=orders,
        saves=np.zeros(count),
    )


KINDS: dict[str, Callable[[int, int], Cookers]] = {
    "combi": draw_ovens,
    "convection": draw_convection,
    "fryer": draw_fryers,
    "griddle": draw_griddles,
    "kettle": draw_kettles,
}
"""Kind of appliance to the fleet that is drawn for it."""

SHARES = {"combi": 0.25, "convection": 0.2, "fryer": 0.25, "griddle": 0.15, "kettle": 0.15}
"""How often each kind stands in a kitchen."""


def draw_kitchens(seed: int, kitchens: int) -> tuple[Cookers, Ints, list[str]]:
    """Kitchens of 4 to 10 appliances.

    Returns:
        All appliances, the number of each one's kitchen ``(appliances,)``, and each one's kind.
    """
    rng = np.random.default_rng((seed, 19))
    kitchen = np.repeat(np.arange(kitchens), rng.integers(4, 11, kitchens))
    kind = rng.choice(list(SHARES), len(kitchen), p=list(SHARES.values()))
    drawn = {name: draw(seed, int((kind == name).sum())) for name, draw in KINDS.items()}
    made = {field.name: np.zeros(len(kitchen)) for field in fields(Cookers)}
    for name, fleet in drawn.items():
        for place, values in made.items():
            values[kind == name] = getattr(fleet, place)
    return Cookers(**made), kitchen, [str(name) for name in kind]
