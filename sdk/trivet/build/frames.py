"""The window inside a graph: series, masks, and the operators over them.

Tensors run channel by channel, ``(batch, channels, length)``, because taking
channels is then a copy of whole rows. Features of one operator are computed
together. Sums go through ``Graph.mix``; maxima do not depend on order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from trivet.build.features import Condition, Feature, FeatureList
from trivet.build.nodes import Graph

FLOAT = 1
"""ONNX's number for float32."""

Masked = tuple[tuple[Condition, ...], int, int | None]


class Frames:
    """One window's channels and masks.

    Attributes:
        values: Columns and made series, ``(batch, channels, length)``.
        known: Where they are known, same shape.
    """

    def __init__(self, g: Graph, features: FeatureList, wanted: Sequence[Feature]) -> None:
        self.g = g
        self.length = features.length
        self.frame = features.frame
        self._features = features
        self._channels = {name: n for n, name in enumerate(features.columns)}
        self.values = self._with_series(g.transpose("window"))
        self.known = g.op("Not", g.op("IsNaN", self.values))
        keys = [_key(feature) for feature in wanted]
        self._masks: dict[Masked, int] = {key: n for n, key in enumerate(dict.fromkeys(keys))}
        self._mask_rows = self._masks_tensor() if any(key != _EVERY for key in self._masks) else None

    def series(self, group: Sequence[Feature]) -> tuple[str, str]:
        """The values of each feature's series and where they count, both ``(batch, n, length)``."""
        channels = [self._channels[feature.of[0]] for feature in group]
        counts = self.g.gather(self.known, channels, 1)
        if any(_key(feature) != _EVERY for feature in group):
            counts = self.g.op("And", counts, self.held(group))
        return self.g.gather(self.values, channels, 1), counts

    def held(self, group: Sequence[Feature]) -> str:
        """Where each feature's conditions hold, ``(batch, n, length)``."""
        if self._mask_rows is None:
            raise ValueError("no feature has a condition")
        return self.g.gather(self._mask_rows, [self._masks[_key(feature)] for feature in group], 1)

    def judged(self, group: Sequence[Feature]) -> str:
        """Where all series that each feature's conditions look at are known, ``(batch, n, length)``."""
        looked = [sorted({self._channels[c.series] for c in feature.when}) for feature in group]
        weights = np.zeros((len(group), len(self._channels)))
        for row, channels in enumerate(looked):
            weights[row, channels] = 1
        counted = self.g.mix(weights, self.g.op("Cast", self.known, to=FLOAT))
        sizes = self.g.floats([[len(channels)] for channels in looked])
        return self._within(self.g.op("Equal", counted, sizes), [_key(feature) for feature in group])

    def total(self, tensor: str) -> str:
        """Sum over time, ``(batch, n, length)`` to ``(batch, n, 1)``."""
        row = self.g.mix(np.ones((1, self.length)), self.g.transpose(tensor))
        return self.g.transpose(row)

    def count(self, flags: str) -> str:
        """Number of true frames, ``(batch, n, length)`` to ``(batch, n, 1)``."""
        return self.total(self.g.op("Cast", flags, to=FLOAT))

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
        rows = [(n, low, high) for n, c in enumerate(conditions) for low, high in c.intervals()]
        weights = np.zeros((len(self._masks), len(rows)))
        for mask, (when, _, _) in enumerate(self._masks):
            for column, (n, _, _) in enumerate(rows):
                weights[mask, column] = conditions[n] in when
        sizes = g.floats([[len(set(when))] for when, _, _ in self._masks])
        if not rows:
            return self._within(g.op("Equal", self._nothing(), sizes), list(self._masks))
        x = g.gather(self.values, [self._channels[conditions[n].series] for n, _, _ in rows], 1)
        above = g.op("Greater", x, g.floats([[low] for _, low, _ in rows]))
        below = g.op("Less", x, g.floats([[high] for _, _, high in rows]))
        inside = g.op("Cast", g.op("And", above, below), to=FLOAT)
        return self._within(g.op("Equal", g.mix(weights, inside), sizes), list(self._masks))

    def _nothing(self) -> str:
        """Zeros ``(batch, 1, length)``, for masks of rows alone."""
        first = self.g.gather(self.known, [0], 1)
        return self.g.op("Mul", self.g.op("Cast", first, to=FLOAT), self.g.floats(0))

    def _within(self, flags: str, keys: Sequence[Masked]) -> str:
        """Flags ``(batch, n, length)``, false outside each key's rows."""
        rows = np.arange(self.length)
        stops = [self.length if stop is None else stop for _, _, stop in keys]
        inside = np.array([(rows >= key[1]) & (rows < stop) for key, stop in zip(keys, stops, strict=True)])
        return flags if inside.all() else self.g.op("And", flags, self.g.constant(inside))


