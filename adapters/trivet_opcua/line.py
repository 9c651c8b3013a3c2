"""One session on a server, over one channel at a time, for all devices that name the same endpoint.

The first device opens it, the last one closes it. What happens to a device alone, such as points that are not there
or a subscription that the server ended, leaves the others undisturbed; a channel that is lost is lost for all, and
opened again once for all.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import Any, Protocol

from trivet.device.sharing import Shared
from trivet_opcua.loss import Lost
from trivet_opcua.pauses import Pauses
from trivet_opcua.settings import Link, Settings
from trivet_opcua.transport import Transport

FAREWELL = 0.2
"""The farewell is sent, so that a server which can still hear frees the session; nobody waits for it [s]."""
LIVELY = 0.5
"""A channel on which somebody was heard within so many seconds is well, whatever one device waits for in vain."""
GONE = "BadSessionIdInvalid"


class Channel(Transport, Protocol):
    """A transport with its lifetime: opened once, never again.

    Attributes:
        held: What the next channel needs to take up this session; opaque.
        heard: When anything came from the server last [s of the loop's time].
        ended: Why it is of no more use, or None.
    """

    held: Any

    @property
    def heard(self) -> float:
        """See the class."""
        ...

    @property
    def ended(self) -> Lost | None:
        """See the class."""
        ...

    async def open(self, held: Any = None) -> None:
        """Connects, opens a session or activates one that is held, reads the namespace table and the limits."""
        ...

    def fail(self, ended: Lost) -> None:
        """Lets everybody know who waits for a publication."""
        ...

    async def leave(self) -> None:
        """Drops the channel and keeps the session on the server; never raises."""
        ...

    async def close(self, patience: float) -> None:
        """Closes the session and the socket; never raises, and waits for the server no longer than told [s]."""
        ...


class Line:
    """The session that the devices share.

    Attributes:
        session: Number of the session; it changes when the server had to be asked for another.
    """

    def __init__(self, key: Link, make: Callable[[], Channel]) -> None:
        """Nothing is opened yet.

        Args:
            key: Under which it is shared.
            make: Makes a channel that was never open.
        """
        self.session = 0
        self._key = key
        self._make = make
        self._channel: Channel | None = None
        self._opening: asyncio.Task[Channel] | None = None
        self._held: Any = None
        self._known: Any = None
        self._pauses = Pauses(random.Random(key.url))  # noqa: S311  # spreads attempts, keeps no secret
        self._not_before = 0.0

    async def open(self, session: int | None) -> Channel:
        """The channel; devices that ask at the same time share one attempt.

        Args:
            session: The one that a device has a subscription in, or None.

        Raises:
            Lost: It cannot be opened; or it is another session now.
        """
        if self._channel is not None and self._channel.ended is not None:
            await self._drop(self._channel, self._channel.ended)
        channel = self._channel
        if channel is None:
            if self._opening is None:
                self._opening = asyncio.create_task(self._open())
                self._opening.add_done_callback(self._opened)
            channel = await asyncio.shield(self._opening)
        if session is not None and session != self.session:
            raise Lost("reset", "the session has ended", GONE)
        return channel

    async def lose(self, channel: Channel | None, subscription: int | None, lost: Lost) -> None:
        """A device heard nothing, or nothing that makes sense; the channel is dropped unless others hear from it."""
        if channel is None:
            return
        if subscription is not None:
            channel.forget(subscription)
        if not _well(channel) or not self._others:
            await self._drop(channel, lost)

    async def part(self, channel: Channel, subscription: int | None, patience: float, lost: Lost | None = None) -> None:
        """A device gives up what it has in the session; who is alone ends the session with it.

        Args:
            channel: As ``open`` gave it.
            subscription: Its subscription, or None.
            patience: Longest wait for the server [s].
            lost: Why, unless the device wants no more.
        """
        if channel is not self._channel:
            return
        if channel.ended is not None:
            await self._drop(channel, channel.ended)
        elif not self._others:
            self._forget()
            await channel.close(patience)
        elif lost is not None and not _well(channel):
            await self._drop(channel, lost)
        elif subscription is not None:
            await channel.unsubscribe(subscription, patience)

    async def release(self, patience: float) -> None:
        """One device less; the last one ends the session."""
        if not _lines.leave(self._key):
            return
        if self._opening is not None:
            self._opening.cancel()
            await asyncio.wait([self._opening])
        channel = self._channel
        self._forget()
        if channel is not None:
            await channel.close(patience)

    @property
    def _others(self) -> bool:
        return _lines.users(self._key) > 1

    def _forget(self) -> None:
        self._channel = self._held = self._known = None

    async def _open(self) -> Channel:
        time = asyncio.get_running_loop().time
        await asyncio.sleep(max(self._not_before - time(), 0.0))
        channel, held, begun = self._make(), self._held, time()
        try:
            await channel.open(held)
            self._compare(channel, held)
        except Lost as lost:
            refused = lost.final or held is None
            if refused:
                self._forget()
            # A server that has forgotten the session is asked for a new one at once.
            again = held is not None and refused
            self._not_before = 0.0 if again else time() + self._pauses.after(lost, begun, time(), held is not None)
            await (channel.close(FAREWELL) if refused else channel.leave())
            raise
        except asyncio.CancelledError:
            await channel.close(FAREWELL)
            raise
        if held is None:
            self.session += 1
        self._channel, self._held, self._known = channel, channel.held, _facts(channel)
        self._pauses.reset()
        return channel

    def _compare(self, channel: Channel, held: Any) -> None:
        if held is not None and _facts(channel) != self._known:
            raise Lost("restart", "the server was started again", GONE)

    def _opened(self, task: asyncio.Task[Channel]) -> None:
        self._opening = None
        if not task.cancelled():
            task.exception()

    async def _drop(self, channel: Channel, lost: Lost) -> None:
        """Ends a channel; the session too, when it was the server who ended it."""
        if channel is not self._channel:
            return
        self._channel = None
        channel.fail(lost)
        ended = channel.ended or lost
        if ended.final:
            self._forget()
        await (channel.close(FAREWELL) if ended.final else channel.leave())


def _well(channel: Channel) -> bool:
    return channel.ended is None and asyncio.get_running_loop().time() - channel.heard < LIVELY


def _facts(channel: Channel) -> tuple[int, tuple[str, ...]]:
    """What is the same for as long as a server runs."""
    return channel.started, tuple(channel.namespaces)


_lines: Shared[Link, Line] = Shared()


def shared(settings: Settings, make: Callable[[], Channel]) -> Line:
    """The line of this event loop to an endpoint; ``release`` it in the end."""
    return _lines.take(settings.link, lambda: Line(settings.link, make))
