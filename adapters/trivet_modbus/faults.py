"""Trouble at the wire that a simulated controller can make; pure.

========================== =================================================================
``stall``                  hangs for ``delay``, then answers everything that queued up, in order
``slow``                   takes ``delay`` for every answer; goes together with the others
``late``                   sends one answer ``delay`` later, after those to later requests
``silent``                 does not answer
``drop``                   closes the connection; on a serial line as ``silent``
``short``                  answers with a whole frame that is one register, or byte, short
``half``                   sends half a frame
``wrong_transaction``      answers with another transaction; none on RTU
``wrong_unit``             answers in another unit's name
``duplicate``              sends the answer twice
``garbage``                sends three bytes of noise before the answer
``flip``                   turns one bit of the data round: RTU's checksum is wrong then
``split``                  sends the answer byte by byte
``busy``                   exception 6
``hole``                   exception 2 for requests that touch the addresses ``first`` to ``last``, always
``tear``                   turns all bits of all data round in every second answer
========================== =================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from trivet.errors import DocumentError
from trivet_modbus import FAULTS
from trivet_modbus.frame import ERROR, REQUEST

BUSY, ILLEGAL_ADDRESS = 6, 2
NOISE = b"\xde\xad\xbe"
PIECE = 0.0005
FUNCTIONS = range(1, 5)


class Fault(NamedTuple):
    """One kind of trouble.

    Attributes:
        name: One of ``FAULTS``.
        every: It strikes in every so many requests.
        delay: How long an answer is kept [s], for ``stall`` and ``late``.
        first: First address of a ``hole``.
        last: Last one.
    """

    name: str
    every: int = 30
    delay: float = 0.3
    first: int = 0
    last: int = 0


class Reply(NamedTuple):
    """What is sent in answer to one request.

    Attributes:
        pieces: Bytes, each with the time to wait before it [s].
        apart: Whether later requests are answered meanwhile.
        drop: Whether the connection is closed instead.
    """

    pieces: tuple[tuple[float, bytes], ...] = ()
    apart: bool = False
    drop: bool = False


Framed = Callable[[int, int, bytes], bytes]
"""Makes a frame of transaction, unit and PDU."""


def parse(text: str) -> Fault:
    """A fault as people write it: ``stall``, ``stall:every=30,delay=0.3``, ``hole:first=12,last=14``.

    Raises:
        DocumentError: It is none.
    """
    name, _, rest = text.partition(":")
    given: dict[str, str] = dict(part.partition("=")[::2] for part in rest.split(",")) if rest else {}
    kinds: Mapping[str, Callable[[str], float]] = {"every": int, "delay": float, "first": int, "last": int}
    try:
        keys = {key: kinds[key](value) for key, value in given.items()}
    except (KeyError, ValueError) as error:
        hint = "write NAME:every=30,delay=0.3 or hole:first=12,last=14"
        raise DocumentError(f"{text!r} is no fault", where="fault", hint=hint) from error
    keys.setdefault("last", keys.get("first", 0))
    fault = Fault(name, **keys)  # type: ignore[arg-type] # the numbers are of the right kind
    if name not in FAULTS or fault.every < 1 or not 0.0 <= fault.delay <= 3600.0 or fault.last < fault.first:
        raise DocumentError(f"{text!r} is no fault", where="fault", hint=f"use one of {', '.join(FAULTS)}")
    return fault


def struck(faults: Iterable[Fault], number: int, request: bytes) -> Fault | None:
    """The fault that the request with a number, from 1 on, meets; ``slow`` is none of these."""
    for fault in faults:
        if fault.name == "hole":
            if _touches(fault, request):
                return fault
        elif fault.name != "slow" and number % (2 if fault.name == "tear" else fault.every) == 0:
            return fault
    return None


def reply(fault: Fault | None, framed: Framed, transaction: int, unit: int, pdu: bytes) -> Reply:
    """An answer, as a fault leaves it.

    Args:
        fault: What strikes, or None.
        framed: Makes a frame of transaction, unit and PDU.
        transaction: Of the request.
        unit: Of the request.
        pdu: The right answer's function and data.
    """
    name = fault.name if fault is not None else ""
    if name in ("silent", "drop"):
        return Reply(drop=name == "drop")
    if name == "wrong_transaction":
        transaction ^= 0x0101
    if name == "wrong_unit":
        unit ^= 1
    whole = framed(transaction, unit, _spoilt(name, pdu))
    if fault is not None and name in ("stall", "late"):
        return Reply(((fault.delay, whole),), apart=name == "late")
    if name == "split":
        return Reply(tuple((PIECE if index % 16 == 0 else 0.0, bytes([byte])) for index, byte in enumerate(whole)))
    sent = {"half": whole[: len(whole) // 2], "duplicate": whole + whole, "garbage": NOISE + whole}
    if name == "flip":
        middle = len(whole) - 3
        sent[name] = whole[:middle] + bytes([whole[middle] ^ 0x10]) + whole[middle + 1 :]
    return Reply(((0.0, sent.get(name, whole)),))


def _spoilt(name: str, pdu: bytes) -> bytes:
    """The answer's PDU as a fault leaves it."""
    function = pdu[0]
    if name in ("busy", "hole"):
        return bytes([function | ERROR, BUSY if name == "busy" else ILLEGAL_ADDRESS])
    if function not in FUNCTIONS:
        return pdu
    if name == "short":
        cut = 2 if pdu[1] > 2 else 1
        return bytes([function, pdu[1] - cut]) + pdu[2:-cut]
    if name == "tear":
        return pdu[:2] + bytes(byte ^ 0xFF for byte in pdu[2:])
    return pdu


def _touches(fault: Fault, request: bytes) -> bool:
    if request[0] not in FUNCTIONS or len(request) != 1 + REQUEST.size:
        return False
    address, count = REQUEST.unpack_from(request, 1)
    return bool(address <= fault.last and address + count > fault.first)
