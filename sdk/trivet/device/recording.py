"""What an endpoint said, as JSON lines, and back: every value with its status, both times, reason and origin.

A line is one of ``{"session": {"names", "origin", "provenance"}}``, which holds for the rows after
it, ``{"rows": [[name, value, status, source, receive, reason], ...]}`` with the name's number and
null for no number, ``{"condition": {...}}`` and ``{"gap": {...}}``. Times are ns UTC. A device
document whose endpoint says ``record:FILE`` reads them in place of the controller.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from trivet.device.adapter import Clock, Target
from trivet.device.clock import RecordingClock
from trivet.errors import DataError
from trivet.signals import SECOND, Condition, Gap, Item, Readings

SCHEME = "record"
LONGEST_LINE = 16_000_000
REFUSED = (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError)
"""What a line that is none of a recording can raise on its way to an item."""


class Writer:
    """Makes lines out of items; a session's line whenever its names or its provenance change."""

    def __init__(self) -> None:
        self._session: Any = None

    def lines(self, item: Item) -> Iterator[str]:
        """The lines of one item, without their newline."""
        if isinstance(item, Readings):
            session = {"names": list(item.names), "origin": item.origin, "provenance": dict(item.provenance)}
            if session != self._session:
                self._session = session
                yield _text({"session": session})
            yield _text({"rows": _rows(item)})
        elif isinstance(item, Condition):
            yield _text({"condition": dataclasses.asdict(item)})
        else:
            yield _text({"gap": dataclasses.asdict(item)})


class Reader:
    """Makes items out of lines."""

    def __init__(self) -> None:
        self._names: tuple[str, ...] = ()
        self._origin = ""
        self._provenance: dict[str, str] = {}

    def item(self, line: str) -> Item | None:
        """The item of a line; None for one that only says what the next ones are of.

        Raises:
            Exception: One of ``REFUSED``: the line is none of a recording.
        """
        tree = json.loads(line)
        if not isinstance(tree, dict):
            raise TypeError("a line is an object")
        if "session" in tree:
            said = tree["session"]
            self._names = tuple(str(name) for name in said["names"])
            self._origin = str(said["origin"])
            self._provenance = {str(key): str(text) for key, text in said["provenance"].items()}
            return None
        if "rows" in tree:
            return self._readings(tree["rows"])
        return _condition(tree["condition"]) if "condition" in tree else _gap(tree["gap"])

    def _readings(self, rows: Sequence[Sequence[Any]]) -> Readings:
        column = np.array([row[0] for row in rows], np.int64)
        if len(column) and not 0 <= int(column.min()) <= int(column.max()) < len(self._names):
            raise ValueError("a row names a point that its session has not")
        return Readings(
            names=self._names,
            column=column,
            values=np.array([math.nan if row[1] is None else row[1] for row in rows], np.float64),
            status=np.array([row[2] for row in rows], np.uint32),
            source=np.array([row[3] for row in rows], np.int64),
            receive=np.array([row[4] for row in rows], np.int64),
            origin=self._origin,
            reasons={number: str(row[5]) for number, row in enumerate(rows) if row[5]},
            provenance=self._provenance,
        )


def _condition(said: Any) -> Condition:
    acked, severity = said["acked"], _whole(said["severity"])
    return Condition(
        id=str(said["id"]),
        active=bool(said["active"]),
        acked=None if acked is None else bool(acked),
        severity=severity,
        message=str(said["message"]),
        source=_whole(said["source"]),
        receive=_whole(said["receive"]),
        origin=str(said["origin"]),
    )


def _gap(said: Any) -> Gap:
    end = None if said["end"] is None else _whole(said["end"])
    return Gap(_whole(said["start"]), end, str(said["reason"]), str(said["origin"]), str(said["detail"]))


def _whole(value: Any) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError(f"{value!r} is no whole number of 64 bits")
    return value


async def connect(target: Target, clock: Clock) -> AsyncIterator[Item]:
    """The items of a recording, at their own times; on a live clock not before it has reached them.

    Raises:
        DataError: The file cannot be read, or a line is none of a recording.
    """
    path = Path(target.folder) / target.endpoint.url.removeprefix(f"{SCHEME}:")
    for item in _items(path):
        if not isinstance(clock, RecordingClock):
            await clock.sleep(max((_time(item) - clock.now()) / SECOND, 0.0))
        yield dataclasses.replace(item, origin=target.name)


def _items(path: Path) -> Iterator[Item]:
    reader = Reader()
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE), ""), start=1):
                try:
                    item = reader.item(line)
                except REFUSED as error:
                    hint = "record it anew; a recording that was cut off ends with a whole line"
                    raise DataError(
                        f"the line is none of a recording ({error})", where=f"{path}:{number}", hint=hint
                    ) from error
                if item is not None:
                    yield item
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("the recording cannot be read", where=str(path), hint="check the path") from error


def _time(item: Item) -> int:
    if isinstance(item, Readings):
        return int(item.receive[-1]) if len(item) else 0
    return item.receive if isinstance(item, Condition) else (item.end or item.start)


def _rows(readings: Readings) -> list[list[Any]]:
    values = [None if math.isnan(value) else value for value in readings.values.tolist()]
    columns = (readings.column, readings.status, readings.source, readings.receive)
    column, status, source, receive = (each.tolist() for each in columns)
    rows = zip(column, values, status, source, receive, strict=True)
    return [[*row, readings.reasons.get(number, "")] for number, row in enumerate(rows)]


def _text(tree: dict[str, Any]) -> str:
    return json.dumps(tree, separators=(",", ":"), allow_nan=False)
