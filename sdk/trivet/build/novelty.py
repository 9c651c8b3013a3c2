"""Novelty: how far known features lie from what the model was trained on; 1 is the limit.

Each feature counts in its own spread. Unknown features do not count, and where
nothing is known the answer is NaN. Limits are calibrated on healthy windows, tier
by tier, so that a plant with few signals does not raise more false novelty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from trivet.build.nodes import Graph
from trivet.errors import GraphError
from trivet.signals import Floats

MAD = 1.4826
"""Median absolute deviation to standard deviation, for normal data."""

LEAST_LEFT = 0.05
"""Smallest spread of what is left beside the axes, as a share of a feature's scale."""

FARTHEST = 1e6
"""A distance is cut here, so that no square overflows."""


@dataclass(frozen=True, slots=True)
class Novelty:
    """The larger of two distances, each over its limit; the block's result is ``(batch, 1)``.

    Attributes:
        features: What is looked at.
        center: ``(features,)``.
        scale: ``(features,)``, above zero.
        typical: Limit of the root mean square of all known distances.
        single: Limit of the largest of them.
        axes: Directions in which healthy features vary together, ``(axes, features)``, in scaled units.
        left: Spread of what is left of each feature beside the axes, ``(features,)``, in scaled units.
        beside: Limit of the root mean square of what is left, over its spread; it counts where all
            features are known, for what is left of an unknown one is anybody's guess.
    """

    features: tuple[str, ...]
    center: Floats
    scale: Floats
    typical: float
    single: float
    axes: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    left: Floats = field(default_factory=lambda: np.ones(0))
    beside: float = float("inf")

    @property
    def width(self) -> int:
        """Columns of its result."""
        return 1

    def distances(self, x: Floats) -> Floats:
        """The three distances, ``(batch, 3)``: typical, single, beside; NaN where nothing is known."""
        z = np.clip((x - self.center) / self.scale, -FARTHEST, FARTHEST)
        known = ~np.isnan(z)
        z = np.where(known, z, 0)
        count = np.where(known.any(1), known.sum(1), np.nan)
        rest = beside(z, self.axes) / self.left if len(self.axes) else np.zeros_like(z)
        rest = np.where(known.all(1, keepdims=True), rest, 0)
        typical, apart = (np.sqrt((part**2).sum(1) / count) for part in (z, rest))
        single = np.where(known.any(1), np.abs(z).max(1), np.nan)
        return np.stack([typical, single, apart], axis=1)

    def value(self, x: Floats) -> Floats:
        """The block as an array, ``(batch,)``."""
        return np.asarray((self.distances(x) / [self.typical, self.single, self.beside]).max(1))

    def emit(self, g: Graph, x: str) -> str:
        """Its nodes."""
        apart = g.op("Div", g.op("Sub", x, g.floats(self.center)), g.floats(self.scale))
        unknown = g.op("IsNaN", apart)
        bounded = g.op("Clip", apart, g.floats(-FARTHEST), g.floats(FARTHEST))
        z = g.op("Where", unknown, g.floats(0), bounded)
        row = np.ones((1, len(self.features)))
        upright = g.op("Unsqueeze", z, g.ints([2]))
        known = g.op("Unsqueeze", g.op("Cast", g.op("Not", unknown), to=1), g.ints([2]))
        count = g.mix(row, known)
        scores = [_root(g, row, upright, count, self.typical)]
        if len(self.axes):
            along = g.mix(self.axes, upright)
            rest = g.op("Div", g.op("Sub", upright, g.mix(self.axes.T, along)), g.floats(self.left[:, None]))
            complete = g.op("Equal", count, g.floats(len(self.features)))
            rest = g.op("Where", complete, rest, g.floats(0))
            scores.append(_root(g, row, rest, count, self.beside))
        largest = g.op("ReduceMax", g.op("Abs", upright), axes=(1,), keepdims=1)
        scores.append(g.op("Div", largest, g.floats(self.single)))
        worst = g.op("Max", *scores)
        nothing = g.op("Equal", count, g.floats(0))
        return g.op("Squeeze", g.nan_where(nothing, worst), g.ints([2]))


