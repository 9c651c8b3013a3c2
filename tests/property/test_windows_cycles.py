"""Cycles equal a walk over the frames, and windows do not depend on how readings are cut into pieces."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from plain_windows import PlainCycles, Row, readings
from small import signal, tree
from trivet.interface.document import Interface, Signal, When
from trivet.interface.load import load
from trivet.signals import SECOND, Gap, Status
from trivet.window.cycles import Cycle, CycleFinder
from trivet.window.trigger import Trigger
from trivet.window.window import Notice, Window, Windower

START = 1_700_000_000 * SECOND
COLUMNS = ("mode", "power", "spare")


def stretches(longest: int) -> st.SearchStrategy[list[int]]:
    """Conditions that stay a while: 0 false, 1 true, 2 unknown."""
    stretch = st.tuples(st.sampled_from([0, 0, 1, 1, 2]), st.integers(1, longest))
    return st.lists(stretch, max_size=30).map(lambda parts: [code for code, n in parts for _ in range(n)])


def trigger(hold: int, limit: int, run_on: int = 0) -> Trigger:
    wide = Signal(unit="1", range=(0, 1), period=1, max_age=limit)
    return Trigger(When(signal="x", above=0.5, hold=hold, run_on=run_on), wide, 1.0)


@settings(max_examples=300, deadline=None)
@given(
    stretches(9),
    stretches(9),
    st.tuples(st.integers(1, 5), st.integers(1, 8)),
    st.tuples(st.integers(1, 5), st.integers(1, 8), st.sampled_from([0, 0, 1, 3, 9])),
    st.data(),
)
def test_cycles_equal_a_walk(
    opens: list[int], closes: list[int], opening: tuple[int, int], closing: tuple[int, int, int], data: st.DataObject
) -> None:
    size = min(len(opens), len(closes))
    opens, closes = opens[:size], closes[:size]
    finder = CycleFinder(trigger(*opening), trigger(*closing))
    found: list[Cycle] = []
    at = 0
    while at < size:
        end = data.draw(st.integers(at + 1, size), "end of block")
        block = [np.array(part[at:end], np.int8) for part in (opens, closes)]
        found += [event for event in finder.find(at, *block) if isinstance(event, Cycle)]
        at = end
    plain = PlainCycles(*opening, *closing)
    assert [tuple(cycle) for cycle in found] == plain.walk(opens, closes)


def interface(kind: str, overlong: str, pre: int) -> Interface:
    on = {"run_on": 5} if kind == "runs on" else {}
    cycle = {
        "kind": "cycle",
        "length": 9,
        "pre": pre,
        "overlong": overlong,
        "opens_when": [{"signal": "mode", "states": ["busy"]}, {"signal": "power", "above": 50, "hold": 3}],
        "closes_when": [
            {"signal": "mode", "states": ["idle"], "hold": 2, **on},
            {"signal": "power", "below": 30, "hold": 4, "beside": [300], **on},
        ],
        "expect_within": 40,
    }
    sliding = {"kind": "sliding", "length": 7, "every": 3, "expect_within": 40}
    changed: dict[str, Any] = tree()
    changed["frame"], changed["windows"] = 1, {"cycle": sliding if kind == "sliding" else cycle}
    changed["signals"]["mode"]["max_age"] = 5
    changed["signals"]["power"] = signal(resample="mean", max_age=4)
    changed["signals"]["spare"] = signal()
    return load(changed, Interface)


@st.composite
def plant(draw: st.DrawFn) -> list[Row]:
    """An appliance that runs now and then, with lost, Bad and late samples."""
    made: list[Row] = []
    now, busy = START, draw(st.booleans())
    for _ in range(draw(st.integers(1, 25))):
        for _ in range(draw(st.integers(1, 9))):
            now += draw(st.sampled_from([SECOND, SECOND, SECOND, SECOND // 2, 3 * SECOND, 9 * SECOND]))
            status = int(draw(st.sampled_from([Status.GOOD] * 8 + [Status.BAD_SENSOR_FAILURE])))
            source = now - draw(st.sampled_from([0, 0, 0, 0, SECOND, 6 * SECOND]))
            made.append(Row("mode", float(busy), status, now, now))
            made.append(Row("power", 80.0 if busy else 10.0, status, source, now))
        busy = not busy
    return made


def cut(rows: list[Row], windower: Windower, data: st.DataObject) -> list[Window | Notice]:
    """Windows with the rows fed in random pieces."""
    made: list[Window | Notice] = []
    while rows:
        size = data.draw(st.integers(1, len(rows)), "rows")
        piece, rows = rows[:size], rows[size:]
        for part in readings(piece, COLUMNS):
            windower.feed(part)
        asked: bool = data.draw(st.booleans(), "advance")
        if rows and asked:
            made += windower.advance(rows[0].receive - 1)
    return made + windower.finish()


def facts(made: list[Window | Notice]) -> list[object]:
    """What must be equal; how often late samples are told depends on how often one asks."""
    return [_facts(item) for item in made if isinstance(item, Window) or item.kind != "late"]


def _facts(item: Window | Notice) -> object:
    if isinstance(item, Notice):
        return item
    context = tuple(None if math.isnan(number) else number for number in item.context)
    return item.values.tobytes(), context, item.missing, item.stale, item.bad, item.frames, item.span, item.flags


@settings(max_examples=100, deadline=None)
@given(
    plant(),
    st.sampled_from(["cycle", "runs on", "sliding"]),
    st.sampled_from(["head", "tail", "withhold"]),
    st.integers(0, 4),
    st.sampled_from([COLUMNS, ("power",), ("spare", "power"), ("mode", "spare")]),
    st.data(),
)
def test_windows_do_not_depend_on_the_pieces(
    rows: list[Row], kind: str, overlong: str, pre: int, columns: tuple[str, ...], data: st.DataObject
) -> None:
    shape = interface(kind, overlong, pre)
    lost = [Gap(START + 20 * SECOND, START + data.draw(st.integers(20, 40)) * SECOND, "timeout", "device")]
    made = []
    for pieces in (False, True):
        windower = Windower("d", shape, "cycle", columns, {"mode", "power"}, {})
        for gap in lost:
            windower.gap(gap)
        if pieces:
            windower.feed(readings(rows[:2], COLUMNS)[0])
            made.append(cut(rows[2:], windower, data))
        else:
            for part in readings(rows, COLUMNS):
                windower.feed(part)
            made.append(windower.finish())
    assert facts(made[0]) == facts(made[1])
    for item in made[0]:
        if isinstance(item, Window):
            assert item.values.shape == (shape.windows["cycle"].length, len(columns))
            assert 0 <= max(item.missing) <= item.frames
            assert all(n == 0 for n, fitted in zip(item.missing, item.fitted, strict=True) if not fitted)
