"""Weeks of a clock that is set, sleeps and stalls: time never goes back, and every step is told."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from trivet.device.clock import STALL, TOLERANCE, WallClock
from trivet.interface.document import Signal
from trivet.signals import SECOND, Gap, Ints, Readings
from trivet.window.frames import Framer

pytestmark = pytest.mark.soak
LOOKS = 50_000
POWER = Signal(unit="W", range=(0, 1e9), period=1, max_age=10)


class Machine:
    """A monotonic and a wall clock that somebody plays with."""

    def __init__(self, dice: random.Random) -> None:
        self.monotonic = 0
        self.wall = 1_700_000_000 * SECOND
        self.dice = dice
        self.done: Counter[str] = Counter()

    def live(self) -> None:
        """About a second, in which something may happen."""
        passed = round(self.dice.uniform(0.9, 1.1) * SECOND)
        kind = self.dice.choices(("nothing", "ahead", "back", "sleep", "stall", "drift"), (960, 6, 6, 6, 6, 16))[0]
        self.done[kind] += 1
        if kind == "stall":
            passed += round(self.dice.uniform(STALL + 1, 600) * SECOND)
        self.monotonic += passed
        self.wall += passed
        if kind in ("ahead", "sleep"):
            self.wall += round(self.dice.choice((2, 60, 600, 3600)) * SECOND)
        elif kind == "back":
            self.wall -= round(self.dice.choice((2, 60, 600, 3600)) * SECOND)
        elif kind == "drift":
            self.wall += round(self.dice.uniform(-0.05, 0.05) * SECOND)


def test_time_never_goes_back_and_every_step_is_told(tell: Callable[[str], None]) -> None:
    machine = Machine(random.Random(5))  # noqa: S311 # repeatable
    clock = WallClock(lambda: machine.monotonic, lambda: machine.wall)
    framer = Framer({"power": POWER}, 2.0, 4.0)
    gaps: list[Gap] = []
    blocks: list[Ints] = []
    last = clock.now()
    for number in range(LOOKS):
        machine.live()
        gap = clock.check("washer")
        now = clock.now()
        assert now >= last
        assert abs(machine.wall - now - clock.offset) <= TOLERANCE * SECOND, "the offset is stated"
        assert clock.offset <= 0
        if gap is not None:
            assert gap.end is not None
            assert last <= gap.end <= now
            assert gap.start <= gap.end
            gaps.append(gap)
            framer.gap(gap)
        elif now - last > STALL * SECOND:
            pytest.fail(f"{now - last} ns at look {number} were not told")
        framer.feed(_row(now, float(number)))
        while len(block := framer.advance(now)):
            blocks.append(block.times)
        last = now
    frames = np.concatenate(blocks)
    steps = np.diff(frames)
    assert (steps > 0).all()
    assert (steps % (2 * SECOND) == 0).all()
    reasons = Counter(gap.reason for gap in gaps)
    assert reasons["clock_step"] >= machine.done["ahead"]
    days = (last - int(frames[0])) / SECOND / 86_400
    happened = ", ".join(f"{count} {kind}" for kind, count in sorted(machine.done.items()) if kind != "nothing")
    tell(f"clock, {days:.0f} days in {LOOKS} looks, {happened}: {dict(reasons)}, {len(frames)} frames, none twice")


def _row(now: int, value: float) -> Readings:
    times = np.array([now], np.int64)
    return Readings(("power",), np.zeros(1, np.int64), np.array([value]), np.zeros(1, np.uint32), times, times, "w/m")
