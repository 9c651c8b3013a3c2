"""What several sources of one event loop use together, such as a socket: made for the first, gone with the last.

Devices that name the same link share it, whatever the protocol: cheap gateways serve one connection well, and
controllers have few sessions. An adapter keeps one ``Shared`` for its links; the key is all that decides one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Held(Generic[V]):
    thing: V
    users: int = 0


class Shared(Generic[K, V]):
    """Things in use, by key, apart for each event loop."""

    def __init__(self) -> None:
        self._every: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[K, _Held[V]]] = WeakKeyDictionary()

    def take(self, key: K, make: Callable[[], V]) -> V:
        """The thing of this key, with one user more; made when nobody uses it yet."""
        held = self._here().get(key)
        if held is None:
            held = self._here()[key] = _Held(make())
        held.users += 1
        return held.thing

    def leave(self, key: K) -> bool:
        """One user less; whether that was the last, who then has to close the thing."""
        held = self._here()[key]
        held.users -= 1
        if held.users:
            return False
        del self._here()[key]
        return True

    def users(self, key: K) -> int:
        """How many use the thing of this key now."""
        held = self._here().get(key)
        return held.users if held is not None else 0

    def _here(self) -> dict[K, _Held[V]]:
        return self._every.setdefault(asyncio.get_running_loop(), {})
