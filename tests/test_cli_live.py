"""The live view says what is known, and what is not."""

from __future__ import annotations

import io
import re

import numpy as np

from small import interface
from trivet.cli.live import CELL, signal_cell
from trivet.cli.text import Palette, clip, duration, number, palette
from trivet.signals import SECOND, Sample, Status

PLAIN, COLOURED = Palette(False), Palette(True)


def sample(name: str, value: float, status: int = Status.GOOD, reason: str = "") -> Sample:
    return Sample(name, value, status, 0, 5 * SECOND, "here", reason)


def cell(one: Sample, paint: Palette = PLAIN) -> str:
    return signal_cell(one.name, one, interface(), 7 * SECOND, paint)


def test_a_cell_has_name_value_unit_age_and_status() -> None:
    assert cell(sample("power", 61.25)).split() == ["power", "61.2", "W", "2.0", "s", "Good"]


def test_a_state_is_named_and_an_unknown_one_keeps_its_number() -> None:
    assert "busy" in cell(sample("mode", 1))
    unknown = cell(sample("mode", 3, Status.UNCERTAIN, "unknown_state"))
    assert "3" in unknown.split()
    assert "unknown_st" in unknown


def test_no_number_is_a_dash_and_bad_is_named() -> None:
    assert cell(sample("power", np.nan, Status.BAD_SENSOR_FAILURE)).split()[1:3] == ["-", "W"]
    assert "BadSensorF" in cell(sample("power", np.nan, Status.BAD_SENSOR_FAILURE))


def test_cells_are_equally_wide_in_colour_too() -> None:
    coloured = cell(sample("power", np.nan, Status.BAD), COLOURED)
    assert len(re.sub(r"\x1b\[[0-9;]*m", "", coloured)) == CELL == len(cell(sample("power", 1e12)))


def test_clip_counts_what_is_seen() -> None:
    assert clip("\x1b[31mabcdef\x1b[0m", 3) == "\x1b[31mabc\x1b[0m"


def test_numbers_and_durations_are_short() -> None:
    assert [number(v) for v in (None, np.nan, 3.0, 0.12345, 1234.56)] == ["-", "-", "3", "0.123", "1234.6"]
    assert [duration(s) for s in (0.04, 99, 600, 36_000)] == ["0.0 s", "99.0 s", "10 min", "10 h"]


def test_colours_are_for_terminals_only() -> None:
    assert palette(io.StringIO()) == PLAIN
