"""A controller's side of a connection or line: whole requests in, answers out, faults between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import NamedTuple, Protocol

from trivet_modbus.faults import Fault, reply, struck
from trivet_modbus.mbap import HEADER, LONGEST, PREFIX
from trivet_modbus.rtu import CHECKSUM, crc, framed

QUIET = 0.05
LENGTHS = {1: 6, 2: 6, 3: 6, 4: 6, 5: 6, 6: 6, 7: 2, 8: 6, 11: 2, 12: 2, 17: 2, 22: 8, 24: 4, 43: 5}
"""Function to bytes of a request on RTU, unit and function included, checksum not (Application Protocol 1.1b3, 6)."""
COUNTED = {15: 6, 16: 6, 23: 10}
"""Function to where a request's byte count is, of those that have one."""


class Request(NamedTuple):
    """One whole request."""

    transaction: int
    unit: int
    pdu: bytes


class Broken(Exception):  # noqa: N818 # it never leaves the server
    """These bytes are no Modbus."""


class Speech(Protocol):
    """One framing, seen from the controller."""

    def heard(self, data: bytes) -> Iterator[Request]:
        """Takes bytes as they come; every request that is whole."""
        ...

    def pause(self) -> None:
        """Nothing came for a while."""
        ...

    def framed(self, transaction: int, unit: int, pdu: bytes) -> bytes:
        """An answer as it is sent."""
        ...


class TcpSpeech:
    """Modbus TCP."""

    def __init__(self) -> None:
        self._rest = b""

    def heard(self, data: bytes) -> Iterator[Request]:
        """Takes bytes as they come; every request that is whole.

        Raises:
            Broken: They are no frames.
        """
        self._rest += data
        while len(self._rest) >= HEADER.size:
            transaction, protocol, length, unit, _ = HEADER.unpack_from(self._rest)
            if protocol or not 2 <= length <= LONGEST:
                raise Broken
            if len(self._rest) < PREFIX + length:
                return
            pdu, self._rest = self._rest[PREFIX + 1 : PREFIX + length], self._rest[PREFIX + length :]
            yield Request(transaction, unit, pdu)

    def pause(self) -> None:
        """A stream knows no pauses."""

    def framed(self, transaction: int, unit: int, pdu: bytes) -> bytes:
        """An answer as it is sent."""
        return HEADER.pack(transaction, 0, len(pdu) + 1, unit, pdu[0]) + pdu[1:]


class RtuSpeech:
    """RTU; what is no whole request is forgotten in the next pause."""

    def __init__(self) -> None:
        self._rest = b""

    def heard(self, data: bytes) -> Iterator[Request]:
        """Takes bytes as they come; every request that is whole and has the right checksum."""
        self._rest += data
        while (size := _size(self._rest)) and len(self._rest) >= size:
            frame, self._rest = self._rest[:size], self._rest[size:]
            if crc(frame):
                # where the next frame begins is known only after a pause
                self._rest = b""
                return
            yield Request(0, frame[0], frame[1:-CHECKSUM])

    def pause(self) -> None:
        """Forgets the part of a frame."""
        self._rest = b""

    def framed(self, transaction: int, unit: int, pdu: bytes) -> bytes:  # noqa: ARG002 # RTU has none
        """An answer as it is sent."""
        return framed(unit, pdu)


def _size(data: bytes) -> int:
    """Bytes of the request that begins here, 0 while that is not known."""
    if len(data) < 2:
        return 0
    place = COUNTED.get(data[1])
    if place is not None:
        return place + 1 + data[place] + CHECKSUM if len(data) > place else 0
    # of a function that nobody knows the end is the end of what came
    return LENGTHS.get(data[1], max(len(data) - CHECKSUM, 2)) + CHECKSUM


Answer = Callable[[int, bytes], bytes | None]
"""Unit and request to answer, both function and data; None where nobody of that name listens."""


class Controllers:
    """Everything that answers at one address.

    Attributes:
        requests: How many arrived.
        faults: Trouble that is made.
    """

    def __init__(self, answer: Answer, faults: tuple[Fault, ...] = ()) -> None:
        self.requests = 0
        self.faults = faults
        self._answer = answer
        self._turnaround = sum(fault.delay for fault in faults if fault.name == "slow")
        self._tasks: set[asyncio.Task[None]] = set()
        self._queue: asyncio.Queue[tuple[Talk, Request, int]] = asyncio.Queue()
        if faults:
            self._start(self._work())

    def take(self, talk: Talk, request: Request) -> None:
        """Answers at once; where there are faults, one after the other, as a controller with one thread would."""
        self.requests += 1
        if self.faults:
            self._queue.put_nowait((talk, request, self.requests))
            return
        pdu = self._answer(request.unit, request.pdu)
        if pdu is not None:
            talk.write(talk.speech.framed(request.transaction, request.unit, pdu))

    async def close(self) -> None:
        """Ends everything."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _work(self) -> None:
        while True:
            talk, request, number = await self._queue.get()
            if self._turnaround:
                await asyncio.sleep(self._turnaround)
            pdu = self._answer(request.unit, request.pdu)
            if pdu is None:
                continue
            fault = struck(self.faults, number, request.pdu)
            made = reply(fault, talk.speech.framed, request.transaction, request.unit, pdu)
            if made.drop:
                talk.close()
            elif made.apart:
                self._start(_send(talk, made.pieces))
            else:
                await _send(talk, made.pieces)

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _send(talk: Talk, pieces: tuple[tuple[float, bytes], ...]) -> None:
    for wait, data in pieces:
        if wait:
            await asyncio.sleep(wait)
        talk.write(data)


class Talk(asyncio.Protocol):
    """One client's connection, or a line; a stream that is not Modbus is closed.

    Attributes:
        speech: Its framing.
    """

    def __init__(self, controllers: Controllers, speech: Speech, talks: set[Talk]) -> None:
        self.speech = speech
        self._controllers = controllers
        self._talks = talks
        self._heard = 0.0
        self._transport: Outlet | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the transport."""
        if isinstance(transport, asyncio.Transport):
            self.begin(transport)

    def begin(self, outlet: Outlet) -> None:
        """Takes whatever sends."""
        self._transport = outlet
        self._talks.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 # asyncio calls it so
        """Forgets the transport."""
        self._talks.discard(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Hands over every complete request, in order."""
        now = asyncio.get_running_loop().time()
        if now - self._heard > QUIET:
            self.speech.pause()
        self._heard = now
        try:
            for request in self.speech.heard(data):
                self._controllers.take(self, request)
        except Broken:
            self.close()

    def write(self, data: bytes) -> None:
        """Sends, unless the client is gone."""
        if self._transport is not None:
            self._transport.write(data)

    def close(self) -> None:
        """Drops the connection at once; a line stays."""
        if isinstance(self._transport, asyncio.Transport):
            self._transport.abort()


class Outlet(Protocol):
    """What sends bytes."""

    def write(self, data: bytes) -> None:
        """Sends; never waits."""
        ...
