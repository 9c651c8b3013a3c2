"""Windows of cycles: ``pre`` frames, the frames from open to close, NaN padding.

Rules:
    1. The first ``pre`` rows are always the frames before the opening, so that a row has one
       meaning; ``length - pre`` rows remain for the cycle.
    2. Of an overlong cycle ``head`` keeps the first of its frames and ``tail`` the last;
       ``withhold`` keeps none, and every fitted signal counts as missing in all of them.
    3. ``elapsed`` is the time from the previous close to this opening; NaN when there was no close
       before, or one of the two was not seen (``interrupted``, ``joined_late``).
"""

from __future__ import annotations

import math

import numpy as np

from trivet.interface.document import WindowSpec
from trivet.signals import SECOND, Float32s
from trivet.window.cycles import Cycle, CycleFinder
from trivet.window.form import Form
from trivet.window.frames import FrameBlock
from trivet.window.history import History
from trivet.window.reason import Bytes
from trivet.window.trigger import Trigger
from trivet.window.windows import Notice, Window


class CycleWindows:
    """Makes the cycle windows of one device."""

    def __init__(self, spec: WindowSpec, form: Form, opens: Trigger, closes: Trigger) -> None:
        self._opens, self._closes = opens, closes
        self._spec, self._form = spec, form
        self._room = spec.length - spec.pre
        self._finder = CycleFinder(opens, closes)
        self._history = History(len(form.columns))
        self._head: tuple[Float32s, Bytes] | None = None
        self._next = 0
        self._closed: int | None = None

    @property
    def watched(self) -> tuple[str, ...]:
        """Columns that the conditions look at."""
        return self._opens.column, self._closes.column

    def take(self, block: FrameBlock, values: Float32s, reason: Bytes) -> list[Window | Notice]:
        """The windows that end in a block of frames.

        Args:
            block: The frames, with the watched columns.
            values: The same in the package's columns, ``(frames, columns)``.
            reason: Reason codes of these.
        """
        first = int(block.times[0]) // self._form.step
        made = self.finish(self._next - 1) if self._next not in (0, first) else []
        self._next = first + len(values)
        self._history.append(first, values, reason)
        opens, closes = (block.columns.index(name) for name in self.watched)
        opened, closed = self._opens.judge(block.values[:, opens]), self._closes.judge(block.values[:, closes])
        for event in self._finder.find(first, opened, closed):
            if isinstance(event, Cycle):
                made.append(self._window(event))
            elif event.joined:
                start, end = (event.opened - 1) * self._form.step, event.found * self._form.step
                made.append(Notice(self._form.device, "joined_late", start, end, "a cycle was running already"))
        self._keep(self._next)
        return made

    def finish(self, last: int) -> list[Window | Notice]:
        """The window of a cycle that is still open when the frames end with frame ``last``."""
        cycle = self._finder.cut(last)
        return [self._window(cycle)] if cycle else []

    def _keep(self, end: int) -> None:
        """Forgets the frames before ``end`` that no window can need any more."""
        spare = self._spec.pre + self._finder.reach
        current = self._finder.current
        if current is None:
            self._history.trim(end - spare)
        elif end - current.opened <= self._room:
            self._history.trim(min(current.opened - self._spec.pre, end - spare))
        else:
            if self._head is None:
                self._head = self._rows(current.opened, current.opened + self._room)
            self._history.trim(end - spare - self._room)

    def _rows(self, opened: int, stop: int) -> tuple[Float32s, Bytes]:
        return self._history.rows(opened - self._spec.pre, stop)

    def _window(self, cycle: Cycle) -> Window:
        pre, length = self._spec.pre, cycle.closed - cycle.opened
        frames = min(length, self._room)
        values, reason = self._body(cycle, frames)
        lost = self._form.lost(values[pre:], reason[pre:])
        full = np.full((self._spec.length, len(self._form.columns)), np.nan, np.float32)
        if length > self._room and self._spec.overlong == "withhold":
            lost = self._form.lost(full[:frames], np.zeros_like(full[:frames], np.uint8))
        else:
            full[: pre + frames] = values
        named = {"joined_late": cycle.joined, "interrupted": cycle.cut, "overlong": length > self._room}
        flags = tuple(name for name, holds in named.items() if holds)
        elapsed = self._elapsed(cycle)
        self._head, self._closed = None, None if cycle.cut else cycle.closed
        return self._form.window(full, lost, frames, cycle.opened, cycle.closed, elapsed, flags, cycle.found)

    def _body(self, cycle: Cycle, frames: int) -> tuple[Float32s, Bytes]:
        """The ``pre`` rows and the frames of the cycle that are in the window."""
        pre = self._spec.pre
        values, reason = self._head or self._rows(cycle.opened, cycle.opened + frames)
        values, reason = values[: pre + frames], reason[: pre + frames]
        if self._spec.overlong == "tail" and cycle.closed - cycle.opened > self._room:
            values[pre:], reason[pre:] = self._history.rows(cycle.closed - frames, cycle.closed)
        return values, reason

    def _elapsed(self, cycle: Cycle) -> float:
        if self._closed is None or cycle.joined:
            return math.nan
        return (cycle.opened - self._closed) * self._form.step / SECOND
