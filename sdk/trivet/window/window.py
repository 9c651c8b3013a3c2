"""Bound readings of one device in, model windows out; pure, no clock of its own."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np

from trivet.errors import DocumentError
from trivet.interface.columns import columns as columns_of
from trivet.interface.document import Interface, Signal, When, WindowSpec
from trivet.signals import SECOND, Float32s, Gap, Readings
from trivet.window import reason as why
from trivet.window.form import Form
from trivet.window.frames import FrameBlock, Framer
from trivet.window.reason import Bytes
from trivet.window.segments import CycleWindows
from trivet.window.sliding import SlidingWindows
from trivet.window.trigger import choose
from trivet.window.windows import Notice, Window, Windows, stack

__all__ = ["Notice", "Override", "Window", "Windower", "Windows", "due", "stack"]

MOST_NOTICES = 100
"""Most ``no_window`` notices at once; a longer silence is told in fewer words."""


class Override(Protocol):
    """What a device document may replace; ``device.document.CycleOverride`` is one."""

    @property
    def opens_when(self) -> tuple[When, ...]:
        """Opening conditions instead of the interface's, or none."""
        ...

    @property
    def closes_when(self) -> tuple[When, ...]:
        """Closing conditions instead of the interface's, or none."""
        ...

    @property
    def expect_within(self) -> float | None:
        """Longest silence [s] instead of the interface's, or None."""
        ...


class Cutter(Protocol):
    """What makes windows out of frames: ``SlidingWindows`` or ``CycleWindows``."""

    @property
    def watched(self) -> tuple[str, ...]:
        """Columns that its conditions look at."""
        ...

    def take(self, block: FrameBlock, values: Float32s, reason: Bytes) -> list[Window | Notice]:
        """The windows that end in a block of frames."""
        ...

    def finish(self, last: int) -> list[Window | Notice]:
        """The windows that are cut when the frames end with frame ``last``."""
        ...


