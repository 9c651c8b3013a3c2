"""Where the endpoints of a device leave their items: bounded, and what does not fit is said."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass

from trivet.signals import Gap, Item, Readings

CAPACITY = 1024


@dataclass(slots=True)
class _Loss:
    """What an endpoint lost so far.

    Attributes:
        start: Last moment that is covered [ns, UTC].
        end: Last moment of what was dropped.
        origin: Whose readings.
        blocks: Blocks dropped.
        rows: Rows in them.
    """

    start: int
    end: int
    origin: str
    blocks: int = 0
    rows: int = 0

    def gap(self, end: int) -> Gap:
        return Gap(
            self.start, end, "overflow", self.origin, f"{self.rows} rows in {self.blocks} blocks were not taken in time"
        )


class Inbox:
    """Items of several endpoints in the order of their arrival.

    Each endpoint has ``capacity`` places for readings; when they are taken its further readings are
    dropped until there is room, and a ``Gap`` takes their place. Gaps and conditions always fit.
    """

    def __init__(self, names: Iterable[str], capacity: int = CAPACITY) -> None:
        self._open = set(names)
        self._capacity = capacity
        self._items: deque[tuple[str, Item]] = deque()
        self._held: Counter[str] = Counter()
        self._covered: dict[str, int] = {}
        self._lost: dict[str, _Loss] = {}
        self._error: BaseException | None = None
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()

    def put(self, name: str, item: Item) -> None:
        """Adds an item of an endpoint, or drops readings for which there is no room."""
        if isinstance(item, Readings):
            if self._held[name] >= self._capacity:
                self._drop(name, item)
                return
            self._say_lost(name, int(item.receive[0]))
            self._held[name] += 1
            self._covered[name] = int(item.receive[-1])
        self._add(name, item)

    async def room(self, name: str) -> None:
        """Waits until there is room for readings of an endpoint, for sources that can wait."""
        await asyncio.sleep(0)
        while self._held[name] >= self._capacity:
            self._taken.clear()
            await self._taken.wait()

    def fail(self, error: BaseException) -> None:
        """Ends the stream with an error, after what was put before."""
        self._error = self._error or error
        self._open.clear()
        self._changed.set()

    def close(self, name: str) -> None:
        """Says that an endpoint has ended."""
        if name in self._lost:
            self._say_lost(name, self._lost[name].end)
        self._open.discard(name)
        self._changed.set()

    async def get(self) -> Item | None:
        """The next item, or None when every endpoint has ended.

        Raises:
            TrivetError: As given to ``fail``.
        """
        while not self._items:
            if self._error:
                raise self._error
            if not self._open:
                return None
            self._changed.clear()
            await self._changed.wait()
        name, item = self._items.popleft()
        if isinstance(item, Readings):
            self._held[name] -= 1
            self._taken.set()
        return item

    def _add(self, name: str, item: Item) -> None:
        self._items.append((name, item))
        self._changed.set()

    def _drop(self, name: str, readings: Readings) -> None:
        start = self._covered.get(name, int(readings.receive[0]))
        loss = self._lost.setdefault(name, _Loss(start, start, readings.origin))
        loss.end = int(readings.receive[-1])
        loss.blocks += 1
        loss.rows += len(readings)

    def _say_lost(self, name: str, end: int) -> None:
        loss = self._lost.pop(name, None)
        if loss:
            self._add(name, loss.gap(end))
