"""Answers to Publish between the channel that receives them and the session that reads them."""

from __future__ import annotations

import asyncio

from trivet_opcua.loss import Lost
from trivet_opcua.transport import Publication

ROOM = 256
GRACE = 0.05
"""After a late look the loop may have read the socket already, but not yet have passed on what was there [s]."""


class Inbox:
    """A bounded queue of one subscription."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[Publication | Lost] = asyncio.Queue()
        self._taken = asyncio.Event()

    @property
    def empty(self) -> bool:
        """Whether nothing waits."""
        return self._arrived.empty()

    def put(self, publication: Publication) -> bool:
        """Adds one answer; whether there was room for it."""
        if self._arrived.qsize() >= ROOM:
            return False
        self._arrived.put_nowait(publication)
        return True

    async def room(self) -> None:
        """Waits until there is room."""
        while self._arrived.qsize() >= ROOM:
            self._taken.clear()
            await self._taken.wait()

    def fail(self, lost: Lost) -> None:
        """Adds the end of the subscription, or of the channel."""
        self._arrived.put_nowait(lost)

    async def get(self, patience: float) -> Publication:
        """The next answer.

        Args:
            patience: Longest wait [s of real time].

        Raises:
            Lost: It has ended, or nothing came in time.
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
        self._taken.set()
        if isinstance(found, Lost):
            raise found
        return found
