"""Whose an event is: a server tells all of them to everybody, and a device wants its own."""

from __future__ import annotations

from collections.abc import Iterable

from trivet_opcua.transport import Node, Transport

HIGHEST = 8
"""Levels that are climbed from an event's source."""
MOST_SOURCES = 10_000


class Ownership:
    """Which sources of events are a device's.

    A source belongs to the nearest device above it. What lies below none, such as the server itself, concerns
    every device.
    """

    def __init__(self, own: frozenset[Node] = frozenset(), others: frozenset[Node] = frozenset()) -> None:
        self._own = own
        self._others = others
        self._known: dict[str, bool] = {}

    def concerns(self, source: str) -> bool:
        """Whether events of a source are this device's, as far as that was learnt; ``nsu=URI;IDENTIFIER``."""
        return self._known.get(source, True)

    async def learn(self, transport: Transport, sources: Iterable[str]) -> None:
        """Finds out about sources that were not met before; asks nothing where there are no other devices."""
        if not self._others:
            return
        for source in set(sources) - set(self._known):
            if len(self._known) < MOST_SOURCES:
                self._known[source] = await self._ours(transport, source)

    async def _ours(self, transport: Transport, source: str) -> bool:
        uri, _, identifier = source.removeprefix("nsu=").rpartition(";")
        if uri not in transport.namespaces:
            return True
        level = [transport.node(list(transport.namespaces).index(uri), identifier)]
        for _ in range(HIGHEST):
            if self._own & set(level):
                return True
            if self._others & set(level) or not level:
                return not level
            level = [node for above in await transport.parents(level) for node in above]
        return True
