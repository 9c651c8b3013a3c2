"""What stands before an estimator in a pipeline: scalers and imputers, folded into what follows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trivet.build import missing
from trivet.build.trees import LARGEST, Ensemble, Tree
from trivet.errors import GraphError
from trivet.signals import Float32s, Floats, Ints

try:
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
except ImportError as error:
    raise missing("scikit-learn") from error


@dataclass(frozen=True, slots=True)
class Scaling:
    """``(feature - shift) * gain``, with unknown features filled in first.

    Attributes:
        shift: ``(features,)``.
        gain: ``(features,)``, not zero.
        fill: What stands for an unknown feature, before scaling, ``(features,)``; None leaves it unknown.
        steps: The transformers themselves, in their order.
    """

    shift: Floats
    gain: Floats
    fill: Floats | None = None
    steps: tuple[Any, ...] = ()


def unpiped(estimator: Any, width: int) -> tuple[Any, Scaling]:
    """The last estimator of a pipeline and what stands before it; another estimator stands alone.

    Raises:
        GraphError: A step has no exact form here.
    """
    scaling = Scaling(np.zeros(width), np.ones(width))
    if not isinstance(estimator, Pipeline):
        return estimator, scaling
    for step in (made for _, made in estimator.steps[:-1] if made not in (None, "passthrough")):
        scaling = replace(_then(scaling, step), steps=(*scaling.steps, step))
    return estimator.steps[-1][1], scaling


def _then(scaling: Scaling, step: Any) -> Scaling:
    if isinstance(step, SimpleImputer):
        return _filled(scaling, step)
    shift, gain = _affine(step, len(scaling.shift))
    return replace(scaling, shift=scaling.shift + shift / scaling.gain, gain=scaling.gain * gain)


def _affine(step: Any, width: int) -> tuple[Floats, Floats]:
    """Shift and gain of one scaler."""
    if isinstance(step, StandardScaler):
        gain = np.ones(width) if step.scale_ is None else 1 / step.scale_
        return (step.mean_ if step.with_mean else np.zeros(width)), gain
    if isinstance(step, RobustScaler):
        gain = 1 / step.scale_ if step.with_scaling else np.ones(width)
        return (step.center_ if step.with_centering else np.zeros(width)), gain
    if isinstance(step, MaxAbsScaler) and not getattr(step, "clip", False):
        return np.zeros(width), 1 / step.scale_
    if isinstance(step, MinMaxScaler) and not step.clip:
        return -step.min_ / step.scale_, step.scale_
    raise GraphError(
        f"{type(step).__name__} has no exact form here",
        hint="use StandardScaler, RobustScaler, MinMaxScaler or MaxAbsScaler without clip, SimpleImputer",
    )


def _filled(scaling: Scaling, step: Any) -> Scaling:
    # What it was trained on decides how many digits it fills in.
    fill = np.asarray(step.statistics_, getattr(step, "_fill_dtype", np.float64)).astype(np.float64)
    plain = not step.add_indicator and isinstance(step.missing_values, float) and np.isnan(step.missing_values)
    if not plain or np.isnan(fill).any():
        raise GraphError(
            "this imputer has no exact form here",
            hint="let it fill in NaN, without indicators, and train it with a known value in every feature",
        )
    return scaling if scaling.fill is not None else replace(scaling, fill=fill / scaling.gain + scaling.shift)


def before_scaling(trees: Ensemble, scaling: Scaling) -> Ensemble:
    """Trees over scaled features as trees over the features themselves; no single-precision value changes side.

    A scaler is monotone, so that for each threshold there is a largest single-precision
    feature that still goes left; it is found by bisection through the scalers themselves.

    Raises:
        GraphError: A step before the trees fills unknown values in.
    """
    if not scaling.steps:
        return trees
    if scaling.fill is not None:
        raise GraphError("an imputer before trees has no form here", hint="leave it out: trees route unknown values")
    if (scaling.gain < 0).any():
        raise GraphError("a scaler before trees turns a feature round", hint="train it again without the scaler")
    return replace(trees, trees=tuple(_before(tree, scaling, trees.single) for tree in trees.trees))


def _before(tree: Tree, scaling: Scaling, single: bool) -> Tree:
    inner = tree.left >= 0
    threshold = tree.threshold.copy()
    threshold[inner] = _largest_left(tree.feature[inner], tree.threshold[inner], scaling, single)
    return replace(tree, threshold=threshold)


def _largest_left(feature: Ints, threshold: Floats, scaling: Scaling, single: bool) -> Float32s:
    """For each split, the largest finite float32 whose scaled value is at most the threshold."""
    low = np.full(len(feature), _order(np.float32(-LARGEST)), np.int64)
    high = np.full(len(feature), _order(np.float32(LARGEST)), np.int64)
    rows = np.arange(len(feature))
    while (low < high).any():
        middle = (low + high + 1) // 2
        x = np.zeros((len(feature), len(scaling.shift)), np.float32)
        x[rows, feature] = _value(middle)
        left = _scaled(x, scaling, single)[rows, feature] <= threshold
        low, high = np.where(left, middle, low), np.where(left, high, middle - 1)
    return _value(low)


def _scaled(x: Float32s, scaling: Scaling, single: bool) -> Floats:
    """Through the scalers in double precision, as ``fidelity`` asks the estimator, and to what its trees look at."""
    made: Any = x.astype(np.float64)
    with np.errstate(over="ignore"):
        for step in scaling.steps:
            made = step.transform(made)
        return np.asarray(made).astype(np.float32 if single else np.float64).astype(np.float64)


def _order(value: Any) -> int:
    """A number that is larger for larger float32."""
    bits = int(np.float32(value).view(np.int32))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFF)


def _value(order: Ints) -> Float32s:
    """The float32 of a number that ``_order`` gave."""
    bits = np.where(order >= 0, order, (-order) | 0x80000000).astype(np.uint32)
    return bits.view(np.float32)
