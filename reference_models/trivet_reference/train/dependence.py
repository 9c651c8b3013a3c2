"""Which columns, and whether the machine's past, a feature is made of.

Every feature is computed on its own, so that features of a plant with fewer signals
are those of a plant with all of them, with the dependent ones unknown. Training
computes them once and masks them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from trivet.build.features import FeatureList, remembers


def columns_of(features: FeatureList, name: str) -> frozenset[str]:
    """Columns without which a feature or context input is unknown; a count of known frames never is."""
    series: dict[str, frozenset[str]] = {column: frozenset({column}) for column in features.columns}
    for made in features.series:
        sources = (*made.plus, *made.minus)
        series[made.name] = frozenset().union(*(series[source] for source in sources))
    found: dict[str, frozenset[str]] = {name: frozenset() for name in features.context}
    for feature in features.features:
        own = [series[source] for source in feature.of if source in series and feature.operator != "known"]
        own += [series[condition.series] for condition in feature.when]
        own += [found[source] for source in feature.of if source in found]
        found[feature.name] = frozenset().union(*own)
    return found[name]


def unknown(features: FeatureList, names: Sequence[str], fitted: Collection[str], past: bool) -> NDArray[np.bool_]:
    """Which of these features a plant cannot have.

    Args:
        features: The list.
        names: Features or context inputs.
        fitted: Columns that the plant has.
        past: Whether its machine has a baseline.
    """
    lacking = [not columns_of(features, name) <= set(fitted) for name in names]
    forgotten = [not past and remembers(features, name) for name in names]
    return np.asarray(np.array(lacking) | np.array(forgotten))
