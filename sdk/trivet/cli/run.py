"""``trivet run PACKAGE DEVICE...``: the main job."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from argparse import ArgumentParser, Namespace

from trivet.cli.options import add_trust


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("package", help="a .trivet file")
    parser.add_argument("device", nargs="+", help="device documents")
    parser.add_argument("--out", default="-", metavar="FILE", help="append lines to this file (default: standard output)")
    parser.add_argument("--live", action="store_true", help="show signals, predictions and decisions in the terminal")
    parser.add_argument("--speed", type=float, default=None, metavar="N", help="run N times as fast as real time")
    parser.add_argument("--wait", type=float, default=30.0, metavar="S", help="give up when no device answers within S seconds")
    parser.add_argument("--for", dest="until", type=float, default=None, metavar="S", help="stop after S seconds")
    parser.add_argument("--forget", action="store_true", help="neither use nor keep the model's memory of the devices")
    add_trust(parser)


def main(arguments: Namespace) -> int:
    """Runs until the data end or the user stops it."""
    from trivet.cli.live import LiveView
    from trivet.pipeline.assemble import assemble
    from trivet.pipeline.sinks import JsonLines

    assembled = assemble(
        arguments.package,
        arguments.device,
        keys=tuple(arguments.trust),
        unsigned=arguments.unsigned,
        home=arguments.home,
        speed=arguments.speed,
        forget=arguments.forget,
    )
    live = arguments.live or (arguments.out == "-" and sys.stdout.isatty())
    view = LiveView(assembled.judge, assembled.clock, sys.stderr) if live else None
    sinks = [] if live and arguments.out == "-" else [JsonLines(arguments.out)]
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_run(assembled, sinks, view, arguments))
    from trivet.cli.summary import summary

    print(summary(assembled.judge, None if arguments.out == "-" else arguments.out), file=sys.stderr)
    return 0


async def _run(assembled: object, sinks: object, view: object, arguments: Namespace) -> None:
    raise AssertionError
