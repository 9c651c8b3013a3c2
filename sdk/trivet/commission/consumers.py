"""How much consumers that switch by themselves really draw, found in an appliance's power."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trivet.interface.document import sums
from trivet.signals import Floats

COMMON = np.arange(0.80, 1.105, 0.005)
"""Shares of the nameplate that all consumers are tried at, as the mains voltage has them."""

OWN = np.arange(0.96, 1.045, 0.005)
"""Shares of that which each consumer is then tried at by itself."""

_STEADY, _STRAY = 1 / 12, 1 / 4
"""Of what is looked for: a frame that moved by less is steady, one that is off by more counts no further."""


def measured(values: Floats, rated: Sequence[float], sought: float) -> list[float]:
    """The draw of consumers that explains the levels of a power best [W]; for a condition's ``beside``.

    Heaters draw with the square of the voltage and differ from their nameplate by several percent, which is as much
    as a wash pump draws. Look for an hour in which each was on and off.

    Args:
        values: Power of consecutive frames [W]; NaN is not known.
        rated: Their nameplates [W].
        sought: Nameplate of what a condition is to find beside them [W].
    """
    moved = np.abs(np.diff(values))
    steady = values[1:][moved < sought * _STEADY]

    def misfit(consumers: Sequence[float]) -> float:
        levels = np.array(sums([*consumers, sought]))
        above = np.clip(np.searchsorted(levels, steady), 1, len(levels) - 1)
        distance = np.minimum(np.abs(steady - levels[above - 1]), np.abs(steady - levels[above]))
        return float(np.minimum(distance, sought * _STRAY).sum())

    found = min(([share * one for one in rated] for share in COMMON), key=misfit)
    for _ in range(2):
        for number, one in enumerate(found):
            tried = ([*found[:number], share * one, *found[number + 1 :]] for share in OWN)
            found = min(tried, key=misfit)
    return [float(round(one)) for one in found]
