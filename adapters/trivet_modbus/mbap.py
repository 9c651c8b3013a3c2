"""Modbus TCP frames, without any input or output.

Layout: Modbus Messaging on TCP/IP Implementation Guide 1.0b, 3.1.3 (transaction 2,
protocol 2, length 2, unit 1), then function and data. The transaction tells a late
answer from the one that is wanted, so a stream is spoilt only by bytes that are no frames.
"""

from __future__ import annotations

import struct
from collections import deque
from functools import lru_cache

from trivet_modbus.frame import PREPARED, Ask, Refusal, answered, nonsense

HEADER = struct.Struct(">HHHBB")
PREFIX = 6
LONGEST = 254
REMEMBERED = 16


class Mbap:
    """Frames of one connection.

    Attributes:
        clean: False once bytes came that are no frames, or only a part of one.
    """

    def __init__(self) -> None:
        self.clean = True
        self._transaction = 0
        self._ask: Ask | None = None
        self._head, self._length = b"", 0
        self._rest = b""
        self._strange = ""
        self._unanswered: deque[int] = deque(maxlen=REMEMBERED)

    def begin(self, ask: Ask) -> bytes:
        """The frame to send."""
        self._transaction = self._transaction % 0xFFFF + 1
        self._ask, self._strange = ask, ""
        self._unanswered.append(self._transaction)
        transaction = self._transaction.to_bytes(2, "big")
        request, head, self._length = _prepared(ask)
        self._head = transaction + head
        return transaction + request

    def feed(self, data: bytes) -> bytes | Refusal | None:
        """Takes bytes; the answer as soon as it is whole."""
        # nearly always the bytes are exactly the answer
        if len(data) == self._length and data.startswith(self._head) and self._ask is not None and not self._rest:
            self._unanswered.pop()
            self._ask = None
            return data[len(self._head) :]
        self._rest += data
        return self._next()

    def end(self) -> str:
        """Nothing is wanted any more; the rest of a torn frame may still come, so the stream is spoilt then."""
        self._ask = None
        if self._rest:
            self.clean = False
            return "torn"
        return self._strange

    def stray(self, data: bytes) -> None:
        """Late answers and duplicates are passed over."""
        self._rest += data
        self._next()

    def _next(self) -> bytes | Refusal | None:
        """Passes over frames of other transactions, up to the wanted one."""
        while len(self._rest) >= HEADER.size:
            transaction, protocol, size, unit, function = HEADER.unpack_from(self._rest)
            if protocol or not 3 <= size <= LONGEST:
                self.clean, self._rest = False, b""
                return nonsense("garbage")
            if len(self._rest) < PREFIX + size:
                return None
            body, self._rest = self._rest[HEADER.size : PREFIX + size], self._rest[PREFIX + size :]
            if self._ask is not None and transaction == self._transaction:
                ask, self._ask = self._ask, None
                self._unanswered.pop()
                return answered(ask, function, body) if unit == ask.unit else nonsense("unit")
            if transaction not in self._unanswered:
                self._strange = "transaction"
        return None


@lru_cache(maxsize=PREPARED)
def _prepared(ask: Ask) -> tuple[bytes, bytes, int]:
    """What follows the transaction in a request, and at the start of its answer, with the answer's length, if known."""
    request = HEADER.pack(0, 0, 2 + len(ask.data), ask.unit, ask.function)[2:] + ask.data
    if ask.size is None:
        return request, b"", 0
    head = HEADER.pack(0, 0, 3 + ask.size, ask.unit, ask.function)[2:] + bytes([ask.size & 0xFF])
    return request, head, 2 + len(head) + ask.size
