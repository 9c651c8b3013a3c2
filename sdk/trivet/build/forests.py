"""Fitted scikit-learn trees as an ``Ensemble``: random forests, extra trees, boosting, isolation forests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from trivet.build import missing
from trivet.build.trees import Ensemble, Tree
from trivet.errors import GraphError
from trivet.signals import Floats, Ints

try:
    from sklearn.base import is_regressor
    from sklearn.dummy import DummyClassifier, DummyRegressor
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        GradientBoostingClassifier,
        GradientBoostingRegressor,
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
        IsolationForest,
        RandomForestClassifier,
        RandomForestRegressor,
    )
except ImportError as error:
    raise missing("scikit-learn") from error

FORESTS = (RandomForestClassifier, RandomForestRegressor, ExtraTreesClassifier, ExtraTreesRegressor)
BOOSTINGS = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)
GRADIENTS = (GradientBoostingClassifier, GradientBoostingRegressor)
TREES = (*FORESTS, *BOOSTINGS, *GRADIENTS, IsolationForest)

EULER = 0.5772156649015329


def ensemble(estimator: Any) -> Ensemble:
    """The trees of a fitted scikit-learn estimator, before its link function.

    Raises:
        GraphError: It is of a kind that has no exact form here.
    """
    found = _ensemble(estimator)
    return replace(found, precise=is_regressor(estimator))


def _ensemble(estimator: Any) -> Ensemble:
    if isinstance(estimator, BOOSTINGS):
        return _boosting(estimator)
    if isinstance(estimator, FORESTS):
        return _forest(estimator)
    if isinstance(estimator, GRADIENTS):
        return _gradient(estimator)
    if isinstance(estimator, IsolationForest):
        return _isolation(estimator)
    raise GraphError(
        f"{type(estimator).__name__} has no exact tree form",
        hint="use gradient boosting, a random forest, extra trees or an isolation forest",
    )


def link(estimator: Any) -> str:
    """Name of the link function that makes scores of the sums: see ``trivet.build.blocks``."""
    if isinstance(estimator, (HistGradientBoostingClassifier, GradientBoostingClassifier)):
        return "sigmoid" if len(estimator.classes_) == 2 else "softmax"
    if isinstance(estimator, HistGradientBoostingRegressor):
        return "exp" if estimator.loss in {"poisson", "gamma"} else "identity"
    return "power_of_two" if isinstance(estimator, IsolationForest) else "identity"


def _boosting(estimator: Any) -> Ensemble:
    base = np.asarray(estimator._baseline_prediction, np.float64).reshape(-1)
    targets = len(base)
    trees = [
        _boosted(predictor.nodes, target, targets)
        for iteration in estimator._predictors
        for target, predictor in enumerate(iteration)
    ]
    return Ensemble(tuple(trees), base.astype(np.float32), single=False)


def _boosted(nodes: Any, target: int, targets: int) -> Tree:
    if nodes["is_categorical"].any():
        raise GraphError("categorical splits have no exact form here", hint="give the estimator numbers only")
    leaf = nodes["is_leaf"].astype(bool)
    weights = np.zeros((len(nodes), targets), np.float32)
    weights[leaf, target] = nodes["value"][leaf]
    return Tree(
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64),
        threshold=np.where(leaf, 0.0, nodes["num_threshold"]),
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        unknown_left=nodes["missing_go_to_left"].astype(bool) & ~leaf,
        weights=weights,
    )


def _gradient(estimator: Any) -> Ensemble:
    """Sums of regression trees, one a class and stage (Friedman, 2001), each shrunk by the learning rate."""
    if not isinstance(estimator.init_, (DummyClassifier, DummyRegressor)) and estimator.init_ != "zero":
        raise GraphError("boosting that starts from another estimator has no form here", hint="leave `init` alone")
    # The exponential loss makes its probability of twice the sum.
    scale = 2.0 if estimator.loss == "exponential" else 1.0
    base = scale * estimator._raw_predict_init(np.zeros((1, estimator.n_features_in_), np.float32))[0]
    trees = []
    for stage in estimator.estimators_:
        for target, fitted in enumerate(stage):
            values = np.zeros((fitted.tree_.node_count, len(base)))
            values[:, target] = scale * estimator.learning_rate * fitted.tree_.value[:, 0, 0]
            trees.append(_grown(fitted.tree_, values))
    return Ensemble(tuple(trees), base.astype(np.float32))


def _forest(estimator: Any) -> Ensemble:
    if estimator.n_outputs_ != 1:
        raise GraphError("a forest with several outputs has no form here", hint="train one forest an output")
    trees = tuple(_grown(fitted.tree_, fitted.tree_.value[:, 0, :]) for fitted in estimator.estimators_)
    return Ensemble(trees, np.zeros(trees[0].weights.shape[1], np.float32), float(len(trees)))


def _grown(tree: Any, values: Floats, columns: Ints | None = None) -> Tree:
    leaf = tree.children_left < 0
    feature = np.where(leaf, 0, tree.feature).astype(np.int64)
    return Tree(
        feature=feature if columns is None else columns[feature],
        threshold=np.where(leaf, 0.0, tree.threshold),
        left=tree.children_left.astype(np.int64),
        right=tree.children_right.astype(np.int64),
        unknown_left=tree.missing_go_to_left.astype(bool) & ~leaf,
        weights=np.where(leaf[:, None], values, 0).astype(np.float32),
    )


def _isolation(estimator: Any) -> Ensemble:
    """Mean path length over the expected one; the anomaly score is 2 to the power of minus this."""
    trees = []
    for fitted, columns in zip(estimator.estimators_, estimator.estimators_features_, strict=True):
        lengths = _depths(fitted.tree_) + _expected_path(fitted.tree_.n_node_samples)
        trees.append(_grown(fitted.tree_, lengths[:, None], np.asarray(columns, np.int64)))
    expected = float(_expected_path(np.array([estimator._max_samples]))[0])
    return Ensemble(tuple(trees), np.zeros(1, np.float32), len(trees) * expected)


def _depths(tree: Any) -> Floats:
    depths = np.zeros(tree.node_count)
    for node in range(tree.node_count):
        for child in (tree.children_left[node], tree.children_right[node]):
            if child >= 0:
                depths[child] = depths[node] + 1
    return depths


def _expected_path(samples: Any) -> Floats:
    """Mean depth of an unsuccessful search in a binary search tree (Liu, Ting and Zhou, 2008)."""
    n = np.asarray(samples, np.float64)
    many = np.maximum(n, 3)
    value = 2 * (np.log(many - 1) + EULER) - 2 * (many - 1) / many
    return np.where(n <= 1, 0.0, np.where(n == 2, 1.0, value))
