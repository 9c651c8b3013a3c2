"""Window features as numpy arrays: the plain form that the graph and the one-pass form are held to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from trivet.build.baseline import following, recalled
from trivet.build.derived import DERIVED
from trivet.build.features import (
    DERIVED_OPERATORS,
    MASK_OPERATORS,
    MEMORY_OPERATORS,
    SERIES_OPERATORS,
    Condition,
    Feature,
    FeatureList,
    Series,
)
from trivet.signals import Floats

Flags = NDArray[np.bool_]


def evaluate(features: FeatureList, window: Floats, context: Floats, state: Floats | None = None) -> dict[str, Floats]:
    """Every feature, and every context input, by name.

    Args:
        features: The list.
        window: ``(batch, length, columns)``; NaN is not known.
        context: ``(batch, k)``.
        state: ``(batch, s)``; needed when a feature looks at the machine's past.

    Returns:
        Name to float64 ``(batch,)``.
    """
    values = {name: context[:, n].astype(np.float64) for n, name in enumerate(features.context)}
    series = columns_and_series(features, window.astype(np.float64), values)
    for feature in features.features:
        values[feature.name] = _value(features, feature, series, values, state)
    return values


def next_state(features: FeatureList, values: Mapping[str, Floats], state: Floats) -> Floats:
    """The memory after a window whose features are ``values``; shapes as in ``evaluate``."""
    return following(features, values, state)


def columns_and_series(features: FeatureList, window: Floats, context: Mapping[str, Floats]) -> dict[str, Floats]:
    """Columns and made series by name, each ``(batch, length)``."""
    made = {name: window[:, :, n] for n, name in enumerate(features.columns)}
    for series in features.series:
        made[series.name] = _series(series, made, context)
    return made


def _series(series: Series, made: Mapping[str, Floats], context: Mapping[str, Floats]) -> Floats:
    zero = np.zeros_like(made[series.plus[0]])
    value: Floats = sum((made[name] for name in series.plus), zero) - sum((made[name] for name in series.minus), zero)
    if series.over is not None:
        divisor = context[series.over][:, None]
        value = value / np.where(divisor == 0, np.nan, divisor)
    if series.otherwise is not None:
        value = np.where(np.isnan(value), made[series.otherwise], value)
    return value


def _value(
    features: FeatureList,
    feature: Feature,
    series: Mapping[str, Floats],
    values: Mapping[str, Floats],
    state: Floats | None,
) -> Floats:
    if feature.operator in SERIES_OPERATORS:
        x = series[feature.of[0]]
        held, _ = _mask(feature, series, x.shape)
        return _SERIES[feature.operator](x, held & ~np.isnan(x), features.frame)
    if feature.operator in MASK_OPERATORS:
        shape = series[feature.when[0].series].shape
        return _MASK[feature.operator](*_mask(feature, series, shape), features.frame, feature.start)
    if feature.operator in MEMORY_OPERATORS:
        if state is None:
            raise ValueError(f"feature {feature.name} looks at the machine's past and no state was given")
        return recalled(features, feature, values, state)
    if feature.operator in DERIVED_OPERATORS:
        batch = next(iter(values.values())).shape
        return DERIVED[feature.operator].array([values[name] for name in feature.of], feature.value, batch)
    raise ValueError(f"operator {feature.operator!r} is not in the closed set")


def holds(condition: Condition, x: Floats) -> Flags:
    """Where a condition is true; unknown is not true."""
    inside = [(x > low) & (x < high) for low, high in condition.intervals()]
    return np.asarray(np.logical_or.reduce(inside))


def _mask(feature: Feature, series: Mapping[str, Floats], shape: tuple[int, ...]) -> tuple[Flags, Flags]:
    """Where all conditions hold, and where all are known, ``(batch, length)``."""
    rows = np.arange(shape[1])
    inside = (rows >= feature.start) & (rows < (shape[1] if feature.stop is None else feature.stop))
    held = known = np.broadcast_to(inside, shape)
    for condition in feature.when:
        x = series[condition.series]
        held = held & holds(condition, x)
        known = known & ~np.isnan(x)
    return held, known


def _over(total: Floats, count: Floats) -> Floats:
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count != 0))


def _known(_: Floats, m: Flags, __: float) -> Floats:
    return np.asarray(m.sum(1), np.float64)


def _mean(x: Floats, m: Flags) -> Floats:
    return _over(np.where(m, x, 0).sum(1), m.sum(1).astype(np.float64))


def _std(x: Floats, m: Flags) -> Floats:
    return np.sqrt(_mean((x - _mean(x, m)[:, None]) ** 2, m))


def _picked(x: Floats, m: Flags, rows: NDArray[np.int64]) -> Floats:
    return np.where(m.any(1), np.take_along_axis(x, rows[:, None], 1)[:, 0], np.nan)


def _first(x: Floats, m: Flags) -> Floats:
    return _picked(x, m, m.argmax(1))


def _last(x: Floats, m: Flags) -> Floats:
    return _picked(x, m, m.shape[1] - 1 - m[:, ::-1].argmax(1))


def _slope(x: Floats, m: Flags, frame: float) -> Floats:
    t = np.broadcast_to(np.arange(x.shape[1], dtype=np.float64), x.shape)
    dt = np.where(m, t - _mean(t, m)[:, None], 0)
    dx = np.where(m, x - _mean(x, m)[:, None], 0)
    return _over((dt * dx).sum(1), (dt * dt).sum(1)) / frame


def _extreme(x: Floats, m: Flags, sign: float) -> Floats:
    best = np.where(m, sign * x, -np.inf).max(1)
    return np.where(m.any(1), sign * best, np.nan)


def _onset(held: Flags, _: Flags, frame: float, start: int) -> Floats:
    return np.where(held.any(1), (held.argmax(1) - start) * frame, np.nan)


def _max_run(held: Flags, known: Flags, frame: float, _: int) -> Floats:
    run = longest = np.zeros(held.shape[0])
    for row in held.T:
        run = np.where(row, run + 1, 0)
        longest = np.maximum(longest, run)
    return np.where(known.any(1), longest * frame, np.nan)


def _starts(held: Flags, known: Flags, _: float, __: int) -> Floats:
    changes = held[:, 1:] & known[:, :-1] & ~held[:, :-1]
    return np.where(known.any(1), changes.sum(1), np.nan)


_SERIES: Mapping[str, Callable[[Floats, Flags, float], Floats]] = {
    "known": _known,
    "mean": lambda x, m, _: _mean(x, m),
    "std": lambda x, m, _: _std(x, m),
    "min": lambda x, m, _: _extreme(x, m, -1),
    "max": lambda x, m, _: _extreme(x, m, 1),
    "first": lambda x, m, _: _first(x, m),
    "last": lambda x, m, _: _last(x, m),
    "sum": lambda x, m, _: np.where(m.any(1), np.where(m, x, 0).sum(1), np.nan),
    "slope": _slope,
    "rise": lambda x, m, _: _last(x, m) - _first(x, m),
}

_MASK: Mapping[str, Callable[[Flags, Flags, float, int], Floats]] = {
    "duration": lambda held, known, frame, _: np.where(known.any(1), held.sum(1) * frame, np.nan),
    "share": lambda held, known, _, __: _over(held.sum(1).astype(np.float64), known.sum(1).astype(np.float64)),
    "max_run": _max_run,
    "starts": _starts,
    "onset": _onset,
}
