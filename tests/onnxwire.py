"""ONNX models written byte by byte, so that tests can write what no library would.

Field numbers are those of onnx.proto; nothing here is shared with the reader under test.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import Any

FLOAT, INT64, STRING = 1, 7, 8


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def block(field: int, data: bytes | str) -> bytes:
    raw = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(raw)) + raw


def real(field: int, value: float) -> bytes:
    return varint(field << 3 | 5) + struct.pack("<f", value)


def numbers(field: int, values: Iterable[int]) -> bytes:
    return b"".join(number(field, value) for value in values)


def floats(values: Sequence[float]) -> bytes:
    return struct.pack(f"<{len(values)}f", *values)


def int64s(values: Sequence[int]) -> bytes:
    return struct.pack(f"<{len(values)}q", *values)


def tensor(name: str, kind: int, dims: Sequence[int], raw: bytes, more: bytes = b"") -> bytes:
    return numbers(1, dims) + number(2, kind) + block(8, name) + block(9, raw) + more


def attribute(name: str, value: object, more: bytes = b"") -> bytes:
    """An attribute of the type that the Python value suggests; bytes are a tensor message."""
    head = block(1, name)
    if isinstance(value, int):
        return head + number(3, value) + number(20, 2) + more
    if isinstance(value, float):
        return head + real(2, value) + number(20, 1) + more
    if isinstance(value, str):
        return head + block(4, value) + number(20, 3) + more
    if isinstance(value, bytes):
        return head + block(5, value) + number(20, 4) + more
    if not isinstance(value, (list, tuple)):
        raise TypeError(type(value).__name__)
    if value and isinstance(value[0], str):
        return head + b"".join(block(9, item) for item in value) + number(20, 8) + more
    if value and isinstance(value[0], float):
        return head + b"".join(real(7, item) for item in value) + number(20, 6) + more
    return head + numbers(8, value) + number(20, 7) + more


def node(
    operator: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    domain: str = "",
    more: bytes = b"",
    **attributes: Any,
) -> bytes:
    names = b"".join(block(1, name) for name in inputs) + b"".join(block(2, name) for name in outputs)
    rest = b"".join(block(5, attribute(name, value)) for name, value in attributes.items())
    return names + block(4, operator) + rest + (block(7, domain) if domain else b"") + more


def value(name: str, shape: Sequence[int | str], kind: int = FLOAT) -> bytes:
    dims = b"".join(block(1, block(2, dim) if isinstance(dim, str) else number(1, dim)) for dim in shape)
    return block(1, name) + block(2, block(1, number(1, kind) + block(2, dims)))


def graph(
    nodes: Iterable[bytes],
    inputs: Iterable[bytes],
    outputs: Iterable[bytes],
    initializers: Iterable[bytes] = (),
    more: bytes = b"",
) -> bytes:
    return (
        b"".join(block(1, item) for item in nodes)
        + block(2, "g")
        + b"".join(block(5, item) for item in initializers)
        + b"".join(block(11, item) for item in inputs)
        + b"".join(block(12, item) for item in outputs)
        + more
    )


def opset(domain: str, version: int) -> bytes:
    return block(8, block(1, domain) + number(2, version))


OPSETS = opset("", 17) + opset("ai.onnx.ml", 3)


def model(body: bytes, ir: int = 8, opsets: bytes = OPSETS, more: bytes = b"") -> bytes:
    return number(1, ir) + block(7, body) + opsets + more
