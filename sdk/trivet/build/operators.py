"""Window operators as nodes, family by family; a family shares its selections of series and rows.

Sums are asked for with ``yield``, see ``trivet.build.frames``; maxima do not depend on order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from trivet.build.features import MASK_OPERATORS, Feature
from trivet.build.frames import Frames, Made, Rows, Sums, rows_of, together
from trivet.build.nodes import Graph

NEVER = -1e6
"""Stands for the row number of no frame."""

MOMENTS = ("known", "mean", "sum", "std", "slope")
EXTREMES = ("min", "max")
ENDS = ("first", "last", "rise")

Selection = tuple[str, Rows]


def windowed(frames: Frames, wanted: Sequence[Feature]) -> Sums:
    """All series and mask operators that these features name."""
    groups = (
        (moments, _of(wanted, *MOMENTS)),
        (extremes, _of(wanted, *EXTREMES)),
        (ends, _of(wanted, *ENDS)),
        (masks, _of(wanted, *MASK_OPERATORS)),
    )
    return together([family(frames, group) for family, group in groups if group])


def _of(group: Sequence[Feature], *operators: str) -> list[Feature]:
    return [feature for feature in group if feature.operator in operators]


def _selection(feature: Feature) -> Selection:
    """What a feature looks at; a mask operator has no series."""
    return (feature.of[0] if feature.of else "", rows_of(feature))


class _Table:
    """Tensors whose rows belong to the distinct selections of a group, ``(batch, n, ...)``."""

    def __init__(self, g: Graph, group: Sequence[Feature]) -> None:
        self.g = g
        self.keys = list(dict.fromkeys(map(_selection, group)))

    def __len__(self) -> int:
        return len(self.keys)

    def rows(self, tensor: str, group: Sequence[Feature]) -> str:
        """One row for each feature of a group."""
        index = [self.keys.index(_selection(feature)) for feature in group]
        return tensor if index == list(range(len(self))) else self.g.gather(tensor, index, 1)

    def made(self, group: Sequence[Feature], results: Mapping[str, str]) -> Made:
        """Each operator's features with their rows of that operator's tensor."""
        users = [(_of(group, operator), tensor) for operator, tensor in results.items()]
        return [(found, self.rows(tensor, found)) for found, tensor in users if found]


class _Moments(NamedTuple):
    """What ``std`` and ``slope`` start from: values, which count, their number and mean."""

    x: str
    counts: str
    number: str
    mean: str

    def rows(self, table: _Table, group: Sequence[Feature]) -> _Moments:
        """The rows of a group."""
        return _Moments(*(table.rows(tensor, group) for tensor in self))


def moments(frames: Frames, group: Sequence[Feature]) -> Sums:
    """``known``, ``mean``, ``sum``, and what needs a mean first: ``std`` and ``slope``."""
    g, zero = frames.g, frames.g.floats(0)
    table = _Table(g, group)
    x, counts = frames.series(table.keys)
    asked = [(frames.number(counts), len(table)), (g.op("Where", counts, x, zero), len(table))]
    slopes = _of(group, "slope")
    if slopes:
        asked.append((g.op("Where", table.rows(counts, slopes), frames.rows, zero), len(slopes)))
    number, total, *times = yield asked
    mean = g.op("Div", total, number)
    empty = g.op("Equal", number, zero)
    made = table.made(group, {"known": number, "mean": mean, "sum": g.nan_where(empty, total)})
    parts, start = [], _Moments(x, counts, number, mean)
    if deviations := _of(group, "std"):
        parts.append(_std(frames, deviations, start.rows(table, deviations)))
    if slopes:
        parts.append(_slope(frames, slopes, start.rows(table, slopes), times[0]))
    made += yield from together(parts)
    return made


def _std(frames: Frames, group: Sequence[Feature], m: _Moments) -> Sums:
    """Around the mean, and once more corrected for the mean's own rounding."""
    g = frames.g
    apart = g.op("Where", m.counts, g.op("Sub", m.x, m.mean), g.floats(0))
    squares, rest = yield [(g.op("Mul", apart, apart), len(group)), (apart, len(group))]
    variance, rest = g.op("Div", squares, m.number), g.op("Div", rest, m.number)
    return [(group, g.op("Sqrt", g.op("Abs", g.op("Sub", variance, g.op("Mul", rest, rest)))))]


def _slope(frames: Frames, group: Sequence[Feature], m: _Moments, times: str) -> Sums:
    """Least squares, both time (whose sum is given) and value taken from their means."""
    g, zero, size = frames.g, frames.g.floats(0), len(group)
    dt = g.op("Where", m.counts, g.op("Sub", frames.rows, g.op("Div", times, m.number)), zero)
    dx = g.op("Where", m.counts, g.op("Sub", m.x, m.mean), zero)
    both, squares = yield [(g.op("Mul", dt, dx), size), (g.op("Mul", dt, dt), size)]
    return [(group, g.op("Div", g.op("Div", both, squares), g.floats(frames.frame)))]


