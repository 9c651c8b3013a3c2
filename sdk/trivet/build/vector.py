"""All features of a list in one graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trivet.build.baseline import BaselineNodes
from trivet.build.derived import DERIVED
from trivet.build.features import (
    MASK_OPERATORS,
    MEMORY_OPERATORS,
    SERIES_OPERATORS,
    Feature,
    FeatureList,
    remembers,
)
from trivet.build.frames import Frames
from trivet.build.nodes import Graph
from trivet.build.operators import windowed


class Vector:
    """Features and context inputs in a graph, taken by name.

    Attributes:
        next_state: The memory after this window, ``(batch, s)``, or None when there is none.
    """

    def __init__(self, g: Graph, features: FeatureList) -> None:
        self._g = g
        self._features = features
        self._pieces = ["context"]
        self._places = {name: (0, n) for n, name in enumerate(features.context)}
        self._sizes = [len(features.context)]
        self._memory: BaselineNodes | None = None
        windowed = [f for f in features.features if f.operator in SERIES_OPERATORS | MASK_OPERATORS]
        if windowed:
            self._window(windowed)
        self._derive([f for f in features.features if not remembers(features, f.name) and f not in windowed])
        self._memory = self._remember()
        self._derive([f for f in features.features if remembers(features, f.name)])
        self.next_state = self._memory.next_state if self._memory else None

    def take(self, names: Sequence[str]) -> str:
        """Features or context inputs side by side, ``(batch, names)``."""
        places = [self._places[name] for name in names]
        used = sorted({piece for piece, _ in places})
        if len(used) == 1 and [column for _, column in places] == list(range(self._sizes[used[0]])):
            return self._pieces[used[0]]
        offsets = dict(zip(used, np.cumsum([0, *(self._sizes[piece] for piece in used)]).tolist(), strict=False))
        together = self._g.concat([self._pieces[piece] for piece in used], axis=1)
        return self._g.gather(together, [offsets[piece] + column for piece, column in places], 1)

    def _window(self, wanted: Sequence[Feature]) -> None:
        frames = Frames(self._g, self._features, wanted)
        made = frames.run(windowed(frames, wanted))
        tensor = self._g.concat([tensor for _, tensor in made], axis=1)
        self._append([f for group, _ in made for f in group], self._g.op("Squeeze", tensor, self._g.ints([2])))

    def _derive(self, waiting: list[Feature]) -> None:
        """Rounds: in each, all features whose sources are there, grouped by operator."""
        while waiting:
            ready = [f for f in waiting if all(name in self._places for name in f.of)]
            groups: dict[tuple[str, int], list[Feature]] = {}
            for feature in ready:
                groups.setdefault((feature.operator, len(feature.of)), []).append(feature)
            made = [(group, self._nodes(operator, group)) for (operator, _), group in groups.items()]
            for group, tensor in made:
                self._append(group, tensor)
            waiting = [feature for feature in waiting if feature not in ready]

    def _nodes(self, operator: str, group: Sequence[Feature]) -> str:
        if operator == "constant":
            return self._constants(group)
        sources = [self.take([feature.of[n] for feature in group]) for n in range(len(group[0].of))]
        if operator in MEMORY_OPERATORS and self._memory is not None:
            return self._memory.recall(group, sources[0])
        return DERIVED[operator].node(self._g, sources)

    def _constants(self, group: Sequence[Feature]) -> str:
        """Constants, one row each for the rows of the batch; the condition only lends its shape."""
        values = self._g.floats([[feature.value for feature in group]])
        shape = self._g.op("IsNaN", self._g.gather("context", [0], 1))
        return self._g.op("Where", shape, values, values)

    def _remember(self) -> BaselineNodes | None:
        remembered, averaged = self._features.remembered, self._features.averaged
        if not remembered and not averaged:
            return None
        return BaselineNodes(
            self._g,
            self._features,
            self.take(remembered) if remembered else None,
            self.take(averaged) if averaged else None,
        )

    def _append(self, group: Sequence[Feature], tensor: str) -> None:
        for column, feature in enumerate(group):
            self._places[feature.name] = (len(self._pieces), column)
        self._pieces.append(tensor)
        self._sizes.append(len(group))
