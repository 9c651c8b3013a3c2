"""What a client asks for, out of the bytes of one connection: OPC UA services and methods, Modbus functions.

An OPC UA service is told by the numeric id of its request's binary encoding (OPC 10000-6, A.3),
such as 631 for Read or 673 for Write; only a channel that is not encrypted can be looked into.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Protocol

_CALL = 712
UNKNOWN = (-1, -1)
Method = tuple[int, int]


class Requests(Protocol):
    """One client's stream of bytes."""

    def feed(self, data: bytes) -> Iterator[tuple[int, Method | None]]:
        """Takes bytes as they come; gives what each whole request asks for, and which method it calls."""
        ...


class ModbusRequests:
    """Functions of Modbus TCP requests; bytes that are no Modbus count as function -1."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, Method | None]]:
        """Takes bytes as they come; gives the function of each whole request."""
        self._rest += data
        while len(self._rest) >= 8:
            protocol, length = struct.unpack_from(">HH", self._rest, 2)
            if protocol or not 2 <= length <= 254:
                self._rest = b""
                yield -1, None
            elif len(self._rest) < 6 + length:
                return
            else:
                function, self._rest = self._rest[7], self._rest[6 + length :]
                yield function, None


class OpcRequests:
    """Services of OPC UA requests; one of several chunks counts once."""

    def __init__(self) -> None:
        self._rest = b""
        self._begun: set[int] = set()

    def feed(self, data: bytes) -> Iterator[tuple[int, Method | None]]:
        """Takes bytes as they come; gives the service of each whole chunk that begins a request."""
        self._rest += data
        while len(self._rest) >= 8:
            size = struct.unpack_from("<I", self._rest, 4)[0]
            if size < 8 or len(self._rest) < size:
                return
            chunk, self._rest = self._rest[:size], self._rest[size:]
            if chunk[:3] in (b"MSG", b"CLO"):
                yield from self._asked(chunk)

    def _asked(self, chunk: bytes) -> Iterator[tuple[int, Method | None]]:
        try:
            request = struct.unpack_from("<I", chunk, 20)[0]
            service, start = node(chunk, 24)
        except (struct.error, IndexError):
            yield -1, None  # encrypted
            return
        if request not in self._begun:
            if service == _CALL:
                for method in methods(chunk, start):
                    yield service, method
            else:
                yield service, None
        if chunk[3:4] == b"C":
            self._begun.add(request)
        else:
            self._begun.discard(request)


def methods(body: bytes, at: int) -> list[Method]:
    """Object and method of each call in a CallRequest (OPC 10000-4, 5.12.2) whose header begins at ``at``."""
    try:
        _, at = node(body, at)  # authentication token
        at += 8 + 4 + 4  # timestamp, handle, diagnostics
        at += 4 + max(struct.unpack_from("<i", body, at)[0], 0)  # audit entry
        _, at = node(body, at + 4)  # type of the additional header, after the time-out
        if body[at]:
            return [UNKNOWN]
        (count,) = struct.unpack_from("<i", body, at + 1)
        # arguments of unknown length follow the first one
        if count != 1:
            return [UNKNOWN] * max(count, 1)
        target, at = node(body, at + 5)
        method, _ = node(body, at)
    except (struct.error, IndexError):
        return [UNKNOWN]
    return [(target, method)]


def node(body: bytes, at: int) -> tuple[int, int]:
    """Numeric id of a node id, -1 for other identifiers, and where it ends (OPC 10000-6, 5.2.2.9)."""
    kind = body[at]
    if kind == 0:
        return body[at + 1], at + 2
    if kind == 1:
        # a namespace other than OPC UA's own has ids that mean something else
        number = int(struct.unpack_from("<H", body, at + 2)[0])
        return (number if body[at + 1] == 0 else -1), at + 4
    if kind == 2:
        namespace, number = struct.unpack_from("<HI", body, at + 1)
        return (int(number) if namespace == 0 else -1), at + 7
    if kind in (3, 5):
        return -1, at + 7 + max(int(struct.unpack_from("<i", body, at + 3)[0]), 0)
    if kind == 4:
        return -1, at + 19
    raise IndexError(kind)
