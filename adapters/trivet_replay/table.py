"""Tables as they lie on disk: the wanted columns of one Parquet or CSV file, bounded in size.

CSV is read with the standard library, Parquet with pyarrow.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trivet.errors import AdapterError, DataError
from trivet.signals import Floats, Ints

MOST_ROWS = 20_000_000
MOST_BYTES = 4 * 2**30
LONGEST_CELL = 10_000
PARQUET = (".parquet", ".pq")


class Cells(NamedTuple):
    """One column as the file has it; exactly one of the three is given.

    Attributes:
        texts: Of CSV, and of Parquet's texts; empty where there is nothing.
        numbers: float64 ``(rows,)``; NaN where there is nothing.
        instants: Of Parquet's timestamps [ns], int64 ``(rows,)``; the smallest integer where there is nothing.
        zoned: Whether ``instants`` are UTC rather than local.
    """

    texts: list[str] | None = None
    numbers: Floats | None = None
    instants: Ints | None = None
    zoned: bool = False

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return next(len(column) for column in self[:3] if column is not None)


Table = dict[str, Cells]


def read(path: Path, headings: Sequence[str], delimiter: str = ",") -> Table:
    """The named columns of a file; other columns are not read.

    Raises:
        DataError: The file is missing, broken, too large, or lacks a column.
        AdapterError: It is Parquet and pyarrow is not installed.
    """
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(f"the recording cannot be read ({error.strerror})", where=str(path)) from error
    if size > MOST_BYTES:
        raise DataError(f"the recording has more than {MOST_BYTES} bytes", where=str(path), hint="split it by day")
    if path.suffix.lower() in PARQUET:
        return _parquet(path, headings)
    return _csv(path, headings, delimiter)


def shape(path: Path, delimiter: str = ",") -> tuple[tuple[str, ...], int | None]:
    """Headings and number of rows of a file, without reading the rows; None where only reading would tell.

    Raises:
        DataError: The file is missing or broken.
        AdapterError: It is Parquet and pyarrow is not installed.
    """
    if path.suffix.lower() in PARQUET:
        file = _open_parquet(path)
        return tuple(file.schema_arrow.names), int(file.metadata.num_rows)
    return tuple(next(_lines(path, delimiter))), None


def _csv(path: Path, headings: Sequence[str], delimiter: str) -> Table:
    lines = _lines(path, delimiter)
    first = next(lines)
    _demand(path, headings, first)
    places = [first.index(heading) for heading in headings]
    columns: list[list[str]] = [[] for _ in headings]
    for count, line in enumerate(lines):
        if count >= MOST_ROWS:
            raise _too_long(path)
        if not line:
            continue
        for column, place in zip(columns, places, strict=True):
            column.append(line[place].strip() if place < len(line) else "")
    return {heading: Cells(texts=column) for heading, column in zip(headings, columns, strict=True)}


def _lines(path: Path, delimiter: str) -> Iterator[list[str]]:
    """Rows of a CSV file; the first is the headings."""
    csv.field_size_limit(LONGEST_CELL)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, delimiter=delimiter, strict=True)
            yield [text.strip() for text in next(reader, [])]
            yield from reader
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"the recording is not CSV in UTF-8 ({error})", where=str(path)) from error


def _parquet(path: Path, headings: Sequence[str]) -> Table:
    file = _open_parquet(path)
    import pyarrow as pa

    _demand(path, headings, file.schema_arrow.names)
    if file.metadata.num_rows > MOST_ROWS:
        raise _too_long(path)
    try:
        table = file.read(columns=list(headings), use_threads=False)
        return {heading: _cells(table.column(heading), pa) for heading in headings}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise DataError(f"the recording is not readable Parquet ({_first_line(error)})", where=str(path)) from error


def _open_parquet(path: Path) -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise AdapterError(
            "Parquet needs pyarrow, which is not installed",
            where=str(path),
            hint="pip install 'trivet[parquet]', or use CSV",
        ) from error
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"the recording is not readable Parquet ({_first_line(error)})", where=str(path)) from error


def _cells(column: Any, pa: Any) -> Cells:
    """One Parquet column in one of our three forms."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        instants = column.cast(pa.timestamp("ns")).cast(pa.int64()).fill_null(np.iinfo(np.int64).min)
        return Cells(instants=instants.to_numpy(), zoned=kind.tz is not None)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        return Cells(texts=["" if text is None else str(text).strip() for text in column.to_pylist()])
    if pa.types.is_boolean(kind):
        column = column.cast(pa.uint8())
    return Cells(numbers=column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64))


def _demand(path: Path, headings: Sequence[str], present: Sequence[str]) -> None:
    for heading in headings:
        if list(present).count(heading) != 1:
            found = "twice" if heading in present else "not"
            shown = ", ".join(present[:20])
            raise DataError(
                f"column {heading!r} is {found} in the recording", where=str(path), hint=f"its columns are {shown}"
            )


def _too_long(path: Path) -> DataError:
    return DataError(f"the recording has more than {MOST_ROWS} rows", where=str(path), hint="split it by day")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
