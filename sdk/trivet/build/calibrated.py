"""Calibrated probabilities: what scikit-learn's ``CalibratedClassifierCV`` learnt, as blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from trivet.build import missing
from trivet.build.blocks import Block
from trivet.build.nodes import Graph
from trivet.errors import GraphError
from trivet.signals import Floats

try:
    from sklearn.isotonic import IsotonicRegression
except ImportError as error:
    raise missing("scikit-learn") from error


class Curve(Protocol):
    """One score to one probability."""

    def emit(self, g: Graph, score: str) -> str:
        """Its nodes, over ``(batch, 1)``."""
        ...


@dataclass(frozen=True, slots=True)
class Sigmoid:
    """``1 / (1 + exp(slope * score + offset))`` (Platt, 1999)."""

    slope: float
    offset: float

    def emit(self, g: Graph, score: str) -> str:
        """Its nodes."""
        return g.op("Sigmoid", g.op("Sub", g.op("Mul", score, g.floats(-self.slope)), g.floats(self.offset)))


@dataclass(frozen=True, slots=True)
class Steps:
    """Straight lines between points, flat outside them (isotonic regression).

    Attributes:
        x: Scores, rising, ``(points,)``.
        y: Probabilities, ``(points,)``.
    """

    x: Floats
    y: Floats

    def emit(self, g: Graph, score: str) -> str:
        """Its nodes: how far a score has come into each piece, as a share of it, times the rise there."""
        if len(self.x) == 1:
            return g.op("Add", g.op("Mul", score, g.floats(0)), g.floats(self.y[:1]))
        start, length = self.x[:-1], np.diff(self.x)
        share = g.op("Div", g.op("Sub", score, g.floats(start)), g.floats(length))
        bounded = g.op("Min", g.op("Max", share, g.floats(0)), g.floats(1))
        rises = g.mix(np.diff(self.y)[None, :], g.op("Unsqueeze", bounded, g.ints([2])))
        return g.op("Add", g.op("Squeeze", rises, g.ints([2])), g.floats(self.y[:1]))


@dataclass(frozen=True, slots=True)
class Calibrated:
    """One classifier behind its curves; several classes are brought to a sum of one.

    Attributes:
        block: Scores: one column for two classes, else one a class.
        curves: One a column.
    """

    block: Block
    curves: tuple[Curve, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """What the inner block reads."""
        return self.block.features

    @property
    def width(self) -> int:
        """Columns of its result."""
        return len(self.curves)

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes; where all curves say 0, all classes are equally likely."""
        scores = self.block.emit(g, x)
        parts = [curve.emit(g, g.gather(scores, [n], 1)) for n, curve in enumerate(self.curves)]
        together = g.concat(parts, axis=1)
        if len(parts) == 1:
            return together
        total = parts[0]
        for part in parts[1:]:
            total = g.op("Add", total, part)
        nothing = g.op("Equal", total, g.floats(0))
        return g.op("Where", nothing, g.floats(1 / len(parts)), g.op("Div", together, total))


@dataclass(frozen=True, slots=True)
class Mean:
    """The mean of blocks that read the same features."""

    blocks: tuple[Block, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """What each of the blocks reads."""
        return self.blocks[0].features

    @property
    def width(self) -> int:
        """Columns of its result."""
        return self.blocks[0].width

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        total = self.blocks[0].emit(g, x)
        for block in self.blocks[1:]:
            total = g.op("Add", total, block.emit(g, x))
        return g.op("Div", total, g.floats(len(self.blocks))) if len(self.blocks) > 1 else total


def curves(calibrators: Sequence[Any]) -> tuple[Curve, ...]:
    """The curves of fitted calibrators.

    Raises:
        GraphError: One is of a kind that has no form here.
    """
    return tuple(_curve(calibrator) for calibrator in calibrators)


def _curve(calibrator: Any) -> Curve:
    if isinstance(calibrator, IsotonicRegression):
        return Steps(np.asarray(calibrator.X_thresholds_, np.float64), np.asarray(calibrator.y_thresholds_, np.float64))
    if hasattr(calibrator, "a_") and hasattr(calibrator, "b_"):
        return Sigmoid(float(calibrator.a_), float(calibrator.b_))
    raise GraphError(
        f"{type(calibrator).__name__.lstrip('_')} depends on the batch, or has no form here",
        hint="calibrate with method='sigmoid' or 'isotonic'",
    )