def _root(g: Graph, row: Floats, x: str, count: str, limit: float) -> str:
    squares = g.mix(row, g.op("Mul", x, x))
    one = g.op("Max", count, g.floats(1))
    return g.op("Div", g.op("Sqrt", g.op("Div", squares, one)), g.floats(limit))


def fit_novelty(
    features: Sequence[str],
    x: Floats,
    patterns: Sequence[Sequence[str]] = (),
    *,
    false_alarms: float = 0.01,
    margin: float = 1.2,
    floors: Floats | None = None,
    variance: float = 0.0,
) -> Novelty:
    """A novelty block calibrated on healthy windows.

    Args:
        features: Names of the columns of ``x``.
        x: Healthy feature rows ``(rows, features)``; NaN is not known.
        patterns: Sets of features that may be all a plant has; limits hold for each of them and for all features.
        false_alarms: Share of healthy rows that may lie beyond a limit.
        margin: Factor on the calibrated limits, for machines that were not in ``x``.
        floors: Smallest scale of each feature; at least a millionth of its center is used.
        variance: Share of variance that the axes take up; 0 measures nothing beside axes.

    Raises:
        GraphError: A feature is never known, or there are too few rows.
    """
    if len(x) < 20:
        raise GraphError(f"novelty needs at least 20 healthy windows and there are {len(x)}")
    never = [name for name, column in zip(features, x.T, strict=True) if np.isnan(column).all()]
    if never:
        raise GraphError(f"feature {never[0]!r} is never known in the healthy windows", hint="leave it out of novelty")
    center = np.nanmedian(x, axis=0)
    spread = np.maximum(MAD * np.nanmedian(np.abs(x - center), axis=0), np.nanstd(x, axis=0) / 3)
    least = np.maximum(1e-6 * np.abs(center), 1e-6)
    scale = np.maximum(spread, least if floors is None else np.maximum(least, floors))
    axes, left = _axes((x - center) / scale, variance)
    block = Novelty(tuple(features), center, scale, 1.0, 1.0, axes, left)
    worst = np.max([_limits(block, x, names, false_alarms) for names in (tuple(features), *patterns)], axis=0)
    typical, single, apart = (float(max(limit * margin, 1e-6)) for limit in worst)
    return Novelty(tuple(features), center, scale, typical, single, axes, left, apart)


def _limits(block: Novelty, x: Floats, names: Sequence[str], false_alarms: float) -> Floats:
    """Each distance's quantile over healthy rows of a plant that has these features only."""
    seen = np.where(np.isin(block.features, list(names)), x, np.nan)
    distances = block.distances(seen)
    distances = distances[~np.isnan(distances).any(1)]
    return np.quantile(distances, 1 - false_alarms, axis=0) if len(distances) else np.zeros(3)


def _axes(z: Floats, variance: float) -> tuple[Floats, Floats]:
    """Leading principal directions that hold this share of the variance of complete rows, and what they leave."""
    complete = np.clip(z[~np.isnan(z).any(1)], -10, 10)
    if variance <= 0 or len(complete) < 20:
        return np.zeros((0, z.shape[1])), np.ones(z.shape[1])
    _, values, directions = np.linalg.svd(complete - complete.mean(0), full_matrices=False)
    share = np.cumsum(values**2) / np.sum(values**2)
    axes = np.asarray(directions[: int(np.searchsorted(share, variance)) + 1])
    return axes, np.maximum(beside(complete, axes).std(0), LEAST_LEFT)


def beside(z: Floats, axes: Floats) -> Floats:
    """What is left of scaled features beside the axes."""
    return np.asarray(z - (z @ axes.T) @ axes)