_EVERY: Masked = ((), 0, None)


def _key(feature: Feature) -> Masked:
    return (feature.when, feature.start, feature.stop)


def _flat(g: Graph, tensor: str) -> str:
    return g.op("Squeeze", tensor, g.ints([2]))


def _sums(frames: Frames, group: Sequence[Feature]) -> tuple[str, str, str, str]:
    """Values, where they count, their number and their mean (NaN when there are none)."""
    g = frames.g
    x, counts = frames.series(group)
    number = frames.count(counts)
    total = frames.total(g.op("Where", counts, x, g.floats(0)))
    return x, counts, number, g.op("Div", total, number)


def _known(frames: Frames, group: Sequence[Feature]) -> str:
    return _flat(frames.g, frames.count(frames.series(group)[1]))


def _mean(frames: Frames, group: Sequence[Feature]) -> str:
    return _flat(frames.g, _sums(frames, group)[3])


def _sum(frames: Frames, group: Sequence[Feature]) -> str:
    g = frames.g
    x, counts = frames.series(group)
    number = frames.count(counts)
    total = frames.total(g.op("Where", counts, x, g.floats(0)))
    return _flat(g, g.nan_where(g.op("Equal", number, g.floats(0)), total))


def _std(frames: Frames, group: Sequence[Feature]) -> str:
    """Around the mean, and once more corrected for the mean's own rounding."""
    g = frames.g
    x, counts, number, mean = _sums(frames, group)
    apart = g.op("Where", counts, g.op("Sub", x, mean), g.floats(0))
    variance = g.op("Div", frames.total(g.op("Mul", apart, apart)), number)
    rest = g.op("Div", frames.total(apart), number)
    return _flat(g, g.op("Sqrt", g.op("Abs", g.op("Sub", variance, g.op("Mul", rest, rest)))))


def _slope(frames: Frames, group: Sequence[Feature]) -> str:
    g = frames.g
    x, counts, number, mean = _sums(frames, group)
    zero = g.floats(0)
    time = g.floats(np.arange(frames.length) * frames.frame)
    middle = g.op("Div", frames.total(g.op("Where", counts, time, zero)), number)
    dt = g.op("Where", counts, g.op("Sub", time, middle), zero)
    dx = g.op("Where", counts, g.op("Sub", x, mean), zero)
    both, squares = frames.total(g.op("Mul", dt, dx)), frames.total(g.op("Mul", dt, dt))
    return _flat(g, g.op("Div", both, squares))


def _extreme(sign: int) -> Callable[[Frames, Sequence[Feature]], str]:
    def node(frames: Frames, group: Sequence[Feature]) -> str:
        g = frames.g
        x, counts = frames.series(group)
        none = g.floats(-sign * np.inf)
        kind = "ReduceMax" if sign > 0 else "ReduceMin"
        best = g.op(kind, g.op("Where", counts, x, none), axes=(2,), keepdims=0)
        return g.nan_where(g.op("Equal", best, none), best)

    return node


