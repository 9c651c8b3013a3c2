"""Raw registers of a unit, recorded and replayed.

A tape has one JSON object a line, one line an answer, as it came over the wire::

    {"time": 1763680000123456789, "table": "holding", "address": 100, "words": [2301, 65535]}

``time`` is the source time [ns, UTC]; in the bit tables ``words`` are bits. A profile's mistakes can so be
found and mended long after the machine has gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from trivet.errors import AdapterError, DocumentError, Message
from trivet.signals import SECOND
from trivet_modbus.address import LAST, Table
from trivet_modbus.plan import Block

ILLEGAL_ADDRESS = 2
LARGEST = 1 << 28
LONGEST_LINE = 1 << 16


class Strip(NamedTuple):
    """One answer."""

    time: int
    table: Table
    address: int
    words: tuple[int, ...]


class Recorder:
    """Appends answers to a tape."""

    def __init__(self, path: Path) -> None:
        """Opens the tape.

        Raises:
            AdapterError: The file cannot be written.
        """
        try:
            self._file: TextIO = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            hint = "correct `raw` of the endpoint"
            raise AdapterError(
                Message("cannot write {path}: {strerror}", path=path, strerror=error.strerror), hint=hint
            ) from error

    def put(self, block: Block, payload: bytes, time: int) -> None:
        """Keeps the data bytes of an answer.

        Raises:
            AdapterError: The disk is full, or the file gone.
        """
        line = {"time": time, "table": block.table.value, "address": block.address, "words": words(block, payload)}
        try:
            self._file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise AdapterError(
                Message("cannot write the raw words: {strerror}", strerror=error.strerror), hint="make room"
            ) from error

    def close(self) -> None:
        """Closes the file."""
        self._file.close()


class Tape:
    """Registers as they were recorded, over and over; takes the place of an ``Image``."""

    def __init__(self, strips: Sequence[Strip]) -> None:
        self._strips = sorted(strips, key=lambda strip: strip.time)
        self._first = self._strips[0].time
        steps = [later.time - one.time for one, later in zip(self._strips, self._strips[1:], strict=False)]
        self._span = self._strips[-1].time - self._first + max([step for step in steps if step], default=SECOND)
        self._began: int | None = None
        self._memory: dict[tuple[Table, int], int] = {}
        self._next = 0

    def wind(self, now: int) -> None:
        """Shows what was recorded as long after the beginning as ``now`` [ns] is after the first look."""
        self._began = now if self._began is None else self._began
        position = self._first + (now - self._began) % self._span
        if not self._memory or (self._next and self._strips[self._next - 1].time > position):
            self._rewind()
        while self._next < len(self._strips) and self._strips[self._next].time <= position:
            self._lay(self._strips[self._next])
            self._next += 1

    def read(self, table: Table, address: int, count: int) -> bytes | int:
        """The data bytes of a read request, or the exception code it earns."""
        found = [self._memory.get((table, address + index)) for index in range(count)]
        known = [value for value in found if value is not None]
        if len(known) < count:
            return ILLEGAL_ADDRESS
        if not table.bits:
            return b"".join(value.to_bytes(2, "big") for value in known)
        packed = bytearray((count + 7) // 8)
        for index, value in enumerate(known):
            packed[index // 8] |= value << index % 8
        return bytes(packed)

    def _rewind(self) -> None:
        """What was recorded first of every address, so that none is missing in the beginning."""
        self._next = 0
        for strip in reversed(self._strips):
            self._lay(strip)

    def _lay(self, strip: Strip) -> None:
        for index, word in enumerate(strip.words):
            self._memory[strip.table, strip.address + index] = word


def words(block: Block, payload: bytes) -> list[int]:
    """The registers, or bits, of an answer's data bytes."""
    if block.table.bits:
        return [payload[index // 8] >> index % 8 & 1 for index in range(block.count)]
    return [int.from_bytes(payload[index : index + 2], "big") for index in range(0, 2 * block.count, 2)]


def load(path: str | Path) -> Tape:
    """The tape in a file.

    Raises:
        DocumentError: It cannot be read, is empty or holds something else.
    """
    try:
        strips = list(_strips(Path(path)))
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        message = Message("is no tape of raw words ({kind}: {reason})", kind=type(error).__name__, reason=error)
        hint = "record one with `settings: {raw: FILE}` of the endpoint"
        raise DocumentError(message, where=str(path), hint=hint, rule="TRV-M123") from error
    if not strips:
        raise DocumentError("holds no raw words", where=str(path), hint="record some", rule="TRV-M123")
    return Tape(strips)


def _strips(path: Path) -> Iterator[Strip]:
    if path.stat().st_size > LARGEST:
        raise ValueError(f"more than {LARGEST} bytes")
    with path.open(encoding="utf-8") as file:
        while line := file.readline(LONGEST_LINE):
            if line.strip():
                yield _strip(json.loads(line))


def _strip(node: Any) -> Strip:
    strip = Strip(node["time"], Table(node["table"]), node["address"], tuple(node["words"]))
    largest = 1 if strip.table.bits else LAST
    if not all(type(word) is int and 0 <= word <= largest for word in strip.words) or not strip.words:
        raise ValueError("a word is none")
    if type(strip.time) is not int or type(strip.address) is not int:
        raise TypeError("`time` and `address` are whole numbers")
    if not 0 <= strip.address <= LAST + 1 - len(strip.words):
        raise ValueError(f"address {strip.address} leaves the table")
    return strip
