"""Alarms, control charts and calibration on cycles that can be counted by hand."""

import numpy as np
import pytest

from trivet_reference.evaluate.alarms import Events, Scores, begun, bootstrap, confirmed, raised, tuned, verdict
from trivet_reference.evaluate.charts import cusum, ewma, logistic, spread
from trivet_reference.evaluate.probabilities import brier, calibration_error, precision, rank, reliability


def test_a_value_is_confirmed_by_windows_in_a_row_of_one_subject_and_one_group() -> None:
    value = np.array([0.9, 0.8, 0.7, 0.9, np.nan, 0.9, 0.9, 0.9])
    subject = np.array([1, 1, 1, 2, 2, 2, 2, 2])
    group = np.array([0, 0, 0, 0, 0, 0, 0, 1])
    assert confirmed(value, subject, group, 1)[4] == 0.0
    np.testing.assert_allclose(confirmed(value, subject, group, 2), [0, 0.8, 0.7, 0, 0, 0, 0.9, 0])
    np.testing.assert_allclose(confirmed(value, subject, group, 3), [0, 0, 0.7, 0, 0, 0, 0, 0])


def test_a_detector_that_stays_up_is_one_false_alarm() -> None:
    value, group = np.array([0.0, 1, 1, 0, 1, 1]), np.array([0, 0, 0, 0, 0, 1])
    assert raised(value, 0.5, group, np.ones(6, bool)) == 3
    assert raised(value, 0.5, group, np.zeros(6, bool)) == 0


def test_what_was_wrong_once_counts_until_the_group_ends() -> None:
    flags, group = np.array([0, 1, 0, 0, 0, 1], bool), np.array([0, 0, 0, 1, 1, 1])
    assert begun(flags, group).tolist() == [False, True, True, False, False, True]


def test_the_tuned_level_is_the_lowest_with_few_enough_false_alarms() -> None:
    value = np.array([0.1, 0.9, 0.1, 0.8, 0.1, 0.7])
    level = tuned(value, np.zeros(6, int), np.ones(6, bool), months=1.0)
    assert 0.8 < level <= 0.9


def test_events_are_caught_before_their_stop() -> None:
    events = Events(
        np.array([0, 1]), np.array([3, 4]), [np.array([0, 1]), np.array([2, 3])], [np.array([9.0, 5.0])] * 2
    )
    scores = Scores("one", np.array([0.0, 1.0, 0.0, 0.0]))
    found = verdict(scores, 0.5, np.zeros(4, int), np.zeros(4, bool), 2.0, events)
    assert (found.recall, found.lead, found.alarms) == (0.5, 5.0, 0)
    assert found.false_alarms()[2] == pytest.approx(3.689 / 2, abs=1e-3)
    assert bootstrap(np.array([1, 1]), np.array([0, 1])) == (1.0, 1.0)


def test_control_charts_begin_anew_with_each_group() -> None:
    z, group = np.array([[1.5], [1.5], [1.5], [np.nan]]), np.array([0, 0, 1, 1])
    np.testing.assert_allclose(cusum(z, group), [1.0, 2.0, 1.0, 0.5])
    usual = np.sqrt(0.2 / 1.8)
    np.testing.assert_allclose(ewma(z, group), np.array([0.3, 0.54, 0.3, 0.24]) / usual)


def test_features_are_scaled_by_healthy_machines_alone() -> None:
    z = np.array([[1.0], [-1.0], [50.0]])
    np.testing.assert_allclose(spread(z, np.array([True, True, False])), [1.0])


def test_the_logistic_regression_judges_machines_that_it_did_not_learn_from() -> None:
    rng = np.random.default_rng(1)
    sick = np.arange(200) % 4 >= 2
    taught, asked = (rng.normal(size=(200, 2)) + 8.0 * sick[:, None] for _ in range(2))
    made = logistic(taught, sick, asked)
    assert made[sick].min() > made[~sick].max()


def test_probabilities_are_measured_as_they_are_defined() -> None:
    said, true = np.array([0.25, 0.25, 0.25, 0.25]), np.array([True, False, False, False])
    assert calibration_error(said, true) == pytest.approx(0.0)
    assert calibration_error(said, ~true) == pytest.approx(0.5)
    assert brier(said, true) == pytest.approx(0.1875)
    assert reliability(said, true, np.array([1.0, 0, 0, 1])) == [(0.25, 0.5)]
    assert precision(np.array([0.1, 0.9]), np.array([False, True])) == 1.0
    assert rank(np.array([[0.2, 0.5, np.nan]]), np.array([0])).tolist() == [2]
