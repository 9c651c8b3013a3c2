"""A strict reader of the protobuf wire format: one message's fields by a table, standard library only.

It reads less than protobuf allows, so that no two readers can disagree: a field
that the table lacks, a singular field given twice (which parsers merge), a group,
a number longer than need be and a byte too few are all refused. Runs of numbers
and short strings are taken in blocks; a tree model is mostly such runs.
"""

from __future__ import annotations

import re
import struct
import sys
from array import array
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple, NoReturn

from trivet.errors import GraphError, Message

MOST_FIELDS = 500_000
"""Most fields of one file, a run counted as one: what bounds the time of a hostile one."""

MOST_ITEMS = 4_000_000
"""Most integers and strings in runs of one file: what bounds its memory."""

_BLOCK = 1 << 16


class Field(NamedTuple):
    """A field that a message may have.

    Attributes:
        name: Its name in onnx.proto.
        kind: ``int``, ``float``, ``double``, ``text``, ``bytes``, ``message`` or ``view`` (bytes, not copied).
        repeated: Whether it may be given more than once; numbers then also in packed form.
    """

    name: str
    kind: str
    repeated: bool = False


Schema = Mapping[int, Field]

_WIRE = {"int": 0, "double": 1, "text": 2, "bytes": 2, "message": 2, "view": 2, "float": 5}
_FORMS = {"double": ("d", 8), "float": ("f", 4)}
_NUMBER = rb"[\x80-\xff]{0,9}+[\x00-\x7f]"
_SHORT = rb"(?:\x00|" + b"|".join(b"%b.{%d}" % (re.escape(bytes([size])), size) for size in range(1, 16)) + rb")"


class Reader:
    """Reads the messages of one file within bounds on the fields and items of all of them."""

    def __init__(self) -> None:
        self._fields = MOST_FIELDS
        self._items = MOST_ITEMS
        self._numbers = _Numbers()

    def read(self, data: memoryview, schema: Schema, where: str) -> dict[str, Any]:
        """The fields of one message.

        Args:
            data: The message's bytes, all of them.
            schema: Field number to field.
            where: Place to blame.

        Returns:
            Field name to value. Repeated fields are always there: ``array`` for numbers, a list
            for the rest. Absent singular fields are not there. Messages are views.

        Raises:
            GraphError: The bytes break the table, the wire format or a bound.
        """
        found: dict[str, Any] = {f.name: _empty(f.kind) for f in schema.values() if f.repeated}
        position, end = 0, len(data)
        try:
            while position < end:
                tag, after = _varint(data, position)
                field = self._known(schema, tag >> 3)
                if field.repeated:
                    position = self._repeated(data, position, after, tag & 7, field.kind, found[field.name])
                elif field.name in found:
                    _break(Message("has {name!r} twice, which parsers merge", name=field.name))
                else:
                    found[field.name], position = _value(data, after, tag & 7, field.kind)
        except (IndexError, struct.error):
            _refuse(where, "is cut short")
        except _BrokenError as error:
            _refuse(where, error.args[0])
        return found

    def _known(self, schema: Schema, number: int) -> Field:
        self._fields -= 1
        if self._fields < 0:
            _break(Message("belongs to a file of over {most} fields", most=MOST_FIELDS))
        if number not in schema:
            _break(Message("has a field {number}, which a model here may not have", number=number))
        return schema[number]

    def _repeated(self, data: memoryview, start: int, after: int, wire: int, kind: str, into: Any) -> int:
        """Appends one value, one packed block or one run, and gives the position after it."""
        if kind in ("int", "float", "double") and wire == 2:
            block, position = _value(data, after, 2, "message")
            self._extend_packed(block, kind, into)
            return position
        head = re.escape(bytes(data[start:after]))
        if kind == "int" and wire == 0:
            return self._run(data, start, head, _NUMBER, self._numbers, into)
        if kind == "bytes" and wire == 2 and data[after] < 16:
            return self._run(data, start, head, _SHORT, _Strings(), into)
        if kind in _FORMS and wire == _WIRE[kind]:
            return _fixed_run(data, start, after - start, *_FORMS[kind], into)
        value, position = _value(data, after, wire, kind)
        into.append(value)
        return position

    def _extend_packed(self, block: memoryview, kind: str, into: Any) -> None:
        if kind == "int":
            end = self._run(block, 0, b"", _NUMBER, self._numbers, into) if len(block) else 0
        else:
            form, size = _FORMS[kind]
            end = len(block) // size * size
            into.extend(_floats(form, block[:end]))
        if end != len(block):
            raise IndexError

    def _run(self, data: memoryview, start: int, head: bytes, item: bytes, known: _Known, into: Any) -> int:
        """Appends all items from ``start`` on that follow each other with the same tag, block by block."""
        block, each = _patterns(head, item)
        position = start
        while match := block.match(data, position):
            items = each.findall(data[position : match.end()])
            self._items -= len(items)
            if self._items < 0:
                _break(Message("belongs to a file of over {most} numbers", most=MOST_ITEMS))
            into.extend(map(known.__getitem__, items))
            if len(known) > _BLOCK:
                known.clear()
            position = match.end()
        if position == start:
            raise IndexError
        return position


