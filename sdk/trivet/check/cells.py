"""Columns of a table as numpy arrays, with what is wrong in them counted; needs pyarrow."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivet.check.headings import Heading
from trivet.check.tally import Moments, Tally
from trivet.errors import DataError, Message
from trivet.signals import Floats, Ints

UNITS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
"""Unit of a numeric time column to its nanoseconds."""


def instants(array: Any, unit: str | None, where: str) -> Ints:
    """Times as nanoseconds since the epoch; a time without a zone is taken as UTC, only differences count."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if array.null_count:
        raise DataError("has rows without a time", where=where, hint="remove them")
    kind = array.type
    try:
        if pa.types.is_string(kind) or pa.types.is_large_string(kind):
            array = pc.cast(array, pa.float64()) if unit else _iso(array, pa)
            kind = array.type
        if pa.types.is_timestamp(kind):
            return np.asarray(
                array.cast(pa.timestamp("ns", tz=kind.tz)).cast(pa.int64()).to_numpy(zero_copy_only=False)
            )
        if unit is not None and (pa.types.is_integer(kind) or pa.types.is_floating(kind)):
            return np.asarray(array.to_numpy(zero_copy_only=False) * UNITS[unit]).astype(np.int64)
    except pa.ArrowInvalid as error:
        raise DataError(
            Message("is no time ({reason})", reason=str(error)[:120]), where=where, hint="write ISO 8601"
        ) from error
    hint = "say with --time-unit what the numbers count since 1970: s, ms, us or ns"
    raise DataError(Message("of type {kind} is no time", kind=kind), where=where, hint=hint)


def _iso(array: Any, pa: Any) -> Any:
    """ISO 8601 with or without a zone."""
    try:
        return array.cast(pa.timestamp("ns", tz="UTC"))
    except pa.ArrowInvalid:
        return array.cast(pa.timestamp("ns"))


def numbers(array: Any, heading: Heading, tally: Tally, moments: Moments) -> Floats:
    """A quantity in the signal's unit, float64 ``(rows,)``; NaN where there is none."""
    import pyarrow as pa

    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        array = _parsed(array, tally, moments)
    values = np.asarray(array.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    for sentinel in heading.sentinels:
        values = np.where(values == sentinel, np.nan, values)
    if heading.scale != 1.0 or heading.offset != 0.0:
        values = values * heading.scale + heading.offset
    return values


def _parsed(array: Any, tally: Tally, moments: Moments) -> Any:
    """Texts as numbers; those that are none are counted and left out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(array)
    empty = pc.equal(trimmed, "")
    number = pc.match_substring_regex(trimmed, r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^(?i:nan)$")
    wrong = pc.fill_null(pc.and_not(pc.invert(number), empty), False)
    if wrong.true_count:
        first = [str(text) for text in trimmed.filter(wrong)[:3].to_pylist()]
        tally.cells(moments, np.asarray(wrong.to_numpy(zero_copy_only=False)), first)
    return pc.if_else(pc.fill_null(number, False), trimmed, pa.scalar(None, array.type)).cast(pa.float64())


def states(array: Any, heading: Heading, tally: Tally, moments: Moments) -> None:
    """States by name or by code; codes may be numbers or texts."""
    import pyarrow as pa

    if not pa.types.is_dictionary(array.type):
        array = array.dictionary_encode()
    texts = [_code(value) for value in array.dictionary.to_pylist()]
    given = np.asarray(array.is_valid().to_numpy(zero_copy_only=False))
    index = np.asarray(array.indices.fill_null(0).to_numpy(zero_copy_only=False)).astype(np.int64)
    blank = np.array([text in ("", "nan") for text in texts] or [True])
    known = np.array([text in heading.states for text in texts] or [True])
    given = given & ~blank[index]
    tally.states(moments, given, given & ~known[index], texts, index)


def _code(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return str(value).strip()
