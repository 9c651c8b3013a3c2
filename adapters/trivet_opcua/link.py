"""Channels in a row: a lost one is a gap, and another is tried until there is one."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing

from trivet.device.adapter import Clock
from trivet.signals import Item, Readings
from trivet_opcua.alarms import AlarmTable
from trivet_opcua.cover import Cover
from trivet_opcua.loss import Lost
from trivet_opcua.pauses import Pauses
from trivet_opcua.session import Plan, Session
from trivet_opcua.transport import Transport


async def stream(asked: Plan, clock: Clock, transport: Callable[[], Transport]) -> AsyncIterator[Item]:
    """All items of an endpoint, endless; a fresh transport for every attempt.

    Args:
        asked: What to read.
        clock: Gives receive times.
        transport: Makes a transport that was never open.
    """
    cover = Cover(asked.origin, clock.now())
    session = Session(asked, clock, AlarmTable(asked.origin), cover)
    pauses = Pauses(random.Random(asked.origin))  # noqa: S311  # spreads attempts, keeps no secret
    time = asyncio.get_running_loop().time
    while True:
        stood, begun, pause = session.stands, time(), 0.0
        try:
            async with aclosing(session.items(transport())) as items:
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
