"""Features made from other features and context inputs, each operator as numpy and as graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from trivet.build import thermal
from trivet.build.nodes import Graph
from trivet.signals import Floats


class Derived(NamedTuple):
    """One operator.

    Attributes:
        array: Sources each ``(batch,)``, the constant and the batch's shape, to ``(batch,)``.
        node: Graph and sources each ``(batch, n)`` for n features of this operator, to ``(batch, n)``.
    """

    array: Callable[[Sequence[Floats], float | None, tuple[int, ...]], Floats]
    node: Callable[[Graph, Sequence[str]], str]


def _of(function: Callable[..., Floats]) -> Callable[[Sequence[Floats], float | None, tuple[int, ...]], Floats]:
    return lambda sources, _, __: np.asarray(function(*sources), np.float64)


def _constant(_: Sequence[Floats], value: float | None, shape: tuple[int, ...]) -> Floats:
    return np.full(shape, np.nan if value is None else value, np.float64)


def _ratio(a: Floats, b: Floats) -> Floats:
    return a / np.where(b == 0, np.nan, b)


def _otherwise(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.where(np.isnan(a), b, a))


def _total(*sources: Floats) -> Floats:
    return np.asarray(np.sum(sources, axis=0))


def _ratio_node(g: Graph, sources: Sequence[str]) -> str:
    zero = g.op("Equal", sources[1], g.floats(0))
    return g.nan_where(zero, g.op("Div", sources[0], sources[1]))


def _folded(kind: str) -> Callable[[Graph, Sequence[str]], str]:
    def node(g: Graph, sources: Sequence[str]) -> str:
        value = sources[0]
        for source in sources[1:]:
            value = g.op(kind, value, source)
        return value

    return node


def _extreme(kind: str) -> Callable[[Graph, Sequence[str]], str]:
    """``Max`` and ``Min`` do not promise to hand NaN on, a sum does."""

    def node(g: Graph, sources: Sequence[str]) -> str:
        unknown = g.op("IsNaN", _folded("Add")(g, sources))
        return g.nan_where(unknown, _folded(kind)(g, sources))

    return node


DERIVED: Mapping[str, Derived] = {
    "constant": Derived(_constant, _folded("Add")),
    "ratio": Derived(_of(_ratio), _ratio_node),
    "difference": Derived(_of(np.subtract), _folded("Sub")),
    "product": Derived(_of(np.multiply), _folded("Mul")),
    "otherwise": Derived(_of(_otherwise), lambda g, s: g.known_or(s[0], s[1])),
    "total": Derived(_of(_total), _folded("Add")),
    "largest": Derived(_of(lambda *s: np.maximum.reduce(s)), _extreme("Max")),
    "smallest": Derived(_of(lambda *s: np.minimum.reduce(s)), _extreme("Min")),
    "hold_power": Derived(_of(thermal.hold_power), thermal.hold_power_node),
    "cool_down": Derived(_of(thermal.cool_down), thermal.cool_down_node),
    "cool_time": Derived(_of(thermal.cool_time), thermal.cool_time_node),
    "heat_up_time": Derived(_of(thermal.heat_up_time), thermal.heat_up_time_node),
}
"""Operator to its forms; the keys are those of ``trivet.build.features.DERIVED_OPERATORS``."""
