"""OPC UA servers in processes of their own that count; and what became of each value that they showed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np

from kits.opcua import DISHWASHER, profile, shipped, target
from servers.relay import Relay
from trivet.device.adapter import Target
from trivet.device.document import Point
from trivet.signals import SECOND, Gap, Item, Json, Quality, Readings

TESTS = Path(__file__).parents[1]
NODE = TESTS / "servers" / "node_opcua"
PATIENCE = 60.0


def has_node() -> bool:
    """Whether node-opcua can be run here."""
    installed = (NODE / "node_modules" / "node-opcua").is_dir() or bool(os.environ.get("NODE_PATH"))
    return shutil.which("node") is not None and installed


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Peer:
    """A server process; it can be killed and started again on its port.

    Attributes:
        stack: ``asyncua`` or ``node-opcua``.
        tick: Time between two steps of its counter [s].
        environment: What else it is told.
        port: Where it listens.
    """

    stack: str
    tick: float = 0.25
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: asyncio.subprocess.Process | None = None

    @property
    def counter(self) -> str:
        """The point that counts."""
        return "counter" if self.stack == "asyncua" else "hygiene_value"

    async def start(self, fillers: int = 0) -> None:
        """Starts it and waits until it serves."""
        known = str(fillers) if self.stack == "asyncua" else ""
        script = [sys.executable, str(TESTS / "servers" / "opcua_plain.py"), str(self.port), known or "0"]
        if self.stack != "asyncua":
            uris = [f"urn:filler:{number}" for number in range(fillers)]
            script = [shutil.which("node") or "node", str(NODE / "server.js"), str(self.port), *uris]
        environment = {**os.environ, "TICK": str(round(self.tick * 1000)), **self.environment}
        pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
        self.process = await asyncio.create_subprocess_exec(
            *script, stdin=pipe, stdout=pipe, stderr=nothing, env=environment
        )
        await self._line("ready")

    async def kill(self) -> None:
        """Ends it without a word."""
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None

    async def order(self, **order: object) -> None:
        """Tells it something."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        await self.process.stdin.drain()

    async def count(self) -> tuple[int, int]:
        """How many sessions and subscriptions it has."""
        await self.order(count=True)
        sessions, subscriptions = (await self._line("count"))[1:3]
        return int(sessions), int(subscriptions)

    async def _line(self, word: str) -> list[str]:
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE):
            while True:
                line = (await self.process.stdout.readline()).decode()
                assert line, "the peer ended"
                if line.startswith(word):
                    return line.split()

    def target(self, relay: Relay, **settings: Json) -> Target:
        """All its points, through a relay."""
        url = f"opc.tcp://127.0.0.1:{relay.port}"
        if self.stack != "asyncua":
            return target(shipped(DISHWASHER), url, None, **settings)
        points = {
            name: Point(at={"path": name.capitalize(), "type": "", "namespace": "urn:plain:machine"}, unit="1")
            for name in ("counter", "constant")
        }
        return target(profile(points), url, None, **settings)


@dataclass(frozen=True)
class Account:
    """What became of each step of a counter.

    Attributes:
        delivered: Steps that came as Good.
        missing: Steps inside a gap.
        lost: Steps of which nothing is known, by their time [s].
        gaps: Gaps that were closed.
        empty: Of them, those in which nothing is missing.
    """

    delivered: int
    missing: int
    lost: tuple[float, ...]
    gaps: int
    empty: int

    @property
    def produced(self) -> int:
        """Steps from the first to the last that was delivered."""
        return self.delivered + self.missing + len(self.lost)


class Seen:
    """What a source said of its counter; keeps little, so that memory can be watched meanwhile.

    Attributes:
        steps: Source time to value, of what came as Good.
        gaps: Gaps that were closed.
    """

    def __init__(self, name: str) -> None:
        self.steps: dict[int, float] = {}
        self.gaps: list[Gap] = []
        self._name = name

    def take(self, item: Item) -> None:
        """Notes an item."""
        if isinstance(item, Gap) and item.end is not None:
            self.gaps.append(item)
        if isinstance(item, Readings) and self._name in item.names:
            rows = np.flatnonzero((item.column == item.names.index(self._name)) & (item.status >> 30 == Quality.GOOD))
            self.steps |= dict(zip(item.source[rows].tolist(), item.values[rows].tolist(), strict=True))

    def account(self, tick: float) -> Account:
        """Follows a counter that goes up by one per ``tick`` [s], also over restarts that reset it."""
        good = sorted(self.steps.items())
        gaps = [gap for gap in self.gaps if _real(gap)]
        slack = round(tick * SECOND)
        absent = {time for a, b in pairwise(good) for time in _between(a, b, tick)}
        missing = {t for t in absent if any(gap.start - slack <= t <= (gap.end or 0) + slack for gap in gaps)}
        lost = tuple((time - good[0][0]) / SECOND for time in sorted(absent - missing))
        return Account(len(good), len(missing), lost, len(self.gaps), len(self.gaps) - len(gaps))


def _between(before: tuple[int, float], after: tuple[int, float], tick: float) -> list[int]:
    """Times of the steps that should lie between two that came."""
    span = after[0] - before[0]
    steps = round(after[1] - before[1])
    if steps <= 0:
        steps = round(span / SECOND / tick)
    return [before[0] + span * n // steps for n in range(1, steps)]


def _real(gap: Gap) -> bool:
    return gap.end is not None and gap.end > gap.start
