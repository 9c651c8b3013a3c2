"""``trivet read DEVICE...``: every signal with value, unit, age and status."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from trivet.device.adapter import Clock
    from trivet.device.library import ResolvedDevice
    from trivet.interface.document import Interface
    from trivet.signals import Item, Sample


class _Reading(NamedTuple):
    """A device and what was read of it so far."""

    resolved: ResolvedDevice
    interface: Interface
    samples: dict[str, Sample]


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("device", nargs="+", help="device documents; those of one server share its connection")
    parser.add_argument("--watch", action="store_true", help="go on until stopped")
    parser.add_argument("--wait", type=float, default=5.0, metavar="S", help="collect values for S seconds")


def main(arguments: Namespace) -> int:
    """Prints one table a device, once or again and again; 2 when nothing answered."""
    from trivet.device.library import load_interface, resolve
    from trivet.errors import ConnectError
    from trivet.pipeline.assemble import choose_clock

    devices = [resolve(path) for path in arguments.device]
    clock = choose_clock(devices, None)
    read = [_Reading(each, load_interface(each.device.interface.id).document, {}) for each in devices]
    while True:
        asyncio.run(_collect(read, clock, arguments.wait))
        if not any(one.samples for one in read) and not arguments.watch:
            raise ConnectError(
                f"nothing answered within {arguments.wait:g} s",
                where=", ".join(each.device.id for each in devices),
                hint="check the URLs in the device document and that the controller is on",
            )
        for one in read:
            heading = [f"{one.resolved.device.id}:"] if len(read) > 1 else []
            print("\n".join([*heading, *table(one.samples, one.interface, clock.now())]), flush=True)
        if not arguments.watch:
            return 0


async def _collect(read: Sequence[_Reading], clock: Clock, seconds: float) -> None:
    from trivet.device.binding import bind
    from trivet.device.source import open_device

    streams = [
        open_device(one.resolved, bind(one.interface, one.resolved.parsed, one.resolved.profiles), clock)
        for one in read
    ]
    try:
        async with asyncio.timeout(seconds):
            await asyncio.gather(*(_take(items, one.samples) for items, one in zip(streams, read, strict=True)))
    except TimeoutError:
        pass


async def _take(items: AsyncIterator[Item], samples: dict[str, Sample]) -> None:
    from trivet.signals import Gap, Readings

    async for item in items:
        if isinstance(item, Readings):
            samples.update((sample.name, sample) for sample in item.samples())
        elif isinstance(item, Gap) and item.end is None:
            print(f"{item.origin}: no data ({item.reason}) {item.detail}", file=sys.stderr)


def table(samples: dict[str, Sample], interface: Interface, now: int) -> list[str]:
    """One row a signal."""
    from trivet.cli.live import signal_cell
    from trivet.cli.text import palette

    return [signal_cell(name, sample, interface, now, palette(sys.stdout)) for name, sample in sorted(samples.items())]
