"""What an answer must be, and what a refusal means, whatever frames carry it; pure.

An answer counts only if unit, function and the number of data bytes are those of
the request; ``mbap`` and ``rtu`` find it in a stream of bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple, Protocol

from trivet.signals import Status

REQUEST = struct.Struct(">HH")
IDENTIFY = 0x2B
SERVER_ID = 0x11
ERROR = 0x80
BIT_FUNCTIONS = (1, 2)
OBJECTS_START = 6
PREPARED = 4096


class Refusal(NamedTuple):
    """Why a block has no values.

    Attributes:
        status: StatusCode of its points.
        reason: One word.
        again: Whether asking again at once is worth while.
        absent: Whether nothing was heard of the unit at all.
    """

    status: int
    reason: str
    again: bool = False
    absent: bool = False


SILENCE = Refusal(Status.BAD_TIMEOUT, "timeout", again=True, absent=True)
EXCEPTIONS: Mapping[int, Refusal] = {
    1: Refusal(Status.BAD_NOT_SUPPORTED, "illegal_function"),
    2: Refusal(Status.BAD_NODE_ID_UNKNOWN, "illegal_address"),
    3: Refusal(Status.BAD_OUT_OF_RANGE, "illegal_value"),
    4: Refusal(Status.BAD_DEVICE_FAILURE, "device_failure"),
    5: Refusal(Status.BAD_TIMEOUT, "acknowledge", again=True),
    6: Refusal(Status.BAD_TIMEOUT, "busy", again=True),
    8: Refusal(Status.BAD_DEVICE_FAILURE, "memory_parity"),
    10: Refusal(Status.BAD_NOT_CONNECTED, "gateway_path", absent=True),
    11: Refusal(Status.BAD_TIMEOUT, "gateway_silent", again=True, absent=True),
}
ILLEGAL = frozenset({"illegal_address", "illegal_value"})


class Ask(NamedTuple):
    """One request; there are only ones that read.

    Attributes:
        unit: Unit id.
        function: Function code.
        data: What follows it.
        size: Data bytes that the answer must have; None where the answer itself says how many.
    """

    unit: int
    function: int
    data: bytes
    size: int | None


class Framing(Protocol):
    """Requests as bytes and answers out of bytes, for one stream.

    Attributes:
        clean: Whether the next bytes can only belong to the next request.
    """

    clean: bool

    def begin(self, ask: Ask) -> bytes:
        """The frame to send; from now on its answer is wanted."""
        ...

    def feed(self, data: bytes) -> bytes | Refusal | None:
        """Takes bytes as they come; the answer, or what is wrong with it, or None while it is incomplete.

        The answer to an ``Ask`` with a size is exactly its data bytes, else all that follows the function code.
        """
        ...

    def end(self) -> str:
        """Nothing is wanted any more; one word for what came instead of an answer, or nothing."""
        ...

    def stray(self, data: bytes) -> None:
        """Takes bytes that nobody asked for."""
        ...


@lru_cache(maxsize=PREPARED)
def read_request(unit: int, function: int, address: int, count: int) -> Ask:
    """A request of function 1 to 4; kept, since the same ones are sent again and again."""
    size = (count + 7) // 8 if function in BIT_FUNCTIONS else 2 * count
    return Ask(unit, function, REQUEST.pack(address, count), size)


def refusal(code: int) -> Refusal:
    """What an exception code means (Modbus Application Protocol 1.1b3, 7)."""
    return EXCEPTIONS.get(code) or Refusal(Status.BAD, f"exception_{code}")


def nonsense(reason: str) -> Refusal:
    """Bytes that are not the answer that was asked for."""
    return Refusal(Status.BAD_DECODING_ERROR, reason, again=True)


def length(function: int, body: bytes) -> int | None:
    """How many bytes follow the function code of an answer, given the first of them; None where too few came."""
    if function & ERROR:
        return 1
    if function != IDENTIFY:
        return 1 + body[0] if body else None
    position = OBJECTS_START
    for _ in range(body[5] if len(body) >= OBJECTS_START else 0):
        if len(body) < position + 2:
            return None
        position += 2 + body[position + 1]
    return position if len(body) >= OBJECTS_START else None


def answered(ask: Ask, function: int, body: bytes) -> bytes | Refusal:
    """The answer in a whole frame of the right unit; ``body`` is what follows its function code."""
    if function == ask.function | ERROR:
        return refusal(body[0]) if len(body) == 1 else nonsense("short")
    if function != ask.function:
        return nonsense("function")
    if ask.size is None:
        return body
    return body[1:] if body[:1] == bytes([ask.size]) and len(body) == 1 + ask.size else nonsense("short")


def identification(payload: bytes) -> tuple[dict[int, str], int]:
    """Objects of a Read Device Identification answer, and where the next one starts (0 when there are no more).

    Args:
        payload: What follows the function code (Modbus Application Protocol 1.1b3, 6.21).

    Raises:
        ValueError: Lengths in it contradict each other.
    """
    if len(payload) < OBJECTS_START or payload[0] != 14:
        raise ValueError("not a Read Device Identification answer")
    more, following, count = payload[3:6]
    objects: dict[int, str] = {}
    position = OBJECTS_START
    for _ in range(count):
        if position + 2 > len(payload) or position + 2 + payload[position + 1] > len(payload):
            raise ValueError("an object leaves the answer")
        number, size = payload[position : position + 2]
        objects[number] = payload[position + 2 : position + 2 + size].decode("latin-1").strip("\0 ")
        position += 2 + size
    return objects, following if more else 0
