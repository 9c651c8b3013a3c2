"""What stands between features and an output: each block names its features and writes its nodes.

A block gives ``(batch, width)``. Unknown features reach it as NaN: trees route
them, novelty leaves them out, affine blocks fill them in or hand them on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from trivet.build.nodes import Graph
from trivet.build.trees import Ensemble
from trivet.errors import GraphError
from trivet.signals import Floats

LINKS = ("identity", "sigmoid", "softmax", "exp", "decay", "power_of_two")
"""``decay`` is exp(-x) and ``power_of_two`` is 2**-x."""


class Block(Protocol):
    """One part of a model."""

    @property
    def features(self) -> tuple[str, ...]:
        """Features or context inputs that it reads, in its own order."""
        ...

    @property
    def width(self) -> int:
        """Columns of its result."""
        ...

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes, from ``(batch, features)`` to ``(batch, width)``."""
        ...


@dataclass(frozen=True, slots=True)
class Forest:
    """A tree ensemble with its link function.

    Attributes:
        features: Columns of the estimator.
        trees: The ensemble.
        link: One of ``LINKS``.
    """

    features: tuple[str, ...]
    trees: Ensemble
    link: str

    @property
    def width(self) -> int:
        """Columns of its result."""
        return self.trees.targets

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        return linked(g, self.trees.emit(g, x), self.link)


@dataclass(frozen=True, slots=True)
class Affine:
    """Weighted sums of features.

    Attributes:
        features: Columns of the weights.
        weights: ``(width, features)``.
        offset: ``(width,)``.
        fill: What stands for unknown features, ``(features,)``; None makes the result NaN.
        link: One of ``LINKS``.
        center: Taken off the features first, ``(features,)``; where they lie far from zero this keeps the
            digits that single precision would lose in their products.
    """

    features: tuple[str, ...]
    weights: Floats
    offset: Floats
    fill: Floats | None = None
    link: str = "identity"
    center: Floats | None = None

    @property
    def width(self) -> int:
        """Columns of its result."""
        return len(self.offset)

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        center = np.zeros(len(self.features)) if self.center is None else self.center
        moved = g.op("Sub", x, g.floats(center)) if center.any() else x
        filled = g.known_or(moved, g.floats(self.fill - center)) if self.fill is not None else moved
        return linked(g, weighted(g, self.weights, self.offset, filled), self.link)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Features that are the output themselves."""

    features: tuple[str, ...]

    @property
    def width(self) -> int:
        """Columns of its result."""
        return len(self.features)

    def emit(self, g: Graph, x: str) -> str:  # noqa: ARG002
        """Its nodes: none."""
        return x


class Around:
    """What a block around another has of it."""

    __slots__ = ()

    block: Block

    @property
    def features(self) -> tuple[str, ...]:
        """What the inner block reads."""
        return self.block.features

    @property
    def width(self) -> int:
        """Columns of its result."""
        return self.block.width


@dataclass(frozen=True, slots=True)
class Linked(Around):
    """A block with a link function behind it.

    Attributes:
        block: Any block.
        link: One of ``LINKS``: ``power_of_two`` makes of a novelty a score that is 1 at 0 and a half at the limit.
    """

    block: Block
    link: str

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        return linked(g, self.block.emit(g, x), self.link)


@dataclass(frozen=True, slots=True)
class Known(Around):
    """A block that says nothing unless all its features are known: for estimators that never saw an unknown one."""

    block: Block

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes; zero times an unknown feature is unknown, and all NaN get the same bits."""
        unknown = g.op("IsNaN", weighted(g, np.zeros((1, len(self.features))), np.zeros(1), x))
        return g.nan_where(unknown, self.block.emit(g, x))


@dataclass(frozen=True, slots=True)
class Ordered(Around):
    """The columns of a classifier in the order of an output's classes.

    Attributes:
        block: One column a class of the classifier, or the probability of its second class alone.
        columns: For each class of the output, the classifier's class that it is, or None for one it has not: 0.
    """

    block: Block
    columns: tuple[int | None, ...]

    @property
    def width(self) -> int:
        """Columns of its result."""
        return len(self.columns)

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        scores, own = self.block.emit(g, x), self.block.width
        if own == 1:
            scores, own = g.concat([g.op("Sub", g.floats(1), scores), scores], axis=1), 2
        if self.columns == tuple(range(own)):
            return scores
        if None not in self.columns:
            return g.gather(scores, [c for c in self.columns if c is not None], 1)
        nothing = g.op("Mul", g.gather(scores, [0], 1), g.floats(0))
        wide = g.concat([scores, nothing], axis=1)
        return g.gather(wide, [own if c is None else c for c in self.columns], 1)


def finite(g: Graph, x: str) -> str:
    """Features as blocks read them: an infinite one is an unknown one."""
    return g.nan_where(g.op("IsInf", x), x)


def inner(block: Block) -> Iterator[Block]:
    """A block and all blocks inside it."""
    yield block
    for name in ("block", "blocks"):
        found = getattr(block, name, ())
        for each in found if isinstance(found, tuple) else (found,):
            yield from inner(each)


def weighted(g: Graph, weights: Floats, offset: Floats, x: str) -> str:
    """``weights @ row + offset`` for each row of ``(batch, features)``, ``(batch, width)``."""
    return g.op("Add", _flat(g, g.mix(weights, _upright(g, x))), g.floats(offset))


def linked(g: Graph, x: str, name: str) -> str:
    """A link function over ``(batch, n)``."""
    if name == "identity":
        return x
    if name == "sigmoid":
        return g.op("Sigmoid", x)
    if name == "softmax":
        return g.op("Softmax", x, axis=1)
    scales = {"exp": 1.0, "decay": -1.0, "power_of_two": -float(np.log(2))}
    if name not in scales:
        raise GraphError(f"link {name!r} is not in the closed set", hint="use one of " + ", ".join(LINKS))
    return g.op("Exp", x if name == "exp" else g.op("Mul", x, g.floats(scales[name])))


def _upright(g: Graph, x: str) -> str:
    return g.op("Unsqueeze", x, g.ints([2]))


def _flat(g: Graph, x: str) -> str:
    return g.op("Squeeze", x, g.ints([2]))
