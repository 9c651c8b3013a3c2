"""A Modbus TCP server written byte by byte from the specification; shares no code with adapter or libraries.

Every register holds a word computed from its unit, function and address, so that
a value in the wrong place is recognised, unless the test sets it. Faults are
chosen request by request. Sources: Modbus Application Protocol 1.1b3, 6.1-6.4,
6.21 and 7; Messaging on TCP/IP Implementation Guide 1.0b, 3.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Fault = Callable[[int, "Request"], str]


@dataclass(frozen=True)
class Request:
    """What one client asked for, in numbers."""

    transaction: int
    unit: int
    function: int
    address: int
    count: int


def word(unit: int, function: int, address: int) -> int:
    """The word that a register holds unless a test sets it."""
    return (unit * 7919 + function * 4099 + address * 257) % 65536


def bit(unit: int, function: int, address: int) -> int:
    return (unit + function + address * 5 + address // 3) % 2


@dataclass
class RawServer:
    """State of one server.

    Attributes:
        words: Registers that a test set: (unit, function, address) to word.
        holes: Addresses that are refused with exception 2, as (function, address).
        fault: Number and content of a request to the name of its fault, or an empty text.
        log: Every request that arrived, in order.
        raw: Every byte that arrived.
        objects: Device identification: number to bytes; empty refuses function 43.
        accepted: Connections so far.
        arrived: Set as soon as the first request is there.
    """

    words: dict[tuple[int, int, int], int] = field(default_factory=dict)
    bits: dict[tuple[int, int, int], int] = field(default_factory=dict)
    holes: set[tuple[int, int]] = field(default_factory=set)
    fault: Fault = lambda number, request: ""
    log: list[Request] = field(default_factory=list)
    raw: bytearray = field(default_factory=bytearray)
    objects: dict[int, bytes] = field(default_factory=dict)
    accepted: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    late: list[bytes] = field(default_factory=list)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        self.writers.add(writer)
        task = asyncio.create_task(self.talk(reader, writer))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readexactly(6)
                body = await reader.readexactly(head[4] * 256 + head[5])
                self.raw += head + body
                await self.respond(head, body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.writers.discard(writer)
            writer.close()

    async def respond(self, head: bytes, body: bytes, writer: asyncio.StreamWriter) -> None:
        numbers = [body[i] * 256 + body[i + 1] for i in range(2, len(body) - 1, 2)]
        address, count = [*numbers, 0, 0][:2]
        request = Request(head[0] * 256 + head[1], body[0], body[1], address, count)
        self.log.append(request)
        self.arrived.set()
        fault = self.fault(len(self.log), request)
        answer = self.identity(body) if body[1] == 43 else self.answer(request)
        if fault.startswith("exception "):
            answer = bytes([request.function + 128, int(fault.split()[1])])
        if fault == "short":
            answer = bytes([answer[0], answer[1] - 2]) + answer[2:-2]
        if fault == "other function":
            answer = bytes([answer[0] ^ 7]) + answer[1:]
        frame = self.framed(request, answer, fault)
        await self.send(frame, fault, writer)

    def framed(self, request: Request, answer: bytes, fault: str) -> bytes:
        transaction = request.transaction
        transaction = {"wrong transaction": transaction ^ 0x0101, "no transaction": 0}.get(fault, transaction)
        unit = request.unit + 1 if fault == "wrong unit" else request.unit
        protocol = 1 if fault == "wrong protocol" else 0
        length = len(answer) + 1
        return bytes([*divmod(transaction, 256), 0, protocol, *divmod(length, 256), unit]) + answer

    async def send(self, frame: bytes, fault: str, writer: asyncio.StreamWriter) -> None:
        if fault == "drop":
            writer.transport.abort()
        elif fault == "half then drop":
            writer.write(frame[: len(frame) // 2])
            await writer.drain()
            writer.close()
        elif fault == "half":
            writer.write(frame[: len(frame) // 2])
        elif fault == "silent":
            pass
        elif fault == "late":
            self.late.append(frame)
        elif fault == "bytewise":
            for byte in frame:
                writer.write(bytes([byte]))
                await asyncio.sleep(0)
        elif fault == "duplicate":
            writer.write(frame + frame)
        elif fault == "garbage":
            writer.write(b"\xde\xad\xbe" + frame)
        else:
            writer.write(b"".join([*self.late, frame]))
            self.late.clear()

    def answer(self, request: Request) -> bytes:
        if request.function not in (1, 2, 3, 4):
            return bytes([request.function + 128, 1])
        most = 2000 if request.function < 3 else 125
        if not 1 <= request.count <= most:
            return bytes([request.function + 128, 3])
        addresses = range(request.address, request.address + request.count)
        if any((request.function, address) in self.holes for address in addresses):
            return bytes([request.function + 128, 2])
        data = bytearray()
        if request.function < 3:
            data += bytes((request.count + 7) // 8)
            for index, address in enumerate(addresses):
                key = (request.unit, request.function, address)
                data[index // 8] |= self.bits.get(key, bit(*key)) << (index % 8)
        else:
            for address in addresses:
                key = (request.unit, request.function, address)
                data += bytes(divmod(self.words.get(key, word(*key)), 256))
        return bytes([request.function, len(data)]) + bytes(data)

    def identity(self, body: bytes) -> bytes:
        """One object an answer, so that a client has to come back for the next."""
        wanted, level = body[4], body[3]
        if wanted not in self.objects or level > 2:
            return bytes([43 + 128, 2])
        following = min((number for number in self.objects if number > wanted), default=None)
        text = self.objects[wanted]
        more = [255, following] if following is not None else [0, 0]
        return bytes([43, 14, level, 2, *more, 1, wanted, len(text)]) + text


@asynccontextmanager
async def running(server: RawServer, port: int = 0) -> AsyncIterator[RawServer]:
    """Serves on loopback; sets ``server.port``."""
    listener = await asyncio.start_server(server.connected, "127.0.0.1", port)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for writer in tuple(server.writers):
            writer.transport.abort()
        await asyncio.gather(*server.tasks)
        await listener.wait_closed()
