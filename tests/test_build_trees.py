"""Tree ensembles as one node answer as scikit-learn does, unknown values included."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)

from trivet.build.blocks import Forest, Ordered
from trivet.build.estimators import block_of
from trivet.build.fidelity import check_block
from trivet.build.nodes import Graph
from trivet.build.trees import Ensemble, Tree, floored
from trivet.errors import FidelityError, GraphError
from trivet.package.graph import walk
from trivet.signals import Float32s

FEATURES = ("a", "b", "c", "d", "e")
ESTIMATORS: dict[str, Any] = {
    "boosting": HistGradientBoostingClassifier(max_iter=15, random_state=0),
    "boosting_two_classes": HistGradientBoostingClassifier(max_iter=15, random_state=0),
    "boosted_regression": HistGradientBoostingRegressor(max_iter=15, random_state=0),
    "boosted_counts": HistGradientBoostingRegressor(max_iter=15, loss="poisson", random_state=0),
    "forest": RandomForestClassifier(15, random_state=0),
    "forest_regression": RandomForestRegressor(15, random_state=0),
    "extra_trees": ExtraTreesClassifier(15, min_samples_leaf=3, random_state=0),
    "extra_trees_regression": ExtraTreesRegressor(15, random_state=0),
    "isolation": IsolationForest(n_estimators=15, max_features=0.6, random_state=0),
}


def data(seed: int = 0, rows: int = 500) -> tuple[Float32s, Any]:
    """Features of which a tenth is unknown, and three classes that depend on what is unknown too."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 10, (rows, len(FEATURES))).astype(np.float32).round(1)
    label = (x[:, 0] > 3).astype(int) + (x[:, 1] + x[:, 2] > 0)
    x[rng.random(x.shape) < 0.1] = np.nan
    label = np.where(np.isnan(x[:, 3]), 2, label)
    return x, np.where(rng.random(rows) < 0.05, rng.integers(0, 3, rows), label)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_no_label_flips(name: str) -> None:
    x, label = data()
    estimator = ESTIMATORS[name].fit(x, label > 0 if name == "boosting_two_classes" else label)
    block = block_of(estimator, FEATURES)
    unseen, _ = data(seed=1, rows=2000)
    report = check_block(name, estimator, block, unseen)
    assert report.label_flips == 0
    assert report.edges > 100
    assert report.largest_error < 1e-5


@pytest.mark.parametrize("name", ["forest", "extra_trees", "boosting"])
def test_lost_routing_is_refused(name: str) -> None:
    """What the usual exporters write: every unknown value goes right."""
    x, label = data()
    estimator = ESTIMATORS[name].fit(x, label)
    whole = block_of(estimator, FEATURES)
    assert isinstance(whole, Forest)
    trees = tuple(
        Tree(t.feature, t.threshold, t.left, t.right, np.zeros_like(t.unknown_left), t.weights)
        for t in whole.trees.trees
    )
    naive = Forest(whole.features, Ensemble(trees, whole.trees.base, whole.trees.divisor), whole.link)
    with pytest.raises(FidelityError, match="flips"):
        check_block(name, estimator, naive, x)


def test_thresholds_rounded_up_are_refused() -> None:
    x = np.linspace(0, 1, 400, dtype=np.float32)[:, None]
    estimator = RandomForestClassifier(5, random_state=0).fit(x, np.arange(400) // 7 % 2)
    whole = block_of(estimator, ("a",))
    assert isinstance(whole, Forest)
    higher = [np.nextafter(floored(t.threshold), np.float32(2)).astype(np.float64) for t in whole.trees.trees]
    up = tuple(replace(t, threshold=values) for t, values in zip(whole.trees.trees, higher, strict=True))
    with pytest.raises(FidelityError):
        check_block("up", estimator, Forest(("a",), Ensemble(up, whole.trees.base, 5.0), "identity"), x)


def test_one_node() -> None:
    x, label = data()
    g = Graph()
    block = block_of(ESTIMATORS["boosting"].fit(x, label), FEATURES)
    model = g.model([("x", ("batch", 5))], {"y": (block.emit(g, "x"), ("batch", 3))})
    facts = walk(model)
    assert facts.operators == {"Softmax": 1, "ai.onnx.ml:TreeEnsembleRegressor": 1}


def test_twenty_classes_are_compact() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, (2000, 8)).astype(np.float32)
    label = (np.abs(x[:, 0]) * 5).astype(int).clip(0, 19)
    label[:20] = np.arange(20)
    estimator = HistGradientBoostingClassifier(max_iter=100, max_leaf_nodes=8, random_state=0).fit(x, label)
    block = block_of(estimator, [f"f{n}" for n in range(8)])
    g = Graph()
    model = g.model([("x", ("batch", 8))], {"y": (block.emit(g, "x"), ("batch", block.width))})
    assert isinstance(block, Forest)
    nodes = sum(len(tree.feature) for tree in block.trees.trees)
    assert len(block.trees.trees) == 100 * 20
    assert len(model) < 36 * nodes


def test_classes_in_the_outputs_order() -> None:
    x, label = data()
    names = np.array(["clog", "none", "leak"])
    estimator = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(x, names[label])
    classes = ("none", "unknown", "clog", "leak")
    block = block_of(estimator, FEATURES, classes)
    assert isinstance(block, Ordered)
    assert block.width == 4
    assert block.columns == (2, None, 0, 1)
    assert check_block("fault", estimator, block, x).label_flips == 0


def test_two_classes_in_the_outputs_order() -> None:
    x, label = data()
    estimator = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(x, np.where(label > 1, "clog", "none"))
    block = block_of(estimator, FEATURES, ("none", "unknown", "clog"))
    assert check_block("fault", estimator, block, x).label_flips == 0


def test_refused() -> None:
    x, label = data()
    known = np.nan_to_num(x)
    estimator = HistGradientBoostingClassifier(max_iter=2).fit(x, label)
    with pytest.raises(GraphError, match="features"):
        block_of(estimator, FEATURES[:2])
    with pytest.raises(GraphError, match="knows class"):
        block_of(estimator, FEATURES, ("none",))
    categorical = HistGradientBoostingClassifier(max_iter=2, categorical_features=[0]).fit(
        np.round(np.abs(known) % 5), label
    )
    with pytest.raises(GraphError, match="categorical"):
        block_of(categorical, FEATURES)


@given(st.floats(allow_nan=False), st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_no_number_changes_side(threshold: float, x: float) -> None:
    rounded = float(floored(np.array([threshold]))[0])
    assert np.isfinite(rounded)
    if abs(threshold) <= float(np.finfo(np.float32).max):
        assert (x <= rounded) == (x <= threshold)
