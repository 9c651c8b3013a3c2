"""Physics and realism of the simulated ovens and pots."""

from dataclasses import fields

import numpy as np
import pytest

from trivet.signals import Floats
from trivet_reference.plant import cookers, equipment, kitchen
from trivet_reference.plant.oven import ENERGY_SAVE, STANDBY, Oven
from trivet_reference.plant.pot import Node, heat


def test_heat_is_conserved() -> None:
    constants = cookers.draw_ovens(2, 20)
    oven = Oven(constants, 2, hour=11.5, pace=900.0)
    before = constants.capacity * oven.temperature
    oven.advance(3600)
    left = oven.heat_in - oven.lost - oven.taken - (constants.capacity * oven.temperature - before)
    assert np.all(np.abs(left) < 0.01 * oven.heat_in)


def test_idle_power_is_below_the_published_limit_for_electric_combi_ovens() -> None:
    constants = cookers.draw_ovens(3, 40)
    idle = constants.loss * (177.0 - 24.0)
    assert np.all(idle <= 80.0 * constants.pans + 500.0 + 1e-9)
    assert np.all(idle > 400.0)


def test_an_oven_preheats_in_minutes_and_then_holds() -> None:
    oven = Oven(cookers.draw_ovens(4, 30), 4, hour=11.5, pace=1e9)
    oven.advance(1150)
    assert np.all(oven.mode == STANDBY)
    assert np.all(np.abs(oven.temperature - oven.setpoint) < 12.0)
    assert np.all(oven.kitchen.state == kitchen.IDLE)
    oven.advance(120)
    assert np.array_equal(oven.mode == ENERGY_SAVE, oven.cookers.saves > 0)


def test_a_day_uses_as_much_as_measured_kitchens_do() -> None:
    """Measured: 35 kWh a day for a combi oven, load factors from 4 %; here: simulated, ten opening hours."""
    constants = cookers.draw_ovens(5, 30)
    oven = Oven(constants, 5, hour=9.4)
    oven.advance(36_000)
    assert 20.0 < np.median(oven.energy) / 1000.0 < 80.0
    assert np.all(oven.energy / 24.0 / constants.power < 0.5)


def test_an_open_door_cools_the_chamber() -> None:
    oven = Oven(cookers.draw_ovens(6, 30), 6, hour=11.5, pace=600.0)
    oven.advance(2400)
    drops: list[float] = []
    for _ in range(1200):
        before, was_open = oven.temperature.copy(), oven.kitchen.door_open.copy()
        oven.step()
        drops.extend((before - oven.temperature)[was_open & oven.kitchen.door_open & (before > 120.0)])
    assert len(drops) > 50
    assert 0.2 < np.median(drops) < 2.0


@pytest.mark.parametrize(
    ("power", "low", "high"),
    [(100.0, 5490, 5510), (150.0, 3480, 3540), (200.0, 2520, 2540), (250.0, 2020, 2050)],
)
def test_the_pot_equation_gives_the_measured_heat_up_times(power: float, low: float, high: float) -> None:
    """Published heat-up times of one litre from 25 to 100 degC, with the constants fitted on them, within 5 %."""
    node = Node(np.array(6255.0), np.array(0.04), np.array(0.398), np.array(22.0))
    seconds = int(np.argmax(heat(node, np.array(25.0), np.array(power), 8000) >= 99.9))
    assert 0.95 * low < seconds < 1.05 * high


def test_pots_boil_in_minutes_to_hours() -> None:
    constants = cookers.draw_pots(1, 40)
    pot = Oven(constants, 1, hour=11.5, steams=False, pace=1e9)
    pot.advance(3600)
    assert np.mean(pot.temperature > 80.0) > 0.3
    assert np.all(pot.temperature < 101.0)


def preheat(constants: cookers.Cookers, limit: int = 7200) -> Floats:
    """Electrical energy from the room's temperature to the set-point [kWh]."""
    temperature, used = constants.ambient.copy(), np.zeros(len(constants))
    cold = temperature < constants.setpoint
    for _ in range(limit):
        heater = constants.power * cold
        lost = constants.losses(temperature, constants.moist, heater)
        temperature = temperature + (heater - lost) / constants.capacity
        used += heater / 3.6e6
        cold &= temperature < constants.setpoint
    assert not cold.any()
    return used


def test_convection_ovens_idle_below_the_published_limit() -> None:
    constants = equipment.draw_convection(1, 200)
    idle = constants.loss * (177.0 - 24.0)
    assert np.all(idle <= np.where(constants.pans > 4, 1400.0, 1000.0) + 1e-9)
    assert idle.max() / 153.0 == pytest.approx(9.2, abs=0.2)
    assert 0.8 < np.median(preheat(constants)) < 2.0


def test_fryers_idle_and_preheat_as_published() -> None:
    constants = equipment.draw_fryers(1, 200)
    assert np.all(constants.loss * (175.0 - 24.0) <= 800.0 + 1e-9)
    assert np.median(preheat(constants)) == pytest.approx(2.5, abs=0.4)
    assert np.median(constants.capacity) == pytest.approx(55e3, rel=0.2)


def test_griddles_idle_below_the_published_limit_for_each_square_foot() -> None:
    constants = equipment.draw_griddles(1, 200)
    per_foot = constants.loss * (191.0 - 24.0) / (constants.power / 2000.0)
    assert np.all(per_foot < 320.0 / 0.85 + 1)
    assert 0.8 < np.median(preheat(constants)) < 3.0


def test_kettles_boil_within_an_hour() -> None:
    constants = equipment.draw_kettles(1, 100)
    minutes = preheat(constants) * 60.0 / (constants.power / 1000.0)
    assert 15 < np.median(minutes) < 60


def test_each_kind_cooks_through_a_lunch() -> None:
    others = [draw(7, 8) for draw in equipment.KINDS.values() if draw is not cookers.draw_ovens]
    dry = cookers.Cookers(**{f.name: np.concatenate([getattr(o, f.name) for o in others]) for f in fields(others[0])})
    for constants, steams in ((cookers.draw_ovens(7, 8), True), (dry, False)):
        oven = Oven(constants, 7, hour=11.0, steams=steams, pace=900.0)
        oven.advance(7200)
        assert np.all(oven.taken > 0)
        assert np.all(oven.temperature < oven.cookers.setpoint + 5.0)


def test_kitchens_have_four_to_ten_appliances() -> None:
    constants, kitchen_of, kinds = equipment.draw_kitchens(3, 40)
    counts = np.bincount(kitchen_of)
    assert counts.min() >= 4
    assert counts.max() <= 10
    assert set(kinds) == set(equipment.KINDS)
    assert len(constants) == len(kinds)
    assert np.all(constants.power > 1000)
