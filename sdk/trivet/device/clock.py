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

    Each device's recordings are one ``Track``, in the order of their times. ``now`` is the
    time up to which every track's data were handed out and taken in, and the track that is
    furthest behind goes first, so that no device runs ahead of another. A track that was
    opened must be read or closed, or the others wait for it.

    Attributes:
        speed: Recorded seconds in one real second; infinite means as fast as can be read.
    """

    def __init__(self, speed: float = math.inf, monotonic: Counter = time.monotonic_ns) -> None:
        if not speed > 0:
            raise ValueError(f"a clock cannot run at speed {speed}")
        self.speed = speed
        self._monotonic = monotonic
        self._now = 0
        self._last = 0
        self._tracks: list[Track] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._first: tuple[int, int] | None = None

    def now(self) -> int:
        """Nanoseconds since the Unix epoch, UTC; 0 until every track has begun; never goes back."""
        return self._now

    async def sleep(self, seconds: float) -> None:
        """Lets others run; waits in real time only where the speed is finite."""
        await asyncio.sleep(max(seconds, 0.0) / self.speed)

    def track(self) -> Track:
        """A new track, that the others wait for from now on."""
        track = Track(self)
        self._tracks.append(track)
        return track

    def earliest(self) -> int:
        """Time of the open track that is furthest behind; when none is open, where the last one ended."""
        return min((track.at for track in self._tracks), default=self._last)

    async def changed(self) -> None:
        """Waits until some track moves."""
        future = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    async def due(self, at: int) -> None:
        """Waits until a recorded moment is due at this speed, counted from the first one asked about."""
        real = self._monotonic()
        first_at, first_real = self._first = self._first or (at, real)
        await asyncio.sleep(max((at - first_at) / self.speed - (real - first_real), 0.0) / SECOND)

    def moved(self, closed: Track | None = None) -> None:
        """Takes note that a track moved or closed, and wakes those that wait for it."""
        if closed in self._tracks:
            self._tracks.remove(closed)
            self._last = max(self._last, closed.at)
        self._now = max(self._now, self.earliest())
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


class Track:
    """One device's place in recorded time.

    Attributes:
        at: Everything up to here was taken in [ns, UTC]; -1 before the first.
    """

    def __init__(self, clock: RecordingClock) -> None:
        self.at = -1
        self._clock = clock

    async def turn(self, start: int, end: int) -> None:
        """Waits until data from ``start`` to ``end`` may be handed out."""
        self.taken(start - 1)
        while self.at > self._clock.earliest():
            await self._clock.changed()
        await self._clock.due(end)

    def taken(self, end: int) -> None:
        """Says that everything up to ``end`` was taken in."""
        self.at = max(self.at, end)
        self._clock.moved()

    def close(self) -> None:
        """Lets the others go on without this track."""
        self._clock.moved(self)
