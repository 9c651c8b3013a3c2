"""What the dishwasher package says beyond scores: each block against the same sum in numpy."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from trivet.build.blocks import Block
from trivet.build.estimators import block_of
from trivet.build.fidelity import check_block
from trivet.signals import Float32s
from trivet_reference.train.diagnosis import LONGEST, Doubt, Forecast, Hours, Named, Namer, Remaining, Within
from trivet_reference.train.temperature import softened, tempered

CLASSES = ("none", "unknown", "clog", "leak", "open")
NAMES = tuple("abcdef")
DOUBT = Doubt(-1.0, -2.0, 1.0, -3.0)


@pytest.fixture(scope="module")
def x() -> Float32s:
    rng = np.random.default_rng(3)
    made = rng.normal(size=(600, 6)).astype(np.float32)
    made[rng.random(made.shape) < 0.1] = np.nan
    return made


@pytest.fixture(scope="module")
def parts(x: Float32s) -> tuple[Any, Any, Any]:
    filled = np.nan_to_num(x)
    place = np.digitize(filled[:, 0] + 0.3 * filled[:, 1], [-0.5, 0.5])
    health = HistGradientBoostingClassifier(max_iter=5).fit(x, filled[:, 2] > 0)
    fault = HistGradientBoostingClassifier(max_iter=5).fit(x, np.array(["none", "clog", "leak"])[place])
    return fault, health, HistGradientBoostingClassifier(max_iter=5).fit(x, place)


def named(x: Float32s, parts: tuple[Any, Any, Any]) -> tuple[Named, Namer]:
    fault, health, _ = parts
    cooler = tempered(fault, x, fault.predict(x), np.ones(len(x)))
    block = Named((softened(cooler, NAMES, CLASSES), block_of(health, NAMES)), CLASSES, DOUBT)
    return block, Namer(cooler, health, CLASSES, DOUBT)


def agree(estimator: Any, block: Block, x: Float32s) -> None:
    report = check_block("block", estimator, block, x)
    assert report.label_flips == 0
    assert report.largest_error < 1e-6 * LONGEST


def test_unknown_takes_its_part_from_all_others(x: Float32s, parts: tuple[Any, Any, Any]) -> None:
    block, namer = named(x, parts)
    agree(namer, block, x)
    said = namer.predict_proba(x.astype(np.float64))
    np.testing.assert_allclose(said.sum(axis=1), 1.0)
    assert (said[:, CLASSES.index("unknown")] > 0.0).all()
    assert (said[:, CLASSES.index("open")] == 0.0).all()


def test_doubt_falls_with_a_clear_name_and_with_health() -> None:
    one = np.ones(1)
    assert DOUBT.value(0.9 * one, 0.0 * one, 0.2 * one) < DOUBT.value(0.3 * one, 0.0 * one, 0.2 * one)
    assert DOUBT.value(0.3 * one, 0.0 * one, 0.9 * one) < DOUBT.value(0.3 * one, 0.0 * one, 0.2 * one)


def test_a_further_horizon_is_at_least_as_likely(x: Float32s, parts: tuple[Any, Any, Any]) -> None:
    block, namer = named(x, parts)
    reach = block_of(parts[2], NAMES)
    forecasts = [Forecast(namer, parts[2], upto) for upto in (1, 2)]
    for forecast, upto in zip(forecasts, (1, 2), strict=True):
        agree(forecast, Within((block, reach), upto), x)
    nearer, further = (forecast.predict_proba(x.astype(np.float64)) for forecast in forecasts)
    np.testing.assert_allclose(nearer.sum(axis=1), 1.0)
    assert (nearer[:, 1:] <= further[:, 1:] + 1e-12).all()


def test_bounds_hold_the_median_and_end_at_the_longest(x: Float32s) -> None:
    logs = np.where(np.isnan(x[:, 0]), 2.0, 6.0 + x[:, 0])
    quantiles = [
        HistGradientBoostingRegressor(loss="quantile", quantile=q, max_iter=5).fit(x, logs) for q in (0.1, 0.5, 0.9)
    ]
    blocks = tuple(block_of(each, NAMES) for each in quantiles)
    offsets = (-0.1, 0.0, 0.2)
    made = []
    for bound in range(3):
        estimator = Remaining(quantiles, offsets, bound)
        agree(estimator, Hours((blocks[0], blocks[1], blocks[2]), offsets, bound), x)
        made.append(estimator.predict(x.astype(np.float64)))
    assert (made[0] <= made[1]).all()
    assert (made[1] <= made[2]).all()
    assert made[2].max() == pytest.approx(LONGEST)


def test_an_unsure_classifier_that_is_right_gets_a_low_temperature(x: Float32s, parts: tuple[Any, Any, Any]) -> None:
    fault = parts[0]
    right = tempered(fault, x, fault.predict(x), np.ones(len(x)))
    guessed = np.random.default_rng(1).permutation(fault.predict(x))
    wrong = tempered(fault, x, guessed, np.ones(len(x)))
    assert right.temperature < 1.0 < wrong.temperature
