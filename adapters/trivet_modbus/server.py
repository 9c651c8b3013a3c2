"""Servers that show a plant through a profile, over TCP, RTU over TCP and serial lines; no Modbus library.

They answer functions 1 to 4, 17 and 43/14 and refuse every other one with exception 1,
so they cannot be written to either (Modbus Application Protocol 1.1b3, 6 and 7).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from trivet.device.adapter import Clock, Values
from trivet.device.document import Profile
from trivet.errors import AdapterError, DocumentError
from trivet.signals import SECOND
from trivet_modbus.address import FUNCTIONS
from trivet_modbus.faults import Fault
from trivet_modbus.frame import ERROR, IDENTIFY, REQUEST, SERVER_ID
from trivet_modbus.image import Image
from trivet_modbus.layout import BITS_AT_ONCE, REGISTERS_AT_ONCE
from trivet_modbus.route import RTU, RTU_OVER_TCP, TCP, Route, parse_route
from trivet_modbus.talk import Answer, Controllers, RtuSpeech, Talk, TcpSpeech
from trivet_modbus.tape import Tape

PSEUDO_TERMINAL = "pty"
UNIT = 1
REFRESH = SECOND // 10
ILLEGAL_FUNCTION = 1
ILLEGAL_VALUE = 3
GATEWAY_SILENT = 11
TABLES = {function: table for table, function in FUNCTIONS.items()}
VENDOR = "Trivet simulator"
RUNNING = b"\xff"


class Controller:
    """A simulated controller: answers requests from a plant, looked at once in each tenth of a second of its clock.

    Attributes:
        unit: Unit id that it answers to.
    """

    def __init__(
        self, profile: Profile, values: Values, clock: Clock, unit: int = UNIT, tape: Tape | None = None
    ) -> None:
        self.unit = unit
        self._image = Image(profile)
        self._tape = tape
        self._values = values
        self._clock = clock
        self._shown: int | None = None

    def answer(self, unit: int, request: bytes) -> bytes:
        """The answer's function code and data to a request's."""
        function = request[0]
        if unit != self.unit:
            return bytes([function | ERROR, GATEWAY_SILENT])
        if function in TABLES:
            data = self._read(function, request[1:])
            return bytes([function, len(data)]) + data if isinstance(data, bytes) else bytes([function | ERROR, data])
        if function == IDENTIFY and request[1:2] == b"\x0e":
            return self._identity(request[2:])
        if function == SERVER_ID and len(request) == 1:
            text = f"{VENDOR} {self._image.profile.id}".encode("latin-1", "replace")[:200]
            return bytes([SERVER_ID, len(text) + 2, self.unit]) + text + RUNNING
        return bytes([function | ERROR, ILLEGAL_FUNCTION])

    def _read(self, function: int, data: bytes) -> bytes | int:
        table = TABLES[function]
        if len(data) != REQUEST.size:
            return ILLEGAL_VALUE
        address, count = REQUEST.unpack(data)
        if not 1 <= count <= (BITS_AT_ONCE if table.bits else REGISTERS_AT_ONCE):
            return ILLEGAL_VALUE
        if self._tape is not None:
            self._tape.wind(self._clock.now())
            return self._tape.read(table, address, count)
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


@asynccontextmanager
async def serve(
    profile: Profile, values: Values, bind: str, clock: Clock, faults: Iterable[Fault] = (), tape: Tape | None = None
) -> AsyncIterator[str]:
    """Serves a plant as one unit; the context gives the URL.

    Args:
        profile: Which registers there are.
        values: What the plant shows.
        bind: ``host:port`` for Modbus TCP, ``pty`` for a pseudo-terminal, or a URL as clients write it; port 0
            takes a free one, the unit is 1 unless the URL says otherwise.
        clock: The time that the plant lives in.
        faults: Trouble that it makes at the wire.
        tape: Recorded registers that are shown instead of the plant.

    Raises:
        DocumentError: A point of the profile is wrong, or ``bind`` is.
        AdapterError: The address or the port cannot be used.
    """
    route, unit = _bound(bind)
    controller = Controller(profile, values, clock, unit, tape)

    def answer(asked: int, request: bytes) -> bytes | None:
        # a gateway says that nobody answered; on a line of its own a controller leaves that to the others
        return None if route.framed_rtu and asked != unit else controller.answer(asked, request)

    async with listening(route, answer, faults) as bound:
        yield bound.url(unit)


@asynccontextmanager
async def listening(route: Route, answer: Answer, faults: Iterable[Fault] = ()) -> AsyncIterator[Route]:
    """Answers at a route; the context gives the one that clients take.

    Args:
        route: Socket or serial port; port 0 takes a free one, a serial port without a path a pseudo-terminal.
        answer: Unit and request to answer.
        faults: Trouble that is made at the wire.

    Raises:
        AdapterError: The address or the port cannot be used.
    """
    controllers = Controllers(answer, tuple(faults))
    try:
        opened = _on_line(route, controllers) if route.serial else _on_socket(route, controllers)
        async with opened as bound:
            yield bound
    finally:
        await controllers.close()


@asynccontextmanager
async def _on_socket(route: Route, controllers: Controllers) -> AsyncIterator[Route]:
    talks: set[Talk] = set()
    speech = RtuSpeech if route.framed_rtu else TcpSpeech
    loop = asyncio.get_running_loop()
    try:
        server = await loop.create_server(lambda: Talk(controllers, speech(), talks), route.host, route.port)
    except OSError as error:
        where = f"{route.host}:{route.port}"
        raise AdapterError(f"cannot listen on {where}: {error.strerror}", hint="choose another port") from error
    try:
        yield route._replace(port=server.sockets[0].getsockname()[1])
    finally:
        server.close()
        for talk in tuple(talks):
            talk.close()
        await server.wait_closed()


def _on_line(route: Route, controllers: Controllers) -> AbstractAsyncContextManager[Route]:
    try:
        from trivet_modbus.serial_port import SerialPort, open_port, pseudo_terminal
    except ImportError as error:
        raise AdapterError("this system has no serial ports that trivet can use", hint="serve a socket") from error

    @asynccontextmanager
    async def opened() -> AsyncIterator[Route]:
        spare: int | None = None
        try:
            if route.device:
                file, path = open_port(route), route.device
            else:
                file, spare, path = pseudo_terminal()
        except OSError as error:
            reason = error.strerror or "it is in use"
            raise AdapterError(f"cannot open {route.device or 'a pseudo-terminal'}: {reason}", hint="") from error
        talk = Talk(controllers, RtuSpeech(), set())
        port = SerialPort(file, talk.data_received, lambda _: None)
        talk.begin(port)
        try:
            yield route._replace(device=path)
        finally:
            port.close()
            if spare is not None:
                os.close(spare)

    return opened()


def _bound(bind: str) -> tuple[Route, int]:
    if bind == PSEUDO_TERMINAL:
        # a pseudo-terminal has no parity bit, and some systems refuse to set one
        return Route(RTU, baud=19200, parity="none"), UNIT
    if "://" in bind:
        route, unit = parse_route(bind, bind)
        if route.scheme in (TCP, RTU_OVER_TCP, RTU):
            return route, unit
        hint = "serve modbus+tcp:// and put socat or stunnel before it"
        raise DocumentError("the simulator does not speak TLS itself", where=bind, hint=hint)
    host, _, port = bind.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise DocumentError(f"{bind!r} is no address to listen on", where=bind, hint="write host:port")
    return Route(TCP, host.strip("[]"), int(port)), UNIT
