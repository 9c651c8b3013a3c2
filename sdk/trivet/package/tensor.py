"""One tensor of a model: its type, dimensions and data must agree, inside the file and in numbers."""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

from trivet.errors import GraphError, Message
from trivet.package.messages import FORBIDDEN, TENSOR
from trivet.package.names import check_metadata
from trivet.package.protobuf import Reader

FLOAT, INT64 = 1, 7

TYPES = {
    1: ("float", 4, "float_data", "f"),
    2: ("uint8", 1, "int32_data", "B"),
    3: ("int8", 1, "int32_data", "b"),
    6: ("int32", 4, "int32_data", "i"),
    7: ("int64", 8, "int64_data", "q"),
    9: ("bool", 1, "int32_data", "B"),
    11: ("double", 8, "double_data", "d"),
}
"""Number of an element type to its name, bytes, data field and array code."""

MOST_ELEMENTS = 1 << 27
MOST_DIMENSIONS = 8
KEPT = 64
"""Most integers of a tensor that are kept, to follow shapes."""


class Tensor(NamedTuple):
    """What the walk keeps of a tensor.

    Attributes:
        name: As initializer; may be empty in an attribute.
        type: Number of the element type.
        shape: Dimensions.
        integers: The values of a small integer tensor; else None.
    """

    name: str
    type: int
    shape: tuple[int, ...]
    integers: tuple[int, ...] | None

    @property
    def elements(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


def read_tensor(reader: Reader, data: memoryview, where: str) -> Tensor:
    """A tensor, with its data checked.

    Raises:
        GraphError: It is outside the file, of a type that models here do not use, of impossible
            dimensions, its data are of another size, or a weight is not finite.
    """
    fields = reader.read(data, TENSOR, where)
    name, kind = fields.get("name", ""), fields.get("data_type", 0)
    where = f"{where} {name[:80]!a}" if name else where
    refuse_forbidden(fields, where)
    check_metadata(reader, fields["metadata_props"], where)
    if kind not in TYPES:
        _refuse(
            where, Message("is a tensor of element type {kind}, which models here do not use", kind=kind), "TRV-P067"
        )
    shape = _shape(fields["dims"], where)
    values = _values(fields, kind, math.prod(shape), where)
    if kind in (1, 11) and len(values) > 1 and not finite(values):
        _refuse(where, "holds NaN or an infinity; only a tensor of one element may", "TRV-P068")
    small = TYPES[kind][3] in "iq" and len(values) <= KEPT
    return Tensor(name, kind, shape, tuple(values) if small else None)


def refuse_forbidden(fields: dict[str, Any], where: str) -> None:
    """Refuses a message that uses a field of the forbidden list.

    Raises:
        GraphError: It does.
    """
    for name, meaning in FORBIDDEN.items():
        value = fields.get(name)
        if value or isinstance(value, memoryview):
            external = name == "external_data"
            rule = "TRV-P064" if external else "TRV-P065"
            raise GraphError(
                Message("has {meaning}", meaning=Message(meaning)),
                where=where,
                hint="export the model as one plain graph",
                rule=rule,
            )
    if fields.get("data_location"):
        raise GraphError("has data outside the file", where=where, hint="export it as one file", rule="TRV-P064")


def finite(values: Sequence[float]) -> bool:
    """Whether no value is NaN or an infinity."""
    return all(map(math.isfinite, values))


def _shape(dims: Sequence[int], where: str) -> tuple[int, ...]:
    if len(dims) > MOST_DIMENSIONS or any(not 0 <= dim <= MOST_ELEMENTS for dim in dims):
        _refuse(
            where,
            Message("has dimensions out of bounds ({dimensions})", dimensions=list(dims[:MOST_DIMENSIONS])),
            "TRV-P067",
        )
    if math.prod(dims) > MOST_ELEMENTS:
        _refuse(where, Message("has over {most} elements", most=MOST_ELEMENTS), "TRV-P067")
    return tuple(dims)


def _values(fields: dict[str, Any], kind: int, count: int, where: str) -> Sequence[Any]:
    """The elements, from the one field that holds them."""
    name, size, field, code = TYPES[kind]
    given = [key for key in ("raw_data", "float_data", "int32_data", "int64_data", "double_data") if fields.get(key)]
    if given not in ([], ["raw_data"], [field]):
        _refuse(where, Message("has its {name} data in {names}", name=name, names=" and ".join(given)), "TRV-P067")
    raw = fields.get("raw_data", b"")
    typed: array[Any] = fields[field]
    if raw or not typed:
        if len(raw) != count * size:
            _refuse(
                where,
                Message(
                    "has {count} bytes of data where its dimensions give {expected}",
                    count=len(raw),
                    expected=count * size,
                ),
                "TRV-P067",
            )
        return _numbers(raw, code)
    if len(typed) != count:
        _refuse(
            where,
            Message("has {count} elements where its dimensions give {expected}", count=len(typed), expected=count),
            "TRV-P067",
        )
    if code in "Bbi" and not all(-(1 << 31) <= value < 1 << 31 for value in typed):
        _refuse(where, Message("has an element that is no {name}", name=name), "TRV-P067")
    return typed


def _numbers(raw: memoryview | bytes, code: str) -> array[Any]:
    """Little-endian numbers as an array."""
    values: array[Any] = array(code)
    values.frombytes(raw)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _refuse(where: str, message: str, rule: str) -> None:
    raise GraphError(message, where=where, hint="export the model again", rule=rule)
