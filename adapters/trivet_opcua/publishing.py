"""Publications of all subscriptions of one session, asked for over one channel and handed to their readers.

Publish is asked of a session, not of a subscription, so the readers share the requests. A reader that is behind
holds up nobody: what finds no room is dropped without being acknowledged, so that the reader, who sees the number
missing, can have it republished, or says a gap. Only a reader who is alone holds up the server's queue instead.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from trivet_opcua import answers
from trivet_opcua.inbox import Inbox
from trivet_opcua.loss import Lost, lost
from trivet_opcua.transport import Publication

FEWEST_REQUESTS, MOST_REQUESTS = 2, 10
"""Publish requests that the server has at hand: one more than subscriptions, within these."""

Acknowledged = tuple[int, int]
"""Subscription and sequence number of a message that was taken."""


class Reader(NamedTuple):
    """Who reads a subscription.

    Attributes:
        beat: The item whose changes are the server's clock.
        inbox: Where its publications wait.
    """

    beat: int
    inbox: Inbox


class Publishing:
    """Asks for one publication after the other, until the channel ends.

    Attributes:
        namespaces: URIs in the order of the server's table, for node ids in events.
        heard: When anything came from the server last [s of the loop's time].
        ended: Why the channel is of no more use, or None.
    """

    def __init__(self, ask: Callable[[Sequence[Acknowledged]], Awaitable[Any]], timeout: float) -> None:
        """Asks nothing yet.

        Args:
            ask: Sends a Publish request and gives the parameters of its answer.
            timeout: For sentences [s].
        """
        self.namespaces: Sequence[str] = ()
        self.heard = 0.0
        self.ended: Lost | None = None
        self._ask = ask
        self._timeout = timeout
        self._readers: dict[int, Reader] = {}
        self._acknowledged: list[Acknowledged] = []
        self._workers: list[asyncio.Task[None]] = []

    def expect(self, subscription: int, beat: int) -> None:
        """Keeps what comes for a subscription from now on."""
        self._readers[subscription] = Reader(beat, Inbox())

    def listen(self, subscription: int, beat: int) -> None:
        """Asks for publications, also of this subscription."""
        if subscription not in self._readers:
            self.expect(subscription, beat)
        self._workers = [worker for worker in self._workers if not worker.done()]
        wanted = min(max(len(self._readers) + 1, FEWEST_REQUESTS), MOST_REQUESTS)
        self._workers += [asyncio.create_task(self._work()) for _ in range(wanted - len(self._workers))]

    def forget(self, subscription: int) -> None:
        """Keeps nothing of a subscription any more."""
        self._readers.pop(subscription, None)

    async def get(self, subscription: int, patience: float) -> Publication:
        """The next publication of a subscription, within ``patience`` [s of real time]."""
        reader = self._readers.get(subscription)
        if self.ended is not None and (reader is None or reader.inbox.empty):
            raise self.ended
        if reader is None:
            raise Lost("reset", "nobody listens to this subscription")
        return await reader.inbox.get(patience)

    def acknowledge(self, subscription: int, number: int) -> None:
        """Tells the server, with the next request, that it need not keep a message."""
        self._acknowledged.append((subscription, number))

    def fail(self, ended: Lost) -> None:
        """The channel has ended, for all readers."""
        if self.ended is None:
            self.ended = ended
            for reader in self._readers.values():
                reader.inbox.fail(ended)

    async def stop(self) -> None:
        """Asks for nothing any more."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    async def _work(self) -> None:
        """Asks again and again; several of these take turns."""
        while True:
            known, acknowledged = tuple(self._readers.values()), self._acknowledged
            self._acknowledged = []
            try:
                result = await self._ask(acknowledged)
                self.heard = asyncio.get_running_loop().time()
                await self._hand(result)
            except Exception as error:  # whatever a server's bytes provoke ends the channel, not this program
                if not self._goes_on(lost(error, self._timeout), known):
                    return

    def _goes_on(self, ended: Lost, known: Sequence[Reader]) -> bool:
        """Whether there is more to ask for after a refusal; ``known`` had subscriptions when it was asked."""
        if ended.code == "BadTimeout":
            return True  # the request was too old for the server, and the next takes its place
        if ended.code == "BadNoSubscription":
            for reader in known:
                reader.inbox.fail(ended)
            return any(reader not in known for reader in self._readers.values())
        if ended.code != "BadTooManyPublishRequests":
            self.fail(ended)
        return False

    async def _hand(self, result: Any) -> None:
        reader = self._readers.get(result.SubscriptionId)
        if reader is None:
            return
        message, complete = result.NotificationMessage, not result.MoreNotifications
        try:
            found = answers.publication(message, reader.beat, self.namespaces, complete)
        except Lost as ended:
            reader.inbox.fail(ended)
            return
        if len(self._readers) == 1:
            await reader.inbox.room()
        if reader.inbox.put(found) and found.message:
            self.acknowledge(result.SubscriptionId, found.number)
