"""The whole graph of a model: features, blocks, what each output needs, memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trivet.build.baseline import fields
from trivet.build.blocks import Block, finite
from trivet.build.features import FeatureList
from trivet.build.needs import needs_by_column
from trivet.build.nodes import Graph
from trivet.build.session import ports
from trivet.build.vector import Vector
from trivet.errors import GraphError
from trivet.interface.document import Interface, Needs

FEATURES = "features."
"""Begins the name of an extra output that shows what a block reads; never in a package."""


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One output of a model.

    Attributes:
        name: As in the interface.
        block: What makes it.
        classes: Class names in tensor order; empty for outputs with one column.
    """

    name: str
    block: Block
    classes: tuple[str, ...] = ()


def assemble(
    interface: Interface, features: FeatureList, outputs: Sequence[OutputSpec], *, show_features: bool = False
) -> bytes:
    """The model's bytes; the same arguments give the same bytes.

    Args:
        interface: Names the needs of outputs and classes.
        features: The feature list.
        outputs: In the order of the manifest.
        show_features: Also give each block's input as output ``features.<name>``, for checks.

    Raises:
        GraphError: An output is not of the width of its block, or names no needs.
    """
    g = Graph()
    vector = Vector(g, features)
    columns = Needed(g, features)
    made: dict[str, tuple[str, tuple[int | str, ...]]] = {}
    for spec in outputs:
        _check(interface, spec)
        x = finite(g, vector.take(spec.block.features))
        allowed = columns.met(needs_by_column(interface, spec.name, spec.classes))
        width = max(len(spec.classes), 1)
        scores = g.op("Where", allowed, spec.block.emit(g, x), g.floats(np.nan))
        made[spec.name] = (scores, ("batch", width))
        if show_features:
            made[FEATURES + spec.name] = (x, ("batch", len(spec.block.features)))
    memory = len(fields(features))
    if vector.next_state is not None:
        made["next_state"] = (vector.next_state, ("batch", memory))
    return g.model(ports(features, memory), made)


def _check(interface: Interface, spec: OutputSpec) -> None:
    if spec.name not in interface.outputs:
        raise GraphError(f"the interface has no output {spec.name!r}", where=spec.name)
    if spec.block.width != max(len(spec.classes), 1):
        raise GraphError(
            f"its block gives {spec.block.width} columns and it has {len(spec.classes)} classes", where=spec.name
        )
    known = interface.classes(spec.name)
    strange = [name for name in spec.classes if name not in known]
    if strange:
        raise GraphError(f"the interface knows no class {strange[0]!r}", where=spec.name)
    if any(not sets or not all(sets) for sets in needs_by_column(interface, spec.name, spec.classes)):
        raise GraphError(
            "it names no needs, so nothing would stop it from judging nothing",
            where=spec.name,
            hint="add needs to the output or to each of its classes in the interface",
        )


class Needed:
    """Which columns have a known value, and whose needs they meet."""

    def __init__(self, g: Graph, features: FeatureList) -> None:
        self._g = g
        self._columns = {name: n for n, name in enumerate(features.columns)}
        known = g.op("Cast", g.op("Not", g.op("IsNaN", g.transpose("window"))), to=1)
        self._any = g.op("ReduceMax", known, axes=(2,), keepdims=1)

    def met(self, needs: Sequence[Needs]) -> str:
        """Whether at least one set is known whole, ``(batch, n)``, for n lists of sets.

        A set that names a column which the package has not got can never be met.
        """
        g = self._g
        sets = list(dict.fromkeys(frozenset(group) for sets in needs for group in sets))
        weights = np.zeros((len(sets), len(self._columns)))
        for row, group in enumerate(sets):
            weights[row, [self._columns[name] for name in group if name in self._columns]] = 1
        whole = g.op("Equal", g.mix(weights, self._any), g.floats([[len(group)] for group in sets]))
        users = np.array([[float(group in map(frozenset, wanted)) for group in sets] for wanted in needs])
        count = g.mix(users, g.op("Cast", whole, to=1))
        return g.op("Squeeze", g.op("Greater", count, g.floats(0)), g.ints([2]))
