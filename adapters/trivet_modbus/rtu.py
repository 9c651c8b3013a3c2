"""RTU frames, without any input or output.

Layout: Modbus over Serial Line 1.02, 2.5.1 (unit 1, function and data, CRC 2). There is
no transaction, so a late answer looks like the one that is wanted. Only bytes that are
exactly the wanted frame leave the stream clean; after anything else nothing may be asked
until nothing old can come any more. Frames end by length and checksum, never by silence:
USB adapters deliver in batches.
"""

from __future__ import annotations

from trivet_modbus.frame import ERROR, Ask, Refusal, answered, length, nonsense

CHECKSUM = 2


def _table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        table.append(value)
    return tuple(table)


_TABLE = _table()


def crc(data: bytes) -> int:
    """The checksum of a frame (Modbus over Serial Line 1.02, 6.2.2); 0 for a frame that ends in its own."""
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _TABLE[(value ^ byte) & 0xFF]
    return value


def framed(unit: int, pdu: bytes) -> bytes:
    """A whole frame; ``pdu`` is function and data."""
    body = bytes([unit]) + pdu
    return body + crc(body).to_bytes(CHECKSUM, "little")


class Rtu:
    """Frames of one line.

    Attributes:
        clean: Whether every byte so far belonged to an answer that was wanted.
    """

    def __init__(self) -> None:
        self.clean = True
        self._ask: Ask | None = None
        self._rest = b""

    def begin(self, ask: Ask) -> bytes:
        """The frame to send."""
        self._ask, self._rest, self.clean = ask, b"", False
        return framed(ask.unit, bytes([ask.function]) + ask.data)

    def feed(self, data: bytes) -> bytes | Refusal | None:
        """Takes bytes; the answer as soon as it is whole, a refusal at the first byte that cannot belong to it."""
        ask = self._ask
        if ask is None:
            return None
        self._rest += data
        answer = self._answer(ask, self._rest)
        if answer is not None:
            self._ask, self._rest = None, b""
        return answer

    def _answer(self, ask: Ask, rest: bytes) -> bytes | Refusal | None:
        wrong = self._mismatch(ask, rest)
        if wrong:
            # a whole frame of somebody else has a name; anything else is noise
            return nonsense(wrong if crc(rest) == 0 and len(rest) > CHECKSUM + 1 else "garbage")
        size = length(rest[1], rest[2:]) if len(rest) > 1 else None
        if size is None or len(rest) < 2 + size + CHECKSUM:
            return None
        stop = 2 + size + CHECKSUM
        if crc(rest[:stop]):
            return nonsense("crc")
        self.clean = len(rest) == stop
        return answered(ask, rest[1], rest[2 : 2 + size])

    def end(self) -> str:
        """Nothing is wanted any more."""
        torn, self._ask, self._rest = bool(self._rest), None, b""
        return "torn" if torn and not self.clean else ""

    def stray(self, data: bytes) -> None:
        """Bytes that nobody asked for: something old is on the line, or somebody else is."""
        self.clean = self.clean and not data

    @staticmethod
    def _mismatch(ask: Ask, rest: bytes) -> str:
        """One word for the first byte that is not the answer's, or nothing."""
        if rest and rest[0] != ask.unit:
            return "unit"
        if len(rest) > 1 and rest[1] & ~ERROR != ask.function:
            return "function"
        if len(rest) > 2 and rest[1] == ask.function and ask.size is not None and rest[2] != ask.size & 0xFF:
            return "short"
        return ""
