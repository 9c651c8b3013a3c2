"""The machine's own past: a baseline over its first windows and a slow mean, kept in ``state``.

``windows`` counts accepted windows. Each remembered feature has a ``count``, a
``mean`` and a sum of squares ``m2`` (Welford), taken while ``windows`` is below the
baseline's length and frozen afterwards; each averaged feature has ``slow``, an
exponential mean that starts at zero, and ``weight``, the share of it that is data.

``residual`` is the value less the baseline's mean, ``z`` that over the baseline's
standard deviation; ``ewma`` is the slow mean with this window in it, ``drift`` the
slow mean less the baseline's mean, over the same standard deviation. All but
``ewma`` are NaN until the baseline has ``least`` values; the window that is judged
is never in its own baseline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trivet.build.features import Feature, FeatureList
from trivet.build.nodes import Graph
from trivet.package.manifest import StateField
from trivet.signals import Floats

COUNTER = "windows"
"""Name of the first field: accepted windows so far."""


def fields(features: FeatureList) -> tuple[StateField, ...]:
    """The memory's fields in tensor order; none when no feature looks at the past."""
    remembered, averaged = features.remembered, features.averaged
    if not remembered and not averaged:
        return ()
    units = {feature.name: feature.unit for feature in features.features}
    rows = [(COUNTER, "1")]
    rows += [(f"{name}_count", "1") for name in remembered]
    rows += [(f"{name}_mean", units.get(name, "1")) for name in remembered]
    rows += [(f"{name}_m2", _squared(units.get(name, "1"))) for name in remembered]
    rows += [(f"{name}_slow", units.get(name, "1")) for name in averaged]
    rows += [(f"{name}_weight", "1") for name in averaged]
    return tuple(StateField(name, unit, 0.0) for name, unit in rows)


def _squared(unit: str) -> str:
    """UCUM code of a squared difference; differences of degrees Celsius are in K."""
    if unit == "1":
        return "1"
    return "K2" if unit == "Cel" else f"({unit})2" if "/" in unit or "." in unit else f"{unit}2"


def _parts(features: FeatureList) -> dict[str, slice]:
    n, k = len(features.remembered), len(features.averaged)
    edges = np.cumsum([0, 1, n, n, n, k, k]).tolist()
    names = ("windows", "count", "mean", "m2", "slow", "weight")
    return {name: slice(edges[i], edges[i + 1]) for i, name in enumerate(names)}


def recalled(features: FeatureList, feature: Feature, values: Mapping[str, Floats], state: Floats) -> Floats:
    """One memory feature as an array ``(batch,)``."""
    name, parts = feature.of[0], _parts(features)
    if feature.operator == "ewma":
        return _slow_mean(features, name, values[name], state)
    column = features.remembered.index(name)
    count, mean, m2 = (state[:, parts[part]][:, column].astype(np.float64) for part in ("count", "mean", "m2"))
    now = _slow_mean(features, name, values[name], state) if feature.operator == "drift" else values[name]
    value = np.where(count < features.baseline.least, np.nan, now - mean)
    if feature.operator == "residual":
        return value
    return value / np.sqrt(m2 / np.maximum(count, 1) + (feature.value or 0) ** 2)


def _slow_mean(features: FeatureList, name: str, x: Floats, state: Floats) -> Floats:
    slow, weight = (part[:, features.averaged.index(name)] for part in _slowed(features, {name: x}, state, (name,)))
    return np.where(weight > 0, slow / np.where(weight > 0, weight, 1), np.nan)


def _slowed(
    features: FeatureList, values: Mapping[str, Floats], state: Floats, names: Sequence[str]
) -> tuple[Floats, Floats]:
    parts, rate = _parts(features), 1 / features.baseline.slow
    slow, weight = state[:, parts["slow"]].astype(np.float64), state[:, parts["weight"]].astype(np.float64)
    for name in names:
        column, x = features.averaged.index(name), values[name]
        known = ~np.isnan(x)
        slow[:, column] += rate * known * (np.where(known, x, 0) - slow[:, column])
        weight[:, column] += rate * known * (1 - weight[:, column])
    return slow, weight


