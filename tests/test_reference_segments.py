"""Cycles of simulated hood machines from power alone: levels are measured, spans are matched one by one."""

import numpy as np
import pytest

from trivet.commission.consumers import measured
from trivet.commission.cycles import POWER
from trivet.interface.document import Interface
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet.signals import Floats
from trivet_reference.evaluate.alarms import Mask
from trivet_reference.evaluate.segments import RUN_ON, beside, cycles, matched, means, spans
from trivet_reference.plant.controller import PAUSE, READY, RINSE, WASH


@pytest.fixture(scope="module")
def interface() -> Interface:
    return read(find("interface", "commercial-dishwasher"), Interface).document


def machine(heaters: tuple[float, float], rng: np.random.Generator) -> tuple[Floats, Mask]:
    """Power and wash pump of an hour of seconds: thermostats as they like, a cycle of 60 s every three minutes."""
    second = np.arange(3600)
    pump = (second >= 300) & (second % 180 < 60)
    rinse = np.roll(pump & ~np.roll(pump, 12), 60) & ~pump
    tank, booster = (np.repeat(rng.random(240) < 0.5, 15), np.repeat(rng.random(90) < 0.5, 40))
    power = 25.0 + heaters[0] * tank + heaters[1] * booster + 900.0 * pump + 220.0 * rinse
    return power * rng.normal(1.0, 0.0015, 3600), pump


def test_heaters_are_measured_where_the_mains_is_low() -> None:
    power, _ = machine((2640.0, 6336.0), np.random.default_rng(2))
    found = measured(means(power, 2), (3000.0, 7200.0), 900.0)
    np.testing.assert_allclose(found, (2640.0, 6336.0), rtol=0.02)


def test_cycles_are_found_under_thermostats_and_by_thresholds_they_are_not(interface: Interface) -> None:
    power, pump = machine((2900.0, 7100.0), np.random.default_rng(3))
    starts = np.flatnonzero(np.diff(pump.astype(int)) > 0) + 1
    truth = [(float(start), float(start + 60 + RUN_ON)) for start in starts]
    opens, closes = beside((2900.0, 7100.0), RUN_ON)
    values = means(power, 2)
    hits, extra, missed = matched(spans(interface, opens, closes, values), truth)
    assert (extra, missed) == (0, 0)
    assert hits == len(starts)
    window = interface.windows["cycle"]
    plain = [next(w for w in each if w.signal == POWER) for each in (window.opens_when, window.closes_when)]
    assert matched(spans(interface, plain[0], plain[1], values), truth)[0] < hits / 4


def test_a_true_cycle_lasts_from_the_wash_to_the_end_of_the_rinse() -> None:
    phase = np.array([READY, WASH, WASH, PAUSE, RINSE, RINSE, READY, WASH, PAUSE])[:, None]
    assert cycles(phase, RINSE) == [[(1, 6)]]
    assert cycles(phase, WASH) == [[(1, 3), (7, 8)]]


def test_spans_are_matched_once_and_within_ten_seconds() -> None:
    truth = [(0.0, 60.0), (100.0, 160.0)]
    assert matched([(9.0, 55.0), (1.0, 60.0), (100.0, 171.0)], truth) == (1, 2, 1)
