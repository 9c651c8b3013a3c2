"""All endpoints of one device as one stream of bound items.

Live endpoints are read side by side and wait for nobody: what the reader cannot take is
dropped and said as a ``Gap``. Recordings are merged in the order of their times, read as
fast as they are taken, and move a ``RecordingClock`` as they go.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from typing import NamedTuple

from trivet.device.adapter import Adapter, Clock, Target
from trivet.device.binding import Binding
from trivet.device.clock import RecordingClock, Track
from trivet.device.inbox import CAPACITY, Inbox
from trivet.device.library import ResolvedDevice
from trivet.device.selection import selected
from trivet.errors import AdapterError, DeviceError, DocumentError
from trivet.signals import Condition, Gap, Item, Readings


def open_device(
    resolved: ResolvedDevice, binding: Binding, clock: Clock, capacity: int = CAPACITY
) -> AsyncIterator[Item]:
    """The bound items of a device, endless unless all its endpoints are recordings.

    Only points that are worth reading are read, see ``selection``.

    Nothing is connected before the first item is asked for; closing the iterator (``aclose``, or
    cancelling the task that waits for it) closes every endpoint. On a ``RecordingClock`` open all
    devices before reading one, then read them all: they wait for each other.

    Args:
        resolved: The device with its adapters and typed points.
        binding: What its points are; what feeds nothing is left out.
        clock: The time that the run lives in.
        capacity: Blocks of readings of one endpoint that wait for the reader before new ones are dropped.

    Raises:
        DocumentError: An endpoint's URL or settings are wrong, or it is live and the clock a recording's;
            when the first item is asked for, as for the others.
        AdapterError: A protocol's library is missing.
        DataError: A recording cannot be read.
    """
    endpoints = {
        name: (resolved.adapters[name], selected(target, binding)) for name, target in resolved.targets.items()
    }
    if not isinstance(clock, RecordingClock):
        return _live(endpoints, binding, clock, capacity)
    if not resolved.recorded:
        return _refused(resolved)
    return _recorded(endpoints, binding, clock, clock.track())


Endpoints = Mapping[str, tuple[Adapter, Target]]


async def _refused(resolved: ResolvedDevice) -> AsyncGenerator[Item, None]:
    raise DocumentError(
        "a live endpoint cannot be read in a recording's time",
        where=resolved.parsed.at(("endpoints",)),
        hint="read recordings and live endpoints in runs of their own",
        rule="TRV-D017",
    )
    yield  # what makes this a stream, which is refused when it is first read, as any other


async def _live(endpoints: Endpoints, binding: Binding, clock: Clock, capacity: int) -> AsyncGenerator[Item, None]:
    """Items of all endpoints in the order of their arrival."""
    inbox = Inbox(endpoints, capacity)
    tasks = [
        asyncio.create_task(_pump(name, *endpoint, binding, clock, inbox), name=endpoint[1].name)
        for name, endpoint in endpoints.items()
    ]
    try:
        while (item := await inbox.get()) is not None:
            yield item
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(name: str, reader: Adapter, target: Target, binding: Binding, clock: Clock, inbox: Inbox) -> None:
    """Reads one endpoint until it ends or fails; a failure of one is a gap, not the end of the others."""
    try:
        async with _closing(reader.connect(target, clock)) as items:
            async for item in items:
                bound = _bound(binding, target.name, item)
                if bound is not None:
                    inbox.put(name, bound)
                if reader.recorded:
                    await inbox.room(name)
    except (DocumentError, AdapterError) as error:
        inbox.fail(error)
    except DeviceError as error:
        inbox.put(name, Gap(clock.now(), None, "failed", target.name, str(error)))
    except Exception as error:  # the reader of the stream has to learn of it, whatever it is
        inbox.fail(error)
    finally:
        inbox.close(name)


class _Head(NamedTuple):
    """The next item of a recording, and the time that it spans [ns, UTC]."""

    start: int
    end: int
    item: Item


async def _recorded(endpoints: Endpoints, binding: Binding, clock: Clock, track: Track) -> AsyncGenerator[Item, None]:
    """Items of all recordings in the order of their times."""
    try:
        async with contextlib.AsyncExitStack() as stack:
            sources = {
                name: (await stack.enter_async_context(_closing(reader.connect(target, clock))), target.name)
                for name, (reader, target) in endpoints.items()
            }
            heads = {name: await _head(binding, *source) for name, source in sources.items()}
            waiting = {name: head for name, head in heads.items() if head}
            reached = 0
            while waiting:
                name = min(waiting, key=lambda key: waiting[key].start)
                head = waiting.pop(name)
                following = await _head(binding, *sources[name])
                if following:
                    waiting[name] = following
                await track.turn(head.start, head.end)
                yield head.item
                reached = max(reached, head.end)
                track.taken(min([reached, *(other.start - 1 for other in waiting.values())]))
    finally:
        track.close()


async def _head(binding: Binding, items: AsyncIterator[Item], origin: str) -> _Head | None:
    """The next item that feeds anything, or None at the end."""
    async for item in items:
        bound = _bound(binding, origin, item)
        if bound is not None:
            return _Head(*_span(bound), bound)
    return None


def _bound(binding: Binding, origin: str, item: Item) -> Item | None:
    """An item in the interface's terms, or None for readings that feed nothing."""
    if not isinstance(item, Readings):
        return item
    bound = binding.apply(origin, item)
    return bound if len(bound) else None


def _span(item: Item) -> tuple[int, int]:
    if isinstance(item, Readings):
        return int(item.receive[0]), int(item.receive[-1])
    if isinstance(item, Condition):
        return item.receive, item.receive
    return item.start, item.start if item.end is None else item.end


@contextlib.asynccontextmanager
async def _closing(items: AsyncIterator[Item]) -> AsyncIterator[AsyncIterator[Item]]:
    """A source that is closed in the end, where it can be."""
    try:
        yield items
    finally:
        if isinstance(items, AsyncGenerator):
            await items.aclose()
