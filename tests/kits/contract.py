"""What an adapter brings to ``tests/test_adapters.py``.

Each adapter has a module ``kits/<adapter>.py`` with a ``kit`` made of the types here;
the contract finds it by that name.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any

from trivet.device.adapter import Adapter, Clock, Target
from trivet.signals import Item, Readings, Sample


@dataclass(frozen=True)
class Stand:
    """A started endpoint.

    Attributes:
        target: All points of its profile.
        clock: The time that the endpoint lives in.
        expected: Point name to the value it shows all the time, in the point's unit.
        bad: Points that have no good value, shown all the time.
        cut: Drops all connections and refuses new ones; None for recordings.
        restore: Lets clients in again, at the same address.
    """

    target: Target
    clock: Clock
    expected: Mapping[str, float]
    bad: frozenset[str] = frozenset()
    cut: Callable[[], Awaitable[None]] | None = None
    restore: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True)
class Kit:
    """One adapter under the contract.

    Attributes:
        adapter: The object that the entry point names.
        library: The protocol library that must not be loaded by importing the adapter; may be empty.
        wrong_urls: URLs that must be refused as documents.
        start: Starts an endpoint.
    """

    adapter: Adapter
    library: str
    wrong_urls: tuple[str, ...]
    start: Callable[[], AbstractAsyncContextManager[Stand]]


async def until(stream: AsyncIterator[Item], wanted: Callable[[Item], bool]) -> list[Item]:
    """Items up to and with the first that is wanted."""
    items: list[Item] = []
    async for item in stream:
        items.append(item)
        if wanted(item):
            return items
    raise AssertionError(f"the source ended after {len(items)} items")


def samples(items: list[Item]) -> list[Sample]:
    """All samples of some items, in order."""
    return [sample for item in items if isinstance(item, Readings) for sample in item.samples()]


async def close(stream: AsyncIterator[Item]) -> None:
    """Closes a source as a reader does that has had enough."""
    generator: Any = stream
    await generator.aclose()
