"""A strict reader of DER (X.690), just enough for timestamps, and the few values that a request is made of.

One byte form a value: no indefinite or longer lengths, no tags of several bytes,
nothing left over. Values are read level by level as they are asked for, so that
depth and size cost nothing that the caller did not want.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

INTEGER, OCTETS, NULL, OID, UTF8, TIME, SEQUENCE, SET = 0x02, 0x04, 0x05, 0x06, 0x0C, 0x18, 0x30, 0x31

MOST_CHILDREN = 256


class Value(NamedTuple):
    """One tagged value.

    Attributes:
        tag: Its one byte of tag.
        content: What is inside.
        raw: Tag, length and content.
    """

    tag: int
    content: bytes
    raw: bytes

    def expect(self, tag: int) -> Value:
        """This value, if it has a tag.

        Raises:
            ValueError: It has another.
        """
        if self.tag != tag:
            raise ValueError(f"tag {self.tag:#04x} stands where {tag:#04x} is due")
        return self

    def children(self, tag: int = SEQUENCE) -> list[Value]:
        """The values inside this one, which has a tag.

        Raises:
            ValueError: It has another, or what is inside is not DER.
        """
        data, position = self.expect(tag).content, 0
        found: list[Value] = []
        while position < len(data):
            if len(found) == MOST_CHILDREN:
                raise ValueError(f"a value has over {MOST_CHILDREN} parts")
            one = _at(data, position)
            found.append(one)
            position += len(one.raw)
        return found

    def oid(self) -> str:
        """This value as a dotted object identifier."""
        data = self.expect(OID).content
        if not data or data[-1] & 0x80 or len(data) > 64:
            raise ValueError("an object identifier is malformed")
        arcs, arc = [], 0
        for byte in data:
            arc = arc << 7 | byte & 0x7F
            if not byte & 0x80:
                arcs.append(arc)
                arc = 0
        first = min(arcs[0] // 40, 2)
        return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))

    def integer(self) -> int:
        """This value as a whole number."""
        data = self.expect(INTEGER).content
        if not data or len(data) > 64 or (len(data) > 1 and data[0] in (0, 255) and data[0] >> 7 == data[1] >> 7):
            raise ValueError("a whole number is malformed")
        return int.from_bytes(data, "big", signed=True)

    def time(self) -> datetime:
        """This value as a moment; a fraction of a second is cut off."""
        text = self.expect(TIME).content.decode("ascii")
        whole, _, fraction = text.removesuffix("Z").partition(".")
        if not text.endswith("Z") or len(whole) != 14 or not (whole + fraction).isdigit() or fraction.endswith("0"):
            raise ValueError("a time is not in DER's form YYYYMMDDhhmmss[.f]Z")
        year, rest = int(whole[:4]), [int(whole[at : at + 2]) for at in range(4, 14, 2)]
        return datetime(year, rest[0], rest[1], rest[2], rest[3], rest[4], tzinfo=UTC)


def read(data: bytes) -> Value:
    """The one value that some bytes are.

    Raises:
        ValueError: They are not exactly one DER value.
    """
    value = _at(data, 0)
    if len(value.raw) != len(data):
        raise ValueError(f"{len(data) - len(value.raw)} bytes are left over")
    return value


def write(tag: int, *parts: bytes) -> bytes:
    """A value of some content."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    digits = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(digits))) + digits + content


def write_oid(dotted: str) -> bytes:
    """An object identifier as a value."""
    first, second, *rest = map(int, dotted.split("."))
    out = bytearray()
    for number in (40 * first + second, *rest):
        arc, groups = number >> 7, [number & 0x7F]
        while arc:
            groups.append(arc & 0x7F | 0x80)
            arc >>= 7
        out += bytes(reversed(groups))
    return write(OID, bytes(out))


def _at(data: bytes, position: int) -> Value:
    """The value that begins at a position."""
    start = position + 2
    if len(data) < start:
        raise ValueError("is cut short")
    tag, size = data[position], data[position + 1]
    if tag & 0x1F == 0x1F or tag == 0:
        raise ValueError(f"tag {tag:#04x} is none that is used here")
    if size & 0x80:
        count = size & 0x7F
        digits = data[start : start + count]
        size = int.from_bytes(digits, "big")
        if not 1 <= count <= 4 or len(digits) != count or size < 0x80 or not digits[0]:
            raise ValueError("a length is not in DER's shortest form")
        start += count
    if len(data) < start + size:
        raise ValueError("is cut short")
    return Value(tag, data[start : start + size], data[position : start + size])
