"""``trivet read DEVICE``: every signal with value, unit, age and status."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trivet.device.adapter import Clock
    from trivet.device.library import ResolvedDevice
    from trivet.interface.document import Interface
    from trivet.signals import Sample


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("device", help="a device document")
    parser.add_argument("--watch", action="store_true", help="go on until stopped")
    parser.add_argument("--wait", type=float, default=5.0, metavar="S", help="collect values for S seconds")


def main(arguments: Namespace) -> int:
    """Prints one table, or one after the other; 2 when nothing answered."""
    from trivet.device.library import load_interface, resolve
    from trivet.errors import ConnectError
    from trivet.pipeline.assemble import choose_clock

    resolved = resolve(arguments.device)
    interface = load_interface(resolved.device.interface.id).document
    clock = choose_clock([resolved], None)
    samples: dict[str, Sample] = {}
    while True:
        asyncio.run(_collect(resolved, interface, clock, samples, arguments.wait))
        if not samples and not arguments.watch:
            raise ConnectError(
                f"nothing answered within {arguments.wait:g} s",
                where=resolved.device.id,
                hint="check the URLs in the device document and that the controller is on",
            )
        print("\n".join(table(samples, interface, clock.now())), flush=True)
        if not arguments.watch:
            return 0


async def _collect(
    resolved: ResolvedDevice, interface: Interface, clock: Clock, samples: dict[str, Sample], seconds: float
) -> None:
    from trivet.device.binding import bind
    from trivet.device.source import open_device
    from trivet.signals import Gap, Readings

    items = open_device(resolved, bind(interface, resolved.parsed, resolved.profiles), clock)
    try:
        async with asyncio.timeout(seconds):
            async for item in items:
                if isinstance(item, Readings):
                    samples.update((sample.name, sample) for sample in item.samples())
                elif isinstance(item, Gap) and item.end is None:
                    print(f"{item.origin}: no data ({item.reason}) {item.detail}", file=sys.stderr)
    except TimeoutError:
        pass


def table(samples: dict[str, Sample], interface: Interface, now: int) -> list[str]:
    """One row a signal."""
    from trivet.cli.live import signal_cell
    from trivet.cli.text import palette

    return [signal_cell(name, sample, interface, now, palette(sys.stdout)) for name, sample in sorted(samples.items())]
