"""Features in one pass over the rows: plain Python, with a memory that does not grow with the window.

This is the form that a microcontroller runs; it is written to be read beside C.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np

from trivet.build.baseline import following, recalled
from trivet.build.derived import DERIVED
from trivet.build.features import MASK_OPERATORS, MEMORY_OPERATORS, SERIES_OPERATORS, Condition, Feature, FeatureList
from trivet.build.operators import ENDS, EXTREMES
from trivet.signals import Floats

NAN = float("nan")


class Accumulator(ABC):
    """The memory of one window feature: it is given every row and knows which of them count."""

    def __init__(self, feature: Feature, frame: float) -> None:
        self.feature = feature
        self.frame = frame
        self.at = -1

    def update(self, row: Mapping[str, float]) -> None:
        """Takes the next row: columns and series by name."""
        self.at += 1
        feature = self.feature
        if self.at >= feature.start and (feature.stop is None or self.at < feature.stop):
            self.take(row)

    @abstractmethod
    def take(self, row: Mapping[str, float]) -> None:
        """Takes a row that lies within the feature's rows."""

    @abstractmethod
    def value(self) -> float:
        """The feature over the rows so far."""


class Stream:
    """Every feature of a list, row by row.

    Use one for a window: ``update`` for each row, then ``values``.
    """

    def __init__(self, features: FeatureList, context: Sequence[float]) -> None:
        self._features = features
        self._context = dict(zip(features.context, map(float, context), strict=True))
        windowed = (f for f in features.features if f.operator in SERIES_OPERATORS | MASK_OPERATORS)
        self._accumulators = {f.name: accumulator(f, features.frame) for f in windowed}

    def update(self, row: Sequence[float]) -> None:
        """Takes the next row of the window, in column order."""
        values = dict(zip(self._features.columns, map(float, row), strict=True))
        for series in self._features.series:
            value = sum(values[name] for name in series.plus) - sum(values[name] for name in series.minus)
            if series.over is not None:
                divisor = self._context[series.over]
                value = value / divisor if divisor else NAN
            if series.otherwise is not None and math.isnan(value):
                value = values[series.otherwise]
            values[series.name] = value
        for held in self._accumulators.values():
            held.update(values)

    def values(self, state: Sequence[float] | None = None) -> dict[str, float]:
        """Every feature and context input by name, over the rows so far."""
        made = {name: np.array([value]) for name, value in self._context.items()}
        memory = np.array([state], np.float64) if state is not None else None
        for feature in self._features.features:
            made[feature.name] = self._value(feature, made, memory)
        return {name: float(value[0]) for name, value in made.items()}

    def next_state(self, values: Mapping[str, float], state: Sequence[float]) -> list[float]:
        """The machine's memory after this window."""
        arrays = {name: np.array([value]) for name, value in values.items()}
        return [float(v) for v in following(self._features, arrays, np.array([state], np.float64))[0]]

    def _value(self, feature: Feature, made: Mapping[str, Floats], state: Floats | None) -> Floats:
        if feature.name in self._accumulators:
            return np.array([self._accumulators[feature.name].value()])
        if feature.operator in MEMORY_OPERATORS:
            if state is None:
                raise ValueError(f"feature {feature.name} looks at the machine's past and no state was given")
            return recalled(self._features, feature, made, state)
        return DERIVED[feature.operator].array([made[name] for name in feature.of], feature.value, (1,))


def accumulator(feature: Feature, frame: float) -> Accumulator:
    """The empty memory of one window feature."""
    if feature.operator in MASK_OPERATORS:
        return Mask(feature, frame)
    if feature.operator in EXTREMES:
        return Extreme(feature, frame)
    return Ends(feature, frame) if feature.operator in ENDS else Moments(feature, frame)


def _holds(condition: Condition, x: float) -> bool:
    return any(low < x < high for low, high in condition.intervals())


class Counting(Accumulator):
    """The memory of a feature over the counting frames of one series."""

    def take(self, row: Mapping[str, float]) -> None:
        """Takes a row."""
        x = row[self.feature.of[0]]
        if not math.isnan(x) and all(_holds(c, row[c.series]) for c in self.feature.when):
            self.add(x)

    @abstractmethod
    def add(self, x: float) -> None:
        """Takes one counting value."""


class Moments(Counting):
    """Count, mean, squares and products with time, after Welford."""

    def __init__(self, feature: Feature, frame: float) -> None:
        super().__init__(feature, frame)
        self.count = 0
        self.mean = self.total = self.squares = 0.0
        self.time = self.time_squares = self.products = 0.0

    def add(self, x: float) -> None:
        """Takes one counting value."""
        self.count += 1
        self.total += x
        dx, dt = x - self.mean, self.at - self.time
        self.mean += dx / self.count
        self.time += dt / self.count
        self.squares += dx * (x - self.mean)
        self.time_squares += dt * (self.at - self.time)
        self.products += dt * (x - self.mean)

    def value(self) -> float:
        """The feature over the rows so far."""
        operator = self.feature.operator
        if operator == "known":
            return float(self.count)
        if self.count == 0 or (operator == "slope" and self.count < 2):
            return NAN
        if operator == "std":
            return math.sqrt(self.squares / self.count)
        if operator == "slope":
            return self.products / self.time_squares / self.frame
        return self.total if operator == "sum" else self.mean


class Extreme(Counting):
    """The least or largest value."""

    def __init__(self, feature: Feature, frame: float) -> None:
        super().__init__(feature, frame)
        self.best = NAN

    def add(self, x: float) -> None:
        """Takes one counting value."""
        better = x > self.best if self.feature.operator == "max" else x < self.best
        if better or math.isnan(self.best):
            self.best = x

    def value(self) -> float:
        """The feature over the rows so far."""
        return self.best


class Ends(Counting):
    """The first and the last value."""

    def __init__(self, feature: Feature, frame: float) -> None:
        super().__init__(feature, frame)
        self.first = self.last = NAN

    def add(self, x: float) -> None:
        """Takes one counting value."""
        if math.isnan(self.first):
            self.first = x
        self.last = x

    def value(self) -> float:
        """The feature over the rows so far."""
        return {"first": self.first, "last": self.last}.get(self.feature.operator, self.last - self.first)


class Mask(Accumulator):
    """What the conditions themselves did."""

    def __init__(self, feature: Feature, frame: float) -> None:
        super().__init__(feature, frame)
        self.known = self.held = self.run = self.longest = self.starts = 0
        self.onset = NAN
        self.rested = False

    def take(self, row: Mapping[str, float]) -> None:
        """Takes one row."""
        values = [row[c.series] for c in self.feature.when]
        known = not any(math.isnan(x) for x in values)
        held = all(_holds(c, x) for c, x in zip(self.feature.when, values, strict=True))
        self.known += known
        self.held += held
        self.run = self.run + 1 if held else 0
        self.longest = max(self.longest, self.run)
        self.starts += held and self.rested
        self.rested = known and not held
        if held and math.isnan(self.onset):
            self.onset = (self.at - self.feature.start) * self.frame

    def value(self) -> float:
        """The feature over the rows so far."""
        if self.known == 0:
            return NAN
        return {
            "duration": self.held * self.frame,
            "share": self.held / self.known,
            "max_run": self.longest * self.frame,
            "starts": float(self.starts),
            "onset": self.onset,
        }[self.feature.operator]