@cache
def _patterns(head: bytes, item: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Patterns for a block of items that each follow the same tag, and for one of them."""
    block = re.compile(rb"(?:%b%b){1,%d}+" % (head, item, _BLOCK), re.DOTALL)
    return block, re.compile(rb"%b(%b)" % (head, item), re.DOTALL)


class _BrokenError(Exception):
    """The wire format is broken; ``read`` adds the place."""


class _Known(dict[bytes, Any]):
    """Encoded form to value; equal ones are decoded once."""


class _Numbers(_Known):
    def __missing__(self, encoded: bytes) -> int:
        value = self[encoded] = _signed(_varint(memoryview(encoded), 0)[0])
        return value


class _Strings(_Known):
    def __missing__(self, encoded: bytes) -> bytes:
        value = self[encoded] = encoded[1:]
        return value


def _break(message: str) -> NoReturn:
    raise _BrokenError(message)


def _refuse(where: str, message: str) -> NoReturn:
    raise GraphError(message, where=where, hint="export the model again", rule="TRV-P060") from None


def _empty(kind: str) -> Any:
    return array({"int": "q", "float": "f", "double": "d"}[kind]) if kind in ("int", *_FORMS) else []


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """One number of up to 64 bits in its shortest form, and the position after it."""
    byte = data[position]
    if byte < 0x80:
        return byte, position + 1
    value, shift = byte & 0x7F, 7
    while byte >= 0x80 and shift < 70:
        position += 1
        byte = data[position]
        value |= (byte & 0x7F) << shift
        shift += 7
    if byte == 0 or byte >= 0x80 or value >> 64:
        _break("has a number longer than need be")
    return value, position + 1


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _value(data: memoryview, position: int, wire: int, kind: str) -> tuple[Any, int]:
    """One value and the position after it."""
    if wire != _WIRE[kind]:
        _break(Message("has wire type {wire} where {kind} is expected", wire=wire, kind=kind))
    if kind == "int":
        value, position = _varint(data, position)
        return _signed(value), position
    if kind in _FORMS:
        form, size = _FORMS[kind]
        return struct.unpack_from(f"<{form}", data, position)[0], position + size
    size, position = _varint(data, position)
    if size > len(data) - position:
        raise IndexError
    view = data[position : position + size]
    return (_plain(view, kind) if kind in ("text", "bytes") else view), position + size


def _plain(view: memoryview, kind: str) -> bytes | str:
    if kind == "bytes":
        return bytes(view)
    try:
        return str(view, "utf-8")
    except UnicodeDecodeError:
        _break("has text that is not UTF-8")


def _fixed_run(data: memoryview, start: int, head: int, form: str, size: int, into: array[float]) -> int:
    """Appends the numbers of fixed size that follow each other with the same tag.

    Each is ``head`` bytes of tag and ``size`` bytes of number, so that a column of
    bytes is one slice. Blocks grow, so that many short runs cost no more than long ones.
    """
    step, most, tag = head + size, 16, bytes(data[start : start + head])
    if start + step > len(data):
        raise IndexError
    while True:
        room = min((len(data) - start) // step, most)
        count = _run_length(data[start : start + room * step], tag, step)
        end = start + count * step
        payload = bytearray(count * size)
        for column in range(size):
            payload[column::size] = data[start + head + column : end : step] if count else b""
        into.extend(_floats(form, payload))
        if count < most:
            return end
        start, most = end, min(most * 4, _BLOCK)


def _run_length(block: memoryview, tag: bytes, step: int) -> int:
    """How many records of ``step`` bytes at the start of a block begin with the tag."""
    columns = (bytes(block[column::step]).lstrip(tag[column : column + 1]) for column in range(len(tag)))
    return len(block) // step - max(map(len, columns))


def _floats(form: str, payload: bytearray | memoryview) -> array[float]:
    numbers: array[float] = array(form)
    numbers.frombytes(payload)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
