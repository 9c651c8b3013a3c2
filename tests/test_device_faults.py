"""What readings say about their sensors: each kind comes, lasts and goes; chunks change nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kits.devices import NOON, interface, readings
from trivet.device.faults import Change, SensorFault, SensorWatch
from trivet.interface.columns import columns
from trivet.signals import SECOND, Readings, Status

BENCH = interface()
COLUMNS = tuple(columns(BENCH))
Row = tuple[str, float, float]


def watch() -> SensorWatch:
    return SensorWatch(BENCH, set(COLUMNS))


def feed(watched: SensorWatch, rows: Sequence[Row], status: int = Status.GOOD) -> list[tuple[str, str, float, float]]:
    """Column, kind (or nothing), since and at, in seconds after noon, of each change."""
    block = replace(readings(rows, COLUMNS), status=np.full(len(rows), status, np.uint32))
    return [shown(change) for change in watched.feed(block)]


def shown(change: Change) -> tuple[str, str, float, float]:
    fault = change.fault
    since = (fault.since - NOON) / SECOND if fault else -1
    return change.column, fault.kind if fault else "", since, (change.at - NOON) / SECOND


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        ("rinse_temperature", 850.0, "open"),
        ("rinse_temperature", -200.0, "short"),
        ("active_power", -1.0, "out_of_range"),
        ("active_power", 1e9, "out_of_range"),
    ],
)
def test_an_impossible_value_is_a_fault_until_it_is_possible_again(column: str, value: float, kind: str) -> None:
    watched = watch()
    assert feed(watched, [(column, 50, 0)]) == []
    assert feed(watched, [(column, value, 1), (column, value, 2)], Status.BAD_OUT_OF_RANGE) == [(column, kind, 1, 1)]
    assert watched.faults == {column: SensorFault(column, kind, NOON + SECOND)}
    assert feed(watched, [(column, 50, 3)]) == [(column, "", -1, 3)]
    assert watched.faults == {}


def test_the_controller_may_say_that_a_sensor_failed() -> None:
    watched = watch()
    assert feed(watched, [("rinse_temperature", math.nan, 0)], Status.BAD_SENSOR_FAILURE) == [
        ("rinse_temperature", "failed", 0, 0)
    ]
    assert feed(watched, [("rinse_temperature", math.nan, 1)], Status.BAD_NOT_CONNECTED) == []
    assert "rinse_temperature" in watched.faults


def test_a_lost_link_says_nothing_about_sensors() -> None:
    watched = watch()
    assert feed(watched, [("rinse_temperature", math.nan, 0), ("active_power", 1e9, 1)], Status.BAD_TIMEOUT) == []


def test_an_unknown_state_is_no_sensor_fault() -> None:
    block = replace(readings([("mode", 500, 0)], COLUMNS), reasons={0: "unknown_state"})
    assert watch().feed(block) == []


def test_a_change_faster_than_possible_is_a_fault_for_a_minute() -> None:
    watched = watch()
    rows = [("rinse_temperature", value, at) for at, value in enumerate([60, 65, 90, 91, 92])]
    assert feed(watched, rows) == [("rinse_temperature", "rate", 2, 2)]
    assert feed(watched, [("rinse_temperature", 92, 61)]) == []
    assert feed(watched, [("rinse_temperature", 92, 62)]) == [("rinse_temperature", "", -1, 62)]


def test_a_change_over_a_long_silence_is_not_fast() -> None:
    assert feed(watch(), [("rinse_temperature", 20, 0), ("rinse_temperature", 80, 10)]) == []


def test_a_value_that_should_move_and_does_not_is_frozen() -> None:
    watched = watch()
    rows = [("water_pressure", 2.0, at) for at in range(8)]
    assert feed(watched, rows) == []
    assert feed(watched, [("mode", 1, 8)]) == []
    assert feed(watched, [("water_pressure", 2.0, at) for at in range(9, 15)]) == [("water_pressure", "frozen", 8, 13)]
    assert feed(watched, [("water_pressure", 2.1, 15)]) == [("water_pressure", "", -1, 15)]


def test_nothing_need_move_outside_the_state() -> None:
    watched = watch()
    assert feed(watched, [("mode", 1, 0), ("water_pressure", 2, 1), ("mode", 0, 3)]) == []
    assert feed(watched, [("water_pressure", 2, at) for at in range(4, 30)]) == []


def test_a_total_that_contradicts_its_parts_for_half_a_minute() -> None:
    watched = watch()
    rows = [(name, value, at) for at in range(40) for name, value in parts(0 if at < 5 else 3000)]
    assert feed(watched, rows) == [("active_power", "contradicting", 4, 34)]
    assert feed(watched, parts_at(0, 40)) == [("active_power", "", -1, 40)]


def parts(wrong: float) -> list[tuple[str, float]]:
    return [("power_l1", 2000), ("power_l2", 2000), ("power_l3", 1000), ("active_power", 5000 + wrong)]


def parts_at(wrong: float, at: float) -> list[Row]:
    return [(name, value, at) for name, value in parts(wrong)]


def test_the_gravest_fault_of_a_column_is_shown() -> None:
    watched = watch()
    feed(watched, [("rinse_temperature", 20, 0), ("rinse_temperature", 100, 1)])
    assert watched.faults["rinse_temperature"].kind == "rate"
    feed(watched, [("rinse_temperature", 500, 2)], Status.BAD_OUT_OF_RANGE)
    assert watched.faults["rinse_temperature"].kind == "open"
    assert feed(watched, [("rinse_temperature", 101, 3)]) == [("rinse_temperature", "rate", 1, 3)]


def test_what_is_not_fitted_is_not_watched() -> None:
    watched = SensorWatch(BENCH, {"rinse_temperature"})
    assert feed(watched, [("active_power", -5, 0)], Status.BAD_OUT_OF_RANGE) == []


def test_no_rows_change_nothing() -> None:
    assert watch().feed(readings([], COLUMNS)) == []


NAMES = ("rinse_temperature", "tank_temperature_1", "mode", "water_pressure", *[name for name, _ in parts(0)])
STATUSES = (Status.GOOD, Status.GOOD, Status.BAD_OUT_OF_RANGE, Status.BAD_SENSOR_FAILURE, Status.BAD_TIMEOUT)
table = st.lists(
    st.tuples(
        st.sampled_from(NAMES), st.sampled_from([-50.0, 0.0, 1.0, 60.0, 75.0, 900.0, math.nan]), st.integers(0, 9)
    ),
    min_size=1,
    max_size=60,
)


@given(table, st.lists(st.integers(1, 20), min_size=1))
def test_chunks_change_nothing(rows: list[tuple[str, float, int]], cuts: list[int]) -> None:
    at, timed = 0, []
    for name, value, pause in rows:
        at += pause
        timed.append((name, value, float(at)))
    status = np.array([STATUSES[len(name) * int(at) % len(STATUSES)] for name, _, at in timed], np.uint32)
    whole = replace(readings(timed, COLUMNS), status=status)
    one, other = watch(), watch()
    expected = one.feed(whole)
    got: list[Change] = []
    start = 0
    for size in [*cuts, len(timed)]:
        got += other.feed(rows_of(whole, start, min(start + size, len(timed))))
        start += size
    got += other.feed(rows_of(whole, min(start, len(timed)), len(timed)))
    assert got == expected
    assert one.faults == other.faults


def rows_of(block: Readings, start: int, end: int) -> Readings:
    cut = slice(start, end)
    return Readings(
        block.names, block.column[cut], block.values[cut], block.status[cut], block.source[cut], block.receive[cut]
    )