class Windower:
    """Makes the windows of one device for one package.

    Feed all that was received by ``now`` before ``advance(now)``. How readings are cut into
    pieces and how often ``advance`` is called change nothing about the windows.
    """

    def __init__(
        self,
        device_id: str,
        interface: Interface,
        window_name: str,
        columns: Sequence[str],
        fitted: Collection[str],
        parameters: Mapping[str, float | None],
        override: Override | None = None,
        tolerance: float = 1.0,
    ) -> None:
        """Chooses the conditions and starts without frames.

        Args:
            device_id: Device id.
            interface: The package's own interface.
            window_name: The one window that the package serves.
            columns: The package's columns, in its order.
            fitted: Columns that a point is bound to.
            parameters: The parameters of ``context``, in its order; None or NaN is not known.
            override: What the device document replaces.
            tolerance: Largest clock offset of an endpoint [s] that is left alone.

        Raises:
            DocumentError: The interface has no such window or column, or no opening or closing
                condition looks at a fitted signal.
        """
        known = columns_of(interface)
        spec = _spec(interface, window_name, device_id, [c for c in columns if c not in known])
        self._step, self._settle = round(interface.frame * SECOND), round(interface.settle * SECOND)
        numbers = tuple(math.nan if value is None else float(value) for value in parameters.values())
        form = Form(device_id, tuple(columns), tuple(c in fitted for c in columns), numbers, self._step, self._settle)
        self._expect = _expected(spec, override)
        self._cutter = _cutter(spec, form, known, fitted, interface.frame, override)
        framed = dict.fromkeys([*(c for c in columns if c in fitted), *self._cutter.watched])
        self._framer = Framer({c: known[c] for c in framed}, interface.frame, interface.settle, tolerance)
        self._form, self._places = form, [place for place, c in enumerate(columns) if c in fitted]
        self._framed = [self._framer.columns.index(columns[place]) for place in self._places]
        self._since: int | None = None
        self._told: tuple[Mapping[str, int], int] = ({}, 0)

    @property
    def device(self) -> str:
        """Device id."""
        return self._form.device

    @property
    def late(self) -> Mapping[str, int]:
        """Samples that came too late for their own frame so far, for each column that had any."""
        return self._framer.late

    @property
    def offsets(self) -> Mapping[str, float]:
        """Estimated clock offset of each endpoint [s], above zero when its clock is ahead of ours."""
        return self._framer.offsets

    def feed(self, readings: Readings) -> None:
        """Takes bound readings, whose names are interface columns."""
        self._framer.feed(readings)

    def gap(self, gap: Gap) -> None:
        """Takes a stretch for which data are missing; told again with its end, it replaces the open one."""
        self._framer.gap(gap)

    def advance(self, now: int) -> list[Window | Notice]:
        """Closes all frames that are due at ``now`` [ns, UTC]; gives what they completed, in order."""
        made: list[Window | Notice] = []
        grid = (now - self._settle) // self._step * self._step
        if self._since is None:
            self._since = grid + self._settle if self._framer.start is None else self._framer.start
            self._told = ({}, self._since)
        if self._framer.due(now):
            while len(block := self._framer.advance(now)):
                self._take(block, made)
        self._overdue(grid + self._settle, made)
        if any(isinstance(item, Window) or item.kind == "no_window" for item in made):
            self._tell_late(grid, made)
        return made

    def finish(self) -> list[Window | Notice]:
        """Closes what was fed, without waiting, and cuts an open cycle: the data have ended."""
        end = self._framer.end()
        made = self.advance(end) if self._framer.start is not None else []
        made += self._cutter.finish((end - self._settle) // self._step)
        self._tell_late(end - self._settle, made)
        return made

    def _take(self, block: FrameBlock, made: list[Window | Notice]) -> None:
        values, reason = self._laid_out(block)
        for item in self._cutter.take(block, values, reason):
            ready = item.ready if isinstance(item, Window) else item.end + self._settle
            self._overdue(ready, made)
            if isinstance(item, Window):
                self._since = ready
            made.append(item)

    def _laid_out(self, block: FrameBlock) -> tuple[Float32s, Bytes]:
        """Values and reasons in the package's columns, ``(frames, columns)``; NaN where not fitted."""
        values = np.full((len(block), len(self._form.columns)), np.nan, np.float32)
        reason = np.full(values.shape, why.ABSENT, np.uint8)
        values[:, self._places] = block.values[:, self._framed]
        reason[:, self._places] = block.reason[:, self._framed]
        return values, reason

    def _overdue(self, time: int, made: list[Window | Notice]) -> None:
        """Says, as of a time [ns, UTC], for how long there was no window."""
        if self._expect is None or self._since is None:
            return
        count = (time - self._since - 1) // self._expect
        self._since += max(count - MOST_NOTICES, 0) * self._expect
        for _ in range(min(count, MOST_NOTICES)):
            made.append(Notice(self.device, "no_window", self._since, self._since + self._expect))
            self._since += self._expect

    def _tell_late(self, time: int, made: list[Window | Notice]) -> None:
        late = self._framer.late
        told, since = self._told
        new = {name: n - told.get(name, 0) for name, n in late.items() if n != told.get(name)}
        if new:
            words = ", ".join(f"{name} {n}" for name, n in new.items())
            made.append(Notice(self.device, "late", since, time, words))
        self._told = (late, time)


def due(windowers: Iterable[Windower], now: int) -> tuple[Windows | None, list[Notice]]:
    """Advances many devices of one package; their windows in one batch, None when no window is due.

    Raises:
        ValueError: The windowers are not of the same columns and length.
    """
    windows: list[Window] = []
    notices: list[Notice] = []
    for windower in windowers:
        for item in windower.advance(now):
            if isinstance(item, Window):
                windows.append(item)
            else:
                notices.append(item)
    return (stack(windows) if windows else None), notices


def _spec(interface: Interface, name: str, device: str, unknown: Sequence[str]) -> WindowSpec:
    if name not in interface.windows:
        raise DocumentError(
            f"{interface.id} has no window {name!r}", where=device, hint=f"it has {', '.join(interface.windows)}"
        )
    if unknown:
        raise DocumentError(
            f"{interface.id} has no column {unknown[0]!r}", where=device, hint="use the interface of the package"
        )
    return interface.windows[name]


def _expected(spec: WindowSpec, override: Override | None) -> int | None:
    """The longest silence [ns] that is none to speak of, or None."""
    seconds = spec.expect_within if override is None or override.expect_within is None else override.expect_within
    return None if seconds is None else round(seconds * SECOND)


def _cutter(
    spec: WindowSpec,
    form: Form,
    known: Mapping[str, Signal],
    fitted: Collection[str],
    frame: float,
    override: Override | None,
) -> Cutter:
    """What makes windows of this kind, with the conditions that this device can tell."""
    if spec.kind == "sliding":
        return SlidingWindows(spec, form)
    opens = (override.opens_when if override else ()) or spec.opens_when
    closes = (override.closes_when if override else ()) or spec.closes_when
    return CycleWindows(
        spec,
        form,
        choose(opens, known, fitted, frame, f"{form.device}/opens_when"),
        choose(closes, known, fitted, frame, f"{form.device}/closes_when"),
    )
