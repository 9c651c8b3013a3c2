"""The times that a run can live in: the wall's, a scaled one, a recording's own.

Rules:
    1. ``now`` never goes back. Where UTC steps ahead the clock follows; where UTC
       steps back the clock goes on and states its ``offset`` from then on.
    2. Every step, and every stretch for which nobody looked, is reported as a ``Gap``.
    3. Latency is real time; what is scaled is source times, ages, periods and waits.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

from trivet.signals import SECOND, Gap

Counter = Callable[[], int]

TOLERANCE = 1.0
STALL = 10.0


class WallClock:
    """UTC, counted by the monotonic clock and tied to the wall clock.

    Attributes:
        speed: Always 1.
        offset: What the wall clock shows less ``now`` [ns], as of the last step; not zero after a step back.
    """

    speed = 1.0

    def __init__(self, monotonic: Counter = time.monotonic_ns, wall: Counter = time.time_ns) -> None:
        self._monotonic = monotonic
        self._wall = wall
        self._tie = wall() - monotonic()
        self._seen = self.now()
        self.offset = 0

    def now(self) -> int:
        """Nanoseconds since the Unix epoch, UTC; never goes back."""
        return self._tie + self._monotonic()

    async def sleep(self, seconds: float) -> None:
        """Waits for so many seconds."""
        await asyncio.sleep(max(seconds, 0.0))

    def check(self, origin: str = "", tolerance: float = TOLERANCE, stall: float = STALL) -> Gap | None:
        """The clock step or stall since the last look, or None; meant to be asked about once a second.

        A sleep of the machine stops the monotonic clock and so shows as a step ahead. A step
        back costs no data: its gap has no length.

        Args:
            origin: Whose gap it is.
            tolerance: Smallest step [s] that is one; the clock's own drift stays below it.
            stall: Longest time [s] between two looks that is not a gap.
        """
        seen, now = self._seen, self.now()
        step = self._wall() - now - self.offset
        if abs(step) > tolerance * SECOND:
            self._retie(step)
            gap = Gap(seen if step > 0 else now, self.now(), "clock_step", origin, _words(step, self.offset))
        elif now - seen > stall * SECOND:
            gap = Gap(seen, now, "stalled", origin, f"nothing ran for {(now - seen) / SECOND:.0f} s")
        else:
            gap = None
        self._seen = self.now()
        return gap

    def _retie(self, step: int) -> None:
        """Follows a step ahead; keeps what would have to go back as ``offset``."""
        ahead = self.offset + step
        self._tie += max(ahead, 0)
        self.offset = min(ahead, 0)


def _words(step: int, offset: int) -> str:
    direction = "ahead" if step > 0 else "back"
    kept = f"; times go on {-offset / SECOND:.1f} s ahead of it" if offset else ""
    return f"the wall clock went {direction} by {abs(step) / SECOND:.1f} s{kept}"


class ScaledClock:
    """A clock that runs ``speed`` times as fast as real time, from any start.

    Attributes:
        speed: Seconds of this clock in one real second; above zero.
    """

    def __init__(self, speed: float, start: int | None = None, monotonic: Counter = time.monotonic_ns) -> None:
        if not (0 < speed < math.inf):
            raise ValueError(f"a clock cannot run at speed {speed}")
        self.speed = speed
        self._monotonic = monotonic
        self._zero = monotonic()
        self._start = time.time_ns() if start is None else start

    def now(self) -> int:
        """Nanoseconds since the Unix epoch, UTC; never goes back."""
        return self._start + round((self._monotonic() - self._zero) * self.speed)

    async def sleep(self, seconds: float) -> None:
        """Waits for so many seconds of this clock."""
        await asyncio.sleep(max(seconds, 0.0) / self.speed)


class RecordingClock:
    """The time of recorded data: it stands where the reading of them stands.

    Whoever merges the recordings moves it (``trivet.device.source``): ``now`` is the time up
    to which every recording has been handed out. Adapters do not wait on it.

    Attributes:
        speed: Recorded seconds in one real second; infinite means as fast as can be read.
    """

    def __init__(self, speed: float = math.inf, monotonic: Counter = time.monotonic_ns) -> None:
        if not speed > 0:
            raise ValueError(f"a clock cannot run at speed {speed}")
        self.speed = speed
        self._monotonic = monotonic
        self._now = 0
        self._first: tuple[int, int] | None = None

    def now(self) -> int:
        """Nanoseconds since the Unix epoch, UTC, of the last data handed out; 0 before the first."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Lets others run; waits in real time only where the speed is finite."""
        await asyncio.sleep(max(seconds, 0.0) / self.speed)

    def advance(self, to: int) -> None:
        """Moves the clock; a time before ``now`` leaves it where it is."""
        self._now = max(self._now, to)

    async def due(self, at: int) -> None:
        """Waits until a recorded moment is due at this speed, counted from the first one asked about."""
        real = self._monotonic()
        first_at, first_real = self._first = self._first or (at, real)
        await asyncio.sleep(max((at - first_at) / self.speed - (real - first_real), 0.0) / SECOND)
