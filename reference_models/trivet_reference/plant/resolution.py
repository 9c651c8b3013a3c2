"""The resolution of what a display or a register shows."""

from __future__ import annotations

import numpy as np

from trivet.signals import Floats


def rounded(values: Floats, digits: int) -> Floats:
    """Values to so many decimal places, halves to even.

    numpy's own ``round`` gives the same numbers; for a single machine it takes several times as long.
    """
    scale = 10.0**digits
    return np.asarray(np.rint(values * scale) / scale)
