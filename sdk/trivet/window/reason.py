"""Why a cell of a frame holds no number: one code a cell.

Plain numbers, because enumeration members are slow to look up in the hot path.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]

KNOWN = 0
"""There is a number."""

ABSENT = 1
"""No sample came yet, or a counter has no earlier value to be compared with."""

STALE = 2
"""The last confirmation is older than ``max_age``."""

BAD = 3
"""The newest sample is of Bad quality."""

UNKNOWN_STATE = 4
"""The newest sample is a code that the profile does not map."""

GAP = 5
"""Data of the endpoint are known to be missing."""

RESET = 6
"""A counter went back and nothing tells by how much it rose."""

WORDS = ("known", "absent", "stale", "bad", "unknown_state", "gap", "reset")
"""The codes as words, in order."""
