"""A TCP relay between a client and a server that can cut, mute, delay, refuse and spoil.

It counts connections and, where the OPC UA channel is not encrypted, the service of
every request: the numeric id of the request's binary encoding (OPC 10000-6, A.3), such
as 631 for Read or 673 for Write.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import struct
from collections import Counter
from types import TracebackType

READ, WRITE, CALL, PUBLISH = 631, 673, 712, 826
CREATE_SESSION, CREATE_SUBSCRIPTION, TRANSLATE, HISTORY_UPDATE = 461, 787, 554, 700
NODE_MANAGEMENT = frozenset({488, 494, 500, 506})


class Relay:
    """Stands on a port of its own before a server's.

    Attributes:
        port: Where clients connect to.
        connections: Accepted so far.
        services: Encoding id of each request, by client, to how often it was sent.
        delay: Time that each packet waits before it is passed on [s].
        noise: Flips bits of every second packet from the server, or None.
    """

    def __init__(self, host: str, port: int) -> None:
        self.port = 0
        self.connections = 0
        self.services: Counter[int] = Counter()
        self.delay = 0.0
        self.noise: random.Random | None = None
        self._target = (host, port)
        self._listener: asyncio.Server | None = None
        self._flows = asyncio.Event()
        self._flows.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Relay:
        await self.accept()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse()
        self.cut()
        for task in tuple(self._tasks):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def cut(self) -> None:
        """Closes all connections at once."""
        for writer in tuple(self._writers):
            writer.transport.abort()

    def mute(self) -> None:
        """Keeps connections open and passes nothing on; what was sent meanwhile arrives after ``unmute``."""
        self._flows.clear()

    def unmute(self) -> None:
        """Passes on again."""
        self._flows.set()

    async def refuse(self) -> None:
        """Stops listening; open connections stay."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def accept(self) -> None:
        """Listens, on the same port as before."""
        if self._listener is None:
            self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._listener.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            there, back = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        up = asyncio.create_task(self._pump(reader, back, Requests(self.services)))
        down = asyncio.create_task(self._pump(there, writer, None))
        self._tasks |= {up, down}
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for side in (writer, back):
                side.transport.abort()
            await asyncio.gather(up, down, return_exceptions=True)
            self._tasks -= {up, down}
            self._writers -= {writer, back}

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, requests: Requests | None
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self._flows.wait()
                if self.delay:
                    await asyncio.sleep(self.delay)
                if requests is not None:
                    requests.feed(data)
                elif self.noise is not None and self.noise.random() < 0.5:
                    data = spoilt(data, self.noise)
                writer.write(data)
                await writer.drain()


def spoilt(data: bytes, noise: random.Random) -> bytes:
    """The same bytes but for eight bits."""
    changed = bytearray(data)
    for _ in range(8):
        changed[noise.randrange(len(changed))] ^= 1 << noise.randrange(8)
    return bytes(changed)


class Requests:
    """Counts the requests in one client's stream of bytes."""

    def __init__(self, counts: Counter[int]) -> None:
        self._counts = counts
        self._rest = b""
        self._begun: set[int] = set()

    def feed(self, data: bytes) -> None:
        """Takes bytes as they come; whole chunks are counted, a request of several chunks once."""
        self._rest += data
        while len(self._rest) >= 8:
            size = struct.unpack_from("<I", self._rest, 4)[0]
            if size < 8 or len(self._rest) < size:
                return
            chunk, self._rest = self._rest[:size], self._rest[size:]
            if chunk[:3] in (b"MSG", b"CLO"):
                self._count(chunk)

    def _count(self, chunk: bytes) -> None:
        request = struct.unpack_from("<I", chunk, 20)[0]
        if request not in self._begun:
            self._counts[_type(chunk[24:])] += 1
        if chunk[3:4] == b"C":
            self._begun.add(request)
        else:
            self._begun.discard(request)


def _type(body: bytes) -> int:
    """Numeric id of the encoding's node id: two-byte, four-byte or full numeric form (OPC 10000-6, 5.2.2.9)."""
    if body[0] == 0:
        return body[1]
    if body[0] == 1:
        return int(struct.unpack_from("<H", body, 2)[0])
    return int(struct.unpack_from("<I", body, 3)[0])
