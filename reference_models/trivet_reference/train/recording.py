"""Simulated plants as bound readings and, through ``trivet.window``, as model windows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trivet.interface.columns import columns as columns_of
from trivet.interface.document import Interface
from trivet.signals import SECOND, Float32s, Floats, Ints, Readings, Status
from trivet.window.window import Window, Windower

START = 1_780_272_000 * SECOND
"""A midnight (UTC), a multiple of all frame steps."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What a fleet showed, one row a frame.

    Attributes:
        columns: Column names.
        values: float32 ``(frames, machines, columns)``; means where the interface says so, else the last value.
        frame: Step [s].
        start: Seconds of ``START``'s day at which it began.
    """

    columns: tuple[str, ...]
    values: Float32s
    frame: int
    start: int

    @property
    def times(self) -> Ints:
        """Ends of the frames [ns, UTC]."""
        return (START + (self.start + self.frame * (1 + np.arange(len(self.values), dtype=np.int64))) * SECOND).astype(
            np.int64
        )

    def part(self, begin: int, end: int) -> Recording:
        """What was shown between two times, seconds from its beginning."""
        rows = self.values[begin // self.frame : end // self.frame]
        return Recording(self.columns, rows, self.frame, self.start + begin // self.frame * self.frame)

    def readings(self, machine: int, fitted: Collection[str]) -> Readings:
        """Bound readings of one machine of which these columns are fitted."""
        places = [place for place, name in enumerate(self.columns) if name in fitted]
        names = tuple(self.columns[place] for place in places)
        values = self.values[:, machine, places].astype(np.float64)
        times = np.repeat(self.times, len(names))
        column = np.tile(np.arange(len(names), dtype=np.int64), len(values))
        status = np.full(values.size, Status.GOOD, np.uint32)
        return Readings(names, column, values.ravel(), status, times, times, "simulated")


def record(
    step: Callable[[], None],
    signals: Callable[[], Mapping[str, Floats]],
    interface: Interface,
    columns: Sequence[str],
    seconds: int,
    start: int = 0,
) -> Recording:
    """Runs a plant and keeps what it shows.

    Args:
        step: Advances the plant by one second.
        signals: What it shows, ``(machines,)`` each.
        interface: Says which signals are means over a frame.
        columns: What to keep.
        seconds: For how long.
        start: Second of the day at which it begins.
    """
    known = columns_of(interface)
    frame = round(interface.frame)
    mean = np.array([known[name].resample == "mean" for name in columns])
    rows = []
    for _ in range(seconds // frame):
        total: Floats | float = 0.0
        for _ in range(frame):
            step()
            last = signals()
            now = np.stack([last[name] for name in columns], axis=1)
            total = total + now
        rows.append(np.where(mean, total / frame, now).astype(np.float32))
    return Recording(tuple(columns), np.stack(rows), frame, start)


def windows(
    recording: Recording,
    machine: int,
    interface: Interface,
    window: str,
    columns: Sequence[str],
    fitted: Collection[str],
    parameters: Mapping[str, float | None],
) -> list[Window]:
    """The windows of one machine, as the runtime would get them."""
    windower = Windower(f"simulated-{machine}", interface, window, columns, fitted, parameters)
    windower.feed(recording.readings(machine, fitted))
    return [item for item in windower.finish() if isinstance(item, Window)]
