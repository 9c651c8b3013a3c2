"""The window inside a graph: channels, masks, and sums over time.

Tensors run channel by channel, ``(batch, channels, length)``, because taking
channels is then a copy of whole rows.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

import numpy as np

from trivet.build.features import Condition, Feature, FeatureList
from trivet.build.nodes import Graph

FLOAT = 1
"""ONNX's number for float32."""

LARGEST = float(np.finfo(np.float32).max)
"""Stands for infinity: weights of a graph are finite."""

Made = list[tuple[Sequence[Feature], str]]
Sums = Generator[Sequence[tuple[str, int]], list[str], Made]
"""Yields tensors ``(batch, n, length)`` with their n, is sent their sums over time ``(batch, n, 1)``,
and returns features with their values ``(batch, n, 1)``."""

Rows = tuple[tuple[Condition, ...], int, int | None]
"""Conditions, start and stop: which rows count."""

EVERY: Rows = ((), 0, None)


def together(families: Sequence[Sums]) -> Sums:
    """Families side by side: what they ask for in one round is asked for at once."""
    made: Made = []
    waiting = [(family, list(next(family))) for family in families]
    while waiting:
        answers = iter((yield [request for _, requests in waiting for request in requests]))
        following = []
        for family, requests in waiting:
            try:
                following.append((family, list(family.send([next(answers) for _ in requests]))))
            except StopIteration as end:
                made.extend(end.value)
        waiting = following
    return made


def rows_of(feature: Feature) -> Rows:
    """Which rows count for a feature."""
    return (feature.when, feature.start, feature.stop)


class Frames:
    """One window's channels and masks.

    Attributes:
        length: Rows of the window.
        frame: Seconds from one row to the next.
        rows: Row numbers as a constant ``(length,)``.
    """

    def __init__(self, g: Graph, features: FeatureList, wanted: Sequence[Feature]) -> None:
        self.g = g
        self.length = features.length
        self.frame = features.frame
        self.rows = g.floats(np.arange(features.length))
        self._features = features
        self._channels = {name: n for n, name in enumerate(features.columns)}
        self._values = self._with_series(g.transpose("window"))
        self._known = g.op("Not", g.op("IsNaN", self._values))
        self._masks = {key: n for n, key in enumerate(dict.fromkeys(map(rows_of, wanted)))}
        self._mask_rows = self._masks_tensor()

    def series(self, selections: Sequence[tuple[str, Rows]]) -> tuple[str, str]:
        """Values of series, and where they are known and count, both ``(batch, n, length)``."""
        channels = [self._channels[name] for name, _ in selections]
        counts = self.g.gather(self._known, channels, 1)
        if any(rows != EVERY for _, rows in selections):
            counts = self.g.op("And", counts, self.held([rows for _, rows in selections]))
        return self.g.gather(self._values, channels, 1), counts

    def held(self, keys: Sequence[Rows]) -> str:
        """Where conditions hold, ``(batch, n, length)``."""
        return self.g.gather(self._mask_rows, [self._masks[key] for key in keys], 1)

    def judged(self, keys: Sequence[Rows]) -> str:
        """Where all series that the conditions look at are known, ``(batch, n, length)``."""
        looked = [sorted({self._channels[condition.series] for condition in key[0]}) for key in keys]
        if all(len(channels) == 1 for channels in looked):
            return self._within(self.g.gather(self._known, [channels[0] for channels in looked], 1), keys)
        weights = np.zeros((len(keys), len(self._channels)))
        for row, channels in enumerate(looked):
            weights[row, channels] = 1
        counted = self.g.mix(weights, self.number(self._known))
        return self._within(self.g.op("Equal", counted, self.g.floats([[len(c)] for c in looked])), keys)

    def number(self, flags: str) -> str:
        """Flags as 0 and 1."""
        return self.g.op("Cast", flags, to=FLOAT)

    def run(self, family: Sums) -> Made:
        """Runs a family of operators; all sums that it asks for at once are one product."""
        asked = next(family)
        while True:
            try:
                asked = family.send(self._totals(asked) if asked else [])
            except StopIteration as end:
                made: Made = end.value
                return made

    def _totals(self, asked: Sequence[tuple[str, int]]) -> list[str]:
        """Sums over time of tensors ``(batch, n, length)``, each ``(batch, n, 1)``."""
        distinct = dict(asked)
        together = self.g.concat(list(distinct), axis=1)
        sums = self.g.transpose(self.g.mix(np.ones((1, self.length)), self.g.transpose(together)))
        pieces = dict(zip(distinct, self.g.split(sums, list(distinct.values()), 1), strict=True))
        return [pieces[tensor] for tensor, _ in asked]

    def _with_series(self, columns: str) -> str:
        g, pieces = self.g, [columns]
        for series in self._features.series:
            everything = g.concat(pieces, axis=1)
            taken = {n: g.gather(everything, [self._channels[n]], 1) for n in (*series.plus, *series.minus)}
            value = taken[series.plus[0]]
            for name in series.plus[1:]:
                value = g.op("Add", value, taken[name])
            for name in series.minus:
                value = g.op("Sub", value, taken[name])
            if series.over is not None:
                value = g.op("Div", value, self._divisor(series.over))
            if series.otherwise is not None:
                value = g.known_or(value, g.gather(everything, [self._channels[series.otherwise]], 1))
            self._channels[series.name] = len(self._channels)
            pieces.append(value)
        return g.concat(pieces, axis=1)

    def _divisor(self, name: str) -> str:
        g = self.g
        value = g.gather("context", [self._features.context.index(name)], 1)
        value = g.nan_where(g.op("Equal", value, g.floats(0)), value)
        return g.op("Unsqueeze", value, g.ints([2]))

    def _masks_tensor(self) -> str:
        """Every mask, ``(batch, masks, length)``: as many intervals hold as there are conditions.

        Intervals of one condition do not meet, so each condition adds one at most,
        and small whole numbers add up exactly in any order.
        """
        g, conditions = self.g, list(dict.fromkeys(c for when, _, _ in self._masks for c in when))
        spans = [(n, low, high) for n, c in enumerate(conditions) for low, high in c.intervals()]
        sizes = g.floats([[len(set(when))] for when, _, _ in self._masks])
        if not spans:
            return self._within(g.op("Equal", self._nothing(), sizes), list(self._masks))
        weights = np.zeros((len(self._masks), len(spans)))
        for mask, (when, _, _) in enumerate(self._masks):
            weights[mask] = [conditions[n] in when for n, _, _ in spans]
        x = g.gather(self._values, [self._channels[conditions[n].series] for n, _, _ in spans], 1)
        above = g.op("Greater", x, g.floats([[max(low, -LARGEST)] for _, low, _ in spans]))
        below = g.op("Less", x, g.floats([[min(high, LARGEST)] for _, _, high in spans]))
        inside = self.number(g.op("And", above, below))
        return self._within(g.op("Equal", g.mix(weights, inside), sizes), list(self._masks))

    def _nothing(self) -> str:
        """Zeros ``(batch, 1, length)``, for masks of rows alone."""
        return self.g.op("Mul", self.number(self.g.gather(self._known, [0], 1)), self.g.floats(0))

    def _within(self, flags: str, keys: Sequence[Rows]) -> str:
        """Flags ``(batch, n, length)``, false outside each key's rows."""
        rows = np.arange(self.length)
        stops = [self.length if stop is None else stop for _, _, stop in keys]
        inside = np.array([(rows >= key[1]) & (rows < stop) for key, stop in zip(keys, stops, strict=True)])
        return flags if inside.all() else self.g.op("And", flags, self.g.constant(inside))