def following(features: FeatureList, values: Mapping[str, Floats], state: Floats) -> Floats:
    """The memory after one more accepted window, ``(batch, s)``."""
    parts = _parts(features)
    windows = state[:, 0].astype(np.float64)
    count, mean, m2 = (state[:, parts[part]].astype(np.float64) for part in ("count", "mean", "m2"))
    for column, name in enumerate(features.remembered):
        x = values[name]
        taken = ~np.isnan(x) & (windows < features.baseline.windows)
        before = np.where(taken, x, 0) - mean[:, column]
        count[:, column] += taken
        mean[:, column] += np.where(taken, before / np.maximum(count[:, column], 1), 0)
        m2[:, column] += np.where(taken, before * (np.where(taken, x, 0) - mean[:, column]), 0)
    slow, weight = _slowed(features, values, state, features.averaged)
    return np.concatenate([windows[:, None] + 1, count, mean, m2, slow, weight], axis=1)


class BaselineNodes:
    """The same in a graph.

    Attributes:
        next_state: The memory after this window, ``(batch, s)``.
    """

    def __init__(self, g: Graph, features: FeatureList, remembered: str | None, averaged: str | None) -> None:
        """Writes the update of the memory.

        Args:
            g: The graph; it has an input ``state``.
            features: The list.
            remembered: Values of ``features.remembered``, ``(batch, n)``, or None when there are none.
            averaged: Values of ``features.averaged``, ``(batch, k)``, or None when there are none.
        """
        self._g = g
        self._features = features
        self._slow_mean = ""
        sizes = {name: part.stop - part.start for name, part in _parts(features).items() if part.stop > part.start}
        self._state = dict(zip(sizes, g.split("state", list(sizes.values()), 1), strict=True))
        windows = self._part("windows")
        pieces = [g.op("Add", windows, g.floats(1))]
        if remembered is not None:
            pieces += self._learn(remembered, windows)
        if averaged is not None:
            pieces += self._slow(averaged)
        self.next_state = g.concat(pieces, axis=1)

    def recall(self, group: Sequence[Feature], values: str) -> str:
        """Memory features of one operator, ``(batch, m)``, from the values of their sources, ``(batch, m)``."""
        g, operator = self._g, group[0].operator
        sources = [feature.of[0] for feature in group]
        if operator in {"ewma", "drift"}:
            values = g.gather(self._slow_mean, [self._features.averaged.index(name) for name in sources], 1)
        if operator == "ewma":
            return values
        columns = [self._features.remembered.index(name) for name in sources]
        count, mean, m2 = (g.gather(self._part(part), columns, 1) for part in ("count", "mean", "m2"))
        few = g.op("Less", count, g.floats(self._features.baseline.least))
        value = g.nan_where(few, g.op("Sub", values, mean))
        if operator == "residual":
            return value
        variance = g.op("Div", m2, g.op("Max", count, g.floats(1)))
        floor = g.floats([(feature.value or 0) ** 2 for feature in group])
        return g.op("Div", value, g.op("Sqrt", g.op("Add", variance, floor)))

    def _part(self, name: str) -> str:
        return self._state[name]

    def _learn(self, values: str, windows: str) -> list[str]:
        g = self._g
        count, mean, m2 = (self._part(part) for part in ("count", "mean", "m2"))
        learning = g.op("Less", windows, g.floats(self._features.baseline.windows))
        taken = g.op("And", g.op("Not", g.op("IsNaN", values)), learning)
        x = g.op("Where", taken, values, mean)
        counted = g.op("Add", count, g.op("Cast", taken, to=1))
        before = g.op("Sub", x, mean)
        moved = g.op("Add", mean, g.op("Div", before, g.op("Max", counted, g.floats(1))))
        spread = g.op("Add", m2, g.op("Mul", before, g.op("Sub", x, moved)))
        return [counted, moved, spread]

    def _slow(self, values: str) -> list[str]:
        g = self._g
        slow, weight = self._part("slow"), self._part("weight")
        rate = g.floats(1 / self._features.baseline.slow)
        unknown = g.op("IsNaN", values)
        moved = g.op("Add", slow, g.op("Mul", g.op("Sub", g.op("Where", unknown, slow, values), slow), rate))
        filled = g.op("Add", weight, g.op("Mul", g.op("Sub", g.floats(1), weight), rate))
        filled = g.op("Where", unknown, weight, filled)
        empty = g.op("Equal", filled, g.floats(0))
        self._slow_mean = g.nan_where(empty, g.op("Div", moved, filled))
        return [moved, filled]
