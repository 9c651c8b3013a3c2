"""The link to Modbus units: it can only read, and what it hands out was asked for.

Frames are made and found by ``mbap`` and ``rtu``, bytes travel through ``wire``. Here is what
lies between: one request at a time, a deadline, a lost connection that ends the pending request
at once, and the quarantine. After anything that may leave an old answer on the way nothing is
asked until none can come: sockets get a new connection; a serial line, and the one behind a
gateway, must have been quiet for longer than its units ever took to answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from trivet.device.sharing import Shared
from trivet.errors import ConnectError
from trivet_modbus.counters import Counters
from trivet_modbus.frame import (
    IDENTIFY,
    SERVER_ID,
    SILENCE,
    Ask,
    Framing,
    Refusal,
    identification,
    nonsense,
    read_request,
)
from trivet_modbus.mbap import Mbap
from trivet_modbus.plan import Block
from trivet_modbus.route import Route, Security
from trivet_modbus.rtu import Rtu
from trivet_modbus.wire import Unreachable, Wire, dial

SILENCES = 3
BASIC, REGULAR = 1, 2
ANSWERS = 8
MARGIN = 1.25
LEAST_WORST = 1.0
MOST_QUIETS = 8
GROWTH, MOST_WORST = 4.0, 10.0
LONGEST_FRAME = 256
REQUEST_CHARACTERS = 8


Pending = asyncio.Future[bytes | Refusal | None]


class LostError(ConnectError):
    """The link is down.

    Attributes:
        reason: One word, such as ``refused`` or ``reset``.
    """

    def __init__(self, reason: str, route: str, detail: str = "") -> None:
        message = f"no Modbus answer ({reason}{f': {detail}' if detail else ''})"
        super().__init__(message, where=route, hint="check address, cable and power")
        self.reason = reason


class Link:
    """One connection or serial port, shared by all units behind it, one request at a time.

    Attributes:
        route: Where.
        lost: Done, with the reason, as soon as the connection is down.
        sent: When the last request went out [s of the event loop's time].
        reconnects: Connections after the first one.
        quarantines: How often nothing was asked until no old answer could come.
        counters: Unit id to what was counted for it.
        silent: Units that did not answer when they were asked last.
    """

    def __init__(self, route: Route, security: Security | None = None) -> None:
        self.route = route
        self.sent = 0.0
        self.reconnects = -1
        self.quarantines = 0
        self.counters: dict[int, Counters] = {}
        self.silent: set[int] = set()
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._loop = asyncio.get_running_loop()
        self._security = security
        self._turn = asyncio.Lock()
        self._opening: asyncio.Task[None] | None = None
        self._wire: Wire | None = None
        self._framing: Framing = Mbap()
        self._rtu = route.framed_rtu
        self._nothing: Pending = self._loop.create_future()
        self._nothing.set_result(None)
        self._pending = self._nothing
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._asked = 0
        self._counting = Counters()
        self._heard = 0.0
        self._silences = 0
        self._worst: dict[int, float] = {}

    async def open(self, patience: float) -> None:
        """Connects unless it is connected; callers at the same time share one attempt.

        Raises:
            LostError: Nobody answered within ``patience`` [s].
            AdapterError: This system cannot open such a route.
        """
        if self._wire is None and self._opening is None:
            self._opening = asyncio.create_task(self._connect(patience))
            self._opening.add_done_callback(self._opened)
        if self._opening is not None:
            await asyncio.shield(self._opening)

    def declare(self, unit: int, worst_turnaround: float) -> None:
        """Tells how long a unit may take to answer at worst [s]; what is seen to take longer counts more."""
        self._worst[unit] = max(self._worst.get(unit, 0.0), worst_turnaround)

    def worst(self, unit: int, patience: float = 0.0) -> float:
        """The longest time that a unit may take to answer: declared or seen, else assumed from the patience [s]."""
        assumed = self._worst.get(unit) or max(LEAST_WORST, patience)
        return max(assumed, self.counted(unit).longest)

    def cost(self, unit: int, patience: float) -> float:
        """How long the last request kept the link, or a silent unit keeps it with the quarantine after it [s]."""
        if self._framing.clean:
            return min(self._loop.time() - self.sent, patience)
        return patience + (MARGIN * self.worst(unit, patience) if self.route.framed_rtu else 0.0)

    def counted(self, unit: int) -> Counters:
        """The counters of one unit."""
        counters = self.counters.get(unit)
        if counters is None:
            counters = self.counters[unit] = Counters()
        return counters

    def read(self, unit: int, block: Block, patience: float) -> Coroutine[Any, Any, bytes | Refusal]:
        """The data bytes of one block, exactly ``block.size`` of them, or why there are none.

        Raises:
            LostError: The link is, or went, down.
        """
        return self._ask(read_request(unit, block.table.function, block.address, block.count), patience)

    async def identify(self, unit: int, patience: float) -> dict[int, str] | Refusal:
        """Objects of the unit's device identification by number (function 43/14).

        Raises:
            LostError: The link is, or went, down.
        """
        regular = await self._objects(unit, REGULAR, patience)
        if isinstance(regular, Refusal) and not regular.absent:
            return await self._objects(unit, BASIC, patience)
        return regular

    async def server_id(self, unit: int, patience: float) -> bytes | Refusal:
        """What the unit reports as its server id (function 17), without the byte count.

        Raises:
            LostError: The link is, or went, down.
        """
        answer = await self._ask(Ask(unit, SERVER_ID, b"", None), patience)
        if isinstance(answer, Refusal):
            return answer
        return answer[1:] if answer and answer[0] == len(answer) - 1 else nonsense("short")

    def drop(self, reason: str, detail: str = "") -> None:
        """Closes the connection and ends a pending request at once."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None
        if not self.lost.done():
            self.lost.set_result(reason)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._pending.done():
            self._pending.set_exception(self._error(reason, detail))

    @property
    def users(self) -> int:
        """How many sources read through it."""
        return _every.users((self.route, self._security))

    def release(self) -> None:
        """One source less; the last one closes the connection."""
        if _every.leave((self.route, self._security)):
            if self._opening is not None:
                self._opening.cancel()
            self.drop("closed")

    async def _connect(self, patience: float) -> None:
        async with self._turn:
            if self._wire is None:
                self.lost = self._loop.create_future()
                self._silences = 0
                await self._dialled(patience)
                if self._rtu:
                    # whoever used the line before, it may still be answering; a socket's own request is known
                    since = self._loop.time() if self.route.serial else self.sent
                    await self._quiet(since, max(self._worst.values(), default=LEAST_WORST))

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening = None
        if not task.cancelled():
            task.exception()

    async def _dialled(self, patience: float) -> None:
        """A new wire, or a lost link."""
        mine: Wire | None = None

        def gone(reason: str) -> None:
            if mine is None or self._wire is mine:
                self.drop(reason)

        self._framing = Rtu() if self.route.framed_rtu else Mbap()
        try:
            async with asyncio.timeout(patience):
                mine = await dial(self.route, self._security, self._received, gone)
        except TimeoutError as error:
            self.drop("timeout")
            raise self._error("timeout") from error
        except Unreachable as error:
            self.drop(error.reason)
            raise self._error(error.reason, error.detail) from error
        if self.lost.done():
            mine.close()
            raise self._error(self.lost.result())
        self._wire = mine
        self.reconnects += 1

    async def _objects(self, unit: int, level: int, patience: float) -> dict[int, str] | Refusal:
        found: dict[int, str] = {}
        following = 0
        for _ in range(ANSWERS):
            answer = await self._ask(Ask(unit, IDENTIFY, bytes([14, level, following]), None), patience)
            if isinstance(answer, Refusal):
                return found or answer
            try:
                objects, following = identification(answer)
            except ValueError:
                return found or nonsense("identification")
            found |= objects
            if not following:
                break
        return found

    async def _ask(self, ask: Ask, patience: float) -> bytes | Refusal:
        # `async with` would make two coroutines more
        await self._turn.acquire()
        try:
            if self._rtu or not self._framing.clean:
                await self._emptied(patience)
            if self._wire is None:
                raise self._error(self.lost.result() if self.lost.done() else "closed")
            counters = self._send(self._wire, ask, patience)
            answer = await self._pending
            if answer is None or isinstance(answer, Refusal):
                return self._refused(answer, counters)
            self._silences = 0
            counters.answered(self._heard - self.sent)
            return answer
        finally:
            self._pending = self._nothing
            self._turn.release()

    def _send(self, wire: Wire, ask: Ask, patience: float) -> Counters:
        """Sends a request; from now on its answer is awaited."""
        frame = self._framing.begin(ask)
        self._asked, self._counting = ask.unit, self.counted(ask.unit)
        counters = self._counting
        counters.requests += 1
        counters.sent += len(frame)
        self._pending = self._loop.create_future()
        self.sent = self._loop.time()
        wire.write(frame)
        if self.route.baud:
            expected = LONGEST_FRAME if ask.size is None else ask.size
            patience += self.route.seconds(len(frame) + expected + REQUEST_CHARACTERS)
        self._deadline = self.sent + patience
        # one timer stands for all requests: making one for each costs as much as all the rest
        if self._timer is None or self._timer.when() > self._deadline:
            self._watch()
        return counters

    def _watch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._deadline, self._expire)

    def _expire(self) -> None:
        self._timer = None
        if self._pending.done():
            return
        if self._loop.time() < self._deadline:
            self._watch()
        else:
            self._pending.set_result(None)

    def _refused(self, answer: Refusal | None, counters: Counters) -> Refusal:
        """A refusal, or silence; several requests in a row without a whole frame in answer end the link.

        A silent peer may be gone without a word, and one that talks nonsense may not be what it seems.
        """
        told = SILENCE._replace(reason=self._framing.end() or SILENCE.reason) if answer is None else answer
        counters.refusals[told.reason] += 1
        self._silences = self._silences + 1 if answer is None or not self._framing.clean else 0
        if self._silences >= SILENCES:
            self.drop(told.reason)
            raise self._error(told.reason)
        return told

    def _received(self, data: bytes) -> None:
        self._heard = self._loop.time()
        counters = self._counting
        counters.received += len(data)
        pending = self._pending
        if pending.done():
            self._framing.stray(data)
            late = self._heard - self.sent
            if not self._framing.clean and late < min(GROWTH * self.worst(self._asked), MOST_WORST):
                counters.longest = max(counters.longest, late)
            return
        answer = self._framing.feed(data)
        if answer is not None:
            pending.set_result(answer)

    async def _emptied(self, patience: float) -> None:
        """Returns when no old answer is on the way."""
        if self._rtu:
            await self._listened()
        if not self._framing.clean:
            await self._quarantine(patience)

    async def _listened(self) -> None:
        """Takes what has arrived but was not read yet, and keeps the silence between two frames."""
        # one pass of the event loop to look, one to take
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        wait = self._heard + self.route.silence - self._loop.time()
        if wait > 0.0:
            await asyncio.sleep(wait)

    async def _quarantine(self, patience: float) -> None:
        """Returns when no old answer can come any more.

        Raises:
            LostError: The line does not become quiet, or cannot be opened again.
        """
        self.quarantines += 1
        since = self._loop.time()
        if not self.route.serial:
            if self._wire is not None:
                self._wire.close()
                self._wire = None
            await self._dialled(patience)
            since = self.sent
        if self.route.framed_rtu:
            await self._quiet(since, self.worst(self._asked, patience))
            self._framing.clean = True

    async def _quiet(self, since: float, worst: float) -> None:
        """Waits until nothing came for longer than an answer takes at worst [s], or than one was seen to take."""
        begun = self._loop.time()
        seen = self.counted(self._asked)
        while (wait := max(since, self._heard) + MARGIN * max(worst, seen.longest) - self._loop.time()) > 0.0:
            if self._loop.time() - begun > MOST_QUIETS * max(worst, seen.longest):
                self.drop("noise")
            if self._wire is None:
                raise self._error(self.lost.result() if self.lost.done() else "closed")
            await asyncio.wait((self.lost,), timeout=wait)

    def _error(self, reason: str, detail: str = "") -> LostError:
        return LostError(reason, str(self.route), detail)


_every: Shared[tuple[Route, Security | None], Link] = Shared()


def shared(route: Route, security: Security | None = None) -> Link:
    """The link of this event loop to a route; cheap gateways serve only one connection well."""
    return _every.take((route, security), lambda: Link(route, security))
