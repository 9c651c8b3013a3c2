"""From scores to what the dishwasher package says: named or unknown fault, within which horizon, how many hours.

Each block stands beside the same sum in numpy, which the fidelity gate compares it with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivet.build.blocks import Block
from trivet.build.nodes import Graph
from trivet.signals import Floats

LONGEST = 500.0
"""Operating hours beyond which nothing is forecast."""

_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Doubt:
    """Probability that a fault is none of the known ones: a logistic function of three numbers.

    Attributes:
        offset: Of the sum.
        top: Weight of the largest probability of a known fault.
        none: Weight of the probability of no fault.
        health: Weight of the health score.
    """

    offset: float
    top: float
    none: float
    health: float

    def value(self, top: Floats, none: Floats, health: Floats) -> Floats:
        """The probability, ``(rows,)``."""
        return np.asarray(
            1.0 / (1.0 + np.exp(-(self.offset + self.top * top + self.none * none + self.health * health)))
        )


@dataclass(frozen=True, slots=True)
class Named:
    """Probabilities of all classes of ``fault``; ``unknown`` takes its part from all others.

    Attributes:
        blocks: Known faults in the order of the classes, with a column of zeros for ``unknown``; health.
        classes: Class names.
        doubt: What ``unknown`` gets.
    """

    blocks: tuple[Block, Block]
    classes: tuple[str, ...]
    doubt: Doubt

    @property
    def features(self) -> tuple[str, ...]:
        """What both read."""
        return self.blocks[0].features

    @property
    def width(self) -> int:
        """One column a class."""
        return len(self.classes)

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        known, health = (block.emit(g, x) for block in self.blocks)
        named = [n for n, name in enumerate(self.classes) if name not in {"none", "unknown"}]
        top = g.op("ReduceMax", g.gather(known, named, 1), axes=(1,), keepdims=1)
        none = g.gather(known, [self.classes.index("none")], 1)
        total = g.floats(self.doubt.offset)
        for part, weight in ((top, self.doubt.top), (none, self.doubt.none), (health, self.doubt.health)):
            total = g.op("Add", total, g.op("Mul", part, g.floats(weight)))
        doubt = g.op("Sigmoid", total)
        own = g.floats([[float(name == "unknown") for name in self.classes]])
        return g.op("Add", g.op("Mul", known, g.op("Sub", g.floats(1), doubt)), g.op("Mul", doubt, own))


@dataclass(frozen=True, slots=True)
class Within:
    """Probabilities that each fault stops the machine within a horizon.

    That any does is what ``reach`` says; it is shared out as ``named`` shares out what is present.

    Attributes:
        blocks: Named faults; probabilities of the horizons, nearest first, the last for none of them.
        classes: Class names.
        upto: Number of horizons that count.
    """

    blocks: tuple[Named, Block]
    upto: int

    @property
    def features(self) -> tuple[str, ...]:
        """What both read."""
        return self.blocks[0].features

    @property
    def width(self) -> int:
        """One column a class."""
        return self.blocks[0].width

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        named, reach = (block.emit(g, x) for block in self.blocks)
        nearer = [g.gather(reach, [n], 1) for n in range(self.upto)]
        any_fault = nearer[0]
        for part in nearer[1:]:
            any_fault = g.op("Add", any_fault, part)
        position = self.blocks[0].classes.index("none")
        rest = g.op("Sub", g.floats(1), g.gather(named, [position], 1))
        share = g.op("Div", any_fault, g.op("Max", rest, g.floats(_LEAST)))
        own = np.eye(self.width)[position]
        parts = g.op("Mul", g.op("Mul", named, share), g.floats([1.0 - own]))
        return g.op("Add", parts, g.op("Mul", g.op("Sub", g.floats(1), any_fault), g.floats([own])))


@dataclass(frozen=True, slots=True)
class Hours:
    """Operating hours until the machine is stopped, cut at ``LONGEST``: a bound of an interval or its middle.

    Attributes:
        blocks: The logarithm's lower bound, median and upper bound.
        offsets: What conformal calibration adds to each.
        bound: 0, 1 or 2.
    """

    blocks: tuple[Block, Block, Block]
    offsets: tuple[float, float, float]
    bound: int

    @property
    def features(self) -> tuple[str, ...]:
        """What all read."""
        return self.blocks[1].features

    @property
    def width(self) -> int:
        """One column."""
        return 1

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes; a bound never crosses the median."""
        logs = g.op("Add", self.blocks[1].emit(g, x), g.floats(self.offsets[1]))
        if self.bound != 1:
            own = g.op("Add", self.blocks[self.bound].emit(g, x), g.floats(self.offsets[self.bound]))
            logs = g.op("Min" if self.bound == 0 else "Max", logs, own)
        return g.op("Exp", g.op("Min", logs, g.floats(float(np.log(LONGEST)))))


class Namer:
    """``Named`` in numpy.

    Attributes:
        classes: Class names in the order of the columns.
    """

    def __init__(self, fault: Any, health: Any, classes: Sequence[str], doubt: Doubt) -> None:
        self.classes = tuple(classes)
        self._fault, self._health, self._doubt = fault, health, doubt

    def known(self, x: Floats) -> Floats:
        """Probabilities before ``unknown`` gets its part."""
        own = [str(name) for name in self._fault.classes_]
        made = np.zeros((len(x), len(self.classes)))
        made[:, [self.classes.index(name) for name in own]] = self._fault.predict_proba(x)
        return made

    def evidence(self, x: Floats) -> Floats:
        """What doubt looks at: largest known fault, no fault, health, ``(rows, 3)``."""
        known = self.known(x)
        named = [n for n, name in enumerate(self.classes) if name not in {"none", "unknown"}]
        health = self._health.predict_proba(x)[:, 1]
        return np.stack([known[:, named].max(axis=1), known[:, self.classes.index("none")], health], axis=1)

    def predict_proba(self, x: Floats) -> Floats:
        """One column a class."""
        doubt = self._doubt.value(*self.evidence(x).T)[:, None]
        made = self.known(x) * (1.0 - doubt)
        made[:, self.classes.index("unknown")] += doubt[:, 0]
        return made


class Forecast:
    """``Within`` in numpy."""

    def __init__(self, namer: Namer, reach: Any, upto: int) -> None:
        self._namer, self._reach, self._upto = namer, reach, upto

    def predict_proba(self, x: Floats) -> Floats:
        """One column a class."""
        named = self._namer.predict_proba(x)
        within = self._reach.predict_proba(x)[:, : self._upto].sum(axis=1)
        position = self._namer.classes.index("none")
        made = named * (within / np.maximum(1.0 - named[:, position], _LEAST))[:, None]
        made[:, position] = 1.0 - within
        return np.asarray(made)


class Remaining:
    """``Hours`` in numpy."""

    def __init__(self, quantiles: Sequence[Any], offsets: Sequence[float], bound: int) -> None:
        self._quantiles, self._offsets, self._bound = quantiles, offsets, bound

    def predict(self, x: Floats) -> Floats:
        """Hours, ``(rows,)``."""
        logs = self._quantiles[1].predict(x) + self._offsets[1]
        if self._bound != 1:
            own = self._quantiles[self._bound].predict(x) + self._offsets[self._bound]
            logs = np.minimum(logs, own) if self._bound == 0 else np.maximum(logs, own)
        return np.asarray(np.exp(np.minimum(logs, np.log(LONGEST))))
