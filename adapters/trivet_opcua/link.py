"""Channels in a row: a lost one is a gap, and another is tried until there is one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing

from trivet.device.adapter import Clock
from trivet.signals import Item, Readings
from trivet_opcua.alarms import AlarmTable
from trivet_opcua.cover import Cover
from trivet_opcua.line import Channel, Line, shared
from trivet_opcua.loss import Lost
from trivet_opcua.pauses import Pauses
from trivet_opcua.session import Plan, Session


async def stream(asked: Plan, clock: Clock, make: Callable[[], Channel]) -> AsyncIterator[Item]:
    """All items of an endpoint, endless; over one session with all others that name the same endpoint.

    Args:
        asked: What to read.
        clock: Gives receive times.
        make: Makes a channel that was never open, for every attempt.
    """
    line = shared(asked.settings, make)
    try:
        async with aclosing(_over(line, asked, clock)) as items:
            async for item in items:
                yield item
    finally:
        await line.release(asked.settings.timeout)


async def _over(line: Line, asked: Plan, clock: Clock) -> AsyncGenerator[Item, None]:
    cover = Cover(asked.origin, clock.now())
    session = Session(asked, clock, AlarmTable(asked.origin), cover)
    pauses = Pauses(random.Random(asked.origin))  # noqa: S311  # spreads attempts, keeps no secret
    time = asyncio.get_running_loop().time
    while True:
        stood, begun, pause = session.stands, time(), 0.0
        try:
            async with aclosing(session.items(line)) as items:
                async for item in items:
                    if isinstance(item, Readings):
                        pauses.reset()
                        begun = 0.0
                    yield item
        except Lost as lost:
            for gap in cover.lost(lost):
                yield gap
            # A server that has forgotten the session is asked for a new one at once.
            pause = 0.0 if stood and not session.stands else pauses.after(lost, begun, time(), stood)
        await asyncio.sleep(pause)
