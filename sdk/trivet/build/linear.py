"""Fitted scikit-learn linear models as affine blocks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from trivet.build import missing
from trivet.build.blocks import Affine
from trivet.build.scaling import Scaling
from trivet.signals import Floats

try:
    from sklearn.linear_model import (
        BayesianRidge,
        ElasticNet,
        HuberRegressor,
        Lasso,
        LinearRegression,
        LogisticRegression,
        PoissonRegressor,
        Ridge,
    )
except ImportError as error:
    raise missing("scikit-learn") from error

LINEAR = (
    LogisticRegression,
    LinearRegression,
    Ridge,
    Lasso,
    ElasticNet,
    BayesianRidge,
    HuberRegressor,
    PoissonRegressor,
)


def linear_link(estimator: Any) -> str:
    """Name of the link function of a linear model: see ``trivet.build.blocks``."""
    if isinstance(estimator, LogisticRegression):
        return "sigmoid" if len(estimator.classes_) == 2 else "softmax"
    return "exp" if isinstance(estimator, PoissonRegressor) else "identity"


def affine(
    features: Sequence[str], weights: Floats, offset: Floats, scaling: Scaling, middle: Floats | None, link: str
) -> Affine:
    """Weights over scaled features as weights over the features themselves.

    Args:
        features: Names of the columns.
        weights: ``(width, features)``, over scaled features.
        offset: ``(width,)``.
        scaling: What stands before the weights.
        middle: Where features lie, ``(features,)``, when nothing is scaled; None is zero.
        link: Name of a link function.
    """
    own = weights * scaling.gain
    # Single precision carries this centre exactly, so that what it leaves is exact as well.
    center = (scaling.shift if scaling.steps or middle is None else middle).astype(np.float32).astype(np.float64)
    moved = offset + own @ (center - scaling.shift)
    return Affine(tuple(features), own, moved, scaling.fill, link, center if center.any() else None)


def linear(
    estimator: Any, features: Sequence[str], scaling: Scaling, middle: Floats | None = None, link: str | None = None
) -> Affine:
    """The block of a fitted linear model, with its own link function or another."""
    weights = np.atleast_2d(np.asarray(estimator.coef_, np.float64))
    offset = np.atleast_1d(np.asarray(estimator.intercept_, np.float64))
    offset = np.broadcast_to(offset, (len(weights),))
    return affine(features, weights, offset, scaling, middle, link or linear_link(estimator))
