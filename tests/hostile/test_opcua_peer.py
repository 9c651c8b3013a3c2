"""Peers on an OPC UA port that are no OPC UA servers, or bad ones: a gap with a reason, and nothing in the log."""

from __future__ import annotations

import asyncio
import logging
import random
import struct
from collections.abc import Awaitable, Callable

import pytest

from kits.opcua import DISHWASHER, Reader, closed, dishwasher, open_server, opened, port, shipped, target
from servers.relay import Relay
from trivet.signals import Gap, Readings

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

ACKNOWLEDGE = b"ACKF" + struct.pack("<IIIIII", 28, 0, 65536, 65536, 0, 0)
REFUSAL = struct.pack("<Ii", 0x800D_0000, -1)


async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    writer.close()


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"ERRF" + struct.pack("<I", 8 + len(REFUSAL)) + REFUSAL)
    writer.close()


async def promise_four_gigabytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(100)
    writer.write(b"ACKF" + struct.pack("<I", 0xFFFF_FFFF) + bytes(1000))
    await reader.read()
    writer.close()


async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    noise = random.Random(7)  # noqa: S311  # repeatable
    await reader.read(100)
    writer.write(ACKNOWLEDGE)
    await reader.read(200)
    writer.write(b"OPNF" + struct.pack("<I", 132) + noise.randbytes(124))
    await reader.read()
    writer.close()


@pytest.mark.parametrize("handler", [hang_up, speak_http, refuse, promise_four_gigabytes, babble])
async def test_a_peer_that_is_no_server_is_a_gap(handler: Handler, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    listener = await asyncio.start_server(handler, "127.0.0.1", 0)
    url = f"opc.tcp://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    async with listener, Reader(target(shipped(DISHWASHER), url, timeout=0.3)) as reader:
        gap = await reader.until(lambda _: True)
        await asyncio.sleep(0.5)
    assert isinstance(gap, Gap)
    assert gap.reason in {"reset", "timeout", "protocol"}
    assert gap.detail
    assert len(caplog.records) == 1, "one line for one change of state"


async def test_flipped_bits_never_come_out_as_anything_but_items(caplog: pytest.LogCaptureFixture) -> None:
    plant, loop, escaped = dishwasher(), asyncio.get_running_loop(), []
    plant.counter = "hygiene_value"
    loop.set_exception_handler(lambda _, context: escaped.append(context))
    async with open_server(plant) as url, Relay("127.0.0.1", port(url)) as relay:
        way = f"opc.tcp://127.0.0.1:{relay.port}"
        async with Reader(target(shipped(DISHWASHER), way, timeout=0.3, publishing=0.1)) as reader:
            await reader.until(lambda item: isinstance(item, Readings))
            for seed in range(5):
                relay.noise = random.Random(seed)  # noqa: S311  # repeatable
                await reader.until(opened)
                relay.noise = None
                await reader.until(closed)
    assert [gap.end is None for gap in reader.gaps] == [True, False] * 5
    assert not escaped
    assert not [record for record in caplog.records if record.exc_info]
