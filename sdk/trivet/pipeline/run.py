"""``trivet run``: devices in, lines out, until the data or the run end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from trivet.device.adapter import Clock
from trivet.device.clock import RecordingClock, WallClock
from trivet.errors import ConnectError
from trivet.pipeline.judge import Judge
from trivet.pipeline.lines import Line
from trivet.pipeline.sinks import Sink
from trivet.signals import Item, Readings

WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Source:
    """One device's bound items, and where they come from."""

    device: str
    items: AsyncIterator[Item]


async def run(
    judge: Judge,
    sources: Sequence[Source],
    clock: Clock,
    sinks: Sequence[Sink],
    *,
    wait: float = WAIT,
    until: float | None = None,
) -> None:
    """Runs until every source ended, ``until`` has passed, or the task is cancelled.

    Args:
        judge: The model with its devices.
        sources: One for each device of ``judge``.
        clock: The time that the run lives in.
        sinks: Where lines go, in this order.
        wait: Real seconds within which at least one device must have delivered.
        until: Seconds of the clock to run for, or None.

    Raises:
        ConnectError: No device delivered anything within ``wait``.
        DataError: A sink or the store failed.
    """
    loop = _Loop(judge, clock, sinks)
    try:
        async with asyncio.TaskGroup() as group:
            readers = [group.create_task(loop.read(source)) for source in sources]
            helpers = [group.create_task(loop.tick()), group.create_task(loop.expect(wait))]
            if until is not None:
                helpers.append(group.create_task(loop.stop_after(until, readers)))
            await asyncio.wait(readers)
            for helper in helpers:
                helper.cancel()
    except* ConnectError as failed:
        raise failed.exceptions[0] from None
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            await loop.finish()


class _Loop:
    """The moving parts of one run."""

    def __init__(self, judge: Judge, clock: Clock, sinks: Sequence[Sink]) -> None:
        self._judge = judge
        self._clock = clock
        self._sinks = sinks
        self._frame = judge.model.interface.frame
        self._seen: set[str] = set()
        self._lock = asyncio.Lock()

    async def read(self, source: Source) -> None:
        """Feeds one device until its source ends."""
        recorded = isinstance(self._clock, RecordingClock)
        async for item in source.items:
            if isinstance(item, Readings):
                self._seen.add(source.device)
            async with self._lock:
                await self._write(self._judge.feed(source.device, item))
                if recorded:
                    await self._write(self._judge.advance(self._clock.now()))

    async def tick(self) -> None:
        """Closes frames as time goes by; recorded time goes by as it is read."""
        while not isinstance(self._clock, RecordingClock):
            await self._clock.sleep(self._frame / 2)
            async with self._lock:
                await self._check_clock()
                await self._write(self._judge.advance(self._clock.now()))

    async def _check_clock(self) -> None:
        gap = self._clock.check() if isinstance(self._clock, WallClock) else None
        if gap:
            for device in self._judge.members:
                await self._write(self._judge.feed(device, gap))

    async def expect(self, wait: float) -> None:
        """Gives up when no device delivered in time."""
        await asyncio.sleep(wait)
        if not self._seen:
            names = ", ".join(self._judge.members)
            raise ConnectError(
                f"no device delivered a value within {wait:g} s",
                where=names,
                hint="check the URLs in the device documents, then `trivet read` each of them; --wait gives more time",
            )

    async def stop_after(self, seconds: float, readers: Sequence[asyncio.Task[None]]) -> None:
        """Ends the run after so many seconds of its clock."""
        await self._clock.sleep(seconds)
        for reader in readers:
            reader.cancel()

    async def finish(self) -> None:
        """Closes what is open and lets the sinks go."""
        await self._write(self._judge.finish())
        for sink in self._sinks:
            await sink.close()

    async def _write(self, lines: Sequence[Line]) -> None:
        if lines:
            for sink in self._sinks:
                await sink.write(lines)
