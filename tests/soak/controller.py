"""A controller in a process of its own that shows the seconds of the wall clock.

It is killed, stopped and started again by the soak tests; whatever becomes of it, the
value of each second is known. Run: `python -m soak.controller PROTOCOL PORT`.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import AbstractAsyncContextManager

from kits.modbus import profile as modbus_profile
from kits.opcua import Stage, dishwasher, open_server
from trivet.device.adapter import Snapshot
from trivet.device.clock import WallClock
from trivet.device.document import Point
from trivet.signals import SECOND
from trivet_modbus.server import serve

TURN = 60_000
"""Where the counter begins again, so that it fits a register."""

METER = modbus_profile(
    {"seconds": Point(at={"table": "input", "address": 0, "type": "uint16"}, signal="seconds", poll="fast")},
    periods={"fast": 0.5},
)


def seconds(now: int) -> Snapshot:
    """What the Modbus controller shows."""
    return Snapshot({"seconds": float(now // SECOND % TURN)})


def stage() -> Stage:
    """What the OPC UA controller shows, in its hygiene value."""
    shown = dishwasher()
    shown.counter = "hygiene_value"
    return shown


def server(protocol: str, port: int) -> AbstractAsyncContextManager[str]:
    """A controller of a protocol."""
    if protocol == "modbus":
        return serve(METER, seconds, f"127.0.0.1:{port}", WallClock())
    return open_server(stage(), bind=f"127.0.0.1:{port}")


async def main(protocol: str, port: int) -> None:
    async with server(protocol, port):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
