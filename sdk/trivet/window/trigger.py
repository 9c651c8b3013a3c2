"""The conditions that open and close a cycle, over blocks of frames."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trivet.errors import DocumentError
from trivet.interface.columns import codes
from trivet.interface.document import Signal, When, sums
from trivet.signals import Floats

Codes8 = NDArray[np.int8]

FALSE, TRUE, UNKNOWN = 0, 1, 2

LONGEST = 1 << 15
"""Most frames for which an unknown condition is waited for; below the silence that stops the frames."""


class Trigger:
    """One condition on one column.

    Attributes:
        column: Column that it looks at.
        hold: Frames for which it must hold; a frame stands for one step, so at least one.
        limit: Frames for which it may be unknown before nothing is known about it any more:
            the ``max_age`` of its signal.
        run_on: Frames for which a cycle goes on after it began to hold.
    """

    def __init__(self, when: When, signal: Signal, frame: float) -> None:
        self.column = when.signal
        self.hold = max(1, math.ceil(round(when.hold / frame, 9)))
        self.limit = min(max(1, math.floor(round(signal.max_age / frame, 9))), LONGEST)
        self.run_on = math.ceil(round(when.run_on / frame, 9))
        known = codes(signal)
        self._states = np.array([known[state] for state in when.states], np.float64)
        self._above, self._below = when.above, when.below
        self._sums, self._slack = np.array(sums(when.beside)), abs(when.threshold or 0.0) / 2

    def judge(self, values: Floats) -> Codes8:
        """``FALSE``, ``TRUE`` or ``UNKNOWN`` for each frame; NaN is unknown."""
        if len(self._sums) > 1:
            values = rest(values, self._sums, self._slack)
        if len(self._states):
            holds = np.isin(values, self._states)
        elif self._above is not None:
            holds = values > self._above
        else:
            holds = values < (math.inf if self._below is None else self._below)
        return np.where(np.isnan(values), np.int8(UNKNOWN), holds.astype(np.int8))


def rest(values: Floats, added: Floats, slack: float) -> Floats:
    """What is left of values when the largest sum that fits is taken away; no sum fits a value below all of them.

    Args:
        values: ``(frames,)``; NaN stays.
        added: Sums of consumers, rising from 0.
        slack: By how much a sum may be larger than the value, since consumers repeat within some percent.
    """
    place = np.searchsorted(added, values + slack, side="right") - 1
    return np.asarray(values - added[np.maximum(place, 0)])


def choose(
    alternatives: Sequence[When], columns: Mapping[str, Signal], fitted: Collection[str], frame: float, where: str
) -> Trigger:
    """The first alternative whose signal is fitted.

    Raises:
        DocumentError: None is fitted, or it names a state that the signal has not.
    """
    for when in alternatives:
        if when.signal in fitted and when.signal in columns:
            signal = columns[when.signal]
            unknown = [state for state in when.states if state not in codes(signal)]
            if unknown:
                raise DocumentError(
                    f"{unknown[0]!r} is not a state of {when.signal!r}",
                    where=where,
                    hint=f"use one of {', '.join(codes(signal)) or 'none, it has no states'}",
                )
            return Trigger(when, signal, frame)
    names = ", ".join(dict.fromkeys(when.signal for when in alternatives)) or "nothing"
    raise DocumentError(f"nothing can tell: {names} is needed and not fitted", where=where, hint="bind one of them")
