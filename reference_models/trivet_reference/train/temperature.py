"""Temperature scaling: one number that makes a boosted classifier as sure as it is right (Guo et al., 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivet.build.blocks import Around, Block, Forest, Ordered
from trivet.build.forests import ensemble
from trivet.build.nodes import Graph
from trivet.signals import Floats

_TEMPERATURES = np.geomspace(0.5, 5.0, 93)
_LEAST = 1e-12


class Tempered:
    """A classifier whose sums are divided by a temperature.

    Attributes:
        classes_: As the classifier has them.
        temperature: Above 1 it is less sure than it was.
    """

    def __init__(self, estimator: Any, temperature: float = 1.0) -> None:
        self.estimator = estimator
        self.classes_ = estimator.classes_
        self.temperature = temperature

    def predict_proba(self, x: Any) -> Floats:
        """Probabilities, ``(rows, classes)``."""
        sums = self.estimator.decision_function(x) / self.temperature
        powers = np.exp(sums - sums.max(axis=1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def tempered(estimator: Any, x: Any, y: Any, weight: Floats) -> Tempered:
    """The classifier at the temperature that suits rows which it did not learn from."""
    known = np.isin(y, estimator.classes_)
    place = np.searchsorted(estimator.classes_, y[known])
    rows = np.arange(len(place))

    def surprise(temperature: float) -> float:
        said = Tempered(estimator, temperature).predict_proba(x[known])[rows, place]
        return float(-np.average(np.log(np.maximum(said, _LEAST)), weights=weight[known]))

    return Tempered(estimator, float(min(_TEMPERATURES, key=surprise)))


@dataclass(frozen=True, slots=True)
class Softened(Around):
    """The sums of a block over a temperature, as probabilities."""

    block: Block
    temperature: float

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        return g.op("Softmax", g.op("Mul", self.block.emit(g, x), g.floats(1.0 / self.temperature)), axis=1)


def softened(fitted: Tempered, features: Sequence[str], classes: Sequence[str]) -> Block:
    """The block of a tempered classifier, with its columns in the order of an output's classes."""
    block = Softened(Forest(tuple(features), ensemble(fitted.estimator), "identity"), fitted.temperature)
    own = [str(name) for name in fitted.classes_]
    return Ordered(block, tuple(own.index(name) if name in own else None for name in classes))
