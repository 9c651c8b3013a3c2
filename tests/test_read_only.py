"""A whole run at the wire: whatever happens to the links, nothing is ever written to a controller or a meter."""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml

from kits.sinks import Kept
from servers import relay as wire
from servers.relay import Relay
from servers.requests import ModbusRequests, OpcRequests, methods
from trivet.commission.simulate import scenario, served
from trivet.device.clock import ScaledClock
from trivet.pipeline.assemble import assemble
from trivet.pipeline.run import run
from trivet.pipeline.store import Store
from trivet.runtime.model import Model

pytestmark = pytest.mark.waits

SPEED = 30.0
SECONDS = 600.0
READS = {1, 2, 3, 4}
CONDITION_REFRESH = (2782, 3875)
"""ConditionType and its method ConditionRefresh (OPC 10000-9, 5.5.7)."""


def package() -> tuple[Path, Path]:
    """The dishwasher package that ships, and its maker's key."""
    folder = Path(str(files("trivet_reference"))) / "packages"
    found = sorted(folder.glob("*dishwasher*.trivet"))
    if not found:
        pytest.skip("the reference packages are not there: run `make train`")
    return found[-1], next(folder.glob("*.pub"))


async def relayed(stack: AsyncExitStack, url: str) -> tuple[Relay, str]:
    """A relay before a server, and the URL that leads through it."""
    parts = urlsplit(url)
    kind = ModbusRequests if parts.scheme.startswith("modbus") else OpcRequests
    relay = await stack.enter_async_context(Relay("127.0.0.1", parts.port or 0, kind))
    return relay, parts._replace(netloc=f"127.0.0.1:{relay.port}").geturl()


async def disturb(relays: Sequence[Relay], clock: ScaledClock) -> None:
    """Cuts all links once, and keeps them cut for a while another time."""
    await clock.sleep(SECONDS / 3)
    for relay in relays:
        relay.cut()
    await clock.sleep(SECONDS / 6)
    for relay in relays:
        await relay.refuse()
        relay.cut()
    await clock.sleep(30)
    for relay in relays:
        await relay.accept()


async def test_a_run_through_cuts_and_reconnections_only_reads(tmp_path: Path) -> None:
    path, key = package()
    model, sink, clock = Model.load(path, keys=(key,), home=tmp_path / "home"), Kept(), ScaledClock(SPEED)
    chosen = scenario("dishwasher")
    functions: Counter[int] = Counter()
    services: Counter[int] = Counter()
    called: Counter[tuple[int, int]] = Counter()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            served(chosen, chosen.plant(seed=7, pace=150.0, warm_cycles=3), tmp_path / "washer.yaml", clock)
        )
        tree = yaml.safe_load((tmp_path / "washer.yaml").read_text(encoding="utf-8"))
        relays: dict[str, Relay] = {}
        for name, endpoint in tree["endpoints"].items():
            relays[name], endpoint["url"] = await relayed(stack, endpoint["url"])
        documents = []
        for mode in ("subscribe", "poll"):
            tree["id"], tree["endpoints"]["controller"]["settings"]["mode"] = f"washer-{mode}", mode
            documents.append(tmp_path / f"{mode}.yaml")
            documents[-1].write_text(yaml.safe_dump(tree), encoding="utf-8")
        ready = assemble(model, documents, store=Store(None, model), clock=clock)
        trouble = asyncio.create_task(disturb(list(relays.values()), clock))
        await run(ready.judge, ready.sources, clock, [sink], until=SECONDS)
        await trouble
        for relay in relays.values():
            called += relay.methods
        functions += relays["meter"].services
        services += relays["controller"].services
        assert relays["meter"].connections > 2
        assert relays["controller"].connections > 2  # both devices share its session
    judged = {line["appliance"] for line in sink.lines if line["kind"] == "prediction" and line["outputs"]["fault"]}
    assert judged == {"washer-subscribe", "washer-poll"}, "the run did its work meanwhile"
    gaps = {(line["appliance"], line["origin"]) for line in sink.lines if line["kind"] == "gap"}
    assert len(gaps) >= 4, "both links of both devices were cut"
    assert functions.total() > SECONDS / 2
    assert set(functions) <= READS
    assert services[wire.READ] > SECONDS / 10
    assert services[wire.PUBLISH] > 10
    assert not services[wire.WRITE]
    assert not services[wire.HISTORY_UPDATE]
    assert not wire.NODE_MANAGEMENT & set(services)
    assert services[wire.CALL] == called.total() > 0
    assert set(called) == {CONDITION_REFRESH}


def pieces(data: bytes) -> Iterator[bytes]:
    for begin in itertools.count(0, 5):
        if begin >= len(data):
            return
        yield data[begin : begin + 5]


def test_the_recorder_sees_writes() -> None:
    modbus = ModbusRequests()
    stream = bytes.fromhex("0001 0000 0006 01 03 0003 0002 0002 0000 0006 01 06 0003 0001 dead beef dead beef")
    assert [function for part in pieces(stream) for function, _ in modbus.feed(part)] == [3, 6, -1]
    opc = OpcRequests()
    header = bytes(2) + bytes(16) + struct.pack("<i", -1) + bytes(4) + bytes(3)
    one = struct.pack("<i", 1) + bytes.fromhex("0100de0a 0100230f") + struct.pack("<i", 0)
    bodies = [bytes.fromhex("0100a102") + header, bytes.fromhex("0100c802") + header + one]
    chunks = [b"MSGF" + struct.pack("<IIIII", 24 + len(body), 1, 1, n, n) + body for n, body in enumerate(bodies)]
    asked = [found for part in pieces(b"".join(chunks)) for found in opc.feed(part)]
    assert asked == [(wire.WRITE, None), (wire.CALL, CONDITION_REFRESH)]
    assert methods(header + struct.pack("<i", 2), 0) == [(-1, -1), (-1, -1)]
    assert methods(b"\0", 0) == [(-1, -1)]
