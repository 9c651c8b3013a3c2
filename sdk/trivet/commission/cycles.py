"""Thresholds for cycles out of a power trace, and the cycles that they find; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivet.interface.columns import columns
from trivet.interface.document import Interface, When
from trivet.signals import SECOND, Floats, Ints
from trivet.window.cycles import Cycle, CycleFinder
from trivet.window.trigger import choose

POWER = "active_power"
RATIO = 3.0
"""Working must take at least so many times the power of waiting."""
ROUND = 2


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where a cycle begins and ends on a power trace.

    Attributes:
        above: Power above which it runs [W].
        below: Power below which it waits [W].
        idle: Median power of waiting [W].
        busy: Median power of working [W].
    """

    above: float
    below: float
    idle: float
    busy: float


def thresholds(values: Floats) -> Thresholds | None:
    """Two levels of a power trace and what separates them; None where there are not two.

    Otsu's threshold on the logarithm: of all splits the one whose classes differ most.

    Args:
        values: Power [W], one a frame, without NaN.
    """
    if len(values) < 2 or float(np.ptp(values)) == 0.0:
        return None
    logs = np.sort(np.log(np.maximum(values, 1.0)))
    counts = np.arange(1, len(logs))
    left = np.cumsum(logs)[:-1] / counts
    right = (logs.sum() - np.cumsum(logs)[:-1]) / (len(logs) - counts)
    between = counts * (len(logs) - counts) * (right - left) ** 2
    split = int(np.argmax(between))
    idle, busy = float(np.exp(np.median(logs[: split + 1]))), float(np.exp(np.median(logs[split + 1 :])))
    if busy < RATIO * idle:
        return None
    middle = float(np.sqrt(max(idle, 1.0) * busy))
    return Thresholds(_rounded(middle), _rounded(max(0.75 * middle, float(np.sqrt(idle * middle)))), idle, busy)


def frames(times: Ints, values: Floats, frame: float) -> Floats:
    """Means over a grid of frames; NaN where there is no sample.

    Args:
        times: Of the samples [ns], rising.
        values: Theirs.
        frame: Step of the grid [s].
    """
    if not len(times):
        return np.empty(0)
    place = (times - times[0]) // round(frame * SECOND)
    count = int(place[-1]) + 1
    sums, numbers = np.zeros(count), np.zeros(count)
    np.add.at(sums, place, values)
    np.add.at(numbers, place, 1.0)
    means: Floats = np.divide(sums, numbers, out=np.full(count, np.nan), where=numbers > 0)
    return means


def overrides(interface: Interface, found: Thresholds) -> dict[str, Any]:
    """The ``windows`` of a device document: every cycle of the interface that power may open and close."""
    made: dict[str, Any] = {}
    for name, window in interface.windows.items():
        opens = next((when for when in window.opens_when if when.signal == POWER), None)
        closes = next((when for when in window.closes_when if when.signal == POWER), None)
        if window.kind == "cycle" and opens and closes:
            made[name] = {
                "opens_when": [{"signal": POWER, "above": found.above, "hold": opens.hold}],
                "closes_when": [{"signal": POWER, "below": found.below, "hold": closes.hold}],
            }
    return made


def decided_by(interface: Interface, fitted: Collection[str], window: str) -> str:
    """The signal that opens a window at a plant: the first fitted one; empty when none is."""
    spec = interface.windows[window]
    return next((when.signal for when in spec.opens_when if when.signal in fitted), "")


def found_cycles(
    interface: Interface, window: str, opens: When, closes: When, traces: Mapping[str, Floats]
) -> list[Cycle]:
    """The cycles of a window in frames.

    Args:
        interface: The interface.
        window: Name of the window.
        opens: Its opening condition.
        closes: Its closing condition.
        traces: Column to its values, one a frame.
    """
    every = columns(interface)
    triggers = [
        choose((when,), every, {when.signal}, interface.frame, f"{interface.id}/{window}") for when in (opens, closes)
    ]
    finder = CycleFinder(*triggers)
    judged = [one.judge(traces[one.column]) for one in triggers]
    length = min(len(one) for one in judged)
    found = finder.find(0, judged[0][:length], judged[1][:length])
    last = finder.cut(length - 1)
    return [one for one in found if isinstance(one, Cycle)] + ([last] if last else [])


def _rounded(value: float) -> float:
    """A threshold in two figures, as somebody would write it."""
    return float(f"{value:.{ROUND}g}")
