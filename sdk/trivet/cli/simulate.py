"""``trivet simulate SCENARIO``: a plant behind real servers, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("scenario", help="such as dishwasher or oven, or a profile such as opc30200-fryer")
    parser.add_argument("--fault", help="a fault of the scenario; an unknown one lists them")
    parser.add_argument("--severity", type=float, default=1.0, help="how far the fault goes, 0 to 1")
    parser.add_argument("--onset", type=float, default=0.0, metavar="S", help="when it begins")
    parser.add_argument(
        "--wire",
        action="append",
        default=[],
        metavar="FAULT",
        help="trouble at the wire, such as stall:every=30,delay=0.3",
    )
    parser.add_argument("--values", metavar="FILE", help="of a profile: YAML of points and what they show, fixed")
    parser.add_argument("--raw", default="", metavar="FILE", help="of a profile: replay what a controller answered")
    parser.add_argument("--on", default="127.0.0.1", metavar="WHERE", help="address to listen on, or pty for RTU")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same appliance")
    parser.add_argument("--speed", type=float, default=1.0, metavar="N", help="run N times as fast as real time")
    parser.add_argument("--port", type=int, default=0, help="port of the first server (default: any free one)")
    parser.add_argument("--to", default=".", metavar="DIR", help="where to write the device document")
    parser.add_argument("--for", dest="until", type=float, default=None, metavar="S", help="stop after S seconds")


def main(arguments: Namespace) -> int:
    """Serves and waits."""
    from trivet.errors import DeviceError

    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(arguments))
    except ValueError as error:
        raise DeviceError(str(error), where=f"scenario {arguments.scenario}") from error
    return 0


async def _serve(arguments: Namespace) -> None:
    from trivet.commission.simulate import fixed_values, scenario, scenarios, served
    from trivet.device.clock import ScaledClock, WallClock

    chosen = scenario(arguments.scenario)
    choices: dict[str, Any] = {"fault": arguments.fault, "severity": arguments.severity, "onset": arguments.onset}
    if arguments.values:
        if arguments.scenario in scenarios():
            raise ValueError("a scenario shows its own values; --values is for profiles")
        choices["fixed"] = fixed_values(arguments.values)
    plant = chosen.plant(arguments.seed, warm_cycles=1, **choices)
    clock = WallClock() if arguments.speed == 1 else ScaledClock(arguments.speed)
    document = Path(arguments.to) / f"simulated-{chosen.name}.yaml"
    where: dict[str, Any] = {"bind": arguments.on, "port": arguments.port}
    async with served(chosen, plant, document, clock, faults=arguments.wire, raw=arguments.raw, **where) as path:
        fault = f"with {arguments.fault} at severity {arguments.severity:g}" if arguments.fault else "healthy"
        print(f"simulated {chosen.name}, {fault}, at {arguments.speed:g}x; stop it with Ctrl-C", flush=True)
        print(f"device document: {path}", flush=True)
        if arguments.until is not None:
            await asyncio.sleep(arguments.until)
        else:
            await asyncio.Event().wait()
