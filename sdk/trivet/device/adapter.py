"""The whole plug-in API: an adapter is a name and a few functions.

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
from trivet.device.frames import Show
from trivet.errors import Finding
from trivet.interface.document import Signal
from trivet.signals import Condition, Item, Json, Readings


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
        max_age: Point name, repeats with their number, to the age after which its signal no longer counts [s], for
            those that feed one; an adapter that cannot confirm values as often as that says so.
    """

    name: str
    endpoint: Endpoint
    profile: Profile
    points: Mapping[str, Any]
    time_zone: str = "UTC"
    folder: str = "."
    max_age: Mapping[str, float] = field(default_factory=dict)


class Described(Protocol):
    """What an adapter's typed point may have besides, so that a Thing Description tells others how to read it.

    A point without these gets the endpoint's URL and no terms. Both are pure and know documents only.
    """

    def form(self, endpoint: Endpoint, number: int = 0) -> Mapping[str, Json]:
        """The terms of a W3C WoT form in the protocol's own vocabulary, ``href`` and ``op`` included.

        Args:
            endpoint: Its URL is one of the adapter's schemes.
            number: Which instance of a repeated point; 0 for one that does not repeat.

        Raises:
            DocumentError: The endpoint's URL or settings are wrong.
        """
        ...

    def payload(self) -> Mapping[str, Json]:
        """The data schema of what such a form reads, before the profile's scale and offset: ``type`` where it is known.

        With ``trivet:encoding`` the number that is read is not the point's raw number yet.
        """
        ...


class Found(NamedTuple):
    """One appliance that answers behind a URL, for `trivet connect` to propose a device document from.

    Attributes:
        url: What the endpoint of a device document shall say; may be more exact than the URL asked.
        name: What the appliance calls itself, for the name of a device; may be empty.
        nameplate: Manufacturer, model, serial number and whatever else it tells, by OPC UA DI's names.
        profiles: Ids or paths of the profiles that fit, the best first; empty when none is known.
        settings: What the endpoint of a device document needs besides: ``instances`` and other keys of an endpoint
            as such, all others for its ``settings``.
        findings: What the engineer should know before trusting it.
    """

    url: str
    name: str = ""
    nameplate: Mapping[str, str] = {}
    profiles: tuple[str, ...] = ()
    settings: Mapping[str, Any] = {}
    findings: tuple[Finding, ...] = ()


class Quest(NamedTuple):
    """A signal that is looked for in raw data.

    Attributes:
        signal: Its unit, range and rate of change, from an interface.
        shown: What the controller's own display shows at the end of the look, in the signal's unit, or None.
    """

    signal: Signal
    shown: float | None = None


class Diagnosis(NamedTuple):
    """What a look at an endpoint, or at the plan for it, showed.

    Attributes:
        facts: A JSON tree for people and programmes: heading to text, number, list of rows or mapping.
        findings: What is wrong or odd, the worst first.
    """

    facts: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()


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
        identify: The appliances behind a URL, with the fitting ones of some profiles by id. It asks only
            what the URL names and never scans.
        scan: All appliances on the line of a URL; it may ask whatever is there, slowly. Only ever called when somebody
            asked for it.
        detect: What the raw data at a place could mean for a signal, after a look of so many seconds: the readings
            ranked, and one finding that decides or says ``undecided``.
        approve: Keeps what the server behind a URL shows as its identity, so that no other is talked to from then on;
            gives what was approved, for a person to compare. Only ever called when somebody asked for it.
        diagnose: A look of so many seconds at a live endpoint.
        plan: What ``connect`` would ask of an endpoint and how long that takes, without asking; pure.
        show: What a recorded exchange means, to hold a profile to its golden frames; pure.
        serve: A real server that shows a plant through a profile; for simulators and tests.
            The context gives the URL to connect to. Where ``faults`` are named it also takes ``faults``: texts
            that begin with one of these names.
        raw: Whether ``serve`` also takes ``raw``: a file of what a controller answered, to show instead of a plant.
        faults: Trouble at the wire that ``serve`` can make.
        recorded: Its sources end, and their times are those of a recording: they are merged in the
            order of these times on a ``RecordingClock``, on which the source itself does not wait.
    """

    name: str
    schemes: tuple[str, ...]
    point: Callable[[Point, Profile], Any]
    connect: Callable[[Target, Clock], AsyncIterator[Item]]
    decode: Callable[..., Readings]
    identify: Callable[[str, Mapping[str, Profile]], Awaitable[tuple[Found, ...]]] | None = field(default=None)
    scan: Callable[[str, Mapping[str, Profile]], AsyncIterator[Found]] | None = field(default=None)
    detect: Callable[[str, str, Quest, Clock, float], Awaitable[Diagnosis]] | None = field(default=None)
    approve: Callable[[str], Awaitable[Diagnosis]] | None = field(default=None)
    diagnose: Callable[[Target, Clock, float], Awaitable[Diagnosis]] | None = field(default=None)
    plan: Callable[[Target], Diagnosis] | None = field(default=None)
    show: Show | None = field(default=None)
    serve: Callable[..., AbstractAsyncContextManager[str]] | None = field(default=None)
    faults: tuple[str, ...] = ()
    raw: bool = False
    recorded: bool = False
