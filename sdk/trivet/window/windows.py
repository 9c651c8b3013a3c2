"""What ``window`` hands to ``runtime``; nothing after it scans the values again."""

from __future__ import annotations

from dataclasses import dataclass

from trivet.signals import Float32s


@dataclass(slots=True)
class Windows:
    """Model windows of one or many devices, one row each.

    Not frozen, and its small columns are plain Python lists: one prediction costs
    a few microseconds and array scalars would cost more than the model.

    Attributes:
        devices: Device ids, length ``batch``.
        columns: Column names, the package's own order.
        values: float32 ``(batch, length, columns)``; NaN is not known, and padding.
        context: float32 ``(batch, k)``: ``frames``, ``elapsed`` [s], then the declared parameters.
        missing: ``(batch)(columns)`` frames between open and close that a fitted signal lost.
        fitted: ``(batch)`` which columns are bound at this device, as flags in column order.
        frames: ``(batch)`` frames between open and close, without padding.
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
