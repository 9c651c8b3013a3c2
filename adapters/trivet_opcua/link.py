"""Sessions in a row: what is lost is a gap, and a new session is tried until there is one."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace

from trivet.device.adapter import Clock
from trivet.signals import Gap, Item, Readings
from trivet_opcua.alarms import AlarmTable
from trivet_opcua.loss import Lost
from trivet_opcua.session import Plan, session
from trivet_opcua.transport import Transport

FIRST_PAUSE = 0.05
QUICK_ATTEMPTS = 40
LONGEST_PAUSE = 4.0
JITTER = 0.2

_log = logging.getLogger(__name__)


async def stream(asked: Plan, clock: Clock, transport: Callable[[], Transport]) -> AsyncIterator[Item]:
    """All items of an endpoint, endless; a fresh transport for every attempt.

    Args:
        asked: What to read.
        clock: Gives receive times.
        transport: Makes a transport that was never open.
    """
    alarms = AlarmTable(asked.origin)
    jitter = random.Random(asked.origin)  # noqa: S311  # spreads attempts, keeps no secret
    cover = Cover(asked.origin, clock.now())
    while True:
        try:
            async with aclosing(session(transport(), asked, clock, alarms)) as items:
                async for item in items:
                    for told in cover.passed(item):
                        yield told
        except Lost as lost:
            for gap in cover.lost(lost):
                yield gap
        await asyncio.sleep(pause(cover.attempts) * jitter.uniform(1 - JITTER, 1 + JITTER))


def pause(attempts: int) -> float:
    """Time before the next attempt [s of real time]: 50 ms for the first 2 s, then doubling to 4 s."""
    if attempts <= QUICK_ATTEMPTS:
        return FIRST_PAUSE
    return float(min(FIRST_PAUSE * 2.0 ** min(attempts - QUICK_ATTEMPTS, 30), LONGEST_PAUSE))


class Cover:
    """Which time is covered by data, and the gap while it is not.

    Attributes:
        attempts: Sessions in a row that gave no data.
    """

    def __init__(self, origin: str, now: int) -> None:
        self.attempts = 0
        self._origin = origin
        self._until = now
        self._gap: Gap | None = None
        self._away = False

    def passed(self, item: Item) -> list[Item]:
        """An item of a session, after the end of the gap that it ends."""
        if isinstance(item, Gap):
            self._gap = None if item.end is not None else item
        if not isinstance(item, Readings) or not len(item):
            return [item]
        self._until = int(item.receive[-1])
        self.attempts = 0
        if not self._away:
            return [item]
        _log.info("%s: data flow again", self._origin)
        gap, self._gap, self._away = self._gap, None, False
        return [item] if gap is None else [replace(gap, end=self._until), item]

    def lost(self, lost: Lost) -> list[Gap]:
        """The gap that a loss opens; nothing when one is open already."""
        self._away = True
        self.attempts += 1
        if self._gap is not None:
            return []
        _log.warning("%s: %s: %s", self._origin, lost.reason, lost.detail)
        self._gap = Gap(self._until, None, lost.reason, self._origin, lost.detail)
        return [self._gap]
