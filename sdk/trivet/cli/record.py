"""``trivet record DEVICE --to DIR``: everything that a device's endpoints say, to replay it later."""

from __future__ import annotations

import asyncio
from argparse import ArgumentParser, Namespace
from pathlib import Path


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("device", help="a device document")
    parser.add_argument("--to", required=True, metavar="DIR", help="a new folder for the recording")
    parser.add_argument("--for", dest="seconds", type=float, default=60.0, metavar="S", help="how long (default: 60)")


def main(arguments: Namespace) -> int:
    """Records; 2 when nothing came."""
    from trivet.commission.record import record
    from trivet.device.clock import WallClock
    from trivet.device.library import resolve

    folder = Path(arguments.to)
    counts = asyncio.run(record(resolve(arguments.device), folder, WallClock(), arguments.seconds))
    for name, count in counts.items():
        print(f"{name}: {count} values")
    print(f"replay it with {folder / 'device.yaml'}")
    return 0 if any(counts.values()) else 2
