"""The registers of a simulated controller: what a plant shows, laid out by a profile; pure.

How trouble shows, as real controllers do it: a value that is Bad or not finite
becomes NaN in a float and the first sentinel in an integer that has one; without
either, reading it gives exception 4. A value beyond the type stops at its end.
What the plant does not have reads as not available, or as 0 where a type cannot
say so. A point without a signal shows the value of its own name. What decides how
others are read (settings, powers of ten) is honoured. Addresses between the first and the last
of a table that no point uses read as 0; all others, and forbidden ones, give exception 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from trivet.device.adapter import Snapshot
from trivet.device.document import Profile
from trivet.signals import Quality, quality
from trivet_modbus.address import Table
from trivet_modbus.kinds import KINDS
from trivet_modbus.layout import Map, profile_map
from trivet_modbus.points import ModbusPoint, point
from trivet_modbus.words import encode, encode_text

ILLEGAL_ADDRESS = 2
DEVICE_FAILURE = 4
FIRST_TIME, LAST_TIME = 946_684_800.0, 4_102_444_799.0
"""The years 2000 to 2099."""
LARGEST = {name: float(np.finfo(name).max) for name in ("float16", "float32", "float64")}


@dataclass(frozen=True, slots=True)
class Cell:
    """One point and what feeds it.

    Attributes:
        point: Where it is.
        signal: Signal it shows, else its own name, which is also the id of a condition.
        codes: State name to native code.
    """

    point: ModbusPoint
    signal: str
    codes: Mapping[str, float]


class Image:
    """The tables of one controller.

    Attributes:
        profile: What lays them out.
    """

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._layout: Map = profile_map(profile)
        self._cells = tuple(_cells(profile))
        self._first = {table: min(c.point.address for c in cells) for table, cells in self._by_table().items()}
        self._memory = {table: bytearray() for table in self._first}
        self._failed: dict[Table, set[int]] = {}

    def show(self, snapshot: Snapshot) -> None:
        """Lays out what the plant shows now."""
        active = {condition.id for condition in snapshot.conditions if condition.active}
        decided = {cell.point.name: _number(cell, snapshot) for cell in self._cells}
        for table, cells in self._by_table().items():
            width = 1 if table.bits else 2
            size = width * (max(cell.point.end for cell in cells) - self._first[table])
            memory = bytearray(size)
            failed: set[int] = set()
            for cell in cells:
                data = _registers(cell, snapshot, active, decided)
                if data is None:
                    failed.update(range(cell.point.address, cell.point.end))
                    continue
                start = width * (cell.point.address - self._first[table])
                for index, byte in enumerate(data, start):
                    memory[index] |= byte
            self._memory[table], self._failed[table] = memory, failed

    def read(self, table: Table, address: int, count: int) -> bytes | int:
        """The data bytes of a read request, or the exception code it earns."""
        first, memory = self._first.get(table, 0), bytes(self._memory.get(table, b""))
        width = 1 if table.bits else 2
        start, stop = width * (address - first), width * (address + count - first)
        if start < 0 or stop > len(memory) or self._is_forbidden(table, address, count):
            return ILLEGAL_ADDRESS
        if not self._failed[table].isdisjoint(range(address, address + count)):
            return DEVICE_FAILURE
        return _packed(memory[start:stop]) if table.bits else memory[start:stop]

    def _by_table(self) -> dict[Table, list[Cell]]:
        tables: dict[Table, list[Cell]] = {}
        for cell in self._cells:
            tables.setdefault(cell.point.table, []).append(cell)
        return tables

    def _is_forbidden(self, table: Table, address: int, count: int) -> bool:
        spans = self._layout.forbidden
        return any(s.table is table and s.first < address + count and s.last >= address for s in spans)


def _cells(profile: Profile) -> Iterator[Cell]:
    for name, source in profile.points.items():
        codes: dict[str, float] = {}
        for code, state in source.enumeration.items():
            codes.setdefault(state, float(code))
        for one in point(source, profile).instances():
            suffix = one.name.removeprefix(name)
            signal = one.name if one.severity else f"{source.signal or name}{suffix}"
            yield Cell(one, signal, codes)


def _number(cell: Cell, snapshot: Snapshot) -> float:
    """What a cell shows as a number, 0 when nothing."""
    value = snapshot.values.get(cell.signal, 0.0)
    return cell.codes.get(value, 0.0) if isinstance(value, str) else value


def _raw(cell: Cell, one: ModbusPoint, snapshot: Snapshot, exponent: float) -> float | None:
    """The raw number of a cell; NaN where the plant has none, None where it is Bad."""
    value = snapshot.values.get(cell.signal)
    if value is None:
        return math.nan
    if quality(snapshot.status.get(cell.signal, 0)) is Quality.BAD:
        return None
    if one.codes or isinstance(value, str):
        code = cell.codes.get(value) if isinstance(value, str) else value
        native = {own: case for case, own in reversed(one.codes)}
        return code if code is None else native.get(code, code)
    raw = (value / 10.0**exponent - one.offset) / one.scale
    return raw if math.isfinite(raw) else None


def _registers(cell: Cell, snapshot: Snapshot, active: set[str], decided: Mapping[str, float]) -> bytes | None:
    """The bytes of a cell; None where it cannot say that it has no value."""
    one = dict(cell.point.cases).get(decided.get(cell.point.selector or "", math.nan), cell.point)
    if one.type == "string":
        shown = snapshot.values.get(cell.signal, "")
        return encode_text(one, shown if isinstance(shown, str) else "")
    if one.severity:
        return encode(one, float(cell.signal in active))
    exponent = max(min(decided.get(one.scale_register or "", 0.0), 10.0), -10.0)
    raw = _raw(cell, one, snapshot, exponent)
    if raw is None or math.isnan(raw):
        mark = _mark(one)
        if mark is None:
            return None if raw is None else encode(one, 0.0)
        raw = mark
    return encode(one, _within(one, raw))


def _mark(one: ModbusPoint) -> float | None:
    """What the type shows when it has no value."""
    if KINDS[one.type].family == "float":
        return math.nan
    return one.sentinels[0] if one.sentinels else None


def _within(one: ModbusPoint, raw: float) -> float:
    """A raw number, stopped at the ends of its type."""
    family, width = KINDS[one.type].family, KINDS[one.type].width
    if math.isnan(raw):
        return raw
    if family == "float":
        return min(max(raw, -LARGEST[one.type]), LARGEST[one.type])
    if family == "datetime":
        return min(max(raw, FIRST_TIME), LAST_TIME)
    if family == "bit":
        width = one.bits[1] - one.bits[0] + 1
    half = 2 ** (width - 1)
    low = {"int": -half, "signmag": 1 - half}.get(family, 0)
    tops = {"int": half - 1, "signmag": half - 1, "bcd": 10 ** (width // 4) - 1, "mod10k": 10_000**one.words - 1}
    high = tops.get(family, 2 * half - 1)
    if width == 64:
        high -= 1023 if family == "int" else 2047  # the largest double below
    return float(round(min(max(raw, low), high)))


def _packed(bits: bytes) -> bytes:
    """One byte a bit into eight bits a byte, the first in the lowest place (Application Protocol 1.1b3, 6.1)."""
    packed = bytearray((len(bits) + 7) // 8)
    for index, bit in enumerate(bits):
        packed[index // 8] |= bit << (index % 8)
    return bytes(packed)
