"""``trivet demo``: a simulated kitchen on loopback, judged live."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trivet.commission.demo import Kitchen
    from trivet.device.clock import ScaledClock
    from trivet.pipeline.judge import Judge, Observer


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("what", nargs="?", choices=("kitchen", "dishwasher"), default="kitchen", help="what to show")
    parser.add_argument("--fault", default=None, help="the fault that the dishwasher develops")
    parser.add_argument("--speed", type=float, default=30.0, metavar="N", help="simulated seconds in one real second")
    parser.add_argument("--seconds", type=float, default=60.0, metavar="S", help="real seconds to run for")
    parser.add_argument("--to", default=None, metavar="DIR", help="folder for what is written (default: a new one)")


def main(arguments: Namespace) -> int:
    """Runs the demonstration and says what it wrote."""
    from trivet.cli.summary import summary
    from trivet.commission.demo import kitchen

    folder = Path(arguments.to or tempfile.mkdtemp(prefix="trivet-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    shown = kitchen(arguments.what, folder, arguments.speed, arguments.fault)
    say(f"Everything here is simulated: plants, servers and faults. What is written lies in {folder}")
    done = asyncio.run(_show(shown, arguments.seconds))
    print()
    for judge, lines in done:
        print(summary(judge, [str(lines), str(lines.with_suffix(".yaml"))]))
    return 0


def say(text: str) -> None:
    """Tells a person what happens."""
    print(text, flush=True)


async def _show(shown: Kitchen, seconds: float) -> list[tuple[Judge, Path]]:
    from trivet.cli.live import LiveView
    from trivet.commission.demo import demonstrate

    painters = []

    def watch(clock: ScaledClock, judges: list[Judge]) -> Observer:
        title = f"simulated kitchen at {shown.speed:g}x, from a state after at least 50 healthy cycles"
        view = LiveView(clock, sys.stdout, title)
        for judge in judges:
            for device in judge.members:
                view.device(device, judge.model)
        painters.append(asyncio.create_task(view.show()))
        return view

    try:
        return await demonstrate(shown, seconds, watch, say)
    finally:
        for painter in painters:
            painter.cancel()
