"""Frames equal plain loops over the rules, however the readings are cut into pieces."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plain_windows import Plain, Row, readings
from trivet.interface.document import Signal
from trivet.signals import SECOND, Gap, Status
from trivet.window import frames as frames_module
from trivet.window.frames import FrameBlock, Framer
from trivet.window.reason import WORDS

START = 1_700_000_000 * SECOND
TENTH = SECOND // 10


def signal(**more: object) -> Signal:
    given: dict[str, object] = {"unit": "1", "range": (0.0, 100.0), "period": 1, "max_age": 5, **more}
    return Signal(**given)  # type: ignore[arg-type]


COLUMNS: Mapping[str, Signal] = {
    "last": signal(),
    "mean": signal(resample="mean"),
    "sum": signal(resample="sum", max_age=3),
    "max": signal(resample="max", max_age=30),
    "counter": signal(counter=True, max_rate=4.0),
    "meter": signal(counter=True),
}
NAMES = (*COLUMNS, "elsewhere")
ORIGINS = {name: "device/b" if name in ("max", "meter") else "device/a" for name in NAMES}
STATUSES = (Status.GOOD,) * 6 + (Status.UNCERTAIN_LAST_USABLE_VALUE, Status.BAD_SENSOR_FAILURE)


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    made: list[Row] = []
    now = START + draw(st.integers(0, 30)) * TENTH
    last: dict[str, Row] = {}
    ahead = {"device/a": draw(st.sampled_from([0, 0, 7, -30, 3000])), "device/b": 0}
    for _ in range(draw(st.integers(1, 60))):
        now += draw(st.sampled_from([0, 0, 1, 3, 7, 10, 10, 25, 80])) * TENTH
        name = draw(st.sampled_from(NAMES))
        before = last.get(name)
        if before is not None and draw(st.integers(0, 3)) == 0:
            row = Row(name, before.value, before.status, before.source, now, before.origin, before.reason)
        else:
            delay = draw(st.sampled_from([0, 0, 0, 1, 1, 5, 20, 45, 70, -5, -20, 9000, 10**7]))
            value = draw(st.sampled_from([0.0, 1.0, 2.5, 7.0, 30.0, 99.0, 0.1, 0.7, math.nan]))
            status = int(draw(st.sampled_from(STATUSES)))
            reason = draw(st.sampled_from(["", "", "", "", "unknown_state", "range"]))
            source = now + (ahead[ORIGINS[name]] - delay) * TENTH
            row = Row(name, value, status, source, now, ORIGINS[name], reason)
        last[name] = row
        made.append(row)
    return made


@st.composite
def gaps(draw: st.DrawFn) -> list[Gap]:
    made = []
    for _ in range(draw(st.integers(0, 2))):
        start = START + draw(st.integers(0, 400)) * TENTH
        end = start + draw(st.integers(-10, 200)) * TENTH
        made.append(Gap(start, end, "timeout", draw(st.sampled_from(["", "device", "device/a", "device/b", "dev"]))))
    return made


def drain(framer: Framer, now: int) -> list[FrameBlock]:
    blocks = []
    while len(block := framer.advance(now)):
        blocks.append(block)
    return blocks


def whole(given: list[Row], lost: list[Gap], frame: float, settle: float, end: int) -> tuple[list[FrameBlock], Framer]:
    framer = Framer(COLUMNS, frame, settle)
    for part in readings(given, NAMES):
        framer.feed(part)
    for gap in lost:
        framer.gap(gap)
    return drain(framer, end), framer


def last_moment(given: list[Row]) -> int:
    return given[-1].receive + 25 * SECOND


def framed(given: list[Row]) -> list[Row]:
    return [row for row in given if row.name in COLUMNS]


def same(a: list[FrameBlock], b: list[FrameBlock]) -> None:
    for part in ("times", "values", "reason", "status"):
        left = np.concatenate([getattr(block, part) for block in a]) if a else np.zeros(0)
        right = np.concatenate([getattr(block, part) for block in b]) if b else np.zeros(0)
        np.testing.assert_array_equal(left, right, part)


STEPS = st.sampled_from([(1.0, 0.0), (1.0, 2.0), (2.0, 4.0), (0.5, 1.3), (10.0, 3.0)])


@settings(max_examples=150, deadline=None)
@given(rows(), gaps(), STEPS)
def test_frames_equal_the_plain_loops(given: list[Row], lost: list[Gap], step: tuple[float, float]) -> None:
    blocks, framer = whole(given, lost, *step, last_moment(given))
    kept = framed(copy.deepcopy(given))
    if not kept:
        assert blocks == []
        return
    plain = Plain(COLUMNS, *step, kept, lost)
    times, values, reasons, statuses = plain.frames(last_moment(given))
    assert [t for block in blocks for t in block.times.tolist()] == times
    np.testing.assert_array_equal(np.concatenate([b.values for b in blocks]), np.array(values))
    assert [[WORDS[code] for code in row] for b in blocks for row in b.reason.tolist()] == reasons
    assert [row for b in blocks for row in b.status.tolist()] == statuses
    assert framer.late == {name: n for name, n in plain.late().items() if n}


@contextmanager
def sizes(block: int, silence: int, piece: int = 1 << 15) -> Iterator[None]:
    before = frames_module.BLOCK, frames_module.SILENCE, frames_module.PIECE
    frames_module.BLOCK, frames_module.SILENCE, frames_module.PIECE = block, silence, piece
    try:
        yield
    finally:
        frames_module.BLOCK, frames_module.SILENCE, frames_module.PIECE = before


@settings(max_examples=120, deadline=None)
@given(rows(), gaps(), STEPS, st.sampled_from([6, 1000]), st.data())
def test_frames_do_not_depend_on_the_pieces(
    given: list[Row], lost: list[Gap], step: tuple[float, float], silence: int, data: st.DataObject
) -> None:
    with sizes(silence, silence):
        expected, whole_framer = whole(given, lost, *step, last_moment(given))
        framer = Framer(COLUMNS, *step)
        for gap in lost:
            framer.gap(gap)
        found: list[FrameBlock] = []
        rest = given
        while rest:
            size = data.draw(st.integers(1, len(rest)), "rows")
            piece, rest = rest[:size], rest[size:]
            for part in readings(piece, NAMES):
                framer.feed(part)
            if data.draw(st.booleans(), "advance"):
                found += drain(framer, rest[0].receive - 1 if rest else piece[-1].receive)
        found += drain(framer, last_moment(given))
    same(found, expected)
    assert framer.late == whole_framer.late
    assert framer.offsets == whole_framer.offsets


@settings(max_examples=40, deadline=None)
@given(rows(), gaps(), st.integers(1, 5), st.integers(5, 20), st.integers(1, 6))
def test_small_blocks_and_pieces_change_nothing(
    given: list[Row], lost: list[Gap], block: int, silence: int, piece: int
) -> None:
    end = last_moment(given)
    with sizes(silence, silence):
        expected, _ = whole(given, lost, 1.0, 2.0, end)
    with sizes(block, silence, piece):
        found, _ = whole(given, lost, 1.0, 2.0, end)
    same(found, expected)


@settings(max_examples=40, deadline=None)
@given(rows(), st.integers(5, 20))
def test_times_rise_on_the_grid(given: list[Row], silence: int) -> None:
    with sizes(silence, silence):
        blocks, _ = whole(given, [], 2.0, 4.0, last_moment(given))
    times = np.concatenate([b.times for b in blocks]) if blocks else np.zeros(0, np.int64)
    assert (np.diff(times) > 0).all()
    assert (times % (2 * SECOND) == 0).all()
