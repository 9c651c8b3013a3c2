"""Physics and realism of the simulated ovens and pots."""

import numpy as np
import pytest

from trivet_reference.plant import cookers, kitchen
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
