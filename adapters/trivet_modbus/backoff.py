"""How long to wait before trying again; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator

FIRST_DELAY = 0.05
QUICK = 2.0
LONGEST_DELAY = 4.0
SHARE = 0.05


def delays(jitter: Callable[[], float]) -> Iterator[float]:
    """Endless waits between attempts [s]: 0.05 for 2 s in all, then doubling to 4, each shortened by up to a quarter.

    Args:
        jitter: Numbers from 0 to 1, so that many clients do not come back in step.
    """
    spent = 0.0
    delay = FIRST_DELAY
    while True:
        wait = delay * (1.0 - 0.25 * jitter())
        yield wait
        spent += wait
        if spent >= QUICK:
            delay = min(2.0 * delay, LONGEST_DELAY)


def rest(cost: float, silent: int) -> float:
    """The wait before a silent unit is asked again, so that all of them take a twentieth of their link's time at most.

    Args:
        cost: How long the link was kept by the last attempt [s].
        silent: How many units of the link are silent.
    """
    return cost * max(silent, 1) / SHARE
