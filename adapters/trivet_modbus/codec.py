"""Blocks of register words as readings; pure.

A block's decoder is compiled once. One gather brings the answer's bytes into
little-endian order, value after value and type beside type, so that all byte
orders, gaps and mixed types cost the same; numpy then reads each type as a view.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trivet.signals import Codes, Floats, Ints, Readings, Status
from trivet_modbus.kinds import KINDS, NO_NUMBER, VIEWS, values
from trivet_modbus.plan import Block
from trivet_modbus.points import ModbusPoint
from trivet_modbus.words import order

NOT_AVAILABLE = int(Status.BAD_OUT_OF_SERVICE)
NOT_A_NUMBER = int(Status.BAD_NO_DATA)
NOT_DECODED = int(Status.BAD_DECODING_ERROR)
OUT_OF_RANGE = int(Status.BAD_OUT_OF_RANGE)


@dataclass(frozen=True, slots=True)
class _Part:
    """Values of one type: which rows they fill, and where their bytes are after the gather."""

    type: str
    rows: slice
    bytes: slice
    low: NDArray[np.uint64]
    mask: NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Decoder:
    """The compiled decoder of one block; readings first, conditions after them.

    Attributes:
        block: What it decodes.
        names: The vocabulary of the readings it makes.
        points: The points of its rows, in row order.
        readings: Number of rows that are readings; those after them are conditions.
        deciding: Rows that decide how others are read, with their point's name.
        scaled: Rows that wait for a scale factor, with the name of its point.
    """

    block: Block
    names: tuple[str, ...]
    points: tuple[ModbusPoint, ...]
    readings: int
    deciding: tuple[tuple[int, str], ...]
    scaled: tuple[tuple[int, str], ...]
    _column: Ints
    _gather: NDArray[np.intp]
    _size: int
    _plain: np.dtype[Any] | None
    _nothing: Floats
    _parts: tuple[_Part, ...]
    _scale: Floats | None
    _offset: Floats | None
    _sentinels: Floats | None
    _limits: Floats | None
    _coded: tuple[tuple[int, Mapping[float, float]], ...]
    _checked: bool
    _good: Codes

    def decode(self, payload: bytes, source: int, receive: int, origin: str) -> tuple[Readings, Floats]:
        """An answer's data bytes as readings, and the states of its conditions.

        Args:
            payload: Exactly ``block.size`` bytes, as they came over the wire.
            source: Middle of the request [ns, UTC].
            receive: End of the request [ns, UTC].
            origin: Endpoint it came from.

        Raises:
            ValueError: The number of bytes is wrong.
        """
        if self._checked:
            # a signalling NaN and an overflow raise flags that numpy would print
            with np.errstate(invalid="ignore", over="ignore"):
                raw = self._raw(payload)
                values = self._scaled(raw)
                status, reasons = self._judged(raw, values)
        else:
            values, status, reasons = self._scaled(self._raw(payload)), self._good, _NO_REASONS
        rows = self.readings
        return self._readings(values[:rows], status, source, receive, origin, reasons), values[rows:]

    def refused(self, status: int, reason: str, when: int, origin: str) -> Readings:
        """The same points without numbers, because the controller did not hand them out."""
        rows = self.readings
        codes = np.full(rows, status, np.uint32)
        reasons = dict.fromkeys(range(rows), reason)
        return self._readings(np.full(rows, np.nan), codes, when, when, origin, reasons)

    def _raw(self, payload: bytes) -> NDArray[Any]:
        """The numbers in the registers, of whatever numpy type."""
        if len(payload) != self._size:
            raise ValueError(f"{len(payload)} bytes for a block of {self._size}")
        if self._plain is not None:
            return np.frombuffer(payload, self._plain)
        data = np.frombuffer(payload, np.uint8)
        if self.block.table.bits:
            return np.unpackbits(data, bitorder="little")[self._gather].astype(np.float64)
        ordered = data[self._gather]
        raw = np.empty(len(self.points))
        for part in self._parts:
            raw[part.rows] = values(part.type, ordered[part.bytes], part.low, part.mask)
        return raw

    def _scaled(self, raw: NDArray[Any]) -> Floats:
        values: Floats = raw.astype(np.float64) if self._scale is None else raw * self._scale
        return values if self._offset is None else values + self._offset

    def _judged(self, raw: NDArray[Any], values: Floats) -> tuple[Codes, Mapping[int, str]]:
        """Status of each row; what the controller marks as no number becomes NaN in place."""
        causes = self._causes(raw, values)
        if not causes:
            return self._good, _NO_REASONS
        status = np.zeros(len(values), np.uint32)
        reasons = {}
        for row, (code, reason) in causes.items():
            status[row] = code
            if code != OUT_OF_RANGE:
                values[row] = np.nan
            if row < self.readings:
                reasons[row] = reason
        return status[: self.readings], reasons

    def _causes(self, raw: NDArray[Any], values: Floats) -> dict[int, tuple[int, str]]:
        """Status and reason of the rows that are not Good."""
        causes = {}
        # 0 times each value adds up to 0 unless one is infinite or no number; that is the quickest way to know
        finite = values.dot(self._nothing) == 0.0
        if not finite:
            causes = {row: _no_number(self.points[row]) for row in np.flatnonzero(~np.isfinite(values)).tolist()}
        if self._sentinels is not None:
            marked = np.isfinite(values) & (raw == self._sentinels).any(axis=0)
            causes.update(dict.fromkeys(np.flatnonzero(marked).tolist(), (NOT_AVAILABLE, "sentinel")))
        if self._limits is not None:
            outside = np.flatnonzero((values < self._limits[0]) | (values > self._limits[1])).tolist()
            causes.update({row: (OUT_OF_RANGE, "out_of_range") for row in outside if row not in causes})
        for row, codes in self._coded:
            if row in causes:
                continue
            values[row] = codes.get(float(raw[row]), np.nan)
            if np.isnan(values[row]):
                causes[row] = (NOT_DECODED, "unknown_state")
        return causes

    def _readings(
        self, values: Floats, status: Codes, source: int, receive: int, origin: str, reasons: Mapping[int, str]
    ) -> Readings:
        taken, heard = _repeated(source, self.readings), _repeated(receive, self.readings)
        return Readings(self.names, self._column, values, status, taken, heard, origin, reasons)


def _repeated(time: int, rows: int) -> Ints:
    """One time for all rows, kept once."""
    return np.ndarray((rows,), np.int64, time.to_bytes(8, sys.byteorder, signed=True), 0, (0,))


_NO_REASONS: Mapping[int, str] = {}


def compile_decoder(block: Block, names: Sequence[str], deciders: Collection[str] = ()) -> Decoder:
    """The decoder of a block whose readings are named by ``names``; some of its points may decide about others."""
    points = tuple(sorted(block.points, key=lambda one: (one.severity > 0, one.type)))
    readings = sum(not one.severity for one in points)
    column = np.array([names.index(one.name) for one in points[:readings]], np.int64)
    scale = np.array([one.scale for one in points])
    offset = np.array([one.offset for one in points])
    good = np.broadcast_to(np.uint32(Status.GOOD), (readings,))
    column.flags.writeable = False
    sentinels, limits = _sentinels(points), _limits(points)
    coded = tuple((row, dict(one.codes)) for row, one in enumerate(points) if one.codes)
    unsure = any(KINDS[one.type].family in ("float", *NO_NUMBER) for one in points)
    gather = _gather(points, block)
    return Decoder(
        block=block,
        names=tuple(names),
        points=points,
        readings=readings,
        deciding=tuple((row, one.name) for row, one in enumerate(points) if one.name in deciders),
        scaled=tuple((row, one.scale_register) for row, one in enumerate(points[:readings]) if one.scale_register),
        _column=column,
        _gather=gather,
        _size=block.size,
        _nothing=np.zeros(len(points)),
        _plain=_plain(points, block, gather),
        _parts=_parts(points),
        _scale=scale if (scale != 1.0).any() else None,
        _offset=offset if offset.any() else None,
        _sentinels=sentinels,
        _limits=limits,
        _coded=coded,
        _checked=bool(unsure or coded or sentinels is not None or limits is not None),
        _good=good,
    )


def _gather(points: Sequence[ModbusPoint], block: Block) -> NDArray[np.intp]:
    if block.table.bits:
        return np.array([one.address - block.address for one in points], np.intp)
    return np.array([index for one in points for index in order(one, one.address - block.address)], np.intp)


def _plain(points: Sequence[ModbusPoint], block: Block, gather: NDArray[np.intp]) -> np.dtype[Any] | None:
    """The numpy type of a block that is nothing but values of one type, most significant byte first; else None."""
    view = VIEWS.get(points[0].type, "") if len({one.type for one in points}) == 1 else ""
    if not view or block.table.bits or len(gather) != block.size:
        return None
    wire = np.arange(block.size).reshape(len(points), -1)[:, ::-1].reshape(-1)
    return np.dtype(view.replace("<", ">")) if np.array_equal(gather, wire) else None


def _parts(points: Sequence[ModbusPoint]) -> tuple[_Part, ...]:
    parts = []
    row = start = 0
    for (_, kind), group in groupby(points, key=lambda one: (one.severity > 0, one.type)):
        members = tuple(group)
        stop = start + sum(2 * one.words for one in members)
        low = np.array([one.bits[0] for one in members], np.uint64)
        mask = np.array([(1 << (one.bits[1] - one.bits[0] + 1)) - 1 for one in members], np.uint64)
        parts.append(_Part(kind, slice(row, row + len(members)), slice(start, stop), low, mask))
        row, start = row + len(members), stop
    return tuple(parts)


def _sentinels(points: Sequence[ModbusPoint]) -> Floats | None:
    """``(most, rows)`` sentinels, padded with NaN, which equals nothing; None when there are none."""
    most = max((len(one.sentinels) for one in points), default=0)
    if not most:
        return None
    table = np.full((most, len(points)), np.nan)
    for row, one in enumerate(points):
        table[: len(one.sentinels), row] = one.sentinels
    return table


def _limits(points: Sequence[ModbusPoint]) -> Floats | None:
    """``(2, rows)`` smallest and largest values; None when no point has any."""
    if all(one.limits is None for one in points):
        return None
    return np.array([one.limits or (-np.inf, np.inf) for one in points]).T


def _no_number(point: ModbusPoint) -> tuple[int, str]:
    reason = NO_NUMBER.get(KINDS[point.type].family)
    return (NOT_DECODED, reason) if reason else (NOT_A_NUMBER, "not_a_number")