def extremes(frames: Frames, group: Sequence[Feature]) -> Sums:
    """``min`` and ``max``: a minimum is the maximum of the negative."""
    g = frames.g
    x, counts = frames.series([_selection(feature) for feature in group])
    signs = g.floats([[1 if feature.operator == "max" else -1] for feature in group])
    none = g.floats(-np.inf)
    best = g.op("ReduceMax", g.op("Where", counts, g.op("Mul", x, signs), none), axes=(2,), keepdims=1)
    yield []
    return [(group, g.nan_where(g.op("Equal", best, none), g.op("Mul", best, signs)))]


def ends(frames: Frames, group: Sequence[Feature]) -> Sums:
    """``first``, ``last`` and ``rise``: the row number says where, a sum over that one row what."""
    g = frames.g
    early, late = _of(group, "first", "rise"), _of(group, "last", "rise")
    wanted = [*early, *late]
    x, counts = frames.series([_selection(feature) for feature in wanted])
    at, edge = _edge(frames, counts, [-1] * len(early) + [1] * len(late))
    picked = g.op("Where", g.op("Equal", at, edge), x, g.floats(0))
    (value,) = yield [(picked, len(wanted))]
    value = g.nan_where(g.op("Equal", edge, g.floats(NEVER)), value)

    def rows(users: Sequence[Feature], offset: int, source: Sequence[Feature]) -> str:
        return g.gather(value, [offset + source.index(feature) for feature in users], 1)

    first, last, rise = (_of(group, operator) for operator in ENDS)
    made: Made = [(first, rows(first, 0, early))] if first else []
    made += [(last, rows(last, len(early), late))] if last else []
    if rise:
        made.append((rise, g.op("Sub", rows(rise, len(early), late), rows(rise, 0, early))))
    return made


def _edge(frames: Frames, flags: str, signs: Sequence[int]) -> tuple[str, str]:
    """Signed row numbers where flags hold, else ``NEVER``; and the largest of these, ``(batch, n, 1)``."""
    g = frames.g
    numbers = g.floats(np.outer(signs, np.arange(frames.length)))
    at = g.op("Where", flags, numbers, g.floats(NEVER))
    return at, g.op("ReduceMax", at, axes=(2,), keepdims=1)


def masks(frames: Frames, group: Sequence[Feature]) -> Sums:
    """``duration``, ``share``, ``max_run``, ``starts`` and ``onset``."""
    g = frames.g
    table = _Table(g, group)
    keys = [rows for _, rows in table.keys]
    held, judged = frames.held(keys), frames.judged(keys)
    starts = _of(group, "starts")
    asked = [(frames.number(held), len(table)), (frames.number(judged), len(table))]
    if starts:
        asked.append((_started(frames, table.rows(held, starts), table.rows(judged, starts)), len(starts)))
    count, known, *changes = yield asked
    unknown = g.op("Equal", known, g.floats(0))
    seconds = g.nan_where(unknown, g.op("Mul", count, g.floats(frames.frame)))
    made = table.made(group, {"duration": seconds, "share": g.op("Div", count, known)})
    if starts:
        made.append((starts, g.nan_where(table.rows(unknown, starts), changes[0])))
    runs, onsets = _of(group, "max_run"), _of(group, "onset")
    if runs:
        longest = g.op("Mul", _longest(frames, table.rows(held, runs)), g.floats(frames.frame))
        made.append((runs, g.nan_where(table.rows(unknown, runs), longest)))
    if onsets:
        made.append((onsets, _onset(frames, onsets, table.rows(held, onsets))))
    return made


def _started(frames: Frames, held: str, judged: str) -> str:
    """Where a row holds and the row before was known not to."""
    g = frames.g
    rested = g.op("And", judged, g.op("Not", held))
    before = g.gather(rested, [0, *range(frames.length - 1)], 2)
    return frames.number(g.op("And", held, before))


def _longest(frames: Frames, held: str) -> str:
    """Longest run in rows: the greatest distance to the last row without, which is found by doubling."""
    g, numbers = frames.g, np.arange(frames.length)
    without = g.op("Where", held, g.floats(-1), frames.rows)
    reach = 1
    while reach < frames.length:
        earlier = g.gather(without, np.maximum(numbers - reach, 0).tolist(), 2)
        without = g.op("Max", without, earlier)
        reach *= 2
    return g.op("ReduceMax", g.op("Sub", frames.rows, without), axes=(2,), keepdims=1)


def _onset(frames: Frames, group: Sequence[Feature], held: str) -> str:
    g = frames.g
    _, edge = _edge(frames, held, [-1] * len(group))
    starts = g.floats([[feature.start] for feature in group])
    seconds = g.op("Mul", g.op("Neg", g.op("Add", edge, starts)), g.floats(frames.frame))
    return g.nan_where(g.op("Equal", edge, g.floats(NEVER)), seconds)
