"""Clocks: ties, steps, stalls, scale; all with counters that the test moves."""

import asyncio
import math

import pytest

from trivet.device.adapter import Clock
from trivet.device.clock import RecordingClock, ScaledClock, Track, WallClock
from trivet.signals import SECOND

NOON = 1_700_000_000 * SECOND


class Counters:
    """A monotonic and a wall clock that move when told to."""

    def __init__(self) -> None:
        self.mono = 5 * SECOND
        self.utc = NOON

    def pass_(self, seconds: float) -> None:
        self.mono += round(seconds * SECOND)
        self.utc += round(seconds * SECOND)

    def step(self, seconds: float) -> None:
        self.utc += round(seconds * SECOND)

    def clock(self) -> WallClock:
        return WallClock(lambda: self.mono, lambda: self.utc)


def test_wall_clock_is_utc_on_the_monotonic_clock() -> None:
    counters = Counters()
    clock = counters.clock()
    counters.pass_(3)
    assert clock.now() == NOON + 3 * SECOND
    assert clock.check() is None


def test_a_step_ahead_is_followed_and_is_a_gap() -> None:
    counters = Counters()
    clock = counters.clock()
    counters.pass_(1)
    counters.step(30)
    gap = clock.check("plant/machine")
    assert gap is not None
    assert (gap.reason, gap.origin) == ("clock_step", "plant/machine")
    assert (gap.start, gap.end) == (NOON, NOON + 31 * SECOND)
    assert clock.now() == counters.utc
    assert clock.check() is None


def test_a_sleep_of_the_machine_is_a_step_ahead() -> None:
    counters = Counters()
    clock = counters.clock()
    counters.pass_(1)
    assert clock.check() is None
    counters.utc += 3600 * SECOND
    gap = clock.check()
    assert gap is not None
    assert gap.end is not None
    assert gap.end - gap.start == 3600 * SECOND


def test_a_step_back_never_takes_the_clock_back() -> None:
    counters = Counters()
    clock = counters.clock()
    counters.pass_(1)
    before = clock.now()
    counters.step(-3600)
    gap = clock.check()
    assert gap is not None
    assert gap.start == gap.end
    assert "back by 3600.0 s" in gap.detail
    assert clock.now() >= before
    assert clock.offset == -3600 * SECOND
    counters.pass_(1)
    assert clock.check() is None


def test_a_step_back_that_is_taken_back_leaves_no_trace() -> None:
    counters = Counters()
    clock = counters.clock()
    counters.step(-3600)
    assert clock.check() is not None
    counters.step(3600)
    assert clock.check() is not None
    assert clock.offset == 0
    assert clock.now() == counters.utc


def test_small_drift_is_no_step() -> None:
    counters = Counters()
    clock = counters.clock()
    for _ in range(5):
        counters.pass_(1)
        counters.step(0.1)
        assert clock.check() is None


def test_time_for_which_nothing_ran_is_a_gap() -> None:
    counters = Counters()
    clock = counters.clock()
    counters.pass_(25)
    gap = clock.check()
    assert gap is not None
    assert (gap.reason, gap.start, gap.end) == ("stalled", NOON, NOON + 25 * SECOND)


def test_scaled_clock_counts_its_own_seconds() -> None:
    counters = Counters()
    clock = ScaledClock(30, NOON, lambda: counters.mono)
    counters.pass_(2)
    assert clock.now() == NOON + 60 * SECOND


@pytest.mark.parametrize("speed", [0.0, -1.0, math.inf, math.nan])
def test_scaled_clock_refuses_a_speed_that_is_none(speed: float) -> None:
    with pytest.raises(ValueError, match="speed"):
        ScaledClock(speed)


async def test_recording_clock_stands_where_the_last_track_stands() -> None:
    clock = RecordingClock()
    one, two = clock.track(), clock.track()
    assert clock.now() == 0
    one.taken(NOON + 10)
    assert clock.now() == 0
    two.taken(NOON + 5)
    assert clock.now() == NOON + 5
    two.close()
    assert clock.now() == NOON + 10
    one.taken(NOON + 20)
    one.close()
    assert clock.now() == NOON + 20


async def test_the_track_furthest_behind_goes_first() -> None:
    clock = RecordingClock()
    order: list[str] = []

    async def play(name: str, track: Track, starts: list[int]) -> None:
        for start in starts:
            await track.turn(start, start + 5)
            order.append(f"{name}{start}")
            track.taken(start + 5)
        track.close()

    one, two = clock.track(), clock.track()
    await asyncio.gather(play("a", one, [10, 20, 30]), play("b", two, [15, 21, 40]))
    assert order == ["a10", "b15", "a20", "b21", "a30", "b40"]
    assert clock.now() == 45


async def test_recording_clock_never_waits_at_infinite_speed() -> None:
    clock = RecordingClock()
    await clock.sleep(1e9)
    await clock.due(NOON)
    await clock.due(2 * NOON)


async def test_recording_clock_paces_at_a_finite_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    counters = Counters()
    clock = RecordingClock(60, lambda: counters.mono)
    monkeypatch.setattr("trivet.device.clock.asyncio.sleep", note)
    await clock.due(NOON)
    await clock.due(NOON + 120 * SECOND)
    counters.pass_(1.5)
    await clock.due(NOON + 120 * SECOND)
    assert waits == [0.0, 2.0, 0.5]


def test_all_clocks_are_clocks() -> None:
    clocks: list[Clock] = [WallClock(), ScaledClock(2), RecordingClock()]
    assert [clock.speed for clock in clocks] == [1.0, 2.0, math.inf]
