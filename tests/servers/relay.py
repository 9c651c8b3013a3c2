"""A TCP relay between a client and a server that can cut, mute, delay, refuse and spoil, and counts what is asked."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Callable
from types import TracebackType

from servers.requests import OpcRequests, Requests

READ, WRITE, CALL, PUBLISH = 631, 673, 712, 826
CREATE_SESSION, CREATE_SUBSCRIPTION, TRANSLATE, HISTORY_UPDATE = 461, 787, 554, 700
REPUBLISH, HISTORY_READ, ACTIVATE = 832, 664, 467
NODE_MANAGEMENT = frozenset({488, 494, 500, 506})


class Relay:
    """Stands on a port of its own before a server's.

    Attributes:
        port: Where clients connect to.
        connections: Accepted so far.
        services: Encoding id, or Modbus function, of each request to how often it was sent.
        methods: Numeric ids of object and method of each OPC UA Call to how often it was called.
        delay: Time that each packet waits before it is passed on [s].
        stall: A service, and how long its requests wait [s].
        noise: Flips bits of every second packet from the server, or None.
    """

    def __init__(self, host: str, port: int, requests: Callable[[], Requests] = OpcRequests) -> None:
        self.port = 0
        self.connections = 0
        self.services: Counter[int] = Counter()
        self.methods: Counter[tuple[int, int]] = Counter()
        self._requests = requests
        self.delay = 0.0
        self.stall = (0, 0.0)
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
        up = asyncio.create_task(self._pump(reader, back, self._requests()))
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
                    await self._count(requests, data)
                elif self.noise is not None and self.noise.random() < 0.5:
                    data = spoilt(data, self.noise)
                writer.write(data)
                await writer.drain()

    async def _count(self, requests: Requests, data: bytes) -> None:
        for service, method in requests.feed(data):
            self.services[service] += 1
            if service == self.stall[0]:
                await asyncio.sleep(self.stall[1])
            if method is not None:
                self.methods[method] += 1


def spoilt(data: bytes, noise: random.Random) -> bytes:
    """The same bytes but for eight bits."""
    changed = bytearray(data)
    for _ in range(8):
        changed[noise.randrange(len(changed))] ^= 1 << noise.randrange(8)
    return bytes(changed)
