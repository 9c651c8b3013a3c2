"""``trivet doctor DEVICE|URL|PROFILE``: what is wrong, or what would be asked."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from trivet.cli.options import add_language, tongue

if TYPE_CHECKING:
    from trivet.commission.doctor import Report
    from trivet.device.adapter import Clock
    from trivet.device.document import Profile


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("subject", help="a device document, a URL, or with --plan a profile")
    parser.add_argument(
        "--plan", action="store_true", help="print what would be asked and how long it takes; asks nothing"
    )
    parser.add_argument("--for", dest="seconds", type=float, default=10.0, metavar="S", help="look for S seconds")
    parser.add_argument("--profile", help="how a URL is read: an id or a path")
    parser.add_argument("--detect", metavar="ADDRESS", help="find out what the registers at an address of a URL mean")
    parser.add_argument("--signal", help="for --detect: the signal that they should be")
    parser.add_argument(
        "--shows", type=float, metavar="VALUE", help="for --detect: what the controller's display shows"
    )
    parser.add_argument(
        "--interface", default="commercial-dishwasher", help="for --detect: the interface of the signal"
    )
    parser.add_argument("--speed", type=float, default=1.0, metavar="N", help="the plant is simulated N times as fast")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    add_language(parser)


def main(arguments: Namespace) -> int:
    """Prints facts and findings; 1 when one is an error, 2 when nothing answered or it is undecided."""
    from trivet.cli.text import palette

    report = _report(arguments)
    if arguments.format == "json":
        from trivet import canonical

        print(canonical.dumps(report.tree()).decode("utf-8"))
    else:
        from trivet.cli.findings import report_text

        print(report_text(report, palette(sys.stdout), tongue(arguments)))
    undecided = any(one.rule == "TRV-M104" for one in report.findings)
    return 2 if undecided and report.verdict == 0 else report.verdict


def _report(arguments: Namespace) -> Report:
    if arguments.plan:
        return _plan(arguments.subject, arguments.profile)
    clock = _clock(arguments.speed)
    if Path(arguments.subject).suffix in (".yaml", ".yml"):
        return asyncio.run(_examined(arguments.subject, clock, arguments.seconds))
    if arguments.detect:
        return asyncio.run(_detected(arguments, clock))
    return asyncio.run(_inspected(arguments, clock))


def _plan(subject: str, profile: str | None) -> Report:
    from trivet.commission.doctor import planned, target_of, targets
    from trivet.device.document import Device
    from trivet.device.library import adapter, load_profile, resolve
    from trivet.errors import DocumentError
    from trivet.interface.parse import read

    if ":" in subject and not Path(subject).exists():
        from trivet.commission.urls import reader

        one, url = reader(subject)
        known = _profile(profile)
        if known is None:
            raise DocumentError("a URL alone has no plan", where=subject, hint="name its profile with --profile")
        return planned({known.id: (one, target_of(one, url, known))}, url)
    path = Path(subject)
    if path.is_file():
        try:
            read(path, Device)
        except DocumentError:
            pass
        else:
            resolved = resolve(path)
            return planned(targets(resolved), resolved.device.id)
    document = load_profile(subject).document
    one = adapter(document.adapter)
    return planned({document.id: (one, target_of(one, f"{one.schemes[0]}://localhost", document))}, document.id)


async def _examined(path: str, clock: Clock, seconds: float) -> Report:
    from trivet.commission.doctor import examine
    from trivet.device.library import resolve

    return await examine(resolve(path), clock, seconds)


async def _inspected(arguments: Namespace, clock: Clock) -> Report:
    from trivet.commission.doctor import inspect
    from trivet.commission.urls import reader

    one, url = reader(arguments.subject)
    return await inspect(one, url, _profile(arguments.profile), clock, arguments.seconds)


async def _detected(arguments: Namespace, clock: Clock) -> Report:
    from trivet.commission.doctor import Report
    from trivet.commission.urls import reader
    from trivet.device.adapter import Quest
    from trivet.device.library import load_interface
    from trivet.errors import DocumentError
    from trivet.interface.findings import near

    one, url = reader(arguments.subject)
    interface = load_interface(arguments.interface).document
    if arguments.signal not in interface.signals:
        hint = near(arguments.signal or "", interface.signals).text() if arguments.signal else "name it with --signal"
        raise DocumentError(f"`{interface.id}` has no signal `{arguments.signal}`", hint=hint, rule="TRV-D001")
    if one.detect is None:
        raise DocumentError(f"adapter `{one.name}` has no raw data to look at", where=url)
    quest = Quest(interface.signals[arguments.signal], arguments.shows)
    found = await one.detect(url, arguments.detect, quest, clock, arguments.seconds)
    return Report(url, found.facts, found.findings)


def _profile(name: str | None) -> Profile | None:
    from trivet.device.library import load_profile

    return load_profile(name).document if name else None


def _clock(speed: float) -> Clock:
    from trivet.device.clock import ScaledClock, WallClock

    return WallClock() if speed == 1.0 else ScaledClock(speed)
