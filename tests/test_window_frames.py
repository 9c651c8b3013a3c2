"""What the conformance cases cannot show of frames: gaps told twice, silence, memory, impossible times."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trivet.interface.document import Signal
from trivet.signals import SECOND, Gap, Readings, Status
from trivet.window.frames import BLOCK, PIECE, SILENCE, FrameBlock, Framer
from trivet.window.reason import ABSENT, GAP, KNOWN, STALE

START = 1_700_000_000 * SECOND
POWER = Signal(unit="W", range=(0, 5000), period=1, max_age=5)
LOWEST, HIGHEST = np.iinfo(np.int64).min, np.iinfo(np.int64).max


def given(
    seconds: Sequence[float], values: Sequence[float], names: tuple[str, ...] = ("power",), origin: str = "device/a"
) -> Readings:
    times = START + np.round(np.array(seconds) * SECOND).astype(np.int64)
    column = np.arange(len(times)) % len(names)
    return Readings(names, column, np.array(values, np.float64), np.zeros(len(times), np.uint32), times, times, origin)


def framer(**columns: Signal) -> Framer:
    return Framer(columns or {"power": POWER}, 1.0, 2.0)


def drain(made: Framer, seconds: float) -> list[FrameBlock]:
    blocks = []
    while len(block := made.advance(START + round(seconds * SECOND))):
        blocks.append(block)
    return blocks


def test_nothing_before_the_first_row() -> None:
    made = framer()
    assert made.start is None
    assert not made.due(START)
    block = made.advance(START)
    assert block.values.shape == (0, 1)
    assert made.end() == 0


def test_one_frame() -> None:
    made = framer()
    made.feed(given([1], [42]))
    (block,) = drain(made, 3)
    frame = block.frame(0)
    assert (frame.time, frame.values.tolist(), frame.status.tolist()) == (START + SECOND, [42.0], [Status.GOOD])
    assert made.start == START + SECOND


def test_names_that_are_not_framed_start_nothing() -> None:
    made = framer()
    made.feed(given([1, 2], [1, 2], ("other", "another")))
    assert made.start is None
    made.feed(given([3, 3], [7, 8], ("other", "power")))
    (block,) = drain(made, 5)
    assert block.values.tolist() == [[8.0]]


def test_an_open_gap_lasts_until_its_end_is_told() -> None:
    made = framer()
    made.feed(given([1], [1]))
    made.gap(Gap(START + SECOND, None, "refused", "device/a"))
    (block,) = drain(made, 5)
    assert block.reason[:, 0].tolist() == [KNOWN, GAP, GAP]
    made.gap(Gap(START + SECOND, START + 5 * SECOND, "refused", "device/a"))
    made.feed(given([5], [2]))
    (block,) = drain(made, 8)
    assert block.reason[:, 0].tolist() == [GAP, KNOWN, KNOWN]


def test_an_endpoint_that_never_answered_takes_no_other_column_along() -> None:
    made = framer(power=POWER, flow=POWER)
    made.gap(Gap(START, None, "refused", "device/b"))
    made.feed(given([1], [1]))
    (block,) = drain(made, 4)
    assert block.reason.tolist() == [[KNOWN, ABSENT], [KNOWN, ABSENT]]


def test_times_neither_repeat_nor_go_back_over_a_clock_step() -> None:
    made = framer()
    times: list[int] = []
    made.feed(given([1, 2], [1, 2]))
    times += [t for block in drain(made, 4) for t in block.times.tolist()]
    made.gap(Gap(START + 4 * SECOND, START + 3604 * SECOND, "clock_step", "device"))
    made.feed(given([3605], [3]))
    times += [t for block in drain(made, 3608) for t in block.times.tolist()]
    made.gap(Gap(START + 3608 * SECOND, START + 3608 * SECOND, "clock_step", "device"))
    assert drain(made, 3600) == []
    made.feed(given([3609], [4]))
    times += [t for block in drain(made, 3612) for t in block.times.tolist()]
    assert times == [START + k * SECOND for k in range(1, 3611)]


def test_frames_stop_in_a_long_silence_and_go_on_after_it() -> None:
    made = framer()
    years = 50 * 365 * 86_400
    made.feed(given([1, years], [1, 2]))
    times = np.concatenate([block.times for block in drain(made, years + 2)])
    steps = (times - START) // SECOND
    assert steps[:2].tolist() == [1, 2]
    assert steps[-2:].tolist() == [1 + SILENCE, years]


def test_a_silent_device_has_no_endless_frames() -> None:
    made = framer()
    made.feed(given([1], [1]))
    assert sum(len(block) for block in drain(made, 10 * SILENCE)) == 1 + SILENCE
    assert drain(made, 20 * SILENCE) == []


def test_impossible_times_lie_where_they_were_received() -> None:
    made = framer()
    times = START + np.arange(1, 6) * SECOND
    source = np.array([LOWEST, HIGHEST, 0, LOWEST + times[3], -1])
    made.feed(Readings(("power",), np.zeros(5, np.int64), np.arange(5.0), np.zeros(5, np.uint32), source, times, "a"))
    (block,) = drain(made, 7)
    assert block.values[:, 0].tolist() == [0, 1, 2, 3, 4]
    assert made.late == {}


def test_infinite_and_absent_numbers_are_not_known() -> None:
    made = framer()
    made.feed(given([1, 2, 3, 4], [np.inf, -np.inf, np.nan, 1]))
    (block,) = drain(made, 6)
    assert np.isnan(block.values[:, 0]).tolist() == [True, True, True, False]


def test_what_was_framed_is_forgotten() -> None:
    made = framer()
    seconds = np.arange(1, 3 * PIECE)
    made.feed(given(seconds.tolist(), seconds.tolist()))
    blocks = drain(made, 3 * PIECE + 2)
    assert max(len(block) for block in blocks) == BLOCK
    assert not made._pending
    assert not made._fed


def test_rows_fed_after_their_frames_were_closed_are_late() -> None:
    made = framer()
    made.feed(given([1], [1]))
    drain(made, 5)
    made.feed(given([2, 2.5], [5, 6]))
    (block,) = drain(made, 6)
    assert made.late == {"power": 2}
    assert block.values.tolist() == [[6.0]]


def test_each_endpoint_has_its_own_clock() -> None:
    made = framer(power=POWER, flow=POWER)
    ahead = given([1, 2, 3], [1, 2, 3])
    made.feed(
        Readings(ahead.names, ahead.column, ahead.values, ahead.status, ahead.source + 7 * SECOND, ahead.receive, "d/a")
    )
    made.feed(given([1.5, 2.5], [4, 5], ("flow",), "d/b"))
    (block,) = drain(made, 5)
    assert block.values.tolist()[-1] == [3, 5]
    assert {name: round(seconds, 2) for name, seconds in made.offsets.items()} == {"d/a": 7, "d/b": 0}


def test_a_stale_cell_keeps_a_status() -> None:
    made = framer()
    made.feed(given([1], [1]))
    (block,) = drain(made, 10)
    assert block.reason[-1, 0] == STALE
    assert block.status[-1, 0] == Status.UNCERTAIN_NO_COMMUNICATION_LAST_USABLE_VALUE