def _end(sign: int) -> Callable[[Frames, Sequence[Feature]], str]:
    """The value of the last (sign 1) or first counting frame."""

    def node(frames: Frames, group: Sequence[Feature]) -> str:
        g = frames.g
        x, counts = frames.series(group)
        rows, best = _edge(frames, counts, sign)
        there = g.op("And", g.op("Equal", rows, best), counts)
        value = frames.total(g.op("Where", there, x, g.floats(0)))
        return _flat(g, g.nan_where(g.op("Equal", best, g.floats(_NEVER)), value))

    return node


_NEVER = -1e6
"""Stands for the row number of no frame."""


def _edge(frames: Frames, flags: str, sign: int) -> tuple[str, str]:
    """``sign`` times the row where flags hold, else ``_NEVER``; and the largest of these, ``(batch, n, 1)``."""
    g = frames.g
    rows = g.op("Where", flags, g.floats(sign * np.arange(frames.length)), g.floats(_NEVER))
    return rows, g.op("ReduceMax", rows, axes=(2,), keepdims=1)


def _rise(frames: Frames, group: Sequence[Feature]) -> str:
    return frames.g.op("Sub", _end(1)(frames, group), _end(-1)(frames, group))


def _unless_unknown(frames: Frames, group: Sequence[Feature], value: str) -> str:
    """NaN where the series of the conditions are never known together; ``value`` is ``(batch, n, 1)``."""
    g = frames.g
    number = frames.count(frames.judged(group))
    return _flat(g, g.nan_where(g.op("Equal", number, g.floats(0)), value))


def _duration(frames: Frames, group: Sequence[Feature]) -> str:
    seconds = frames.g.op("Mul", frames.count(frames.held(group)), frames.g.floats(frames.frame))
    return _unless_unknown(frames, group, seconds)


def _share(frames: Frames, group: Sequence[Feature]) -> str:
    held, judged = frames.count(frames.held(group)), frames.count(frames.judged(group))
    return _flat(frames.g, frames.g.op("Div", held, judged))


def _starts(frames: Frames, group: Sequence[Feature]) -> str:
    g = frames.g
    held = frames.held(group)
    rested = g.op("And", frames.judged(group), g.op("Not", held))
    before = g.gather(rested, [0, *range(frames.length - 1)], 2)
    return _unless_unknown(frames, group, frames.count(g.op("And", held, before)))


def _max_run(frames: Frames, group: Sequence[Feature]) -> str:
    """A run ends where a row's distance to the last row without is greatest; that row is found by doubling."""
    g, length = frames.g, frames.length
    rows = g.floats(np.arange(length))
    without = g.op("Where", frames.held(group), g.floats(-1), rows)
    reach = 1
    while reach < length:
        earlier = g.gather(without, np.maximum(np.arange(length) - reach, 0).tolist(), 2)
        without = g.op("Max", without, earlier)
        reach *= 2
    longest = g.op("ReduceMax", g.op("Sub", rows, without), axes=(2,), keepdims=1)
    return _unless_unknown(frames, group, g.op("Mul", longest, g.floats(frames.frame)))


def _onset(frames: Frames, group: Sequence[Feature]) -> str:
    g = frames.g
    _, best = _edge(frames, frames.held(group), -1)
    starts = g.floats([[feature.start] for feature in group])
    seconds = g.op("Mul", g.op("Neg", g.op("Add", best, starts)), g.floats(frames.frame))
    return _flat(g, g.nan_where(g.op("Equal", best, g.floats(_NEVER)), seconds))


WINDOW: Mapping[str, Callable[[Frames, Sequence[Feature]], str]] = {
    "known": _known,
    "mean": _mean,
    "std": _std,
    "min": _extreme(-1),
    "max": _extreme(1),
    "first": _end(-1),
    "last": _end(1),
    "sum": _sum,
    "slope": _slope,
    "rise": _rise,
    "duration": _duration,
    "share": _share,
    "max_run": _max_run,
    "starts": _starts,
    "onset": _onset,
}
"""Operator to the nodes of a group of its features, ``(batch, n)``."""
