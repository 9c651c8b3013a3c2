"""Looking at many rows at once never lets through what looking at each would not."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from small import interface, manifest
from trivet.runtime.guard import Guard

NUMBERS = st.one_of(st.floats(-0.5, 1.5, width=32), st.sampled_from([math.nan, math.inf, -math.inf, 0.0, 1.0]))
ROW = st.tuples(NUMBERS, NUMBERS, st.tuples(*[NUMBERS] * 4), st.sampled_from([0.0, 2.0, 3.0]))


@settings(max_examples=300, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=8), fitted=st.tuples(*[st.booleans()] * 3))
def test_plain_rows_are_those_that_after_leaves_alone(
    rows: list[tuple[float, float, tuple[float, ...], float]], fitted: tuple[bool, ...]
) -> None:
    guard = Guard(interface(), manifest())
    before = guard.before(fitted, [0, 0, 0], [0, 0, 0], [0, 0, 0], 10, ())
    arrays = {
        "novelty": np.array([[r[0]] for r in rows], np.float32),
        "health": np.array([[r[1]] for r in rows], np.float32),
        "fault": np.array([r[2] for r in rows], np.float32),
    }
    learned = np.array([r[3] for r in rows], np.float32)
    plain = guard.plain(before, arrays, learned)
    for row, flag in enumerate(plain):
        numbers = {name: array[row].tolist() for name, array in arrays.items()}
        said = guard.after(before, numbers, float(learned[row]))
        assert bool(flag) == (said is before)
        for name in arrays:
            told = [
                n
                for n, c in zip(numbers[name], guard.ports[name] or ("",), strict=True)
                if c not in said.classes.get(name, {})
            ]
            assert name in said.reasons or all(map(math.isfinite, told))
