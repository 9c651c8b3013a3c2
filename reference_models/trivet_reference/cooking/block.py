"""The thermal node's answers, each corrected by its own trees: a block of ``trivet.build``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trivet.build.nodes import Graph
from trivet.build.trees import Ensemble
from trivet.signals import Floats


@dataclass(frozen=True, slots=True)
class Corrected:
    """Answers times the exponential of what trees say, or plus a share of a scale; never below zero.

    Attributes:
        answers: Features that are the answers without correction.
        remarks: Features that the trees look at.
        trees: One ensemble for each answer, None for one that is left alone.
        scale: Feature to whose amount the trees' share is added, or None to multiply.
        gate: Feature that is known and above 0 where the correction counts.
    """

    answers: tuple[str, ...]
    remarks: tuple[str, ...]
    trees: tuple[Ensemble | None, ...]
    scale: str | None
    gate: str

    @property
    def features(self) -> tuple[str, ...]:
        """What it reads: answers, gate, scale, remarks."""
        return (*self.answers, self.gate, *((self.scale,) if self.scale else ()), *self.remarks)

    @property
    def width(self) -> int:
        """Columns of its result."""
        return len(self.answers)

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        plain = g.gather(x, list(range(self.width)), 1)
        said = self._said(g, g.gather(x, self._places(self.remarks), 1))
        if self.scale is None:
            made = g.op("Mul", plain, g.op("Exp", said))
        else:
            made = g.op("Add", plain, g.op("Mul", said, g.gather(x, self._places((self.scale,)), 1)))
        counts = g.op("Greater", g.gather(x, self._places((self.gate,)), 1), g.floats(0))
        made = g.op("Where", counts, made, plain)
        return g.op("Where", g.op("Less", made, g.floats(0)), g.floats(0), made)

    def value(self, x: Floats, said: Floats) -> Floats:
        """The block as an array.

        Args:
            x: ``(rows, features)``.
            said: What each answer's estimator says, ``(rows, answers)``; 0 where it has none.
        """
        plain = x[:, : self.width]
        made = plain * np.exp(said) if self.scale is None else plain + said * x[:, self._places((self.scale,))]
        made = np.where(x[:, self._places((self.gate,))] > 0, made, plain)
        return np.where(made < 0, 0.0, made)

    def _places(self, names: Sequence[str]) -> list[int]:
        own = self.features[self.width :]
        return [self.width + own.index(name) for name in names]

    def _said(self, g: Graph, remarks: str) -> str:
        """What the trees say, ``(batch, answers)``; equal ensembles are written once."""
        nothing = g.op("Where", g.op("IsNaN", g.gather(remarks, [0], 1)), g.floats(0), g.floats(0))
        return g.concat([nothing if trees is None else trees.emit(g, remarks) for trees in self.trees], axis=1)
