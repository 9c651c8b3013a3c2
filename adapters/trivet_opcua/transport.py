"""What a session needs from an OPC UA client library, in plain types.

Node ids are opaque here. Times are ns UTC, 0 where the server gave none. Everything
that goes wrong on a link is one exception, ``Lost``, which never leaves the adapter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

Node = Any
Path = Sequence[tuple[int, str]]


class Value(NamedTuple):
    """One DataValue: the raw value, its StatusCode, source and server time."""

    raw: Any
    status: int
    source: int
    server: int


class Child(NamedTuple):
    """A reference to a node: its id, browse name and type definition."""

    node: Node
    namespace: int
    name: str
    type: Node


class Unit(NamedTuple):
    """EngineeringUnits of a variable: UN/CEFACT id and what is shown to people."""

    id: int
    text: str


class Change(NamedTuple):
    """A data change: which monitored item, and its DataValue."""

    item: int
    value: Value


class Granted(NamedTuple):
    """What a server made of a subscription.

    Attributes:
        id: Number of the subscription.
        publishing: Revised publishing interval [s].
        quiet: Longest time between two answers to Publish [s].
        statuses: StatusCode of each monitored node.
        sampling: Revised sampling interval of each [s]; 0 is as fast as it goes.
    """

    id: int
    publishing: float
    quiet: float
    statuses: tuple[int, ...]
    sampling: tuple[float, ...]


@dataclass(slots=True)
class Publication:
    """One answer to Publish or Republish.

    Attributes:
        changes: In the order received.
        events: Fields of each event, as ``alarms.FIELDS`` lists them.
        beat: Server time, when it was part of the answer; else 0.
        complete: Whether nothing else is waiting, so that all other items are confirmed unchanged.
        number: Sequence number; of a keep-alive, that of the message which comes next. 0 when it has none.
        message: False for a keep-alive.
    """

    changes: list[Change] = field(default_factory=list)
    events: list[list[Any]] = field(default_factory=list)
    beat: int = 0
    complete: bool = True
    number: int = 0
    message: bool = True


class Transport(Protocol):
    """A client library behind plain types, for one channel; all that asks the server raises ``Lost``.

    Attributes:
        namespaces: URIs in the order of the server's table, read when it was opened.
        started: When the server started [ns, UTC]; 0 when it does not say.
    """

    namespaces: Sequence[str]
    started: int

    def node(self, namespace: int, identifier: str) -> Node:
        """A node id of an identifier such as ``s=Tank`` or ``i=85``."""
        ...

    async def children(self, nodes: Sequence[Node]) -> list[list[Child]]:
        """Objects below each node."""
        ...

    async def parents(self, nodes: Sequence[Node]) -> list[list[Node]]:
        """Objects above each node."""
        ...

    async def supertypes(self, nodes: Sequence[Node]) -> list[Node | None]:
        """The type that each type derives from."""
        ...

    async def names(self, nodes: Sequence[Node]) -> list[tuple[int, str] | None]:
        """Browse names."""
        ...

    async def translate(self, paths: Sequence[tuple[Node, Path]]) -> list[Node | None]:
        """Where each browse path ends; one TranslateBrowsePaths call unless the server allows fewer."""
        ...

    async def read(self, nodes: Sequence[Node]) -> list[Value]:
        """Values of variables, in batches that the server allows."""
        ...

    async def poll(self, nodes: Sequence[Node]) -> tuple[list[Value], int]:
        """As ``read``, and what the server's own clock shows [ns, UTC]; 0 when it shows nothing."""
        ...

    async def types(self, nodes: Sequence[Node]) -> list[Node | None]:
        """Data types of variables."""
        ...

    async def units(self, nodes: Sequence[Node]) -> list[Unit | None]:
        """Values of EngineeringUnits properties."""
        ...

    async def subscribe(self, nodes: Sequence[Node], sampling: Sequence[float], publishing: float) -> Granted:
        """Monitors nodes, the server's clock and its events.

        Args:
            nodes: A change names its node by the position here.
            sampling: Requested sampling interval of each [s].
            publishing: Requested publishing interval [s].
        """
        ...

    async def unsubscribe(self, subscription: int, patience: float) -> None:
        """Ends a subscription; never raises, and waits for the server no longer than told [s]."""
        ...

    def listen(self, subscription: int, beat: int) -> None:
        """Begins to ask for publications, also of this subscription.

        Args:
            subscription: Its number.
            beat: The item whose changes are the server's clock: the number of monitored nodes.
        """
        ...

    def forget(self, subscription: int) -> None:
        """Takes nothing of a subscription any more, until it is listened to again."""
        ...

    async def republish(self, subscription: int, number: int, beat: int) -> Publication | None:
        """A message once more, or None when the server has it no longer, or not yet; ``beat`` as for ``listen``."""
        ...

    async def refresh(self, subscription: int) -> None:
        """Asks for all pending conditions (ConditionRefresh), where the server has any."""
        ...

    async def historised(self, nodes: Sequence[Node]) -> list[bool]:
        """Which nodes have a history that can be read: by their access level, or by their HA Configuration."""
        ...

    async def history(self, node: Node, start: int, end: int) -> list[Value] | None:
        """Raw values of a stretch of the server's time [ns, UTC], oldest first; None when it does not give them."""
        ...

    async def publication(self, subscription: int, patience: float) -> Publication:
        """The next answer to Publish about a subscription, within ``patience`` [s of real time]."""
        ...

    async def renew(self) -> None:
        """Renews the secure channel when three quarters of its lifetime are over."""
        ...
