"""Recorded rows out of Parquet, CSV, JSON lines and Arrow files, batch by batch; needs pyarrow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trivet.errors import AdapterError, DataError, Message

BATCH = 65_536
"""Rows that are looked at together."""

SUFFIXES = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "lines",
    ".ndjson": "lines",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
}
LONGEST_LINE = 1 << 20


def batches(path: Path, delimiter: str = ",", decimal: str = ".") -> Iterator[Any]:
    """The record batches of a file, in its order.

    Raises:
        DataError: The file is missing, of no known kind, or broken.
        AdapterError: pyarrow is not installed.
    """
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        known = ", ".join(SUFFIXES)
        raise DataError(
            "is no known kind of table",
            where=str(path),
            hint=Message("its name must end in one of {known}", known=known),
        )
    try:
        import pyarrow as pa
    except ImportError as error:
        raise AdapterError("reading tables needs pyarrow", hint="pip install 'trivet[parquet]'") from error
    try:
        if kind == "csv":
            yield from _csv(path, "\t" if path.suffix.lower() == ".tsv" else delimiter, decimal)
        else:
            yield from {"parquet": _parquet, "lines": _lines, "arrow": _arrow}[kind](path)
    except (OSError, pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        reason = str(error).splitlines()[0][:200]
        raise DataError(
            Message("cannot be read as {kind} ({reason})", kind=kind, reason=reason),
            where=str(path),
            hint="check the file",
        ) from error


def _parquet(path: Path) -> Iterator[Any]:
    import pyarrow.parquet as pq

    # A row group may be as large as the file; buffered pages keep what is in memory small.
    with pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 18) as file:
        yield from file.iter_batches(batch_size=BATCH, use_threads=False)


def _csv(path: Path, delimiter: str, decimal: str) -> Iterator[Any]:
    """Without guessing: every cell is text, and becomes a number where a signal wants one."""
    import pyarrow as pa
    import pyarrow.csv as tables

    with path.open("rb") as file:
        head = file.readline(LONGEST_LINE).decode("utf-8-sig").rstrip("\r\n")
    names = next(iter(_cells(head, delimiter)), [])
    with tables.open_csv(
        path,
        read_options=tables.ReadOptions(block_size=1 << 22),
        parse_options=tables.ParseOptions(delimiter=delimiter),
        convert_options=tables.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, decimal_point=decimal
        ),
    ) as reader:
        yield from reader


def _cells(line: str, delimiter: str) -> Iterator[list[str]]:
    import csv

    yield from csv.reader([line], delimiter=delimiter)


def _arrow(path: Path) -> Iterator[Any]:
    import pyarrow as pa

    with pa.memory_map(str(path)) as source:
        try:
            reader = pa.ipc.open_file(source)
        except pa.ArrowInvalid:
            source.seek(0)
            yield from pa.ipc.open_stream(source)
            return
        for number in range(reader.num_record_batches):
            yield reader.get_batch(number)


def _lines(path: Path) -> Iterator[Any]:
    """JSON objects, one a line; a line that is none is named."""
    import pyarrow as pa

    rows: list[dict[str, Any]] = []
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), b""), 1):
            rows.append(_object(line, f"{path}:{number}"))
            if len(rows) == BATCH:
                yield pa.RecordBatch.from_pylist(rows)
                rows = []
    if rows:
        yield pa.RecordBatch.from_pylist(rows)


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError("is not a line of JSON", where=where, hint="write one object a line") from error
    if not isinstance(row, dict):
        raise DataError("is no object", where=where, hint="write one object a line")
    return row
