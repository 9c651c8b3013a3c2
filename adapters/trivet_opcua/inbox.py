"""Answers to Publish between the library that receives them and the session that reads them."""

from __future__ import annotations

import asyncio

from trivet_opcua.loss import Lost
from trivet_opcua.transport import Publication

ROOM = 256
GRACE = 0.05
"""After a late look the loop may have read the socket already, but not yet have passed on what was there [s]."""


class Inbox:
    """A bounded queue: a reader that is behind holds up the server's queue, not this machine's memory."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[Publication | Lost] = asyncio.Queue()
        self._room = asyncio.Semaphore(ROOM)

    async def put(self, publication: Publication) -> None:
        """Adds one answer."""
        await self._room.acquire()
        self._arrived.put_nowait(publication)

    def fail(self, lost: Lost) -> None:
        """Adds the end of the channel."""
        self._arrived.put_nowait(lost)

    async def get(self, patience: float) -> Publication:
        """The next answer.

        Args:
            patience: Longest wait [s of real time].

        Raises:
            Lost: The channel has ended, or nothing came in time.
        """
        try:
            async with asyncio.timeout(patience):
                found = await self._arrived.get()
        except TimeoutError:
            # A machine that was busy itself finds the time-out and the answer at the same moment.
            await asyncio.sleep(GRACE)
            if self._arrived.empty():
                raise Lost("timeout", f"nothing was published for {patience:.1f} s") from None
            found = self._arrived.get_nowait()
        if isinstance(found, Lost):
            raise found
        self._room.release()
        return found
