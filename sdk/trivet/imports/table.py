"""The columns of a recording as an interface: ranges, rates and gaps measured, units asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trivet.check.cells import instants, numbers
from trivet.check.headings import Heading
from trivet.check.rows import batches
from trivet.check.tally import Moments, Tally
from trivet.errors import DataError
from trivet.imports import OPEN, Wish
from trivet.imports.names import interface_head, interface_tail, quoted, snake
from trivet.interface.document import Signal

MOST_STATES = 32
"""A column of texts with more different ones is left out."""

ANYTHING = Signal(unit="1", range=(-math.inf, math.inf), period=1.0, max_age=math.inf)


class _Column:
    """What one column of the table held: numbers, or texts while there are few different ones."""

    def __init__(self, heading: str) -> None:
        self.heading = heading
        self.tally = Tally(ANYTHING)
        self.texts: dict[str, None] = {}

    def take(self, array: Any, moments: Moments) -> None:
        import pyarrow as pa

        if pa.types.is_integer(array.type) or pa.types.is_floating(array.type):
            self.tally.numbers(moments, numbers(array, Heading(self.heading, ANYTHING), self.tally, moments))
        elif len(self.texts) <= MOST_STATES:
            words = [str(value) for value in array.dictionary_encode().dictionary.to_pylist() if value is not None]
            if not self.texts and all(map(_numeric, words)):
                self.tally.numbers(
                    moments, numbers(array.cast(pa.string()), Heading("", ANYTHING), self.tally, moments)
                )
            else:
                self.texts.update(dict.fromkeys(words))

    def lines(self, name: str) -> Iterator[str]:
        """The signal, or a comment that says why there is none."""
        tally = self.tally
        if not tally.known and not self.texts:
            yield f"  # {quoted(self.heading)} has no values"
        elif len(self.texts) > MOST_STATES:
            yield f"  # {quoted(self.heading)} has more than {MOST_STATES} different texts"
        elif self.texts:
            states = ", ".join(f"'{number}': {snake(text)}" for number, text in enumerate(sorted(self.texts)))
            last = len(self.texts) - 1
            yield f"  {name}: {{unit: '1', range: [0, {last}], period: 1, max_age: 10, enumeration: {{{states}}}}}"
        else:
            period = tally.period or 1.0
            oldest = max(10 * period, min(tally.longest, 60.0))
            yield (
                f"  {name}: {{unit: {quoted(OPEN)}, range: [{tally.lowest:g}, {tally.highest:g}], period: {period:.3g},"
                f" max_age: {oldest:.3g}}}  # {tally.quality:.1%} of rows, longest silence {tally.longest:.3g} s"
            )


def draft(path: Path, wish: Wish) -> str:
    """The draft; ranges are those seen and have to be widened to what is physically possible.

    Raises:
        DataError: The file cannot be read, or has no time column.
    """
    columns: dict[str, _Column] = {}
    row, last = 0, None
    for batch in batches(path, wish.delimiter):
        if wish.time not in batch.schema.names:
            raise DataError(f"has no column {wish.time!r}", where=str(path), hint="name it with --time")
        times = instants(batch.column(wish.time), None, f"{path}: {wish.time}")
        for name in batch.schema.names:
            if name != wish.time and batch.num_rows:
                columns.setdefault(name, _Column(name)).take(batch.column(name), Moments(row, times, last))
        row, last = row + batch.num_rows, int(times[-1]) if batch.num_rows else last
    return "\n".join([*interface_head(wish.id, f"From {path.name}, {row} rows"), *_signals(columns)])


def _signals(columns: dict[str, _Column]) -> Iterator[str]:
    periods = [column.tally.period for column in columns.values() if column.tally.period]
    frame = max(1.0, round(min(periods, default=1.0)))
    yield f"frame: {frame:g}"
    yield f"settle: {2 * frame:g}"
    yield "signals:"
    taken: list[str] = []
    for column in columns.values():
        taken.append(snake(column.heading, taken))
        yield from column.lines(taken[-1])
    yield from interface_tail([], 60)


def _numeric(text: str) -> bool:
    try:
        float(text or "nan")
    except ValueError:
        return False
    return True
