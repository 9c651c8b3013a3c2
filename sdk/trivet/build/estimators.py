"""The one door from a fitted scikit-learn estimator to a block."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trivet.build import missing
from trivet.build.blocks import Block, Forest, Known, Ordered
from trivet.build.calibrated import Calibrated, Mean, curves
from trivet.build.forests import TREES, ensemble, link
from trivet.build.linear import LINEAR, linear
from trivet.build.network import NETWORKS, network
from trivet.build.scaling import before_scaling, unpiped
from trivet.errors import GraphError
from trivet.signals import Float32s, Floats

try:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator
    from sklearn.utils import get_tags
except ImportError as error:
    raise missing("scikit-learn") from error


def block_of(
    estimator: Any, features: Sequence[str], classes: Sequence[str] = (), rows: Float32s | None = None
) -> Block:
    """The block of a fitted estimator.

    It answers unknown features as the estimator does; where the estimator refuses
    them the block says nothing.

    Args:
        estimator: A random forest, extra trees, gradient boosting (histograms or not), isolation forest, linear model,
            multi-layer perceptron or calibrated classifier, alone or behind scalers and an imputer in a pipeline.
        features: Names of its columns.
        classes: Class names of the output, in tensor order; the estimator's classes are among them.
        rows: Rows ``(rows, features)`` that show where unscaled features lie; they keep the precision of linear models.

    Raises:
        GraphError: The estimator has no exact form, or knows a class or feature that is not named.
    """
    if getattr(estimator, "n_features_in_", len(features)) != len(features):
        raise GraphError(f"the estimator has {estimator.n_features_in_} features and {len(features)} are named")
    middle = None if rows is None else np.nan_to_num(np.nanmean(rows.astype(np.float64), axis=0))
    block = _block(estimator, tuple(features), middle)
    return Ordered(block, _columns(estimator, classes)) if classes else block


def _columns(estimator: Any, classes: Sequence[str]) -> tuple[int | None, ...]:
    own = [str(name) for name in estimator.classes_]
    strange = set(own) - set(classes)
    if strange:
        raise GraphError(f"the estimator knows class {min(strange)!r} and the output does not")
    return tuple(own.index(name) if name in own else None for name in classes)


def _block(estimator: Any, features: tuple[str, ...], middle: Floats | None, *, raw: bool = False) -> Block:
    """The block, with the estimator's link function or ``raw``: what its ``decision_function`` gives."""
    last, scaling = unpiped(estimator, len(features))
    if isinstance(last, FrozenEstimator):
        return _block(last.estimator, features, middle, raw=raw)
    if isinstance(last, CalibratedClassifierCV) and not scaling.steps:
        return _calibrated(last, features, middle)
    block: Block
    if isinstance(last, TREES):
        block = Forest(features, before_scaling(ensemble(last), scaling), "identity" if raw else link(last))
    elif isinstance(last, LINEAR):
        block = linear(last, features, scaling, middle, "identity" if raw else None)
    elif isinstance(last, NETWORKS):
        block = network(last, features, scaling, middle)
    else:
        raise GraphError(
            f"{type(last).__name__} has no exact form here",
            hint="use trees, gradient boosting, a linear model, a small network or an isolation forest",
        )
    return block if scaling.fill is not None or get_tags(last).input_tags.allow_nan else Known(block)


def _calibrated(estimator: Any, features: tuple[str, ...], middle: Floats | None) -> Block:
    """The mean over folds."""
    blocks: list[Block] = []
    for fold in estimator.calibrated_classifiers_:
        if list(fold.estimator.classes_) != list(fold.classes):
            raise GraphError("a fold of the calibration has not seen every class", hint="use fewer folds or more data")
        inner = _block(fold.estimator, features, middle, raw=hasattr(fold.estimator, "decision_function"))
        own = curves(fold.calibrators)
        if len(own) == 1 and inner.width == 2:
            inner = Ordered(inner, (1,))
        blocks.append(Calibrated(inner, own))
    return Mean(tuple(blocks)) if len(blocks) > 1 else blocks[0]
