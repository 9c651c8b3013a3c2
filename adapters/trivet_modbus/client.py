"""The TCP link to Modbus units, on pymodbus; it can only read.

pymodbus frames requests and hands over answers. Above it, because it does not
itself (3.16): an answer must match its request exactly, a lost link ends the
pending request at once, and register words stay bytes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.mei_message import ReadDeviceInformationRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from trivet.errors import ConnectError
from trivet_modbus.address import Table
from trivet_modbus.frame import (
    ERROR,
    GARBAGE,
    SILENCE,
    TORN,
    Refusal,
    Wanted,
    identification,
    judge,
    nonsense,
    refusal,
    wanted,
)
from trivet_modbus.plan import Block

# without it every late answer is a line on the terminal
logging.getLogger("pymodbus").addHandler(logging.NullHandler())

REQUESTS: Mapping[Table, type[ModbusPDU]] = {
    Table.COIL: ReadCoilsRequest,
    Table.DISCRETE: ReadDiscreteInputsRequest,
    Table.HOLDING: ReadHoldingRegistersRequest,
    Table.INPUT: ReadInputRegistersRequest,
}
SILENCES = 3
BASIC, REGULAR = 1, 2
ANSWERS = 8
LARGEST_BUFFER = 8192


class LostError(ConnectError):
    """The link is down.

    Attributes:
        reason: One word, such as ``refused`` or ``reset``.
    """

    def __init__(self, reason: str, place: str) -> None:
        super().__init__(f"no Modbus answer ({reason})", where=place, hint="check address, cable and power")
        self.reason = reason


class _Raw(ModbusPDU):  # type: ignore[misc] # pymodbus is not followed by mypy
    """An answer whose data stay bytes; pymodbus would unpack them one register at a time."""

    payload = b""

    def decode(self, data: bytes) -> None:
        self.payload = data

    def __str__(self) -> str:
        return "answer"


class _Coils(_Raw):
    function_code = 1


class _Discretes(_Raw):
    function_code = 2


class _Holdings(_Raw):
    function_code = 3


class _Inputs(_Raw):
    function_code = 4


class _Identity(_Raw):
    function_code = 0x2B


class Link:
    """One TCP connection, shared by all units behind it, one request at a time.

    Attributes:
        host: Name or IP address.
        port: TCP port.
        lost: Done, with the reason, as soon as the connection is down.
        users: How many sources read through it.
        sent: When the last request went out [s of the event loop's time].
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.users = 0
        self.sent = 0.0
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._turn = asyncio.Lock()
        self._client: AsyncModbusTcpClient | None = None
        self._want: Wanted | None = None
        self._scope: asyncio.Timeout | None = None
        self._verdict = ""
        self._silences = 0

    async def open(self, patience: float) -> None:
        """Connects unless it is connected.

        Raises:
            LostError: Nobody answered within ``patience`` [s].
        """
        async with self._turn:
            if self._client is not None:
                return
            self.lost = asyncio.get_running_loop().create_future()
            self._verdict, self._silences = "", 0
            client = self._made()
            try:
                async with asyncio.timeout(patience):
                    made = await client.connect()
            except TimeoutError as error:
                client.close()
                raise self._error("timeout") from error
            if not made or self.lost.done():
                client.close()
                raise self._error("reset" if made else "refused")
            self._client = client

    async def read(self, unit: int, block: Block, patience: float) -> bytes | Refusal:
        """The data bytes of one block, exactly ``block.size`` of them, or why there are none.

        Raises:
            LostError: The link is, or went, down.
        """
        request = REQUESTS[block.table](address=block.address, count=block.count, dev_id=unit)
        answer = await self._ask(request, patience)
        return answer if isinstance(answer, Refusal) else answer[1:]

    async def identify(self, unit: int, patience: float) -> dict[int, str] | Refusal:
        """Objects of the unit's device identification by number (function 43/14).

        Raises:
            LostError: The link is, or went, down.
        """
        regular = await self._objects(unit, REGULAR, patience)
        if isinstance(regular, Refusal) and not regular.absent:
            return await self._objects(unit, BASIC, patience)
        return regular

    def drop(self, reason: str) -> None:
        """Closes the connection and ends a pending request at once."""
        client, self._client = self._client, None
        if client is not None:
            client.close()
        if not self.lost.done():
            self.lost.set_result(reason)
        self._expire()

    def release(self) -> None:
        """One source less; the last one closes the connection."""
        self.users -= 1
        if self.users <= 0:
            self.drop("closed")
            _links().pop((self.host, self.port), None)

    async def _objects(self, unit: int, level: int, patience: float) -> dict[int, str] | Refusal:
        found: dict[int, str] = {}
        following = 0
        for _ in range(ANSWERS):
            answer = await self._ask(ReadDeviceInformationRequest(level, following, dev_id=unit), patience)
            if isinstance(answer, Refusal):
                return found or answer
            try:
                objects, following = identification(answer)
            except ValueError:
                return found or nonsense("identification")
            found |= objects
            if not following:
                break
        return found

    async def _ask(self, request: ModbusPDU, patience: float) -> bytes | Refusal:
        async with self._turn:
            client = self._client
            if client is None:
                raise self._error(self.lost.result() if self.lost.done() else "closed")
            self._verdict = ""
            try:
                async with asyncio.timeout(patience) as self._scope:
                    response = await client.execute(False, request)
            except TimeoutError as error:
                return self._unanswered(client, error)
            except ModbusException as error:
                self._scope = None
                self.drop("reset")
                raise self._error("reset") from error
            finally:
                self._scope = self._want = None
            self._silences = 0
            return self._answer(request, response)

    def _answer(self, request: ModbusPDU, response: ModbusPDU) -> bytes | Refusal:
        # pymodbus takes an answer with transaction 0 for any request
        if response.transaction_id != request.transaction_id:
            return nonsense("transaction")
        if response.function_code & ERROR:
            return refusal(response.exception_code)
        return bytes(response.payload)

    def _unanswered(self, client: AsyncModbusTcpClient, error: TimeoutError) -> Refusal:
        """What it means that a request ended without its answer."""
        if self._client is not client:
            raise self._error(self.lost.result()) from error
        if self._verdict and self._verdict != TORN:
            return nonsense(self._verdict)
        self._silences += 1
        # the rest of a torn frame may still come, and a silent peer may be gone without a word
        if self._verdict == TORN or self._silences >= SILENCES:
            self.drop("timeout")
            raise self._error("timeout") from error
        return SILENCE

    def _made(self) -> AsyncModbusTcpClient:
        client = AsyncModbusTcpClient(
            self.host,
            port=self.port,
            timeout=None,
            retries=0,
            reconnect_delay=0,
            trace_packet=self._trace,
            trace_connect=self._connection,
        )
        for answer in (_Coils, _Discretes, _Holdings, _Inputs, _Identity):
            client.register(answer)
        # its own bound throws away a late answer together with the right one behind it
        client.ctx.max_buffer_size = LARGEST_BUFFER
        return client

    def _connection(self, up: bool) -> None:
        if not up:
            self.drop("reset")

    def _trace(self, sending: bool, data: bytes) -> bytes:
        """Sees every packet; what it withholds never reaches pymodbus."""
        if sending:
            self._want = wanted(data)
            self.sent = asyncio.get_running_loop().time()
            return data
        if self._want is None:
            return b""
        self._verdict = judge(data, self._want)
        if self._verdict in ("", TORN):
            return data
        if self._verdict == GARBAGE:
            self.drop(GARBAGE)
        self._expire()
        return b""

    def _expire(self) -> None:
        scope = self._scope
        if scope is not None and not scope.expired():
            scope.reschedule(asyncio.get_running_loop().time())

    def _error(self, reason: str) -> LostError:
        return LostError(reason, f"{self.host}:{self.port}")


_every: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[tuple[str, int], Link]] = WeakKeyDictionary()


def shared(host: str, port: int) -> Link:
    """The link of this event loop to a socket; cheap gateways serve only one connection well."""
    links = _links()
    link = links.get((host, port))
    if link is None:
        link = links[host, port] = Link(host, port)
    link.users += 1
    return link


def _links() -> dict[tuple[str, int], Link]:
    return _every.setdefault(asyncio.get_running_loop(), {})
