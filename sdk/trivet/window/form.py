"""What all windows of one device have in common, and how one is made."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trivet.signals import Float32s
from trivet.window import reason as why
from trivet.window.reason import Bytes
from trivet.window.windows import Window

Lost = tuple[list[int], list[int], list[int]]


@dataclass(frozen=True, slots=True)
class Form:
    """The constant parts of a device's windows.

    Attributes:
        device: Device id.
        columns: Column names, the package's own order.
        fitted: Which of them are bound.
        parameters: Values in the order of ``context``; NaN is not known.
        step: Frame step [ns].
        settle: How long after its end a frame closes [ns].
    """

    device: str
    columns: tuple[str, ...]
    fitted: tuple[bool, ...]
    parameters: tuple[float, ...]
    step: int
    settle: int

    def window(
        self,
        values: Float32s,
        lost: Lost,
        frames: int,
        opened: int,
        closed: int,
        elapsed: float,
        flags: tuple[str, ...],
        ready: int,
    ) -> Window:
        """One window.

        Args:
            values: ``(length, columns)``.
            lost: Missing, stale and Bad frames of each column.
            frames: Frames between open and close that are in the window.
            opened: Number of the first frame between open and close.
            closed: Number of the first frame after them.
            elapsed: Time since the previous close [s], or NaN.
            flags: Of the window.
            ready: Number of the frame that made it certain.
        """
        missing, stale, bad = lost
        span = ((opened - 1) * self.step, (closed - 1) * self.step)
        context = (float(closed - opened), elapsed, *self.parameters)
        return Window(
            self.device,
            self.columns,
            values,
            context,
            missing,
            self.fitted,
            frames,
            span,
            flags,
            stale,
            bad,
            ready * self.step + self.settle,
        )

    def lost(self, values: Float32s, reason: Bytes) -> Lost:
        """What the fitted columns lost over some frames, ``(frames, columns)``."""
        missing = np.isnan(values) & self.fitted
        return (
            missing.sum(axis=0).tolist(),
            (missing & (reason == why.STALE)).sum(axis=0).tolist(),
            (missing & (reason == why.BAD)).sum(axis=0).tolist(),
        )


def running(flags: NDArray[np.bool_], length: int, every: int) -> list[list[int]]:
    """Set flags in each ``every``-th stretch of ``length`` frames, ``(stretches)(columns)``."""
    sums = np.zeros((len(flags) + 1, flags.shape[1]), np.int64)
    np.cumsum(flags, axis=0, out=sums[1:])
    counts: list[list[int]] = (sums[length:] - sums[:-length])[::every].tolist()
    return counts
