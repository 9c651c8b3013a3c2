"""Fitted scikit-learn multi-layer perceptrons as blocks; they must be small enough to be copied into each graph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivet.build import missing
from trivet.build.blocks import Affine, linked, weighted
from trivet.build.linear import affine
from trivet.build.nodes import Graph
from trivet.build.scaling import Scaling
from trivet.errors import GraphError
from trivet.signals import Floats

try:
    from sklearn.neural_network import MLPClassifier, MLPRegressor
except ImportError as error:
    raise missing("scikit-learn") from error

NETWORKS = (MLPClassifier, MLPRegressor)

MOST_WEIGHTS = 1_000_000

ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "logistic": "Sigmoid", "identity": "Identity"}
LINKS = {"identity": "identity", "logistic": "sigmoid", "softmax": "softmax"}


@dataclass(frozen=True, slots=True)
class Network:
    """Layers of weighted sums.

    Attributes:
        first: From features to the first layer.
        layers: Weights ``(width, inputs)`` and offsets ``(width,)`` of the further layers.
        activation: Operator between layers.
        link: One of the blocks' links, behind the last layer.
    """

    first: Affine
    layers: tuple[tuple[Floats, Floats], ...]
    activation: str
    link: str

    @property
    def features(self) -> tuple[str, ...]:
        """Columns of the first layer."""
        return self.first.features

    @property
    def width(self) -> int:
        """Columns of its result."""
        return len(self.layers[-1][1]) if self.layers else self.first.width

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        values = self.first.emit(g, x)
        for weights, offset in self.layers:
            values = weighted(g, weights, offset, g.op(self.activation, values))
        return linked(g, values, self.link)


def network(estimator: Any, features: Sequence[str], scaling: Scaling, middle: Floats | None = None) -> Network:
    """The block of a fitted multi-layer perceptron.

    Raises:
        GraphError: It has more than ``MOST_WEIGHTS`` weights.
    """
    layers = [
        (np.asarray(weights, np.float64).T, np.asarray(offset, np.float64))
        for weights, offset in zip(estimator.coefs_, estimator.intercepts_, strict=True)
    ]
    if (size := sum(weights.size for weights, _ in layers)) > MOST_WEIGHTS:
        raise GraphError(f"the network has {size} weights, {MOST_WEIGHTS} at most", hint="train a smaller one")
    if estimator.out_activation_ not in LINKS:
        raise GraphError(f"a network that ends in {estimator.out_activation_} has no form here")
    (weights, offset), *rest = layers
    first = affine(features, weights, offset, scaling, middle, "identity")
    return Network(first, tuple(rest), ACTIVATIONS[estimator.activation], LINKS[estimator.out_activation_])
