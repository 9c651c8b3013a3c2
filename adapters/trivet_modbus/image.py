"""The registers of a simulated controller: what a plant shows, laid out by a profile; pure.

How trouble shows, as real controllers do it: a value that is Bad or not finite
becomes NaN in a float and the first sentinel in an integer that has one; without
either, reading it gives exception 4. A value beyond the type stops at its end.
What the plant does not have reads as not available, or as 0 where a type cannot
say so. Addresses between the first and the last of a table that no point uses
read as 0; all others, and forbidden ones, give exception 2.
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
from trivet_modbus.layout import Map, profile_map
from trivet_modbus.points import ModbusPoint, point
from trivet_modbus.words import encode

ILLEGAL_ADDRESS = 2
DEVICE_FAILURE = 4
LARGEST = {name: float(np.finfo(name).max) for name in ("float16", "float32", "float64")}


@dataclass(frozen=True, slots=True)
class Cell:
    """One point and what feeds it.

    Attributes:
        point: Where it is.
        signal: Signal it shows, or the condition's id; empty when nothing feeds it.
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
        for table, cells in self._by_table().items():
            width = 1 if table.bits else 2
            size = width * (max(cell.point.end for cell in cells) - self._first[table])
            memory = bytearray(size)
            failed: set[int] = set()
            for cell in cells:
                data = _registers(cell, _raw(cell, snapshot, active))
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
            signal = one.name if one.severity else f"{source.signal}{suffix}" if source.signal else ""
            yield Cell(one, signal, codes)


def _raw(cell: Cell, snapshot: Snapshot, active: set[str]) -> float | None:
    """The raw number of a cell; NaN where the plant has none, None where it is Bad."""
    if cell.point.severity:
        return float(cell.signal in active)
    value = snapshot.values.get(cell.signal)
    if value is None:
        return math.nan
    if quality(snapshot.status.get(cell.signal, 0)) is Quality.BAD:
        return None
    if isinstance(value, str):
        return cell.codes.get(value)
    raw = (value - cell.point.offset) / cell.point.scale
    return raw if math.isfinite(raw) else None


def _registers(cell: Cell, raw: float | None) -> bytes | None:
    """The bytes of a cell; None where it cannot say that it has no value."""
    one = cell.point
    if one.type == "string":
        return bytes(2 * one.words)
    if raw is None or math.isnan(raw):
        mark = _mark(one)
        if mark is None:
            return None if raw is None else encode(one, 0.0)
        raw = mark
    return encode(one, _within(one, raw))


def _mark(one: ModbusPoint) -> float | None:
    """What the type shows when it has no value."""
    if one.type.startswith("float"):
        return math.nan
    return one.sentinels[0] if one.sentinels else None


def _within(one: ModbusPoint, raw: float) -> float:
    """A raw number, stopped at the ends of its type."""
    if one.type.startswith("float"):
        largest = LARGEST[one.type]
        return raw if math.isnan(raw) else min(max(raw, -largest), largest)
    if one.table.bits:
        return min(max(raw, 0.0), 1.0)
    if one.type.startswith("bcd"):
        return min(max(raw, 0.0), 10.0 ** (4 * one.words) - 1)
    width = one.bits[1] - one.bits[0] + 1 if one.type == "bit" else 16 * one.words
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if one.type.startswith("int") else (0, 2**width - 1)
    return float(min(max(round(raw), low), high))


def _packed(bits: bytes) -> bytes:
    """One byte a bit into eight bits a byte, the first in the lowest place (Application Protocol 1.1b3, 6.1)."""
    packed = bytearray((len(bits) + 7) // 8)
    for index, bit in enumerate(bits):
        packed[index // 8] |= bit << (index % 8)
    return bytes(packed)
