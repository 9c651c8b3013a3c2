"""Recorded times to nanoseconds UTC; what cannot be told is counted, never guessed.

A local time that an autumn night has twice is taken as its first occurrence until the
rows step back by more than five minutes, and as its second from there on. A local time that a spring night skips
never was: its row is dropped.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from trivet.signals import SECOND, Floats, Ints
from trivet_replay.settings import EPOCH, FORMATS, Layout
from trivet_replay.table import Cells

Flags = NDArray[np.bool_]

LATEST = 2**62
DAY = 86400 * SECOND
QUARTER = 900 * SECOND
STEP_BACK = 300 * SECOND
NAIVE_EPOCH = datetime(1970, 1, 1)


class Instants(NamedTuple):
    """Times of a table's rows.

    Attributes:
        times: UTC [ns], int64 ``(rows,)``; only those that are ``known`` mean anything.
        known: Rows whose time could be told.
        unreadable: Number of rows with no time, or none that could be read.
        skipped: Number of rows at a local time that never was.
        ambiguous: Number of rows at a local time that occurred twice.
    """

    times: Ints
    known: Flags
    unreadable: int
    skipped: int
    ambiguous: int


def instants(cells: Cells, layout: Layout, zone: str) -> Instants:
    """The times of a column.

    Args:
        cells: The time column.
        layout: Its format and, for seconds, their start.
        zone: IANA name of times without a zone.
    """
    if cells.instants is not None:
        known = (cells.instants > -LATEST) & (cells.instants < LATEST)
        return _utc(cells.instants, known, known & cells.zoned, zone)
    if layout.format == "iso":
        return _utc(*_iso(cells.texts or [""] * cells.rows), zone)
    seconds, known = _numbers(cells)
    unit = FORMATS[layout.format]
    known &= np.abs(seconds) < LATEST / unit
    seconds = np.where(known, seconds, 0)
    whole = np.floor(seconds)
    times = whole.astype(np.int64) * unit + np.rint((seconds - whole) * unit).astype(np.int64)
    return Instants(times + (layout.start or 0), known, int((~known).sum()), 0, 0)


def _numbers(cells: Cells) -> tuple[Floats, Flags]:
    numbers = cells.numbers if cells.numbers is not None else np.array([_float(t) for t in cells.texts or ()])
    return numbers, np.isfinite(numbers)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan


def _iso(texts: list[str]) -> tuple[Ints, Flags, Flags]:
    """Times, whether they could be read, and whether they state their zone."""
    times = np.zeros(len(texts), np.int64)
    known, zoned = np.zeros(len(texts), np.bool_), np.zeros(len(texts), np.bool_)
    for row, text in enumerate(texts):
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            continue
        zoned[row] = moment.tzinfo is not None
        passed = moment - (EPOCH if moment.tzinfo is not None else NAIVE_EPOCH)
        times[row] = passed // timedelta(microseconds=1) * 1000
        known[row] = abs(passed) < timedelta(microseconds=LATEST // 1000)
    return times, known, zoned


def _utc(times: Ints, known: Flags, zoned: Flags, zone: str) -> Instants:
    """Local times in a zone brought to UTC; times that are UTC already are left."""
    unreadable = int((~known).sum())
    local = known & ~zoned
    if not local.any() or zone == "UTC":
        return Instants(times, known, unreadable, 0, 0)
    first, second = offsets(times[local], ZoneInfo(zone))
    skipped, ambiguous = first < second, first > second
    later = ambiguous & _second_time(times[local], ambiguous)
    times, known = times.copy(), known.copy()
    times[local] -= np.where(later, second, first)
    known[np.flatnonzero(local)[skipped]] = False
    return Instants(times, known, unreadable, int(skipped.sum()), int(ambiguous.sum()))


def _second_time(local: Ints, ambiguous: Flags) -> Flags:
    """Rows of an ambiguous stretch after its rows stepped back."""
    back = np.zeros(len(local), np.bool_)
    back[1:] = ambiguous[1:] & ambiguous[:-1] & (local[1:] < local[:-1] - STEP_BACK)
    steps = np.cumsum(back)
    before = np.maximum.accumulate(np.where(ambiguous, -1, steps))
    return steps > np.maximum(before, 0)


def offsets(local: Ints, zone: ZoneInfo) -> tuple[Ints, Ints]:
    """UTC offsets [ns] of local times: of the first and of the second reading (PEP 495) of each.

    Zones change on a quarter of an hour, and on few days; only those are asked about closely.
    """
    days, of_day = np.unique(local // DAY, return_inverse=True)
    steady = np.array([_steady(int(day), zone) for day in days], dtype=np.int64).reshape(-1, 2)
    first, second = steady[of_day, 0].copy(), steady[of_day, 0].copy()
    busy = steady[of_day, 1] == 0
    if busy.any():
        quarters, of_quarter = np.unique(local[busy] // QUARTER, return_inverse=True)
        asked = np.array([_both(int(quarter) * QUARTER, zone) for quarter in quarters], dtype=np.int64)
        first[busy], second[busy] = asked[of_quarter, 0], asked[of_quarter, 1]
    return first, second


def _steady(day: int, zone: ZoneInfo) -> tuple[int, int]:
    """Offset at the start of a local day, and whether it is that of the whole day."""
    start, end = _both(day * DAY, zone), _both((day + 1) * DAY - QUARTER, zone)
    return start[0], int(len({*start, *end}) == 1)


def _both(local: int, zone: ZoneInfo) -> tuple[int, int]:
    moment = NAIVE_EPOCH + timedelta(microseconds=local // 1000)
    first, second = (moment.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return _nanoseconds(first), _nanoseconds(second)


def _nanoseconds(offset: timedelta | None) -> int:
    return 0 if offset is None else offset // timedelta(microseconds=1) * 1000
