"""One byte string out of another: pieces of the old one and literals between them.

Blocks of the old string are looked up at every byte of the new one and grown in both
directions (the idea of rsync and of VCDIFF, RFC 3284), with no format but a table of
12-byte rows: literal bytes, then start and length of a piece, as little-endian numbers.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

BLOCK = 64
"""Shortest piece that is taken from the old string."""

_ROW = struct.Struct("<III")


class Splice(NamedTuple):
    """How to make the new string.

    Attributes:
        rows: Number of rows in the table.
        table: The rows.
        literals: What the old string has not got.
    """

    rows: int
    table: bytes
    literals: bytes


def splice(old: bytes, new: bytes) -> Splice:
    """The pieces of ``old`` that ``new`` is made of; time grows with the sum of their lengths."""
    index = {old[start : start + BLOCK]: start for start in range(0, len(old) - BLOCK + 1, BLOCK)}
    table, literals, told, here = bytearray(), bytearray(), 0, 0
    while here + BLOCK <= len(new):
        start = index.get(new[here : here + BLOCK])
        if start is None:
            here += 1
            continue
        back = _alike_before(old, start, new, here, here - told)
        length = back + _alike(old, start, new, here)
        table += _ROW.pack(here - back - told, start - back, length)
        literals += new[told : here - back]
        told = here = here - back + length
    if told < len(new):
        table += _ROW.pack(len(new) - told, 0, 0)
        literals += new[told:]
    return Splice(len(table) // _ROW.size, bytes(table), bytes(literals))


def table_size(rows: int) -> int:
    """Bytes of a table."""
    return rows * _ROW.size


def most_rows(size: int) -> int:
    """Most rows of a table that makes so many bytes."""
    return size // BLOCK + 1


def join(old: bytes, table: bytes, literals: bytes, size: int) -> bytes:
    """The new string.

    Raises:
        ValueError: The table does not make ``size`` bytes of exactly what there is.
    """
    made, used = bytearray(), 0
    for literal, start, length in _ROW.iter_unpack(table):
        if used + literal > len(literals) or start + length > len(old) or len(made) + literal + length > size:
            raise ValueError("a row lies outside")
        made += literals[used : used + literal]
        made += old[start : start + length]
        used += literal
    if used != len(literals) or len(made) != size:
        raise ValueError("the rows do not add up")
    return bytes(made)


def _alike(old: bytes, start: int, new: bytes, here: int) -> int:
    """Bytes that are equal from two places on."""
    found, step = 0, 1 << 16
    while step:
        part = old[start + found : start + found + step]
        if len(part) == step and part == new[here + found : here + found + step]:
            found += step
        else:
            step >>= 1
    return found


def _alike_before(old: bytes, start: int, new: bytes, here: int, most: int) -> int:
    """Bytes that are equal before two places, at most so many."""
    found = 0
    while found < min(most, start) and old[start - found - 1] == new[here - found - 1]:
        found += 1
    return found
