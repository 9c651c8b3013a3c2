"""Tree ensembles: as arrays, and as one ``TreeEnsembleRegressor`` node.

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

from trivet.build.nodes import ML_DOMAIN, Graph
from trivet.signals import Float32s, Floats, Ints

DOUBLE = 11
"""Number of double precision among ONNX's element types."""

LARGEST = float(np.finfo(np.float32).max)


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree; row 0 is its root.

    Attributes:
        feature: Column that each node looks at, int ``(nodes,)``.
        threshold: As it was learnt, float64 ``(nodes,)``: left when the value is at most this.
        left: Row of the left child, int ``(nodes,)``; -1 in leaves.
        right: Row of the right child, int ``(nodes,)``.
        unknown_left: Whether NaN goes left, bool ``(nodes,)``.
        weights: What leaves add to each target, float32 ``(nodes, targets)``; zero elsewhere.
    """

    feature: Ints
    threshold: Floats
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
        single: Whether the estimator looks at its features in single precision.
        precise: Whether sums are made in double precision; numbers without bounds need it.
    """

    trees: tuple[Tree, ...]
    base: Float32s
    divisor: float = 1.0
    single: bool = True
    precise: bool = False

    @property
    def targets(self) -> int:
        """Columns of the result."""
        return len(self.base)

    def thresholds(self) -> Iterator[tuple[int, float]]:
        """Feature and threshold of every split, as the node compares."""
        for tree in self.trees:
            inner = tree.left >= 0
            yield from zip(tree.feature[inner].tolist(), floored(tree.threshold[inner]).tolist(), strict=True)

    def emit(self, g: Graph, x: str) -> str:
        """The sums over trees as one node, from ``(batch, features)`` to ``(batch, targets)``."""
        # onnxruntime sums in the type of the input; thresholds and what comes out are single precision in any case.
        wide = g.op("Cast", x, to=DOUBLE) if self.precise else x
        raw = g.op("TreeEnsembleRegressor", wide, domain=ML_DOMAIN, **_attributes(self))
        return g.op("Div", raw, g.floats(self.divisor)) if self.divisor != 1 else raw


def floored(thresholds: Floats) -> Float32s:
    """The largest finite single-precision numbers not above these: no finite input changes side."""
    bounded = np.clip(thresholds, -LARGEST, LARGEST)
    near = bounded.astype(np.float32)
    above = near.astype(np.float64) > bounded
    with np.errstate(over="ignore"):
        return np.where(above, np.nextafter(near, np.float32(-np.inf)), near)


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
        "nodes_values": floored(threshold).tolist(),
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
