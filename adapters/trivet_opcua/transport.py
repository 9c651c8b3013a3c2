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


@dataclass(slots=True)
class Publication:
    """One answer to Publish.

    Attributes:
        changes: In the order received.
        events: Fields of each event, as ``alarms.FIELDS`` lists them.
        beat: Server time, when it was part of the answer; else 0.
        complete: Whether nothing else is waiting, so that all other items are confirmed unchanged.
    """

    changes: list[Change] = field(default_factory=list)
    events: list[list[Any]] = field(default_factory=list)
    beat: int = 0
    complete: bool = True


class Transport(Protocol):
    """A client library behind plain types; all methods but ``close`` raise ``Lost``.

    Attributes:
        namespaces: URIs in the order of the server's table, read when it was opened.
        quiet: Longest time between two answers to Publish that the server granted [s].
    """

    namespaces: Sequence[str]
    quiet: float

    async def open(self) -> None:
        """Connects, opens a session, reads the namespace table and the operation limits."""
        ...

    async def close(self, patience: float) -> None:
        """Closes the session and the socket; never raises, and waits for the server no longer than told [s]."""
        ...

    def node(self, namespace: int, identifier: str) -> Node:
        """A node id of an identifier such as ``s=Tank`` or ``i=85``."""
        ...

    async def children(self, nodes: Sequence[Node]) -> list[list[Child]]:
        """Objects below each node."""
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

    async def units(self, nodes: Sequence[Node]) -> list[Unit | None]:
        """Values of EngineeringUnits properties."""
        ...

    async def subscribe(self, nodes: Sequence[Node], sampling: Sequence[float], publishing: float) -> list[int]:
        """Monitors nodes, the server's clock and its events; gives one StatusCode for each node.

        Args:
            nodes: A change names its node by the position here.
            sampling: Requested sampling interval of each [s].
            publishing: Requested publishing interval [s].
        """
        ...

    async def refresh(self) -> None:
        """Asks for all pending conditions (ConditionRefresh), where the server has any."""
        ...

    async def publication(self, patience: float) -> Publication:
        """The next answer to Publish, within ``patience`` [s of real time]."""
        ...

    async def renew(self) -> None:
        """Renews the secure channel when three quarters of its lifetime are over."""
        ...
