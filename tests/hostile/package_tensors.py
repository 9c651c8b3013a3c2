"""Hostile models: tensors whose type, dimensions and data disagree, and trees that are none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import onnxwire as wire
from hostile.package_cases import Case
from hostile.package_models import INF, NAN, case, model, using, weight

TENSORS: list[Case] = [
    case("dims-negative", "TRV-P067", lambda: weight([-1], wire.floats([1.0]))),
    case("dims-overflow", "TRV-P067", lambda: weight([1 << 32, 1 << 32], b"")),
    case("dims-overflow-to-zero", "TRV-P067", lambda: weight([1 << 62, 4], b"")),
    case("dims-many", "TRV-P067", lambda: weight([1] * 1000, wire.floats([1.0]))),
    case("dims-large", "TRV-P067", lambda: weight([1 << 27, 2], b"")),
    case("data-short", "TRV-P067", lambda: weight([4], wire.floats([1.0]))),
    case("data-long", "TRV-P067", lambda: weight([1], wire.floats([1.0] * 4))),
    case("data-none", "TRV-P067", lambda: weight([4], b"")),
    case("data-odd", "TRV-P067", lambda: weight([1], b"abc")),
    case("data-typed-short", "TRV-P067", lambda: weight([4], b"", 1, wire.block(4, wire.floats([1.0])))),
    case("data-two-places", "TRV-P067", lambda: weight([1], wire.floats([1.0]), 1, wire.block(4, wire.floats([1.0])))),
    case("data-wrong-place", "TRV-P067", lambda: weight([1], b"", 1, wire.block(7, b"\1"))),
    case("data-int32-overflow", "TRV-P067", lambda: weight([1], b"", 6, wire.block(5, wire.varint(1 << 40)))),
    case("type-undefined", "TRV-P067", lambda: weight([1], wire.floats([1.0]), 0)),
    case("type-text", "TRV-P065", lambda: weight([1], b"", 8, wire.block(6, "x"))),
    case("type-half", "TRV-P067", lambda: weight([1], b"\0\0", 10)),
    case("type-unknown", "TRV-P067", lambda: weight([1], b"\0", 99)),
    case("type-negative", "TRV-P067", lambda: weight([1], b"\0", -1)),
    case("tensor-segment", "TRV-P065", lambda: weight([1], wire.floats([1.0]), 1, wire.block(3, wire.number(1, 5)))),
    case("nan-weights", "TRV-P068", lambda: weight([2], wire.floats([1.0, NAN]))),
    case("inf-weights", "TRV-P068", lambda: weight([2], wire.floats([INF, 1.0]))),
    case("nan-typed-weights", "TRV-P068", lambda: weight([2], b"", 1, wire.block(4, wire.floats([NAN, 1.0])))),
    case("nan-attribute", "TRV-P068", lambda: using("Constant", value_floats=[1.0, NAN])),
    case(
        "nan-constant", "TRV-P068", lambda: using("Constant", value=wire.tensor("", 1, [2], wire.floats([1.0, -INF])))
    ),
]

Trees = dict[str, list[int] | list[float] | list[str] | int | str]

STUMP: Trees = {
    "nodes_treeids": [0, 0, 0],
    "nodes_nodeids": [0, 1, 2],
    "nodes_featureids": [0, 0, 0],
    "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
    "nodes_values": [0.5, 0.0, 0.0],
    "nodes_truenodeids": [1, 0, 0],
    "nodes_falsenodeids": [2, 0, 0],
    "target_treeids": [0, 0],
    "target_nodeids": [1, 2],
    "target_ids": [0, 0],
    "target_weights": [1.0, 2.0],
    "n_targets": 1,
}


def trees(operator: str = "TreeEnsembleRegressor", drop: Sequence[str] = (), **changes: Any) -> bytes:
    """The tiny model with a tree ensemble beside it."""
    attributes = {key: value for key, value in {**STUMP, **changes}.items() if key not in drop}
    outputs = ["leaf", "scores"] if operator.endswith("Classifier") else ["leaf"]
    return model([wire.node(operator, ["means"], outputs, "ai.onnx.ml", **attributes)])


def chain(depth: int) -> bytes:
    """One tree that is a chain of splits: a stack overflow where trees are built by recursion."""
    count = 2 * depth + 1
    inner = range(0, count - 1, 2)
    return trees(
        nodes_treeids=[0] * count,
        nodes_nodeids=list(range(count)),
        nodes_featureids=[0] * count,
        nodes_modes=["BRANCH_LEQ" if n in inner else "LEAF" for n in range(count)],
        nodes_values=[0.0] * count,
        nodes_truenodeids=[n + 1 if n in inner else 0 for n in range(count)],
        nodes_falsenodeids=[n + 2 if n in inner else 0 for n in range(count)],
    )


def _over_unknown_table() -> bytes:
    """Trees over a table whose number of columns comes out of data."""
    attributes: dict[str, Any] = STUMP
    nodes = [
        wire.node("Cast", ["context"], ["numbers"], to=7),
        wire.node("Reshape", ["means", "numbers"], ["table"]),
        wire.node("TreeEnsembleRegressor", ["table"], ["leaf"], "ai.onnx.ml", **attributes),
    ]
    return model(nodes)


LABELS = {"class_treeids": [0, 0], "class_nodeids": [1, 2], "class_ids": [0, 1], "class_weights": [1.0, 1.0]}
NO_TARGETS = ("target_treeids", "target_nodeids", "target_ids", "target_weights", "n_targets")


def classifier(**changes: Any) -> bytes:
    facts: dict[str, Any] = {**LABELS, "classlabels_int64s": [0, 1], **changes}
    return trees("TreeEnsembleClassifier", NO_TARGETS, **facts)


TREES: list[Case] = [
    case("tree-child-itself", "TRV-P071", lambda: trees(nodes_truenodeids=[0, 0, 0])),
    case(
        "tree-cycle",
        "TRV-P071",
        lambda: trees(
            nodes_modes=["BRANCH_LEQ", "BRANCH_LEQ", "LEAF"], nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 2, 0]
        ),
    ),
    case("tree-two-parents", "TRV-P071", lambda: trees(nodes_falsenodeids=[1, 0, 0])),
    case("tree-child-missing", "TRV-P071", lambda: trees(nodes_truenodeids=[7, 0, 0])),
    case("tree-child-negative", "TRV-P071", lambda: trees(nodes_truenodeids=[-1, 0, 0])),
    case("tree-child-in-another-tree", "TRV-P071", lambda: trees(nodes_truenodeids=[(1 << 32) + 1, 0, 0])),
    case("tree-orphan", "TRV-P071", lambda: trees(nodes_modes=["LEAF", "LEAF", "LEAF"])),
    case("tree-root-not-first", "TRV-P071", lambda: trees(nodes_nodeids=[1, 0, 2])),
    case("tree-in-two-places", "TRV-P071", lambda: trees(nodes_treeids=[0, 1, 0])),
    case("tree-node-twice", "TRV-P071", lambda: trees(nodes_nodeids=[0, 1, 1])),
    case("tree-ids-negative", "TRV-P071", lambda: trees(nodes_treeids=[-1, -1, -1])),
    case("tree-node-ids-huge", "TRV-P071", lambda: trees(nodes_nodeids=[0, 1, 1 << 40])),
    case("tree-no-nodes", "TRV-P071", lambda: trees(drop=[key for key in STUMP if key.startswith("nodes_")])),
    case("tree-lengths-differ", "TRV-P071", lambda: trees(nodes_featureids=[0, 0])),
    case("tree-values-missing", "TRV-P071", lambda: trees(drop=["nodes_values"])),
    case(
        "tree-values-twice",
        "TRV-P071",
        lambda: trees(nodes_values_as_tensor=wire.tensor("", 1, [3], wire.floats([0.0] * 3))),
    ),
    case(
        "tree-values-tensor-short",
        "TRV-P071",
        lambda: trees(drop=["nodes_values"], nodes_values_as_tensor=wire.tensor("", 1, [2], wire.floats([0.0] * 2))),
    ),
    case("tree-feature-negative", "TRV-P071", lambda: trees(nodes_featureids=[-1, 0, 0])),
    case("tree-feature-huge", "TRV-P071", lambda: trees(nodes_featureids=[1 << 20, 0, 0])),
    case("tree-feature-beyond-table", "TRV-P071", lambda: trees(nodes_featureids=[2, 0, 0])),
    case("tree-feature-of-leaf-beyond-table", "TRV-P071", lambda: trees(nodes_featureids=[0, 0, 2])),
    case("tree-table-unknown", "TRV-P071", lambda: _over_unknown_table()),
    case("tree-mode-unknown", "TRV-P071", lambda: trees(nodes_modes=["BRANCH_EVIL", "LEAF", "LEAF"])),
    case("tree-transform-unknown", "TRV-P071", lambda: trees(post_transform="EVIL")),
    case("tree-aggregate-unknown", "TRV-P071", lambda: trees(aggregate_function="EVIL")),
    case("tree-missing-tracks-other", "TRV-P071", lambda: trees(nodes_missing_value_tracks_true=[2, 0, 0])),
    case("tree-missing-tracks-short", "TRV-P071", lambda: trees(nodes_missing_value_tracks_true=[1])),
    case("tree-target-out-of-range", "TRV-P071", lambda: trees(target_ids=[0, 1])),
    case("tree-target-negative", "TRV-P071", lambda: trees(target_ids=[0, -1])),
    case("tree-target-node-missing", "TRV-P071", lambda: trees(target_nodeids=[1, 9])),
    case("tree-target-tree-missing", "TRV-P071", lambda: trees(target_treeids=[0, 9])),
    case("tree-target-node-negative", "TRV-P071", lambda: trees(target_nodeids=[1, -1])),
    case("tree-target-lengths", "TRV-P071", lambda: trees(target_weights=[1.0])),
    case("tree-targets-zero", "TRV-P071", lambda: trees(n_targets=0)),
    case("tree-targets-many", "TRV-P071", lambda: trees(n_targets=1 << 40)),
    case("tree-base-values", "TRV-P071", lambda: trees(base_values=[0.0] * 5)),
    case("tree-deep", "TRV-P071", lambda: chain(20_000)),
    case("tree-threshold-nan", "TRV-P068", lambda: trees(nodes_values=[NAN, 0.0, 0.0])),
    case("tree-weight-inf", "TRV-P068", lambda: trees(target_weights=[INF, 0.0])),
    case("tree-class-out-of-range", "TRV-P071", lambda: classifier(class_ids=[0, 2])),
    case("tree-no-labels", "TRV-P071", lambda: classifier(classlabels_int64s=[])),
    case("tree-text-labels", "TRV-P069", lambda: classifier(classlabels_strings=["a", "b"])),
]

CASES: list[Case] = [*TENSORS, *TREES]
