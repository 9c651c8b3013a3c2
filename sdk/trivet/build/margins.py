"""How near the rows of a batch come to the splits that they take, read off any ONNX model with trees.

A golden vector that stands on a threshold tests luck: another CPU may put it on
the other side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trivet.build import missing
from trivet.build.inputs import Inputs, Runner
from trivet.build.nodes import ML_DOMAIN
from trivet.errors import GraphError
from trivet.signals import Float32s, Floats, Ints

try:
    import onnx
except ImportError as error:
    raise missing("onnx") from error

NEAREST = 1e-4
"""Least distance to a split, as a share of the feature's scale."""

_LEFT = {
    "BRANCH_LEQ": np.less_equal,
    "BRANCH_LT": np.less,
    "BRANCH_GTE": np.greater_equal,
    "BRANCH_GT": np.greater,
    "BRANCH_EQ": np.equal,
    "BRANCH_NEQ": np.not_equal,
}


@dataclass(frozen=True, slots=True)
class Splits:
    """The trees of one node, all in one table.

    Attributes:
        roots: Row of each tree's root.
        feature: Column that each row looks at; -1 in leaves.
        threshold: float32 ``(rows,)``.
        left: Row of the true child.
        right: Row of the false child.
        unknown_left: Whether NaN takes the true child.
        mode: How the value is compared with the threshold.
    """

    roots: Ints
    feature: Ints
    threshold: Float32s
    left: Ints
    right: Ints
    unknown_left: NDArray[np.bool_]
    mode: str

    def nearest(self, x: Float32s, scale: Floats) -> Floats:
        """For each row of ``x``, the least distance to a split on its ways, as a share of scale; infinite for none."""
        nearest = np.full(len(x), np.inf)
        at = np.tile(self.roots, (len(x), 1))
        rows = np.arange(len(x))[:, None]
        while (inner := self.feature[at] >= 0).any():
            value = x[rows, self.feature[at]]
            distance = np.abs(value.astype(np.float64) - self.threshold[at]) / scale[self.feature[at]]
            near = np.where(inner & ~np.isnan(value), distance, np.inf)
            nearest = np.minimum(nearest, near.min(axis=1))
            left = np.where(np.isnan(value), self.unknown_left[at], _LEFT[self.mode](value, self.threshold[at]))
            at = np.where(inner, np.where(left, self.left[at], self.right[at]), at)
        return nearest


def margins(model: bytes, inputs: Inputs, scale_from: Inputs) -> Floats:
    """Each row's least distance to a split that it takes, as a share of the feature's scale.

    Args:
        model: Any model that the walk admits.
        inputs: Rows to judge.
        scale_from: Rows that show how far each feature spreads.

    Returns:
        ``(batch,)``; infinite where there are no trees.
    """
    proto = onnx.load_from_string(model)
    nodes = [n for n in proto.graph.node if n.domain == ML_DOMAIN and n.op_type.startswith("TreeEnsemble")]
    nearest = np.full(len(inputs), np.inf)
    if not nodes:
        return nearest
    sources = _sources(proto, nodes)
    names = list(dict.fromkeys(sources))
    runner = Runner(_showing(proto, names), names)
    seen, spread = runner.run(inputs), runner.run(scale_from)
    for node, source in zip(nodes, sources, strict=True):
        nearest = np.minimum(nearest, splits(node).nearest(seen[source], scales(spread[source])))
    return nearest


def _sources(proto: Any, nodes: Sequence[Any]) -> list[str]:
    """The tensor that each tree node looks at, before it was made double precision."""
    casts = {node.output[0]: node.input[0] for node in proto.graph.node if node.op_type == "Cast"}
    return [casts.get(node.input[0], node.input[0]) for node in nodes]


def scales(x: Float32s) -> Floats:
    """How far each feature spreads: its standard deviation, at least a millionth of its size, never zero."""
    known = ~np.isnan(x)
    count = np.maximum(known.sum(0), 1)
    mean = np.where(known, x, 0).sum(0, dtype=np.float64) / count
    variance = (np.where(known, x - mean, 0.0) ** 2).sum(0) / count
    return np.asarray(np.maximum(np.sqrt(variance), np.maximum(1e-6 * np.abs(mean), 1e-9)))


def splits(node: Any) -> Splits:
    """The table of one TreeEnsemble node.

    Raises:
        GraphError: It compares in several ways, or keeps its numbers as tensors.
    """
    given = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
    modes = [mode.decode() for mode in given["nodes_modes"]]
    kinds = set(modes) - {"LEAF"}
    if len(kinds) > 1 or "nodes_values" not in given:
        raise GraphError("trees that compare in several ways, or in double precision, cannot be checked")
    trees, numbers = np.array(given["nodes_treeids"]), np.array(given["nodes_nodeids"])
    place = {key: row for row, key in enumerate(zip(trees.tolist(), numbers.tolist(), strict=True))}
    leaf = np.array([mode == "LEAF" for mode in modes])
    unknown = given.get("nodes_missing_value_tracks_true", [0] * len(modes))
    first = np.unique(trees, return_index=True)[1]
    return Splits(
        roots=first,
        feature=np.where(leaf, -1, np.array(given["nodes_featureids"])),
        threshold=np.array(given["nodes_values"], np.float32),
        left=_children(place, trees, given["nodes_truenodeids"], leaf),
        right=_children(place, trees, given["nodes_falsenodeids"], leaf),
        unknown_left=np.array(unknown, bool),
        mode=next(iter(kinds), "BRANCH_LEQ"),
    )


def _children(place: dict[tuple[int, int], int], trees: Ints, numbers: Sequence[int], leaf: NDArray[np.bool_]) -> Ints:
    keys = zip(trees.tolist(), numbers, leaf.tolist(), strict=True)
    return np.array([0 if ends else place[tree, number] for tree, number, ends in keys], np.int64)


def _showing(proto: Any, names: Sequence[str]) -> bytes:
    """The model with inner tensors as its only outputs."""
    shown = onnx.ModelProto()
    shown.CopyFrom(proto)
    del shown.graph.output[:]
    shown.graph.output.extend(
        onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ("batch", None)) for name in names
    )
    return bytes(shown.SerializeToString())
