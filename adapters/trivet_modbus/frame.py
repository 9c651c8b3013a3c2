"""Modbus TCP frames: what an answer must look like, and what a refusal means; pure.

An answer counts only if transaction, unit, function and the number of data bytes
are those of the request. Layout: Modbus Messaging on TCP/IP Implementation Guide
1.0b, 3.1.3 (transaction 2, protocol 2, length 2, unit 1), then function and data.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple

from trivet.signals import Status

HEADER = struct.Struct(">HHHBB")
REQUEST = struct.Struct(">HH")
PREFIX = 6
LONGEST = 254
IDENTIFY = 0x2B
ERROR = 0x80
BIT_FUNCTIONS = (1, 2)
TORN, GARBAGE = "torn", "garbage"


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
    5: Refusal(Status.BAD_TIMEOUT, "busy", again=True),
    6: Refusal(Status.BAD_TIMEOUT, "busy", again=True),
    8: Refusal(Status.BAD_DEVICE_FAILURE, "memory_parity"),
    10: Refusal(Status.BAD_NOT_CONNECTED, "gateway_path", absent=True),
    11: Refusal(Status.BAD_TIMEOUT, "gateway_silent", again=True, absent=True),
}


class Wanted(NamedTuple):
    """The answer that belongs to a request; ``size`` is None where a function's answer varies in length."""

    transaction: int
    unit: int
    function: int
    size: int | None


def refusal(code: int) -> Refusal:
    """What an exception code means (Modbus Application Protocol 1.1b3, 7)."""
    return EXCEPTIONS.get(code) or Refusal(Status.BAD, f"exception_{code}")


def nonsense(reason: str) -> Refusal:
    """A well-framed answer that is not the one that was asked for."""
    return Refusal(Status.BAD_DECODING_ERROR, reason, again=True)


def wanted(request: bytes) -> Wanted:
    """The answer that belongs to a request frame."""
    transaction, _, _, unit, function = HEADER.unpack_from(request)
    if function == IDENTIFY:
        return Wanted(transaction, unit, function, None)
    count = REQUEST.unpack_from(request, HEADER.size)[1]
    return Wanted(transaction, unit, function, (count + 7) // 8 if function in BIT_FUNCTIONS else 2 * count)


def judge(buffer: bytes, want: Wanted) -> str:
    """One word for what is wrong with the bytes received so far; empty when nothing is.

    Returns:
        ``torn`` while a frame is incomplete, ``garbage`` when these are no frames, ``unit``,
        ``function`` or ``short`` when the frame of this transaction is not the answer.
        Frames of other transactions are late answers and nothing wrong.
    """
    start = 0
    while start < len(buffer):
        if len(buffer) - start < HEADER.size:
            return TORN
        transaction, protocol, length, unit, function = HEADER.unpack_from(buffer, start)
        if protocol or not 3 <= length <= LONGEST:
            return GARBAGE
        stop = start + PREFIX + length
        if stop > len(buffer):
            return TORN
        if transaction == want.transaction:
            return _mismatch(want, unit, function, length, buffer[start + HEADER.size])
        start = stop
    return ""


def _mismatch(want: Wanted, unit: int, function: int, length: int, size: int) -> str:
    if unit != want.unit:
        return "unit"
    if function == want.function | ERROR:
        return "" if length == 3 else "short"
    if function != want.function:
        return "function"
    if want.size is not None and not (size == want.size and length == 3 + size):
        return "short"
    return ""


def identification(payload: bytes) -> tuple[dict[int, str], int]:
    """Objects of a Read Device Identification answer, and where the next one starts (0 when there are no more).

    Args:
        payload: What follows the function code (Modbus Application Protocol 1.1b3, 6.21).

    Raises:
        ValueError: Lengths in it contradict each other.
    """
    if len(payload) < 6 or payload[0] != 14:
        raise ValueError("not a Read Device Identification answer")
    more, following, count = payload[3:6]
    objects: dict[int, str] = {}
    position = 6
    for _ in range(count):
        if position + 2 > len(payload) or position + 2 + payload[position + 1] > len(payload):
            raise ValueError("an object leaves the answer")
        number, length = payload[position : position + 2]
        objects[number] = payload[position + 2 : position + 2 + length].decode("latin-1").strip("\0 ")
        position += 2 + length
    return objects, following if more else 0
