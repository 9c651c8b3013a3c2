"""A Modbus TCP server that shows a plant through a profile; asyncio only, no Modbus library.

It answers functions 1 to 4 and 43/14 and refuses every other one with exception 1,
so it cannot be written to either (Modbus Application Protocol 1.1b3, 6 and 7).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trivet.device.adapter import Clock, Values
from trivet.device.document import Profile
from trivet.errors import AdapterError, DocumentError
from trivet.signals import SECOND
from trivet_modbus.address import FUNCTIONS
from trivet_modbus.frame import ERROR, IDENTIFY, REQUEST
from trivet_modbus.image import Image
from trivet_modbus.layout import BITS_AT_ONCE, REGISTERS_AT_ONCE
from trivet_modbus.mbap import HEADER, LONGEST, PREFIX
from trivet_modbus.route import TCP

UNIT = 1
REFRESH = SECOND // 10
ILLEGAL_FUNCTION = 1
ILLEGAL_VALUE = 3
GATEWAY_SILENT = 11
TABLES = {function: table for table, function in FUNCTIONS.items()}
VENDOR = "Trivet simulator"


class Controller:
    """A simulated controller: answers requests from a plant, looked at once in each tenth of a second of its clock."""

    def __init__(self, profile: Profile, values: Values, clock: Clock) -> None:
        self._image = Image(profile)
        self._values = values
        self._clock = clock
        self._shown: int | None = None

    def answer(self, unit: int, request: bytes) -> bytes:
        """The answer's function code and data to a request's."""
        function = request[0]
        if unit != UNIT:
            return bytes([function | ERROR, GATEWAY_SILENT])
        if function in TABLES:
            data = self._read(function, request[1:])
            return bytes([function, len(data)]) + data if isinstance(data, bytes) else bytes([function | ERROR, data])
        if function == IDENTIFY and request[1:2] == b"\x0e":
            return self._identity(request[2:])
        return bytes([function | ERROR, ILLEGAL_FUNCTION])

    def _read(self, function: int, data: bytes) -> bytes | int:
        table = TABLES[function]
        if len(data) != REQUEST.size:
            return ILLEGAL_VALUE
        address, count = REQUEST.unpack(data)
        if not 1 <= count <= (BITS_AT_ONCE if table.bits else REGISTERS_AT_ONCE):
            return ILLEGAL_VALUE
        self._look()
        return self._image.read(table, address, count)

    def _look(self) -> None:
        now = self._clock.now()
        if now // REFRESH != self._shown:
            self._image.show(self._values(now))
            self._shown = now // REFRESH

    def _identity(self, data: bytes) -> bytes:
        """The basic objects, whatever was asked for (Modbus Application Protocol 1.1b3, 6.21)."""
        if len(data) != 2 or data[0] not in (1, 2, 3):
            return bytes([IDENTIFY | ERROR, ILLEGAL_VALUE])
        profile = self._image.profile
        objects = b""
        for number, text in enumerate((VENDOR, profile.id, profile.version)):
            encoded = text.encode("latin-1", "replace")[:60]
            objects += bytes([number, len(encoded)]) + encoded
        return bytes([IDENTIFY, 14, data[0], 1, 0, 0, 3]) + objects


class Connection(asyncio.Protocol):
    """One client's connection; a stream that is not Modbus is closed."""

    def __init__(self, controller: Controller, open_connections: set[Connection]) -> None:
        self._controller = controller
        self._open = open_connections
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the transport."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport
            self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 # asyncio calls it so
        """Forgets the transport."""
        self._open.discard(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        """Answers every complete request, in order."""
        self._buffer += data
        while self._transport is not None and len(self._buffer) > HEADER.size:
            transaction, protocol, length, unit, _ = HEADER.unpack_from(self._buffer)
            if protocol or not 2 <= length <= LONGEST:
                self._transport.abort()
                return
            if len(self._buffer) < PREFIX + length:
                return
            answer = self._controller.answer(unit, self._buffer[PREFIX + 1 : PREFIX + length])
            self._buffer = self._buffer[PREFIX + length :]
            self._transport.write(HEADER.pack(transaction, 0, len(answer) + 1, unit, answer[0]) + answer[1:])

    def close(self) -> None:
        """Drops the connection at once."""
        if self._transport is not None:
            self._transport.abort()


@asynccontextmanager
async def serve(profile: Profile, values: Values, bind: str, clock: Clock) -> AsyncIterator[str]:
    """Serves a plant as unit 1; the context gives the URL.

    Raises:
        DocumentError: A point of the profile is wrong, or ``bind`` is not ``host:port``.
        AdapterError: The address cannot be listened on.
    """
    host, port = _address(bind)
    controller = Controller(profile, values, clock)
    connections: set[Connection] = set()
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(lambda: Connection(controller, connections), host, port)
    except OSError as error:
        raise AdapterError(f"cannot listen on {bind}: {error.strerror}", hint="choose another port") from error
    bound = server.sockets[0].getsockname()[1]
    try:
        yield f"{TCP}://{f'[{host}]' if ':' in host else host}:{bound}?unit={UNIT}"
    finally:
        server.close()
        for connection in tuple(connections):
            connection.close()
        await server.wait_closed()


def _address(bind: str) -> tuple[str, int]:
    host, _, port = bind.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise DocumentError(f"{bind!r} is no address to listen on", where=bind, hint="write host:port")
    return host.strip("[]"), int(port)
