"""The endless source of one unit: it polls, reports refusals, and comes back after a lost link."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from trivet.device.adapter import Clock
from trivet.signals import SECOND, Condition, Floats, Gap, Item
from trivet_modbus.agenda import Idle
from trivet_modbus.client import Link, LostError, shared
from trivet_modbus.codec import Decoder
from trivet_modbus.frame import Refusal
from trivet_modbus.schedule import Schedule

FIRST_DELAY = 0.05
QUICK = 2.0
LONGEST_DELAY = 4.0
BUSY_PAUSE = 0.05
SILENT_BLOCKS = 2


def delays(jitter: Callable[[], float]) -> Iterator[float]:
    """Endless waits between attempts [s]: 0.05 for 2 s in all, then doubling to 4, each shortened by up to a quarter.

    Args:
        jitter: Numbers from 0 to 1, so that many clients do not come back in step.
    """
    spent = 0.0
    delay = FIRST_DELAY
    while True:
        wait = delay * (1.0 - 0.25 * jitter())
        yield wait
        spent += wait
        if spent >= QUICK:
            delay = min(2.0 * delay, LONGEST_DELAY)


async def stream(schedule: Schedule, clock: Clock, jitter: Callable[[], float]) -> AsyncIterator[Item]:
    """Readings block by block, conditions as they change, gaps as they open and close; endless.

    Args:
        schedule: What to read and when.
        clock: The time of periods and stamps; patience is real time.
        jitter: Numbers from 0 to 1, see ``delays``.
    """
    link = shared(schedule.line.route, schedule.line.security)
    link.declare(schedule.line.unit, schedule.line.worst_turnaround or schedule.layout.worst_turnaround)
    source = Source(schedule, link, clock)
    waits = delays(jitter)
    try:
        while True:
            try:
                await link.open(schedule.line.timeout)
                while True:
                    for ask in source.due():
                        for item in await source.poll(ask):
                            waits = delays(jitter)
                            yield item
                    await source.pause()
            except LostError as lost:
                for gap in source.interrupted(lost):
                    yield gap
            await asyncio.sleep(next(waits))
    finally:
        link.release()


class Source:
    """Polls one unit through a link and knows what is covered."""

    def __init__(self, schedule: Schedule, link: Link, clock: Clock) -> None:
        self._schedule = schedule
        self._link = link
        self._clock = clock
        self._due: dict[str, int] = {}
        self._covered = clock.now()
        self._heard = False
        # waits of less than a second are the machine's, however fast its clock runs
        self._hole = max(2 * min(turn.period for turn in schedule.turns), round(clock.speed * SECOND))
        self._gap: Gap | None = None
        self._silent = 0
        self._agenda = schedule.agenda()
        self._active: dict[str, bool] = {}

    def due(self) -> Iterator[Decoder | Idle]:
        """The blocks that are due: at once, then at the whole multiples of each class's period since the epoch.

        Frames lie on such a grid too. So each frame gets the same number of polls however late
        they are, as long as they are late by less than a period.
        """
        now = self._clock.now()
        due = [turn for turn in self._schedule.turns if self._due.setdefault(turn.name, now) <= now]
        for turn in due:
            self._due[turn.name] = (now // turn.period + 1) * turn.period
        return self._agenda.ask([turn.name for turn in due])

    async def poll(self, decoder: Decoder | Idle) -> list[Item]:
        """Reads one block, or says of what is not read now that it is not.

        Raises:
            LostError: The link is down, or the unit is silent.
        """
        before = self._clock.now()
        if isinstance(decoder, Idle):
            return [decoder.readings(before, self._schedule.origin)]
        answer = await self._answer(decoder)
        took = asyncio.get_running_loop().time() - self._link.sent
        after = self._clock.now()
        origin = self._schedule.origin
        if isinstance(answer, Refusal):
            self._unheard(answer)
            self._agenda.refused(decoder)
            items: list[Item] = [] if answer.absent else [*self._resumed(after)]
            if decoder.readings:
                items.append(decoder.refused(int(answer.status), answer.reason, after, origin))
            return items
        self._silent = 0
        source = max(after - round(took * self._clock.speed * SECOND / 2), before)
        readings, states = self._agenda.judged(decoder, *decoder.decode(answer, source, after, origin))
        received = [readings] if decoder.readings else []
        return [*self._resumed(source), *received, *self._conditions(decoder, states, source, after)]

    async def _answer(self, decoder: Decoder) -> bytes | Refusal:
        """One block, asked for again a bounded number of times."""
        line = self._schedule.line
        answer = await self._link.read(line.unit, decoder.block, line.timeout)
        for attempt in range(line.retries):
            if not isinstance(answer, Refusal) or not answer.again:
                break
            if not answer.absent:
                await asyncio.sleep(BUSY_PAUSE * 2**attempt)
            answer = await self._link.read(line.unit, decoder.block, line.timeout)
        return answer

    def _unheard(self, answer: Refusal) -> None:
        """Counts silence; a unit that leaves several blocks unanswered is gone, even if its neighbours answer."""
        self._silent = self._silent + 1 if answer.absent else 0
        if self._silent >= SILENT_BLOCKS or (answer.absent and self._gap):
            self._silent = 0
            raise LostError(answer.reason, self._schedule.origin)

    def _resumed(self, source: int) -> list[Gap]:
        """Closes an open gap, now that the unit answers; or tells that polls were passed over since the last answer."""
        gap, covered = self._gap, self._covered
        self._gap, self._covered = None, source
        if gap is not None:
            return [replace(gap, end=source)]
        heard, self._heard = self._heard, True
        if not heard or source - covered < self._hole:
            return []
        words = f"no answer for {(source - covered) / SECOND:.1f} s"
        return [Gap(covered, source, "late", self._schedule.origin, words)]

    def interrupted(self, lost: LostError) -> list[Gap]:
        """Opens a gap, once; everything is due when it closes."""
        self._due.clear()
        self._agenda.forget()
        if self._gap is not None:
            return []
        self._gap = Gap(self._covered, None, lost.reason, self._schedule.origin, str(lost))
        return [self._gap]

    def _conditions(self, decoder: Decoder, states: Floats, source: int, receive: int) -> Iterator[Condition]:
        """The alarm bits that changed, and those found active at first sight."""
        for one, state in zip(decoder.points[decoder.readings :], states.tolist(), strict=True):
            active = bool(state)
            if not np.isnan(state) and active != self._active.get(one.name, False):
                self._active[one.name] = active
                origin = self._schedule.origin
                yield Condition(one.name, active, None, one.severity, one.message, source, receive, origin)

    async def pause(self) -> None:
        """Waits for the next moment that something is due.

        Raises:
            LostError: The link went down meanwhile.
        """
        seconds = (min(self._due.values()) - self._clock.now()) / SECOND
        if seconds <= 0.0:
            return
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        waited: set[asyncio.Future[Any]] = {sleeper, self._link.lost}
        try:
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
        if self._link.lost.done():
            raise LostError(self._link.lost.result(), self._schedule.origin)
