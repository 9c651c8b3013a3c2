"""Golden vectors are reproduced within the tolerance that the format allows, and no wider."""

from __future__ import annotations

import numpy as np
import pytest

from trivet.runtime.golden import alike

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("made", "expected", "equal"),
    [
        (0.0, 0.0009, True),
        (0.0, 0.0011, False),
        (1000.0, 1000.9, True),
        (1000.0, 1001.1, False),
        (1.0, 1.0015, False),
        (NAN, NAN, True),
        (0.0, NAN, False),
        (NAN, 0.0, False),
        (INF, INF, True),
        (INF, -INF, False),
        (0.0, INF, False),
        (INF, 0.0, False),
    ],
)
def test_no_further_apart_than_the_tolerance_and_its_share(made: float, expected: float, equal: bool) -> None:
    assert alike(np.array([made], np.float32), np.array([expected], np.float32), 1e-3).tolist() == [equal]
