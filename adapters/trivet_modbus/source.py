"""The endless source of one unit: it polls, reports refusals, and comes back after a lost link."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import numpy as np

from trivet.device.adapter import Clock
from trivet.signals import SECOND, Condition, Floats, Gap, Item
from trivet_modbus.address import Table
from trivet_modbus.agenda import Idle
from trivet_modbus.backoff import delays, rest
from trivet_modbus.client import Link, LostError, shared
from trivet_modbus.codec import Decoder, compile_decoder
from trivet_modbus.explore import Found, search
from trivet_modbus.frame import ILLEGAL, Refusal
from trivet_modbus.health import Health
from trivet_modbus.layout import Span
from trivet_modbus.missing import Missing, missing
from trivet_modbus.schedule import NOTHING, Schedule
from trivet_modbus.tape import Recorder

BUSY_PAUSE = 0.05
SILENT_BLOCKS = 2
HOUR = 3600 * SECOND

_log = logging.getLogger(__name__)


async def stream(schedule: Schedule, clock: Clock, jitter: Callable[[], float]) -> AsyncIterator[Item]:
    """Readings block by block, conditions as they change, gaps as they open and close; endless.

    Args:
        schedule: What to read and when.
        clock: The time of periods and stamps; patience is real time.
        jitter: Numbers from 0 to 1, see ``delays``.
    """
    link = shared(schedule.line.route, schedule.line.security)
    source = Source(schedule, link, clock)
    waits = None
    try:
        while True:
            try:
                await link.open(schedule.line.timeout)
                while True:
                    for ask in source.due():
                        for item in await source.poll(ask):
                            waits = None
                            yield item
                    await source.pause()
            except LostError as lost:
                for gap in source.interrupted(lost):
                    yield gap
            waits = waits or delays(jitter)
            await asyncio.sleep(max(next(waits), source.rest()))
    finally:
        source.leave()
        link.release()


class Source:
    """Polls one unit through a link and knows what is covered.

    Attributes:
        health: How the unit is doing.
    """

    def __init__(self, schedule: Schedule, link: Link, clock: Clock) -> None:
        line, memory = schedule.line, schedule.memory
        self.health = Health(f"{schedule.origin} ({schedule.profile}, unit {line.unit} at {line.route})")
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
        self._learned = memory.load(self._covered) if memory else NOTHING
        self._active: dict[str, bool] = {}
        self._searched: set[object] = set()
        self._alive = False
        self._look_again = self._covered + HOUR
        self._lacked = self._learned.holes
        self._tape = Recorder(line.raw) if line.raw else None
        self._plan()
        link.declare(line.unit, line.worst_turnaround or schedule.layout.worst_turnaround)
        link.declare(line.unit, self._learned.worst_turnaround)

    def _plan(self) -> None:
        """What to ask, as far as the unit is known."""
        self._agenda = self._schedule.agenda(self._learned)
        self._missing = tuple(missing(self._schedule.points, self._learned))
        self._planned = self._learned

    def due(self) -> Iterator[Decoder | Idle | Missing]:
        """The blocks that are due: at once, then at the whole multiples of each class's period since the epoch.

        Frames lie on such a grid too. So each frame gets the same number of polls however late
        they are, as long as they are late by less than a period.
        """
        now = self._clock.now()
        if now >= self._look_again and self._learned.holes:
            # what a controller lacks may depend on its mode
            self._learned = replace(self._learned, holes=())
            self._searched.clear()
        if self._planned != self._learned:
            self._plan()
        due = [turn for turn in self._schedule.turns if self._due.setdefault(turn.name, now) <= now]
        for turn in due:
            self._due[turn.name] = (now // turn.period + 1) * turn.period
        names = [turn.name for turn in due]
        return chain(self._agenda.ask(names), (one for one in self._missing if one.poll in names))

    async def poll(self, decoder: Decoder | Idle | Missing) -> list[Item]:
        """Reads one block, or says of what is not read now that it is not.

        Raises:
            LostError: The link is down, or the unit is silent.
        """
        before = self._clock.now()
        if not isinstance(decoder, Decoder):
            return [decoder.readings(before, self._schedule.origin)]
        answer = await self._answer(decoder)
        if not isinstance(answer, Refusal):
            return self._delivered(decoder, answer, before)
        self._judge(answer)
        if answer.reason in ILLEGAL:
            return await self._searched_for(decoder, answer)
        return self._withheld(decoder, answer)

    def _delivered(self, decoder: Decoder, answer: bytes, before: int) -> list[Item]:
        """An answer, decoded."""
        loop = asyncio.get_running_loop()
        now, after = loop.time(), self._clock.now()
        self._silent, self._alive = 0, True
        self.health.good(now)
        source = max(after - round((now - self._link.sent) * self._clock.speed * SECOND / 2), before)
        origin = self._schedule.origin
        if self._tape is not None:
            self._tape.put(decoder.block, answer, source)
        readings, states = self._agenda.judged(decoder, *decoder.decode(answer, source, after, origin))
        received = [readings] if decoder.readings else []
        return [*self._resumed(source), *received, *self._conditions(decoder, states, source, after)]

    def _withheld(self, decoder: Decoder, answer: Refusal) -> list[Item]:
        """What a refusal leaves."""
        now = self._clock.now()
        self._agenda.refused(decoder)
        items: list[Item] = [] if answer.absent else [*self._resumed(now)]
        if decoder.readings:
            items.append(decoder.refused(int(answer.status), answer.reason, now, self._schedule.origin))
        return items

    async def _searched_for(self, decoder: Decoder, refused: Refusal) -> list[Item]:
        """Delivers what the unit has of a block that it refused, and remembers what it has not."""
        block = decoder.block
        key = (block.table, block.address, block.count)
        if key in self._searched:
            if self._alive:
                self._remember(
                    block.table, Found([Span(block.table, one.address, one.end - 1) for one in block.points])
                )
            return self._withheld(decoder, refused)
        self._searched.add(key)
        items, found, deciders = list[Item](), Found(), [name for _, name in decoder.deciding]
        left, steps = {one.name: one for one in block.points}, search(block, found)
        part = next(steps, None)
        while part is not None:
            reader = compile_decoder(part, decoder.names, deciders)
            before = self._clock.now()
            answer = await self._answer(reader)
            if not isinstance(answer, Refusal):
                items += self._delivered(reader, answer, before)
                for one in part.points:
                    left.pop(one.name, None)
            elif answer.reason not in ILLEGAL:
                self._judge(answer)
                break
            try:
                part = steps.send(isinstance(answer, Refusal))
            except StopIteration:
                self._remember(block.table, found)
                break
        if left:
            rest_of = replace(block, points=tuple(left.values()))
            items += self._withheld(compile_decoder(rest_of, decoder.names, deciders), refused)
        return items

    def _remember(self, table: Table, found: Found) -> None:
        """Keeps what a search learned; a unit that refused everything so far may only be starting."""
        if not self._alive:
            return
        self._learned = self._learned.more(table, found)
        self._look_again = self._clock.now() + HOUR
        if set(found.holes) - set(self._lacked) or found.limit:
            holes = ", ".join(f"{span.first} to {span.last}" for span in found.holes)
            limit = f"; from now on {found.limit} are read at once" if found.limit else ""
            _log.warning("%s: the %s table lacks %s%s", self._schedule.origin, table.value, holes or "nothing", limit)
        self._lacked = tuple({*self._lacked, *found.holes})
        self._keep()

    def _keep(self) -> None:
        if self._schedule.memory is not None:
            self._schedule.memory.save(self._learned, self._clock.now())

    def leave(self) -> None:
        """The source ends; what was learned about the line is kept if it is more than was declared."""
        line = self._schedule.line
        if self._tape is not None:
            self._tape.close()
        declared = line.worst_turnaround or self._schedule.layout.worst_turnaround
        self._link.silent.discard(line.unit)
        seen = self._link.counted(line.unit).longest
        if seen > max(declared, self._learned.worst_turnaround) and line.route.framed_rtu:
            self._learned = replace(self._learned, worst_turnaround=seen)
            self._keep()

    async def _answer(self, decoder: Decoder) -> bytes | Refusal:
        """One block, asked for again a bounded number of times; a unit that was silent is only knocked at."""
        line = self._schedule.line
        answer = await self._link.read(line.unit, decoder.block, line.timeout)
        for attempt in range(0 if line.unit in self._link.silent else line.retries):
            if not isinstance(answer, Refusal) or not answer.again:
                break
            if not answer.absent:
                await asyncio.sleep(BUSY_PAUSE * 2**attempt)
            answer = await self._link.read(line.unit, decoder.block, line.timeout)
        if not isinstance(answer, Refusal) or not answer.absent:
            self._link.silent.discard(line.unit)
        return answer

    def _judge(self, answer: Refusal) -> None:
        """Counts silence; a unit that leaves several blocks unanswered is gone, even if its neighbours answer."""
        if answer.again:
            self.health.bad(answer.reason, asyncio.get_running_loop().time())
        self._silent = self._silent + 1 if answer.absent else 0
        if self._silent >= SILENT_BLOCKS or (answer.absent and self._gap):
            self._silent = 0
            self._link.silent.add(self._schedule.line.unit)
            raise LostError(answer.reason, self._schedule.origin)

    def rest(self) -> float:
        """How long a silent unit is left alone for the sake of its neighbours [s]."""
        link, unit = self._link, self._schedule.line.unit
        if unit not in link.silent or link.users == 1 or link.lost.done():
            return 0.0
        return rest(link.cost(unit, self._schedule.line.timeout), len(link.silent))

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
        self._searched.clear()
        self._alive = False
        self._agenda.forget()
        self.health.lost(lost.reason, asyncio.get_running_loop().time())
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
