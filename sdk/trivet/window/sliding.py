"""Sliding windows: one every ``every`` frames, at frame numbers that are multiples of it.

Each covers the last ``length`` frames; those before the device's start are missing.
All its frames lie between open and close; it has no ``elapsed``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from trivet.interface.document import WindowSpec
from trivet.signals import Float32s
from trivet.window import reason as why
from trivet.window.form import Form, running
from trivet.window.frames import FrameBlock
from trivet.window.history import History
from trivet.window.reason import Bytes
from trivet.window.windows import Notice, Window


class SlidingWindows:
    """Makes the sliding windows of one device."""

    def __init__(self, spec: WindowSpec, form: Form) -> None:
        self._length, self._every = spec.length, spec.every
        self._form = form
        self._history = History(len(form.columns))

    @property
    def watched(self) -> tuple[str, ...]:
        """Columns that conditions look at: none."""
        return ()

    def take(self, block: FrameBlock, values: Float32s, reason: Bytes) -> list[Window | Notice]:
        """The windows that end in a block of frames.

        Args:
            block: The frames.
            values: The same in the package's columns, ``(frames, columns)``.
            reason: Reason codes of these.
        """
        first = int(block.times[0]) // self._form.step
        self._history.append(first, values, reason)
        end = first + len(values)
        due = range(first + -first % self._every, end, self._every)
        made: list[Window | Notice] = list(self._windows(due)) if due else []
        self._history.trim(end - self._length + 1)
        return made

    def finish(self, last: int) -> list[Window | Notice]:  # noqa: ARG002
        """Nothing: a sliding window is whole when it is handed over."""
        return []

    def _windows(self, due: range) -> list[Window]:
        values, reason = self._history.rows(due[0] - self._length + 1, due[-1] + 1)
        views = sliding_window_view(values, self._length, axis=0)[:: self._every].swapaxes(1, 2)
        missing = np.isnan(values) & self._form.fitted
        lost = zip(
            running(missing, self._length, self._every),
            running(missing & (reason == why.STALE), self._length, self._every),
            running(missing & (reason == why.BAD), self._length, self._every),
            strict=True,
        )
        return [
            self._form.window(view, counts, self._length, at - self._length + 1, at + 1, math.nan, (), at)
            for view, counts, at in zip(views, lost, due, strict=True)
        ]
