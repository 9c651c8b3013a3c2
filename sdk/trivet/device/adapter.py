"""The whole plug-in API: an adapter is five functions and a name.

An adapter package offers one ``Adapter`` object under the entry point group
``trivet.adapters``, named like the adapter. The object imports no protocol
library; its functions do when they are called. There is no write path.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from trivet.device.document import Endpoint, Point, Profile
from trivet.signals import Condition, Item, Readings


class Clock(Protocol):
    """The time that a run lives in: wall, scaled, or a recording's own."""

    @property
    def speed(self) -> float:
        """Seconds of this clock in one second of latency."""
        ...

    def now(self) -> int:
        """Nanoseconds since the Unix epoch, UTC; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits for so many seconds of this clock."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """What an adapter is asked to read.

    Attributes:
        name: ``device/endpoint``, the origin of everything it yields.
        endpoint: Where, from the device document.
        profile: What is there.
        points: Name of each point to read to the adapter's own typed point, as its ``point`` function made it;
            need not be all of the profile.
        time_zone: IANA name for recorded times without a zone.
        folder: Folder of the device document; relative paths count from it.
    """

    name: str
    endpoint: Endpoint
    profile: Profile
    points: Mapping[str, Any]
    time_zone: str = "UTC"
    folder: str = "."


class Snapshot(NamedTuple):
    """What a simulated plant shows at one instant, for a server to serve.

    Attributes:
        values: Signal name to value in the interface's unit, or state name.
        status: Signal name to StatusCode, for those that are not Good.
        conditions: Active and recently cleared alarms.
    """

    values: Mapping[str, float | str]
    status: Mapping[str, int] = {}
    conditions: tuple[Condition, ...] = ()


Values = Callable[[int], Snapshot]
"""A plant as servers see it: time [ns, UTC] to what its controller shows."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A protocol.

    Attributes:
        name: As profiles name it.
        schemes: URL schemes that it serves, such as ``modbus+tcp``.
        point: Checks one profile point (and the profile's settings) and gives the adapter's own
            typed point; needs no protocol library. Raises DocumentError.
        connect: An endless source: it connects, reads and reconnects by itself with bounded,
            jittered back-off. A lost link yields a Gap without end at once and the same Gap with
            its end when data flow again; it never raises for what a controller or a link does.
            A recording's source ends when the recording does. Raises AdapterError when the
            library is missing and DocumentError when the endpoint's URL or settings are wrong.
        decode: What came over the wire, as readings; pure.
        identify: The nameplate behind a URL.
        diagnose: Findings about a live endpoint.
        serve: A real server that shows a plant through a profile; for simulators and tests.
            The context gives the URL to connect to.
        recorded: Its sources end, and their times are those of a recording: they are merged in the
            order of these times on a ``RecordingClock``, on which the source itself does not wait.
    """

    name: str
    schemes: tuple[str, ...]
    point: Callable[[Point, Profile], Any]
    connect: Callable[[Target, Clock], AsyncIterator[Item]]
    decode: Callable[..., Readings]
    identify: Callable[[str], Awaitable[Mapping[str, str]]] | None = field(default=None)
    diagnose: Callable[..., Any] | None = field(default=None)
    serve: Callable[[Profile, Values, str, Clock], AbstractAsyncContextManager[str]] | None = field(default=None)
    recorded: bool = False
