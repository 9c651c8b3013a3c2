"""Tree ensembles: from scikit-learn, as arrays, as one ``TreeEnsembleRegressor`` node.

Two things decide whether a graph answers as the estimator did: where an unknown
value goes at each split (it is learnt, and is lost by the usual exporters), and
thresholds, which are rounded *down* to single precision so that every single
precision input stays on its side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trivet.build import missing
from trivet.build.nodes import ML_DOMAIN, Graph
from trivet.errors import GraphError
from trivet.signals import Float32s, Floats, Ints

try:
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
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

LARGEST = float(np.finfo(np.float32).max)

EULER = 0.5772156649015329


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree; row 0 is its root.

    Attributes:
        feature: Column that each node looks at, int ``(nodes,)``.
        threshold: float32 ``(nodes,)``: left when the value is at most this.
        left: Row of the left child, int ``(nodes,)``; -1 in leaves.
        right: Row of the right child, int ``(nodes,)``.
        unknown_left: Whether NaN goes left, bool ``(nodes,)``.
        weights: What leaves add to each target, float32 ``(nodes, targets)``; zero elsewhere.
    """

    feature: Ints
    threshold: Float32s
    left: Ints
    right: Ints
    unknown_left: NDArray[np.bool_]
    weights: Float32s


@dataclass(frozen=True, slots=True)
class Ensemble:
    """A sum of trees.

    Attributes:
        trees: All of one width of features and targets.
        base: Added to the sums, float32 ``(targets,)``.
        divisor: What the sums are then divided by.
    """

    trees: tuple[Tree, ...]
    base: Float32s
    divisor: float = 1.0

    @property
    def targets(self) -> int:
        """Columns of the result."""
        return len(self.base)

    def thresholds(self) -> Iterator[tuple[int, float]]:
        """Feature and threshold of every split."""
        for tree in self.trees:
            inner = tree.left >= 0
            yield from zip(tree.feature[inner].tolist(), tree.threshold[inner].tolist(), strict=True)

    def emit(self, g: Graph, x: str) -> str:
        """The sums over trees as one node, from ``(batch, features)`` to ``(batch, targets)``."""
        raw = g.op("TreeEnsembleRegressor", x, domain=ML_DOMAIN, **_attributes(self))
        return g.op("Div", raw, g.floats(self.divisor)) if self.divisor != 1 else raw


def floored(thresholds: Floats) -> Float32s:
    """The largest finite single-precision numbers not above these: no finite input changes side."""
    bounded = np.clip(thresholds, -LARGEST, LARGEST)
    near = bounded.astype(np.float32)
    above = near.astype(np.float64) > bounded
    with np.errstate(over="ignore"):
        return np.where(above, np.nextafter(near, np.float32(-np.inf)), near)


def ensemble(estimator: Any) -> Ensemble:
    """The trees of a fitted scikit-learn estimator, before its link function.

    Raises:
        GraphError: It is of a kind that has no exact form here.
    """
    if isinstance(estimator, BOOSTINGS):
        return _boosting(estimator)
    if isinstance(estimator, FORESTS):
        return _forest(estimator)
    if isinstance(estimator, IsolationForest):
        return _isolation(estimator)
    raise GraphError(
        f"{type(estimator).__name__} has no exact tree form",
        hint="use histogram gradient boosting, a random forest, extra trees or an isolation forest",
    )


def link(estimator: Any) -> str:
    """Name of the link function that makes scores of the sums: see ``trivet.build.blocks``."""
    if isinstance(estimator, HistGradientBoostingClassifier):
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
    return Ensemble(tuple(trees), base.astype(np.float32))


def _boosted(nodes: Any, target: int, targets: int) -> Tree:
    if nodes["is_categorical"].any():
        raise GraphError("categorical splits have no exact form here", hint="give the estimator numbers only")
    leaf = nodes["is_leaf"].astype(bool)
    weights = np.zeros((len(nodes), targets), np.float32)
    weights[leaf, target] = nodes["value"][leaf]
    return Tree(
        feature=np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64),
        threshold=np.where(leaf, np.float32(0), floored(nodes["num_threshold"])).astype(np.float32),
        left=np.where(leaf, -1, nodes["left"].astype(np.int64)),
        right=np.where(leaf, -1, nodes["right"].astype(np.int64)),
        unknown_left=nodes["missing_go_to_left"].astype(bool) & ~leaf,
        weights=weights,
    )


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
        threshold=np.where(leaf, np.float32(0), floored(tree.threshold)).astype(np.float32),
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


def _attributes(trees: Ensemble) -> dict[str, Any]:
    sizes = [len(tree.feature) for tree in trees.trees]
    numbers = np.repeat(np.arange(len(sizes)), sizes)
    rows = np.concatenate([np.arange(size) for size in sizes])
    left, right, feature, threshold, unknown_left = (
        np.concatenate([getattr(tree, name) for tree in trees.trees])
        for name in ("left", "right", "feature", "threshold", "unknown_left")
    )
    leaf = left < 0
    weights = np.concatenate([tree.weights for tree in trees.trees])
    given, target = np.nonzero((weights != 0) & leaf[:, None])
    given, target = _one_each(given, target, np.flatnonzero(leaf))
    return {
        "aggregate_function": "SUM",
        "base_values": trees.base.tolist(),
        "n_targets": trees.targets,
        "nodes_falsenodeids": np.where(leaf, 0, right).tolist(),
        "nodes_featureids": feature.tolist(),
        "nodes_missing_value_tracks_true": unknown_left.astype(int).tolist(),
        "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "nodes_nodeids": rows.tolist(),
        "nodes_treeids": numbers.tolist(),
        "nodes_truenodeids": np.where(leaf, 0, left).tolist(),
        "nodes_values": threshold.tolist(),
        "post_transform": "NONE",
        "target_ids": target.tolist(),
        "target_nodeids": rows[given].tolist(),
        "target_treeids": numbers[given].tolist(),
        "target_weights": weights[given, target].tolist(),
    }


def _one_each(given: Ints, target: Ints, leaves: Ints) -> tuple[Ints, Ints]:
    """Leaves that add nothing still need one target."""
    empty = np.setdiff1d(leaves, given)
    order = np.argsort(np.concatenate([given, empty]), kind="stable")
    return np.concatenate([given, empty])[order], np.concatenate([target, np.zeros_like(empty)])[order]
