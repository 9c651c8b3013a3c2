"""What stands between features and an output: each block names its features and writes its nodes.

A block gives ``(batch, width)``. Unknown features reach it as NaN: trees route
them, novelty leaves them out, affine blocks fill them in or hand them on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from trivet.build.nodes import Graph
from trivet.build.trees import Ensemble, ensemble, link
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
        columns: For each column of the result, the estimator's class that it is, or None for one it has not: 0.
            Empty when the result is the estimator's own.
    """

    features: tuple[str, ...]
    trees: Ensemble
    link: str
    columns: tuple[int | None, ...] = ()

    @classmethod
    def of(cls, estimator: Any, features: Sequence[str], classes: Sequence[str] = ()) -> Forest:
        """The block of a fitted estimator.

        Args:
            estimator: Histogram gradient boosting, random forest, extra trees, isolation forest.
            features: Names of its columns.
            classes: Class names of the output, in tensor order; the estimator's classes are among them.

        Raises:
            GraphError: The estimator has no exact form, or knows a class or feature that is not named.
        """
        if getattr(estimator, "n_features_in_", len(features)) != len(features):
            raise GraphError(f"the estimator has {estimator.n_features_in_} features and {len(features)} are named")
        columns: tuple[int | None, ...] = ()
        if classes:
            own = [str(name) for name in estimator.classes_]
            strange = set(own) - set(classes)
            if strange:
                raise GraphError(f"the estimator knows class {min(strange)!r} and the output does not")
            columns = tuple(own.index(name) if name in own else None for name in classes)
        return cls(tuple(features), ensemble(estimator), link(estimator), columns)

    @property
    def width(self) -> int:
        """Columns of its result."""
        return len(self.columns) or self._own

    @property
    def _own(self) -> int:
        return 2 if self.link == "sigmoid" and self.columns else self.trees.targets

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        scores = linked(g, self.trees.emit(g, x), self.link)
        if self.link == "sigmoid" and self.columns:
            scores = g.concat([g.op("Sub", g.floats(1), scores), scores], axis=1)
        if not self.columns or self.columns == tuple(range(self._own)):
            return scores
        if None not in self.columns:
            return g.gather(scores, [c for c in self.columns if c is not None], 1)
        nothing = g.op("Mul", g.gather(scores, [0], 1), g.floats(0))
        wide = g.concat([scores, nothing], axis=1)
        return g.gather(wide, [self._own if c is None else c for c in self.columns], 1)


@dataclass(frozen=True, slots=True)
class Affine:
    """Weighted sums of features.

    Attributes:
        features: Columns of the weights.
        weights: ``(width, features)``.
        offset: ``(width,)``.
        fill: What stands for unknown features, ``(features,)``; None makes the result NaN.
        link: One of ``LINKS``.
    """

    features: tuple[str, ...]
    weights: Floats
    offset: Floats
    fill: Floats | None = None
    link: str = "identity"

    @property
    def width(self) -> int:
        """Columns of its result."""
        return len(self.offset)

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        filled = g.known_or(x, g.floats(self.fill)) if self.fill is not None else x
        sums = _flat(g, g.mix(self.weights, _upright(g, filled)))
        return linked(g, g.op("Add", sums, g.floats(self.offset)), self.link)


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


@dataclass(frozen=True, slots=True)
class Linked:
    """A block with a link function behind it.

    Attributes:
        block: Any block.
        link: One of ``LINKS``: ``power_of_two`` makes of a novelty a score that is 1 at 0 and a half at the limit.
    """

    block: Block
    link: str

    @property
    def features(self) -> tuple[str, ...]:
        """What the inner block reads."""
        return self.block.features

    @property
    def width(self) -> int:
        """Columns of its result."""
        return self.block.width

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        return linked(g, self.block.emit(g, x), self.link)


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
