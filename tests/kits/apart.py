"""A raw Modbus server on a thread and loop of its own, so that a verb can run its own loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from queue import Queue

from servers.modbus_raw import RawServer, running


@contextlib.contextmanager
def served_apart(server: RawServer) -> Iterator[int]:
    """Serves until the context ends; gives the port."""
    told: Queue[int] = Queue()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serving() -> None:
        async with running(server):
            told.put(server.port)
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serving()), daemon=True)
    thread.start()
    try:
        yield told.get(timeout=10)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        loop.close()
