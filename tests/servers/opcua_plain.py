"""An OPC UA server of plain asyncua, in a process of its own: a counter, a constant, history, filler namespaces.

Run: `python opcua_plain.py PORT [FILLERS]`; prints "ready URL" and serves until stdin closes. The environment
may say TICK (time between two steps of the counter, ms), HISTORY (keep one of the counter) and FORGET (keep no
messages for Republish). Lines on stdin: {"count": true} prints the numbers of sessions and subscriptions,
{"frozen": true} stops the counter, {"end": true} closes all sessions with their subscriptions.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import Server, ua

NAMESPACE = "urn:plain:machine"
TICK = float(os.environ.get("TICK", "1000")) / 1000
TURN = 60_000


async def build(server: Any, port: int, fillers: int) -> list[Any]:
    """The counter and the constant, in a namespace whose index depends on the fillers."""
    await server.init()
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    server.set_endpoint(f"opc.tcp://127.0.0.1:{port}")
    server.iserver.bind_condition_methods = True
    for number in range(fillers):
        filler = await server.register_namespace(f"urn:filler:{number}")
        await server.nodes.objects.add_variable(ua.NodeId("Counter", filler), ua.QualifiedName("Counter", filler), -1.0)
    index = await server.register_namespace(NAMESPACE)
    objects, found = server.nodes.objects, []
    for name, value in (("Counter", 0.0), ("Constant", 7.0)):
        found.append(await objects.add_variable(ua.NodeId(name, index), ua.QualifiedName(name, index), value))
    if os.environ.get("FORGET"):
        server.iserver.max_unacked_messages_per_subscription = 0
    return found


async def historise(server: Any, nodes: list[Any]) -> None:
    """Keeps a history, and says so as OPC 30200 does: with an object HA Configuration."""
    for node in nodes:
        await server.historize_node_data_change(node, period=timedelta(hours=1), count=0)
        await node.add_object(
            ua.NodeId(f"ha/{node.nodeid.Identifier}", node.nodeid.NamespaceIndex), "0:HA Configuration"
        )


def step() -> int:
    """The step of the clock that it is."""
    return int(datetime.now(UTC).timestamp() / TICK)


async def show(server: Any, node: Any, at: int) -> None:
    """Shows one step, with its own time."""
    value = ua.DataValue(ua.Variant(float(at % TURN)), SourceTimestamp=datetime.fromtimestamp(at * TICK, UTC))
    await server.write_attribute_value(node.nodeid, value)


async def count(server: Any, node: Any, told: dict[str, Any], at: int) -> None:
    """Steps of the clock from one on that is shown, also those that the machine was late for."""
    while True:
        while at < step():
            at += 1
            if not told.get("frozen"):
                await show(server, node, at)
        await asyncio.sleep(TICK / 10)


async def listen(server: Any, told: dict[str, Any]) -> None:
    """Takes orders until stdin closes."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        told |= (order := json.loads(line))
        sessions = server.iserver._external_sessions  # asyncua tells nobody
        if "count" in order:
            print("count", len(sessions), len(server.iserver.subscription_service.subscriptions), flush=True)
        if "end" in order:
            for session in list(sessions.values()):
                await session.close_session(order["end"])


async def main(port: int, fillers: int) -> None:
    """Serves until stdin closes."""
    gc.disable()  # what is built stays, and searching it for garbage takes as long as building it
    server: Any = Server()
    nodes = await build(server, port, fillers)
    gc.enable()
    told: dict[str, Any] = {}
    first = step()
    await show(server, nodes[0], first)
    async with server:
        if os.environ.get("HISTORY"):
            await historise(server, nodes)
        counter = asyncio.create_task(count(server, nodes[0], told, first))
        print(f"ready opc.tcp://127.0.0.1:{server.bserver.port}", flush=True)
        await listen(server, told)
        counter.cancel()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
