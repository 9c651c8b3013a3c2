"""Reading far more nodes than a server allows in one call, and resolving browse paths, against the bare calls.

A plain asyncua server in a process of its own has 5,000 variables and says MaxNodesPerRead=100. The bare side sends
the same number of Read calls of 100 nodes with asyncua's own client, one after the other; both sides take turns, and
the medians are compared. Target: at most 1.3. Thirty browse paths are resolved in one call.
Run: python benchmarks/opcua_batches.py [rounds] [nodes]
"""

from __future__ import annotations

import asyncio
import logging
import statistics
import sys
from pathlib import Path
from time import perf_counter
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from servers import relay as wire
from servers.relay import Relay
from trivet_opcua.client import AsyncuaTransport
from trivet_opcua.settings import Settings

NAMESPACE = "urn:trivet:benchmark"
LIMIT = 100
PATHS = 30


async def serve(nodes: int) -> None:
    from asyncua import Server, ua

    server: Any = Server()
    await server.init()
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    index = await server.register_namespace(NAMESPACE)
    limit = server.get_node(ua.NodeId(ua.ObjectIds.Server_ServerCapabilities_OperationLimits_MaxNodesPerRead))
    await limit.write_value(ua.UInt32(LIMIT))
    for n in range(nodes):
        await server.nodes.objects.add_variable(ua.NodeId(f"v{n}", index), ua.QualifiedName(f"v{n}", index), float(n))
    async with server:
        print(server.bserver.port, flush=True)
        await asyncio.Event().wait()


async def bare(client: Any, nodes: list[Any]) -> int:
    from asyncua import ua

    found = 0
    for begin in range(0, len(nodes), LIMIT):
        values = await client.uaclient.read_attributes(nodes[begin : begin + LIMIT], ua.AttributeIds.Value)
        found += sum(value.StatusCode.is_good() for value in values)
    return found


async def measure(port: int, rounds: int, count: int) -> float:
    from asyncua import Client

    async with Relay("127.0.0.1", port) as relay, Client(f"opc.tcp://127.0.0.1:{port}") as client:
        transport = AsyncuaTransport(Settings(f"opc.tcp://127.0.0.1:{port}", security="none"))
        watched = AsyncuaTransport(Settings(f"opc.tcp://127.0.0.1:{relay.port}", security="none"))
        await transport.open()
        await watched.open()
        index = list(transport.namespaces).index(NAMESPACE)
        nodes = [transport.node(index, f"s=v{n}") for n in range(count)]
        times: dict[str, list[float]] = {"bare": [], "ours": []}
        for _ in range(rounds):
            begin = perf_counter()
            right = await bare(client, nodes) == count
            middle = perf_counter()
            right = right and sum(not value.status for value in await transport.read(nodes)) == count
            times["bare"].append(middle - begin)
            times["ours"].append(perf_counter() - middle)
            if not right:
                raise SystemExit("not every node was read")
        before = relay.services[wire.READ]
        await watched.read(nodes)
        reads = relay.services[wire.READ] - before
        found = await watched.translate([(watched.node(0, "i=85"), ((index, f"v{n}"),)) for n in range(PATHS)])
        await transport.close(1.0)
        await watched.close(1.0)
    medians = {side: statistics.median(each) * 1000 for side, each in times.items()}
    print(f"{count} nodes, at most {LIMIT} a call: {reads} calls, {relay.connections} connection")
    print(f"bare {medians['bare']:.0f} ms, ours {medians['ours']:.0f} ms (medians of {rounds})")
    print(f"{sum(node is not None for node in found)} browse paths in {relay.services[wire.TRANSLATE]} call")
    return medians["ours"] / medians["bare"]


async def main(rounds: int, count: int) -> None:
    logging.disable(logging.CRITICAL)
    pipe = asyncio.subprocess.PIPE
    words = (sys.executable, __file__, "serve", str(count))
    server = await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
    try:
        line = await server.stdout.readline() if server.stdout else b"0"
        print(f"ratio {await measure(int(line), rounds, count):.2f} (target 1.3)")
    finally:
        server.kill()
        await server.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(int(sys.argv[2])))
    else:
        given = [int(word) for word in sys.argv[1:]]
        asyncio.run(main(given[0] if given else 7, given[1] if len(given) > 1 else 5000))
