"""``trivet run PACKAGE DEVICE...``: the main job."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from trivet.cli.options import add_trust, terms

if TYPE_CHECKING:
    from trivet.cli.live import LiveView
    from trivet.pipeline.assemble import Ready
    from trivet.pipeline.chain import Chain
    from trivet.pipeline.sinks import Sink


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("package", help="a .trivet file")
    parser.add_argument("device", nargs="+", help="device documents")
    parser.add_argument(
        "--out", default="-", metavar="FILE", help="append lines to this file (default: standard output)"
    )
    parser.add_argument("--log-key", metavar="KEY", help="sign checkpoints of the lines with this private key (PEM)")
    parser.add_argument("--checkpoint", type=int, default=None, metavar="N", help="lines from one to the next (1000)")
    parser.add_argument("--rotate", type=float, default=None, metavar="MB", help="begin a new file from this size on")
    parser.add_argument("--live", action="store_true", help="show signals, predictions and decisions in the terminal")
    parser.add_argument("--speed", type=float, default=None, metavar="N", help="run N times as fast as real time")
    parser.add_argument(
        "--wait", type=float, default=30.0, metavar="S", help="give up when no device answers within S seconds"
    )
    parser.add_argument("--for", dest="until", type=float, default=None, metavar="S", help="stop after S seconds")
    parser.add_argument("--forget", action="store_true", help="neither use nor keep the model's memory of the devices")
    add_trust(parser)


def main(arguments: Namespace) -> int:
    """Runs until the data end or the user stops it, then says what was done."""
    from trivet.cli.live import LiveView
    from trivet.cli.summary import summary
    from trivet.device.library import load_device
    from trivet.package.trust import home_folder
    from trivet.pipeline.assemble import assemble
    from trivet.pipeline.events import Events
    from trivet.pipeline.sinks import JsonLines
    from trivet.pipeline.store import Store
    from trivet.runtime.model import Model

    home = home_folder(arguments.home)
    classes = tuple(load_device(path).document.appliance.type for path in arguments.device)
    model = Model.load(arguments.package, **terms(arguments) | {"home": home}, classes=classes, remember=True)
    for one in model.lists:
        if not one.expires:
            print(f"list of revocations {one.id} {one.number} is past its date: every line says so", file=sys.stderr)
    store = Store(None if arguments.forget else home / "state", model, Events(home / "events"))
    ready = assemble(model, arguments.device, store=store, speed=arguments.speed)
    rotate = arguments.rotate and round(arguments.rotate * 1e6)
    sinks = [] if arguments.live and arguments.out == "-" else [JsonLines(arguments.out, _chain(arguments), rotate)]
    title = f"{model.manifest.name} {model.manifest.version}" + (", a developer's" if model.development else "")
    view = LiveView(ready.clock, sys.stderr, title) if arguments.live else None
    if view:
        for device in ready.judge.members:
            view.device(device, model)
        ready.judge.observe(view)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(ready, sinks, view, arguments))
    print(summary(ready.judge, [arguments.out] if arguments.out != "-" else []), file=sys.stderr)
    return 0


def _chain(arguments: Namespace) -> Chain | None:
    """The chain of the lines, signed where the operator has given a key."""
    if not arguments.log_key:
        return None
    from trivet.package.keys import read_private_key
    from trivet.pipeline.chain import EVERY, Chain

    return Chain.signed(read_private_key(arguments.log_key), max(arguments.checkpoint or EVERY, 1))


async def _run(ready: Ready, sinks: Sequence[Sink], view: LiveView | None, arguments: Namespace) -> None:
    from trivet.pipeline.run import run

    painter = asyncio.create_task(view.show()) if view else None
    try:
        await run(ready.judge, ready.sources, ready.clock, sinks, wait=arguments.wait, until=arguments.until)
    finally:
        if painter:
            painter.cancel()
