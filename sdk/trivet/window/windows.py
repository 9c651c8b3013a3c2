"""What ``window`` hands to ``runtime``; nothing after it scans the values again.

A span is the stretch (open, close] that the frames between open and close stand for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from trivet.signals import Float32s


@dataclass(slots=True, eq=False, repr=False)
class Windows:
    """Model windows of one or many devices, one row each.

    Not frozen, and its small columns are plain Python lists: one prediction costs
    a few microseconds and array scalars would cost more than the model. Equal only
    to itself: arrays have no one answer to that question.

    Attributes:
        devices: Device ids, length ``batch``.
        columns: Column names, the package's own order.
        values: float32 ``(batch, length, columns)``; NaN is not known, and padding.
        context: float32 ``(batch, k)``: ``frames``, ``elapsed`` [s], then the declared parameters.
        missing: ``(batch)(columns)`` frames between open and close that a fitted signal lost.
        fitted: ``(batch)`` which columns are bound at this device, as flags in column order.
        frames: ``(batch)`` frames between open and close that are in the window: neither padding nor
            ``pre``, nor what an overlong cycle has beyond ``length``. The ``frames`` of ``context``
            is the cycle's true length.
        spans: ``(batch)`` (open, close) [ns, UTC].
        flags: ``(batch)`` of ``interrupted``, ``joined_late``, ``overlong``.
        stale: ``(batch)(columns)`` of the missing frames, those lost to age.
        bad: ``(batch)(columns)`` of the missing frames, those lost to Bad quality.
    """

    devices: list[str]
    columns: tuple[str, ...]
    values: Float32s
    context: Float32s
    missing: list[list[int]]
    fitted: list[tuple[bool, ...]]
    frames: list[int]
    spans: list[tuple[int, int]]
    flags: list[tuple[str, ...]]
    stale: list[list[int]]
    bad: list[list[int]]

    def __len__(self) -> int:
        return len(self.devices)


@dataclass(slots=True, eq=False, repr=False)
class Window:
    """One model window of one device: a row of ``Windows`` before it is stacked.

    Attributes:
        device: Device id.
        columns: Column names, the package's own order.
        values: float32 ``(length, columns)``: ``pre`` frames, those from open to close, NaN padding.
        context: ``frames``, ``elapsed`` [s], then the declared parameters; NaN is not known.
        missing: For each column, frames between open and close that a fitted signal lost.
        fitted: Which columns are bound at this device.
        frames: Frames between open and close that are in the window; what ``missing`` is a share of.
        span: (open, close) [ns, UTC].
        flags: Of ``joined_late``, ``interrupted``, ``overlong``.
        stale: Of the missing frames, those lost to age.
        bad: Of the missing frames, those lost to Bad quality.
        ready: When the frame closed that made it certain [ns, UTC]; nobody can have it earlier.
    """

    device: str
    columns: tuple[str, ...]
    values: Float32s
    context: tuple[float, ...]
    missing: list[int]
    fitted: tuple[bool, ...]
    frames: int
    span: tuple[int, int]
    flags: tuple[str, ...]
    stale: list[int]
    bad: list[int]
    ready: int


class Notice(NamedTuple):
    """Something about a device's windows that is not a window.

    Attributes:
        device: Device id.
        kind: ``no_window``: none came within ``expect_within``. ``joined_late``: a cycle was running
            already. ``late``: samples came too late for their frames since the last such notice.
        start: Since when [ns, UTC].
        end: Until when [ns, UTC].
        detail: For people.
    """

    device: str
    kind: str
    start: int
    end: int
    detail: str = ""


def stack(windows: Sequence[Window]) -> Windows:
    """Windows of one package, of one or many devices, as one batch.

    Raises:
        ValueError: There are none, or they are not of the same columns and length.
    """
    if not windows:
        raise ValueError("there are no windows to stack")
    columns = windows[0].columns
    if any(w.columns != columns for w in windows):
        raise ValueError("windows of different columns cannot be stacked")
    return Windows(
        devices=[w.device for w in windows],
        columns=columns,
        values=np.stack([w.values for w in windows]),
        context=np.array([w.context for w in windows], np.float32),
        missing=[w.missing for w in windows],
        fitted=[w.fitted for w in windows],
        frames=[w.frames for w in windows],
        spans=[w.span for w in windows],
        flags=[w.flags for w in windows],
        stale=[w.stale for w in windows],
        bad=[w.bad for w in windows],
    )
