"""Detectors on recorded rigs and machines; skipped where the data are not installed."""

from pathlib import Path

import numpy as np
import pytest

from trivet import canonical
from trivet.errors import DataError
from trivet.evaluate.intervals import binomial
from trivet_reference.evaluate import heater, nab, pot, rig, skab
from trivet_reference.evaluate.intervals import poisson
from trivet_reference.evaluate.page import html
from trivet_reference.evaluate.path import recorded
from trivet_reference.evaluate.pictures import heater_page, nab_page, pot_page, skab_page
from trivet_reference.identify import Thermal


def installed(name: str) -> Path:
    try:
        return recorded(name)
    except DataError as error:
        pytest.skip(str(error))


def test_intervals_against_published_tables() -> None:
    assert poisson(0) == pytest.approx((0.0, 3.689), abs=1e-3)
    assert poisson(3) == pytest.approx((0.619, 8.767), abs=1e-3)
    assert binomial(0, 10) == pytest.approx((0.0, 0.3085), abs=1e-4)
    assert binomial(10, 10) == pytest.approx((0.6915, 1.0), abs=1e-4)


def test_rolling_means_against_plain_ones() -> None:
    x = np.random.default_rng(0).normal(0, 1, (50, 3))
    plain = np.array([x[max(0, row - 4) : row + 1].mean(0) for row in range(50)])
    np.testing.assert_allclose(rig.rolling(x, 5), plain)


def test_the_public_reference_figures_of_these_files_are_met() -> None:
    """The data set's own README prints them for exactly these experiments."""
    experiments = rig.experiments(installed("skab"))
    told = {
        "always": (0.695, 1.0, 0.0),
        "isolation forest": (0.314, 0.024, 0.8095),
        "Hotelling T2": (0.675, 0.2158, 0.394),
    }
    for name, (f1, far, mar) in told.items():
        counts = rig.count(experiments, {one.name: skab.DETECTORS[name](one.x) for one in experiments})
        assert (counts.f1, counts.far, counts.mar) == pytest.approx((f1, far, mar), abs=1e-3)


@pytest.mark.soak
def test_unseen_experiments_beat_the_z_rule_at_its_false_alarms() -> None:
    installed("skab")
    report = skab.skab()
    for ours, rule in zip(report.unseen, report.equal, strict=True):
        assert ours.counts.f1 > rule.counts.f1
        assert ours.counts.far <= 0.15
    assert report.unseen[0].counts.f1 >= 0.78


def test_a_heater_that_lost_a_phase_is_seen_and_healthy_ones_raise_no_alarm() -> None:
    file = installed("tracebase") / "dishwasher" / "dev_B7E6FA.parquet"
    row = heater.judge("B7E6FA", file)
    assert row.alarms == 0
    assert row.seen[0.33] == row.runs > 5


def test_machine_temperature_events() -> None:
    installed("nab_machine_temperature")
    made = nab.nab()
    assert "found 2/2" in made.text()
    page = nab_page(made)
    assert html(page).count("<svg") == 1
    assert canonical.dumps(page.figures)


def test_pages_show_what_is_printed() -> None:
    """Made of figures by hand, so that they need no data."""
    row = skab.Row("z-rule", rig.Counts(80, 10, 20, 90), 0.7, 0.9)
    shown = html(skab_page(skab.Report((2, 200), (row,), (row,), (row,), {"leak": (row, row)})))
    assert "0.842" in shown
    levels = np.array([1.0, 0.99, 1.01, 1.0])
    judged = heater.Judged("B7", 2, 2, 3, 0.01, 0.97, 0, {0.33: 2, 0.05: 1}, levels)
    page = heater_page(heater.Heater([judged]))
    assert page.figures["machines"] == [{"name": "B7", "runs": 2, "alarms": 0, "seen": [2, 1]}]
    assert html(page).count("<circle") == 4 + 2 * 2
    run = pot.Result(pot.Said([0.0, 60.0], [600.0, 530.0]), 600.0, 0.0, -0.01, 5.0, 0.02, 0.7, 1.4)
    thermal = Thermal(6000.0, 0.1, 0.4, 0.01)
    runs = {pot.Key(power, replicate): run for power in (50, 100, 150, 200, 250) for replicate in "ab"}
    shown = html(pot_page(pot.Pot(thermal, runs)))
    assert "100 W b" in shown
    assert "identified from" in shown
