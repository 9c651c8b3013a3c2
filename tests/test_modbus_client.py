"""The link under faults, against a byte-level server: no value is ever wrong, and nothing hangs."""

from __future__ import annotations

import asyncio

import pytest

from servers.modbus_raw import RawServer, Request, bit, running, word
from trivet_modbus.address import Table
from trivet_modbus.client import Link, LostError, shared
from trivet_modbus.frame import Refusal
from trivet_modbus.plan import Block
from trivet_modbus.route import tcp

PATIENT, SHORT = 30.0, 0.15
SAFE = 10.0


def block(address: int, count: int = 100, table: Table = Table.HOLDING) -> Block:
    return Block(table, address, count, ())


def words(unit: int, function: int, address: int, count: int) -> bytes:
    return b"".join(word(unit, function, address + i).to_bytes(2, "big") for i in range(count))


async def outcome(link: Link, unit: int, address: int, patience: float) -> str:
    """``good``, the reason of a refusal, or the reason of a lost link; fails on a wrong value."""
    try:
        await link.open(PATIENT)
        answer = await link.read(unit, block(address), patience)
    except LostError as lost:
        return f"lost {lost.reason}"
    if isinstance(answer, Refusal):
        return answer.reason
    assert answer == words(unit, 3, address, 100), "a wrong value"
    return "good"


FAULTS = {
    "": "good",
    "bytewise": "good",
    "duplicate": "good",
    "wrong unit": "unit",
    "other function": "function",
    "short": "short",
    "exception 1": "illegal_function",
    "exception 2": "illegal_address",
    "exception 6": "busy",
    "exception 11": "gateway_silent",
    "exception 77": "exception_77",
    "wrong protocol": "garbage",
    "garbage": "garbage",
    "drop": "lost reset",
    "half then drop": "lost reset",
}
SLOW_FAULTS = {
    "silent": "timeout",
    "late": "timeout",
    "wrong transaction": "transaction",
    "no transaction": "transaction",
    "half": "torn",
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_fault_is_named_at_once_and_the_next_read_is_good(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    server = RawServer(fault=lambda number, request: fault if number % 3 == 0 else "")
    async with running(server), asyncio.timeout(SAFE):
        link = Link(tcp("127.0.0.1", server.port))
        seen = [await outcome(link, 3, 100 * i, PATIENT) for i in range(9)]
        link.drop("done")
    assert seen == ["good", "good", FAULTS[fault]] * 3
    assert not [record for record in caplog.records if record.name == "asyncio"]


@pytest.mark.parametrize("fault", SLOW_FAULTS)
async def test_fault_that_only_patience_can_tell(fault: str) -> None:
    server = RawServer(fault=lambda number, request: fault if number == 2 else "")
    async with running(server), asyncio.timeout(SAFE):
        link = Link(tcp("127.0.0.1", server.port))
        seen = [await outcome(link, 3, 100 * i, SHORT) for i in range(4)]
        link.drop("done")
    assert seen == ["good", SLOW_FAULTS[fault], "good", "good"]


async def test_three_silent_requests_end_the_link() -> None:
    server = RawServer(fault=lambda number, request: "silent")
    async with running(server), asyncio.timeout(SAFE):
        link = Link(tcp("127.0.0.1", server.port))
        seen = [await outcome(link, 1, 0, 0.05) for _ in range(4)]
        link.drop("done")
    assert seen == ["timeout", "timeout", "lost timeout", "timeout"]
    assert server.accepted == 2


async def test_all_tables_and_units_share_one_connection() -> None:
    server = RawServer()
    async with running(server), asyncio.timeout(SAFE):
        one, other = shared(tcp("127.0.0.1", server.port)), shared(tcp("127.0.0.1", server.port))
        assert one is other
        await one.open(PATIENT)
        reads = [
            link.read(unit, block(7, 9, table), PATIENT)
            for link, unit in ((one, 1), (other, 2))
            for table in (Table.INPUT, Table.DISCRETE)
        ]
        answers = await asyncio.gather(*reads)
        one.release()
        other.release()
        assert shared(tcp("127.0.0.1", server.port)) is not one
    assert answers[0] == words(1, 4, 7, 9)
    assert answers[2] == words(2, 4, 7, 9)
    for answer, unit in ((answers[1], 1), (answers[3], 2)):
        assert isinstance(answer, bytes)
        assert [answer[i // 8] >> i % 8 & 1 for i in range(9)] == [bit(unit, 2, 7 + i) for i in range(9)]
    assert server.accepted == 1


async def test_nobody_listens() -> None:
    async with running(RawServer()) as server:
        port = server.port
    link = Link(tcp("127.0.0.1", port))
    with pytest.raises(LostError) as caught:
        await link.open(PATIENT)
    assert caught.value.reason == "refused"


async def test_a_cancelled_read_stays_cancelled_and_the_link_usable() -> None:
    server = RawServer(fault=lambda number, request: "silent" if number == 1 else "")
    async with running(server), asyncio.timeout(SAFE):
        link = Link(tcp("127.0.0.1", server.port))
        await link.open(PATIENT)
        task = asyncio.create_task(link.read(1, block(0), PATIENT))
        await server.arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await outcome(link, 1, 0, PATIENT) == "good"
        link.drop("done")


async def test_identification_is_read_object_by_object() -> None:
    server = RawServer(objects={0: b"Maker", 1: b"M-1", 2: b"1.2", 5: b"Model"})
    async with running(server), asyncio.timeout(SAFE):
        link = Link(tcp("127.0.0.1", server.port))
        await link.open(PATIENT)
        assert await link.identify(1, PATIENT) == {0: "Maker", 1: "M-1", 2: "1.2", 5: "Model"}
        server.objects.clear()
        refused = await link.identify(1, PATIENT)
        assert isinstance(refused, Refusal)
        assert refused.reason == "illegal_address"
        link.drop("done")


async def test_a_link_that_goes_down_while_idle_is_noticed() -> None:
    server = RawServer()
    async with asyncio.timeout(SAFE):
        async with running(server):
            link = Link(tcp("127.0.0.1", server.port))
            await link.open(PATIENT)
            assert await outcome(link, 1, 0, PATIENT) == "good"
        assert await link.lost == "reset"
        with pytest.raises(LostError):
            await link.read(1, block(0), PATIENT)


async def test_no_fault_mix_ever_gives_a_wrong_value() -> None:
    kinds = ["", "wrong transaction", "late", "duplicate", "short", "garbage", "half", "no transaction", "drop", ""]

    def fault(number: int, request: Request) -> str:
        return kinds[number // 5 % len(kinds)] if number % 5 == 0 else ""

    server = RawServer(fault=fault)
    async with running(server), asyncio.timeout(3 * SAFE):
        link = Link(tcp("127.0.0.1", server.port))
        seen = [await outcome(link, 1 + i % 5, 37 * i % 5000, 0.03) for i in range(300)]
        link.drop("done")
    assert seen.count("good") >= 240
