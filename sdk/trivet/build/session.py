"""Graphs run for building and checking, in the same session that the runtime uses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trivet.build.features import FeatureList
from trivet.build.nodes import Graph, Port
from trivet.build.vector import Vector
from trivet.runtime.session import Session
from trivet.signals import Float32s


def ports(features: FeatureList, state: int) -> list[Port]:
    """The graph's inputs after the contract: ``window``, ``context`` and, where there is memory, ``state``."""
    inputs: list[Port] = [
        ("window", ("batch", features.length, len(features.columns))),
        ("context", ("batch", len(features.context))),
    ]
    return [*inputs, ("state", ("batch", state))] if state else inputs


class FeatureSession:
    """The feature part of a graph alone: what training must see, bit for bit.

    An estimator trained on features computed in any other way may stand on the
    other side of a threshold.

    Attributes:
        names: Columns of the result.
    """

    def __init__(self, features: FeatureList, names: Sequence[str] | None = None) -> None:
        from trivet.build.baseline import fields

        g = Graph()
        vector = Vector(g, features)
        self.names = tuple(names if names is not None else features.names)
        outputs = {"features": (vector.take(self.names), ("batch", len(self.names)))}
        memory = len(fields(features))
        if vector.next_state is not None:
            outputs["next_state"] = (vector.next_state, ("batch", memory))
        self.model = g.model(ports(features, memory), outputs)
        self._session = Session(self.model, list(outputs))

    def run(
        self, window: Float32s, context: Float32s, state: Float32s | None = None
    ) -> tuple[Float32s, Float32s | None]:
        """Features ``(batch, names)`` and the next state, or None when there is no memory."""
        feed: Mapping[str, Float32s] = {"window": window, "context": context}
        results = self._session.run({**feed, "state": state} if state is not None else feed)
        return results[0], results[1] if len(results) > 1 else None
