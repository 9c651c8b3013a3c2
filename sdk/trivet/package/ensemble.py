"""Tree ensembles: their attribute arrays must describe trees, each complete, acyclic and in order.

onnxruntime takes the first node of a run of equal tree ids as a root and follows
children by number; older versions do so unchecked.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import compress, groupby
from operator import itemgetter
from typing import Any

from trivet.errors import GraphError, Message
from trivet.package.tensor import Tensor

MOST_NODES = 1_000_000
DEEPEST = 512
MOST_TARGETS = 4096

MODES = frozenset((b"BRANCH_LEQ", b"BRANCH_LT", b"BRANCH_GTE", b"BRANCH_GT", b"BRANCH_EQ", b"BRANCH_NEQ", b"LEAF"))
TRANSFORMS = frozenset((b"NONE", b"SOFTMAX", b"LOGISTIC", b"SOFTMAX_ZERO", b"PROBIT"))
AGGREGATES = frozenset((b"AVERAGE", b"SUM", b"MIN", b"MAX"))

Attributes = Mapping[str, Any]


def check_ensemble(attributes: Attributes, where: str, prefix: str, width: int | None) -> None:
    """Checks a TreeEnsembleRegressor or TreeEnsembleClassifier.

    Args:
        attributes: By name, each of its right type.
        where: Place to blame.
        prefix: ``target`` for a regressor, ``class`` for a classifier.
        width: Columns of the table that the trees look at, or None when that is not known.

    Raises:
        GraphError: Its arrays do not describe a set of trees with their leaves' targets.
    """
    trees, nodes = _ints(attributes, "nodes_treeids"), _ints(attributes, "nodes_nodeids")
    _check_lengths(attributes, len(trees), where)
    _check_features(attributes["nodes_featureids"], width, where)
    _check_modes(attributes, where)
    keys, count = _keys(trees, nodes), len(trees)
    if min(trees) < 0 or max(trees) >= count or min(nodes) < 0 or max(nodes) >= count:
        _refuse(where, "numbers its trees or nodes outside 0 to the number of nodes")
    distinct = set(keys)
    if len(distinct) != count:
        _refuse(where, "has a node twice")
    if _reached(_roots(trees, keys, where), _children(attributes, trees, keys, where), where) != distinct:
        _refuse(where, "has a child that does not exist, or a node that no root leads to")
    _check_targets(attributes, prefix, distinct, where)


def _check_lengths(attributes: Attributes, count: int, where: str) -> None:
    if not 1 <= count <= MOST_NODES:
        _refuse(where, Message("has {count} nodes, and 1 to {most} are allowed", count=count, most=MOST_NODES))
    for name in ("falsenodeids", "truenodeids", "featureids", "modes", "nodeids"):
        if len(attributes.get(f"nodes_{name}", ())) != count:
            _refuse(
                where,
                Message(
                    "has {count} nodes_{name} for {expected} nodes",
                    count=len(attributes.get(f"nodes_{name}", ())),
                    name=name,
                    expected=count,
                ),
            )
    if _length(attributes, "nodes_values", where) != count:
        _refuse(where, Message("has not one of nodes_values for each of {count} nodes", count=count))
    for name in ("nodes_hitrates", "nodes_missing_value_tracks_true"):
        if _length(attributes, name, where) not in (0, count):
            _refuse(where, Message("has {name} for some nodes only", name=name))


def _check_features(features: Sequence[int], width: int | None, where: str) -> None:
    """Runtimes that do not check read past the end of a row, or of the table."""
    if width is None:
        _refuse(where, "looks at a table whose number of columns is not fixed")
    elif not 0 <= min(features) <= max(features) < width:
        _refuse(where, Message("has feature numbers outside 0 to {last}, the columns of its table", last=width - 1))


def _length(attributes: Attributes, name: str, where: str) -> int:
    """Length of a list that may also be given as a tensor, but not both."""
    tensor: Tensor | None = attributes.get(f"{name}_as_tensor")
    if tensor is None:
        return len(attributes.get(name, ()))
    if name in attributes or len(tensor.shape) != 1:
        _refuse(where, Message("has {name} twice, or not in one dimension", name=name))
    return tensor.elements


def _check_modes(attributes: Attributes, where: str) -> None:
    modes = set(attributes["nodes_modes"]) - MODES
    if modes:
        _refuse(where, Message("has a node of mode {mode!a}", mode=min(modes)[:40]))
    if attributes.get("post_transform", b"NONE") not in TRANSFORMS:
        _refuse(where, "has an unknown post_transform")
    if attributes.get("aggregate_function", b"SUM") not in AGGREGATES:
        _refuse(where, "has an unknown aggregate_function")
    if not set(attributes.get("nodes_missing_value_tracks_true", ())) <= {0, 1}:
        _refuse(where, "has nodes_missing_value_tracks_true other than 0 and 1")


def _keys(trees: Iterable[int], nodes: Iterable[int]) -> list[int]:
    """One number for each (tree, node)."""
    return [tree << 32 | node for tree, node in zip(trees, nodes, strict=True)]


def _roots(trees: Sequence[int], keys: list[int], where: str) -> list[int]:
    """The first node of each tree, whose nodes are one run."""
    roots = [next(run)[1] for _, run in groupby(zip(trees, keys, strict=True), itemgetter(0))]
    if len(roots) != len(set(trees)):
        _refuse(where, "has the nodes of one tree in two places")
    return roots


def _children(attributes: Attributes, trees: Sequence[int], keys: list[int], where: str) -> dict[int, tuple[int, int]]:
    """The two children of each node that is no leaf."""
    branches = [mode != b"LEAF" for mode in attributes["nodes_modes"]]
    own, sides = list(compress(trees, branches)), []
    for side in ("nodes_truenodeids", "nodes_falsenodeids"):
        nodes = list(compress(attributes[side], branches))
        if nodes and not 0 <= min(nodes) <= max(nodes) < len(keys):
            _refuse(where, "has a child number outside 0 to the number of nodes")
        sides.append(_keys(own, nodes))
    return dict(zip(compress(keys, branches), zip(*sides, strict=True), strict=True))


def _reached(roots: list[int], children: Mapping[int, tuple[int, int]], where: str) -> set[int]:
    """All nodes below the roots, level by level; meeting one twice means a cycle or a second parent."""
    seen, level, depth = set(roots), roots, 0
    while level:
        level = [child for pair in map(children.get, level) if pair for child in pair]
        before, depth = len(seen), depth + 1
        seen.update(level)
        if len(seen) != before + len(level):
            _refuse(where, "has a node with two parents, or a cycle")
        if depth > DEEPEST:
            _refuse(where, Message("has a tree deeper than {most}", most=DEEPEST))
    return seen


def _check_targets(attributes: Attributes, prefix: str, keys: set[int], where: str) -> None:
    trees, nodes, ids = (_ints(attributes, f"{prefix}_{name}") for name in ("treeids", "nodeids", "ids"))
    count = attributes.get("n_targets", 1) if prefix == "target" else len(attributes.get("classlabels_int64s", ()))
    if not 1 <= count <= MOST_TARGETS:
        _refuse(where, Message("has {count} targets or classes", count=count))
    if not len(trees) == len(nodes) == len(ids) == _length(attributes, f"{prefix}_weights", where):
        _refuse(where, Message("has {prefix}_ arrays of different lengths", prefix=prefix))
    if ids and not 0 <= min(ids) <= max(ids) < count:
        _refuse(where, Message("has {prefix}_ids outside 0 to {last}", prefix=prefix, last=count - 1))
    if nodes and not (0 <= min(nodes) <= max(nodes) < 1 << 32 and keys.issuperset(_keys(trees, nodes))):
        _refuse(where, "gives a weight to a node that does not exist")
    if _length(attributes, "base_values", where) not in (0, 1, count):
        _refuse(where, Message("has base_values, but not one for each of {count}", count=count))


def _ints(attributes: Attributes, name: str) -> array[int]:
    numbers: array[int] = attributes.get(name, array("q"))
    return numbers


def _refuse(where: str, message: str) -> None:
    raise GraphError(message, where=where, hint="export the trees again", rule="TRV-P071")
