"""Windowers: many devices at once, bounded memory, notices, and what is refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from plain_windows import Row, readings
from small import signal, tree
from trivet.device.document import CycleOverride
from trivet.errors import DocumentError
from trivet.interface.document import Interface, When
from trivet.interface.load import load
from trivet.signals import SECOND, Gap, Readings, Status
from trivet.window.window import Notice, Window, Windower, due, stack

START = 1_700_000_000 * SECOND
COLUMNS = ("power", "mode")


def interface(**window: Any) -> Interface:
    spec = {
        "kind": "cycle",
        "length": 8,
        "pre": 2,
        "opens_when": [{"signal": "power", "above": 50}],
        "closes_when": [{"signal": "power", "below": 50, "hold": 2}],
        **window,
    }
    changed = tree()
    changed.update(frame=1, settle=1, windows={"cycle": spec})
    changed["signals"]["power"] = signal(max_age=3)
    return load(changed, Interface)


def windower(name: str = "d", **window: Any) -> Windower:
    return Windower(name, interface(**window), "cycle", COLUMNS, {"power"}, {"rated_power": 3000.0, "volume": None})


def power(values: list[float], first: int = 1) -> Readings:
    times = START + (first + np.arange(len(values))) * SECOND
    zeros = np.zeros(len(values), np.int64)
    return Readings(("power",), zeros, np.array(values, np.float64), zeros.astype(np.uint32), times, times, "d/a")


def at(seconds: float) -> int:
    return START + round(seconds * SECOND)


def windows(made: list[Window | Notice]) -> list[Window]:
    return [item for item in made if isinstance(item, Window)]


def notices(made: list[Window | Notice], kind: str) -> list[Notice]:
    return [item for item in made if isinstance(item, Notice) and item.kind == kind]


RUN = [10.0, 20.0, 90.0, 91.0, 92.0, 10.0, 10.0]


def test_a_window_comes_when_its_last_frame_closes() -> None:
    made = windower()
    made.feed(power(RUN))
    assert made.advance(at(8) - 1) == []
    (window,) = windows(made.advance(at(8)))
    assert window.ready == at(8)
    assert window.span == (at(2), at(5))
    assert window.values[:, 0].tolist()[:5] == [10, 20, 90, 91, 92]
    assert np.isnan(window.values[5:, 0]).all()
    assert window.context[0] == 3
    assert [math.isnan(number) for number in window.context] == [False, True, False, True]
    assert (window.fitted, window.missing) == ((True, False), [0, 0])


def test_many_devices_come_in_one_batch() -> None:
    made = [windower(f"d{number}") for number in range(5)]
    for number, maker in enumerate(made):
        maker.feed(power(RUN if number != 3 else [10.0] * 7))
    batch, told = due(made, at(8))
    assert batch is not None
    assert told == []
    assert batch.devices == ["d0", "d1", "d2", "d4"]
    assert batch.values.shape == (4, 8, 2)
    assert {str(batch.values.dtype), str(batch.context.dtype)} == {"float32"}
    assert batch.context.shape == (4, 4)
    assert batch.spans == [(at(2), at(5))] * 4
    assert due(made, at(9)) == (None, [])


def test_stack_refuses_what_does_not_fit() -> None:
    made = windower()
    made.feed(power(RUN))
    (window,) = windows(made.finish())
    with pytest.raises(ValueError, match="no windows"):
        stack([])
    other = Windower("e", interface(), "cycle", ("power",), {"power"}, {})
    other.feed(power(RUN))
    with pytest.raises(ValueError, match="columns"):
        stack([window, *windows(other.finish())])


def test_a_cycle_that_never_closes_takes_no_memory() -> None:
    for overlong in ("head", "tail", "withhold"):
        made = windower(overlong=overlong)
        made.feed(power([10.0, 10.0]))
        for hour in range(5):
            made.feed(power([90.0] * 3600, 3 + hour * 3600))
            made.advance(at(hour * 3600 + 3600))
        history = made._cutter._history  # type: ignore[attr-defined]
        assert len(history._values) < 50
        made.feed(power([10.0] * 3, 3 + 5 * 3600))
        (window,) = windows(made.finish())
        assert (window.context[0], window.frames, window.flags) == (18_000, 6, ("overlong",))
        expected = {"head": [10, 10, *[90] * 6], "tail": [10, 10, *[90] * 6], "withhold": [math.nan] * 8}[overlong]
        np.testing.assert_array_equal(window.values[:, 0], np.array(expected, np.float32))


def test_late_samples_are_told_with_the_next_window() -> None:
    made = windower()
    made.feed(power(RUN))
    made.feed(readings([Row("power", 10.0, 0, at(4.5), at(6.5), "d/a")], ["power"])[0])
    (notice,) = notices(made.finish(), "late")
    assert notice.detail == "power 1"
    assert made.late == {"power": 1}


def test_silence_is_told() -> None:
    made = windower(expect_within=10)
    assert made.advance(at(1)) == []
    told = notices(made.advance(at(35)), "no_window")
    assert [(n.start - START) // SECOND for n in told] == [1, 11, 21]


def test_a_leap_of_fifty_years_is_told_in_few_words() -> None:
    made = windower(expect_within=10)
    made.advance(at(1))
    assert len(notices(made.advance(at(50 * 365 * 86_400)), "no_window")) == 100


def test_a_device_document_may_expect_less() -> None:
    override = CycleOverride(expect_within=5)
    made = Windower("d", interface(expect_within=1000), "cycle", COLUMNS, {"power"}, {}, override)
    made.advance(at(0))
    assert len(made.advance(at(12))) == 2


def test_a_device_document_may_replace_one_condition() -> None:
    override = CycleOverride(opens_when=(When(signal="power", above=15.0),))
    made = Windower("d", interface(), "cycle", COLUMNS, {"power"}, {}, override)
    made.feed(power([10.0, 20.0, 20.0, 60.0, 60.0, 10.0, 10.0]))
    (window,) = windows(made.finish())
    assert window.span == (at(1), at(5))


def test_a_clock_step_cuts_the_cycle() -> None:
    made = windower()
    made.feed(power([10.0, 10.0, 90.0, 90.0]))
    made.advance(at(5))
    made.gap(Gap(at(4.5), at(3604.5), "clock_step", "d"))
    made.feed(power([90.0, 90.0, 10.0, 10.0], 3605))
    cut, joined = windows(made.advance(at(3610)))
    assert (cut.flags, cut.span) == (("interrupted",), (at(2), at(4)))
    assert (joined.flags, joined.span) == (("joined_late",), (at(3604), at(3606)))
    assert math.isnan(joined.context[1])


def test_a_sensor_that_is_bad_for_long_cuts_the_cycle() -> None:
    made = windower()
    made.feed(power([10.0, 90.0, 90.0]))
    made.feed(readings([Row("power", math.nan, int(Status.BAD_SENSOR_FAILURE), at(4), at(4), "d/a")], ["power"])[0])
    (window,) = windows(made.advance(at(20)))
    assert (window.flags, window.frames) == (("interrupted",), 2)


def test_finish_is_safe_at_any_time() -> None:
    made = windower()
    assert made.finish() == []
    made.feed(power([10.0, 90.0]))
    assert [w.flags for w in windows(made.finish())] == [("interrupted",)]
    assert made.finish() == []


def test_frames_that_stopped_and_went_on_are_two_cycles() -> None:
    made = windower(overlong="head")
    days = 10 * 86_400
    made.feed(power([10.0, 90.0, 90.0]))
    made.feed(power([90.0, 10.0, 10.0], days))
    first, second = windows(made.finish())
    assert (first.flags, second.flags) == (("interrupted",), ("joined_late",))
    assert second.span == (at(days - 1), at(days))


def test_sliding_windows_of_a_recording_share_their_frames() -> None:
    made = windower(kind="sliding", opens_when=[], closes_when=[], pre=0, length=4, every=2)
    values = [float(n) for n in range(10_000)]
    made.feed(power(values))
    found = windows(made.finish())
    assert len(found) == 5000
    batch = stack(found)
    for row in (0, 7, 2047, 2048, 4999):
        close = (batch.spans[row][1] - START) // SECOND
        wanted = [float(n - 1) if n >= 1 else math.nan for n in range(close - 3, close + 1)]
        np.testing.assert_array_equal(batch.values[row, :, 0], np.array(wanted, np.float32))
    assert batch.missing[-1] == [0, 0]
    assert [math.isnan(elapsed) for elapsed in batch.context[:, 1]] == [True] * 5000


def test_what_cannot_be_windowed_is_refused() -> None:
    shape = interface()
    with pytest.raises(DocumentError, match="no window 'recent'"):
        Windower("d", shape, "recent", COLUMNS, {"power"}, {})
    with pytest.raises(DocumentError, match="no column 'flow'"):
        Windower("d", shape, "cycle", ("flow",), {"power"}, {})
    with pytest.raises(DocumentError, match="power is needed"):
        Windower("d", shape, "cycle", COLUMNS, {"mode"}, {})
