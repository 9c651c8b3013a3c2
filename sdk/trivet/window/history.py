"""The frames that a window may still need, in the package's columns."""

from __future__ import annotations

import numpy as np

from trivet.signals import Float32s
from trivet.window import reason as why
from trivet.window.reason import Bytes


class History:
    """A stretch of consecutive frames; what lies outside it is not known.

    Attributes:
        first: Number of the first frame held.
    """

    def __init__(self, width: int) -> None:
        self.first = 0
        self._values = np.empty((0, width), np.float32)
        self._reason = np.empty((0, width), np.uint8)

    def append(self, first: int, values: Float32s, reason: Bytes) -> None:
        """Adds frames, numbered from ``first``; after a jump only the new ones are held."""
        if first != self.first + len(self._values):
            self.first, self._values, self._reason = first, values, reason
            return
        self._values = np.concatenate([self._values, values])
        self._reason = np.concatenate([self._reason, reason])

    def rows(self, start: int, stop: int) -> tuple[Float32s, Bytes]:
        """Values and reasons of frames ``start`` to ``stop - 1``, ``(stop - start, columns)``; NaN where not held."""
        width = self._values.shape[1]
        values = np.full((stop - start, width), np.nan, np.float32)
        reason = np.full((stop - start, width), why.ABSENT, np.uint8)
        begin, end = max(start, self.first), min(stop, self.first + len(self._values))
        if begin < end:
            values[begin - start : end - start] = self._values[begin - self.first : end - self.first]
            reason[begin - start : end - start] = self._reason[begin - self.first : end - self.first]
        return values, reason

    def trim(self, first: int) -> None:
        """Forgets the frames before ``first``."""
        drop = first - self.first
        if drop > 0:
            self.first, self._values, self._reason = first, self._values[drop:], self._reason[drop:]
