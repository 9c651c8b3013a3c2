"""Single looks at one unit: raw registers and who it says it is; for commissioning, not for polling."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from trivet.device.document import Endpoint
from trivet_modbus.address import Table
from trivet_modbus.client import Link, shared
from trivet_modbus.frame import Refusal
from trivet_modbus.plan import Block
from trivet_modbus.settings import Line, line

OBJECTS = {0: "manufacturer", 1: "product_code", 2: "revision", 3: "url", 4: "product", 5: "model", 6: "application"}
PRINTABLE = range(32, 127)


class Asker:
    """One unit behind an open link.

    Attributes:
        line: Where it is.
        refused: Reason of the last refusal; empty after an answer.
    """

    def __init__(self, link: Link, place: Line) -> None:
        self._link = link
        self.line = place
        self.refused = ""

    async def words(self, table: Table, address: int, count: int) -> list[int] | None:
        """Registers, or bits, from an address on; None when the unit refuses or does not answer.

        Raises:
            LostError: The link went down.
        """
        answer = await self._link.read(self.line.unit, Block(table, address, count, ()), self.line.timeout)
        self.refused = answer.reason if isinstance(answer, Refusal) else ""
        if isinstance(answer, Refusal):
            return None
        if table.bits:
            return [answer[index // 8] >> index % 8 & 1 for index in range(count)]
        return [int.from_bytes(answer[index : index + 2], "big") for index in range(0, 2 * count, 2)]

    async def nameplate(self) -> dict[str, str] | Refusal:
        """What the unit tells of itself by function 43/14, and by 17 where that is not known.

        Raises:
            LostError: The link went down.
        """
        told = await self._link.identify(self.line.unit, self.line.timeout)
        if not isinstance(told, Refusal):
            return {OBJECTS.get(number, f"object_{number}"): text for number, text in sorted(told.items()) if text}
        if told.absent:
            return told
        server = await self._link.server_id(self.line.unit, self.line.timeout)
        if isinstance(server, Refusal):
            return server if server.absent else {}
        return {"server_id": _legible(server)}

    def turnaround(self, percentile: float) -> float:
        """A percentile of the unit's last turnarounds [s]; NaN while there are none."""
        return self._link.counted(self.line.unit).turnaround(percentile)


@asynccontextmanager
async def asking(endpoint: Endpoint, where: str = "", folder: str = ".") -> AsyncIterator[Asker]:
    """An open link to one unit, shared with whoever polls it.

    Raises:
        DocumentError: The URL or a setting is wrong.
        ConnectError: Nothing answers at the address.
        AdapterError: This system cannot open such a route.
    """
    place = line(endpoint, where, folder)
    link = shared(place.route, place.security)
    try:
        await link.open(max(place.timeout, 3.0))
        yield Asker(link, place)
    finally:
        link.release()


def _legible(data: bytes) -> str:
    """A server id as text where it is one, else in hexadecimal."""
    text = bytes(byte for byte in data if byte in PRINTABLE).decode("ascii").strip()
    return text if len(text) >= max(3, len(data) // 2) else data.hex(" ")
