"""CPU of the OPC UA source against a bare asyncua subscription on the same server; target: a ratio of at most 1.5.

1,000 variables change once a second (10 appliances of 100 points). Each side runs in a
process of its own, one after the other, and is measured after its first five seconds.
Run: python benchmarks/opcua_cpu.py [seconds] [variables]
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from typing import Any

NAMESPACE = "urn:trivet:benchmark"
WARM = 5.0


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def serve(variables: int) -> None:
    from asyncua import Server, ua

    server: Any = Server()
    await server.init()
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    server.set_endpoint("opc.tcp://127.0.0.1:0")
    index = await server.register_namespace(NAMESPACE)
    nodes = [
        await server.nodes.objects.add_variable(ua.NodeId(f"v{n}", index), ua.QualifiedName(f"v{n}", index), 0.0)
        for n in range(variables)
    ]
    async with server:
        print(server.bserver.port, flush=True)
        for second in range(10**6):
            for node in nodes:
                await server.write_attribute_value(node.nodeid, ua.DataValue(ua.Variant(float(second))))
            await asyncio.sleep(1.0)


class Counter:
    """What a user of the bare library writes: a handler that keeps value, status and time."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, Any, Any]] = []

    def datachange_notification(self, _: Any, value: Any, data: Any) -> None:
        found = data.monitored_item.Value
        self.rows.append((value, found.StatusCode, found.SourceTimestamp))


async def bare(port: int, variables: int, seconds: float) -> None:
    from asyncua import Client

    async with Client(f"opc.tcp://127.0.0.1:{port}") as client:
        index = await client.get_namespace_index(NAMESPACE)
        handler = Counter()
        subscription = await client.create_subscription(500, handler)
        nodes = [client.get_node(f"ns={index};s=v{n}") for n in range(variables)]
        await subscription.subscribe_data_change(nodes, queuesize=60)
        await asyncio.sleep(WARM)
        rows, start = len(handler.rows), cpu()
        await asyncio.sleep(seconds)
        print(len(handler.rows) - rows, cpu() - start)


async def ours(port: int, variables: int, seconds: float) -> None:
    from trivet.device.adapter import Target
    from trivet.device.clock import WallClock
    from trivet.device.document import Endpoint, Point, Profile, Provenance
    from trivet.signals import Readings
    from trivet_opcua import adapter

    points = {
        f"v{n}": Point(at={"path": f"v{n}", "type": "", "namespace": NAMESPACE}, unit="W") for n in range(variables)
    }
    source = Provenance(document="benchmark", date="2026-01-01", confidence="own")
    profile = Profile(
        kind="profile", format=0, id="b", version="0.0.1", title={}, adapter="opcua", source=source, points=points
    )
    endpoint = Endpoint(profile="b", url=f"opc.tcp://127.0.0.1:{port}", settings={"security": "none"})
    typed = {name: adapter.point(point, profile) for name, point in points.items()}
    rows, start, clock = 0, 0.0, asyncio.get_running_loop().time()
    async for item in adapter.connect(Target("b/e", endpoint, profile, typed), WallClock()):
        now = asyncio.get_running_loop().time() - clock
        if now > WARM and not start:
            rows, start = 0, cpu()
        rows += len(item) if isinstance(item, Readings) else 0
        if start and now > WARM + seconds:
            print(rows, cpu() - start)
            return


def run(side: str, port: int, variables: int, seconds: float) -> tuple[int, float]:
    command = [sys.executable, __file__, side, str(port), str(variables), str(seconds)]
    rows, used = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return int(rows), float(used)


def main(seconds: float, variables: int) -> None:
    with subprocess.Popen(
        [sys.executable, __file__, "serve", str(variables)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as server:
        port = int(server.stdout.readline() if server.stdout else 0)
        found = {side: run(side, port, variables, seconds) for side in ("bare", "ours")}
        server.terminate()
    for side, (rows, used) in found.items():
        share, each = used / seconds, used / max(rows, 1) * 1e6
        print(f"{side:5} {rows:8d} rows in {seconds:g} s, {share:6.1%} of a core, {each:6.1f} us a row")
    ratio = found["ours"][1] / found["bare"][1]
    print(f"ratio {ratio:.2f} (target 1.5)")


if __name__ == "__main__":
    given = sys.argv[1:]
    if given[:1] == ["serve"]:
        asyncio.run(serve(int(given[1])))
    elif given[:1] in (["bare"], ["ours"]):
        side = bare if given[0] == "bare" else ours
        asyncio.run(side(int(given[1]), int(given[2]), float(given[3])))
    else:
        main(float(given[0]) if given else 20.0, int(given[1]) if len(given) > 1 else 1000)
