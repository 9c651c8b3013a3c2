"""Answers to Publish between the library that receives them and the session that reads them."""

from __future__ import annotations

import asyncio

from trivet_opcua.loss import Lost
from trivet_opcua.transport import Publication

ROOM = 256
LARGEST_SEQUENCE = 0xFFFF_FFFF


class Inbox:
    """A bounded queue: a reader that is behind holds up the server's queue, not this machine's memory."""

    def __init__(self) -> None:
        self._arrived: asyncio.Queue[Publication | Lost] = asyncio.Queue()
        self._room = asyncio.Semaphore(ROOM)
        self._sequence = 0

    async def put(self, publication: Publication, sequence: int) -> None:
        """Adds one answer.

        Args:
            publication: What it says.
            sequence: Number of its message, or 0 for a keep-alive, which has none of its own.
        """
        expected = 1 if self._sequence == LARGEST_SEQUENCE else self._sequence + 1
        if sequence and self._sequence and sequence != expected:
            # A message that never came cannot be judged, so the session ends and the gap is recorded.
            self.fail(Lost("sequence", f"message {expected} never came, {sequence} did"))
        self._sequence = sequence or self._sequence
        await self._room.acquire()
        self._arrived.put_nowait(publication)

    def fail(self, lost: Lost) -> None:
        """Adds the end of the session."""
        self._arrived.put_nowait(lost)

    async def get(self, patience: float) -> Publication:
        """The next answer.

        Args:
            patience: Longest wait [s of real time].

        Raises:
            Lost: The session has ended, or nothing came in time.
        """
        try:
            async with asyncio.timeout(patience):
                found = await self._arrived.get()
        except TimeoutError:
            raise Lost("timeout", f"nothing was published for {patience:g} s") from None
        if isinstance(found, Lost):
            raise found
        self._room.release()
        return found
