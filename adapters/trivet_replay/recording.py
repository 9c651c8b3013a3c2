"""One recording in memory: rows in order of time, a column for each point.

Rows out of order are sorted; of rows with equal times the first is kept; rows without a
time are dropped. ``Counts`` says how many of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trivet.device.adapter import Target
from trivet.errors import DataError, DocumentError
from trivet.signals import Codes, Floats, Ints, Status
from trivet_replay.points import Column
from trivet_replay.settings import SCHEME, Layout, layout
from trivet_replay.table import Cells, Table, read
from trivet_replay.times import Flags, Instants, instants

Matrix = NDArray[np.float64]
GOOD = np.uint32(Status.GOOD)
UNREADABLE = np.uint32(Status.BAD_DECODING_ERROR)
SENTINEL = np.uint32(Status.BAD_NO_DATA)


class Counts(NamedTuple):
    """What became of a table's rows.

    Attributes:
        rows: Rows that remain.
        other: Rows that the filter left out.
        unreadable: Rows dropped for want of a time that could be read.
        skipped: Rows dropped because their local time never was.
        ambiguous: Rows kept whose local time occurred twice that night.
        disordered: Rows kept that had to be sorted.
        duplicate: Rows dropped because an earlier one has the same time.
        cells: Cells that hold something other than a number; Bad, with no value.
    """

    rows: int
    other: int
    unreadable: int
    skipped: int
    ambiguous: int
    disordered: int
    duplicate: int
    cells: int

    def remarks(self) -> list[str]:
        """What a person should know, one phrase each; empty when all was in order."""
        phrases = {
            "unreadable": "rows dropped, their time cannot be read",
            "skipped": "rows dropped, their local time never was",
            "ambiguous": "rows at a local time that occurred twice",
            "disordered": "rows were out of order and are sorted",
            "duplicate": "rows dropped, their time was there before",
            "cells": "cells are not numbers",
        }
        return [f"{count} {phrases[name]}" for name, count in self._asdict().items() if count and name in phrases]


@dataclass(frozen=True, slots=True)
class Recording:
    """A table, ready to be replayed.

    Attributes:
        names: Point names, repeats with their numbers.
        times: UTC [ns], rising, int64 ``(rows,)``.
        values: float64 ``(rows, names)``; NaN with a Good status where there is no sample.
        status: StatusCodes, uint32 ``(rows, names)``.
        layout: How the table is laid out.
        hold: Longest time [s] that a thinned value stands for, or None.
        counts: What became of the rows.
    """

    names: tuple[str, ...]
    times: Ints
    values: Matrix
    status: NDArray[np.uint32]
    layout: Layout
    hold: float | None
    counts: Counts


def location(url: str, folder: str) -> Path:
    """The file behind ``replay:PATH``; a relative path counts from the device document's folder.

    Raises:
        DocumentError: The URL has another form.
    """
    scheme, _, text = url.partition(":")
    if scheme != SCHEME or not text or "\0" in text or text.startswith("//"):
        hint = f"write {SCHEME}:PATH/TO/FILE.parquet or .csv"
        raise DocumentError(f"{url!r} is not the URL of a recording", where=folder, hint=hint)
    return Path(folder) / text


def load(target: Target) -> Recording:
    """Reads the recording of an endpoint.

    Raises:
        DocumentError: The endpoint's URL or settings are wrong.
        DataError: The file is missing, broken, too large, lacks a column, or no row is left.
        AdapterError: It is Parquet and pyarrow is not installed.
    """
    path = location(target.endpoint.url, target.folder)
    chosen = layout(target.profile, target.endpoint, target.name)
    columns = [column for point in target.points.values() for column in point.instances()]
    table = read(path, _headings(chosen, columns), chosen.delimiter)
    kept = _filtered(table, chosen)
    rows = int(kept.sum())
    found = instants(_picked(table[chosen.time], kept), chosen, chosen.zone or target.time_zone)
    order, disordered, duplicate = _order(found)
    if not len(order):
        raise DataError("the recording has no row that counts", where=str(path), hint="check filter and time column")
    values, status, wrong = _matrix(table, columns, chosen, np.flatnonzero(kept)[order])
    counts = Counts(
        rows=len(order),
        other=len(kept) - rows,
        unreadable=found.unreadable,
        skipped=found.skipped,
        ambiguous=found.ambiguous,
        disordered=disordered,
        duplicate=duplicate,
        cells=wrong,
    )
    names = tuple(column.name for column in columns)
    return Recording(names, found.times[order], values, status, chosen, target.profile.hold, counts)


def _headings(chosen: Layout, columns: Sequence[Column]) -> list[str]:
    wanted = [chosen.time, *chosen.filter]
    wanted += [heading for column in columns for heading in (column.column, column.status) if heading]
    return list(dict.fromkeys(wanted))


def _filtered(table: Table, chosen: Layout) -> Flags:
    kept = np.ones(table[chosen.time].rows, np.bool_)
    for heading, wanted in chosen.filter.items():
        kept &= _equal(table[heading], wanted)
    return kept


def _equal(cells: Cells, wanted: str | float | bool) -> Flags:
    """Rows whose cell is the wanted text or number; ``100`` is ``100.0``."""
    if isinstance(wanted, str) and cells.texts is not None:
        return np.array([text == wanted for text in cells.texts], np.bool_)
    try:
        number = float(wanted)
    except ValueError:
        return np.zeros(cells.rows, np.bool_)
    return np.equal(_numbers(cells, ".")[0], number)


def _picked(cells: Cells, kept: Flags) -> Cells:
    if cells.texts is not None:
        return Cells(texts=[cells.texts[row] for row in np.flatnonzero(kept)])
    if cells.numbers is not None:
        return Cells(numbers=cells.numbers[kept])
    return cells._replace(instants=None if cells.instants is None else cells.instants[kept])


def _order(found: Instants) -> tuple[Ints, int, int]:
    """Rows in order of time, the first of equals; how many stepped back, how many were dropped."""
    rows = np.flatnonzero(found.known)
    times = found.times[rows]
    disordered = int((times < np.maximum.accumulate(times)).sum()) if len(times) else 0
    order = np.argsort(times, kind="stable")
    ranked = times[order]
    first = np.ones(len(ranked), np.bool_)
    first[1:] = ranked[1:] != ranked[:-1]
    return rows[order][first], disordered, int((~first).sum())


def _matrix(
    table: Table, columns: Sequence[Column], chosen: Layout, rows: Ints
) -> tuple[Matrix, NDArray[np.uint32], int]:
    """Values and StatusCodes of the rows, and the number of cells that are not numbers."""
    values = np.empty((len(rows), len(columns)))
    status = np.zeros((len(rows), len(columns)), np.uint32)
    wrong = 0
    for place, column in enumerate(columns):
        if column.column is None:
            values[:, place] = chosen.values.get(column.name, column.value)
            continue
        raw, strange = _numbers(table[column.column], chosen.decimal)
        wrong += int(strange[rows].sum())
        codes = _codes(table[column.status]) if column.status else np.zeros(len(raw), np.uint32)
        codes[strange] = UNREADABLE
        codes[np.isin(raw, column.sentinels)] = SENTINEL
        raw = np.where(codes == SENTINEL, np.nan, raw)
        values[:, place] = raw[rows] * column.scale + column.offset
        status[:, place] = codes[rows]
    return values, status, wrong


def _numbers(cells: Cells, decimal: str) -> tuple[Floats, Flags]:
    """Cells as numbers, NaN where there is none; and which hold something else."""
    if cells.numbers is not None:
        return cells.numbers, np.zeros(len(cells.numbers), np.bool_)
    if cells.texts is None:
        return np.full(cells.rows, np.nan), np.ones(cells.rows, np.bool_)
    texts = cells.texts if decimal == "." else [text.replace(decimal, ".") for text in cells.texts]
    read = [_number(text) for text in texts]
    strange = np.array([number is None for number in read], np.bool_)
    return np.array([np.nan if number is None else number for number in read], np.float64), strange


def _number(text: str) -> float | None:
    try:
        return float(text) if text else np.nan
    except ValueError:
        return _WORDS.get(text.lower())


_WORDS: Mapping[str, float] = {"true": 1.0, "false": 0.0}


def _codes(cells: Cells) -> Codes:
    """StatusCodes of a column; blank is Good, what is no StatusCode is Bad."""
    numbers, strange = _numbers(cells, ".")
    numbers = np.where(np.isnan(numbers), 0.0, numbers)
    valid = (numbers >= 0) & (numbers < 2**32) & ~strange
    return np.where(valid, numbers, float(Status.BAD)).astype(np.uint32)
