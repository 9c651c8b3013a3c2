"""``trivet connect URL... --as NAME``: who answers, what it shows, and a device document for it."""

from __future__ import annotations

import asyncio
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from trivet.cli.options import add_language, tongue

if TYPE_CHECKING:
    from trivet.cli.text import Palette
    from trivet.commission.connect import Answer, Proposal
    from trivet.commission.propose import Run
    from trivet.commission.watch import Seen
    from trivet.device.adapter import Clock

FOLDER = Path()


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("urls", nargs="+", metavar="URL", help="such as modbus://HOST?unit=3 or opc.tcp://HOST:4840")
    parser.add_argument("--as", dest="name", metavar="NAME", help="write the device document to ./NAME.yaml")
    parser.add_argument("--profile", action="append", default=[], help="profile of the first URL, of the second ...")
    parser.add_argument("--profiles", metavar="DIR", help="look for fitting profiles in this folder too")
    parser.add_argument("--interface", help="interface of the device (default: the one that is fed most)")
    parser.add_argument("--pick", metavar="NAME", help="of several appliances behind a URL take this one only")
    parser.add_argument("--watch", type=float, default=3.0, metavar="S", help="look for S seconds; propose thresholds")
    parser.add_argument("--speed", type=float, default=1.0, metavar="N", help="the plant is simulated N times as fast")
    parser.add_argument("--scan", action="store_true", help="ask every unit id on the line, slowly")
    parser.add_argument("--approve", action="store_true", help="keep the certificate that a server shows now")
    parser.add_argument("--force", action="store_true", help="overwrite the device document")
    add_language(parser)


def main(arguments: Namespace) -> int:
    """Prints what answers and what it shows; 2 when no profile fits."""
    from trivet.cli.text import palette
    from trivet.device.clock import ScaledClock, WallClock

    clock: Clock = WallClock() if arguments.speed == 1.0 else ScaledClock(arguments.speed)
    if arguments.scan:
        return asyncio.run(_scan(arguments, palette(sys.stdout)))
    return asyncio.run(_connect(arguments, clock, palette(sys.stdout)))


async def _connect(arguments: Namespace, clock: Clock, paint: Palette) -> int:
    from trivet.cli.findings import finding_lines
    from trivet.commission.connect import NEXT, propose
    from trivet.commission.propose import target

    answers = await _answers(arguments, paint)
    nameless = [one for one in answers if one.document is None]
    for one in nameless:
        print(f"{one.found.url}: no profile fits [TRV-D080]; {NEXT}")
    if len(nameless) == len(answers):
        return 2
    proposals = propose(arguments.name or "device", answers, arguments.interface, FOLDER)
    paths = [target(one, FOLDER, arguments.force) for one in proposals] if arguments.name else []
    for number, proposal in enumerate(proposals):
        final = await _shown(proposal, clock, arguments.watch, paint)
        print("\n".join(finding_lines(final.findings, paint, tongue(arguments))))
        _write(final, paths[number] if paths else None)
    return 2 if nameless else 0


def _write(proposal: Proposal, path: Path | None) -> None:
    from trivet.commission.propose import text

    made = text(proposal.tree)
    if path is None:
        print(f"\n{made}\nwith --as NAME this is written to ./NAME.yaml")
        return
    path.write_text(made, encoding="utf-8")
    print(f"written {path}; next: trivet doctor {path}")


async def _answers(arguments: Namespace, paint: Palette) -> list[Answer]:
    from trivet.commission.connect import ask, profiles
    from trivet.commission.urls import reader
    from trivet.errors import DocumentError

    known = profiles(arguments.profiles)
    answers: list[Answer] = []
    for number, url in enumerate(arguments.urls):
        if arguments.approve and reader(url)[0].approve is not None:
            await _approved(url, paint, tongue(arguments))
        chosen = arguments.profile[number] if number < len(arguments.profile) else None
        found = await ask(url, known, chosen)
        for one in found:
            print("\n".join(_answer_lines(one, paint)), flush=True)
        picked = [one for one in found if len(found) == 1 or arguments.pick in (None, one.found.name)]
        if not picked:
            names = ", ".join(one.found.name for one in found)
            raise DocumentError(f"no appliance is called {arguments.pick!r}", where=url, hint=f"there are {names}")
        answers += picked
    return answers


async def _approved(url: str, paint: Palette, spoken: str) -> None:
    from trivet.cli.findings import finding_lines
    from trivet.commission.urls import reader

    one, exact = reader(url)
    if one.approve is not None:
        made = await one.approve(exact)
        print("\n".join(finding_lines(made.findings, paint, spoken)), flush=True)


def _answer_lines(one: Answer, paint: Palette) -> list[str]:
    told = ", ".join(f"{key} {text}" for key, text in one.found.nameplate.items())
    others = [name for name in one.found.profiles if name != one.profile]
    also = f" (also fitting: {', '.join(others)})" if others else ""
    return [
        paint.bold(f"{one.found.url}  {one.found.name}".rstrip()),
        f"  says      {told or 'nothing of itself'}",
        f"  profile   {one.profile or 'none fits'}{also}",
    ]


async def _shown(proposal: Proposal, clock: Clock, seconds: float, paint: Palette) -> Proposal:
    """Prints what a proposed device shows, and gives it back with thresholds where power decides."""
    from trivet.cli.read import table
    from trivet.commission.connect import Proposal
    from trivet.commission.doctor import ordered
    from trivet.commission.propose import doubts, look, runs, with_thresholds

    seen, binding = await look(proposal, FOLDER, clock, seconds)
    print(paint.bold(f"\n{proposal.name}  ({proposal.interface.id} {proposal.interface.version})"))
    print("\n".join(f"  {row}" for row in table(dict(seen.last()), proposal.interface, clock.now())))
    for gap in {gap.origin: gap for gap in seen.gaps if gap.end is None}.values():
        print(f"  {gap.origin}: no data ({gap.reason}) {gap.detail}")
    final, found = with_thresholds(proposal, binding, seen)
    for run in runs(final, binding, seen):
        print("\n".join(_cycle_lines(run, seen)))
    if found is not None and "windows" in final.tree:
        print(f"  power     idle {found.idle:.0f} W, busy {found.busy:.0f} W: a cycle above {found.above:g} W")
    notes = doubts(found, seen, proposal.name) if "windows" not in final.tree else []
    return Proposal(final.name, final.tree, final.interface, ordered((*final.findings, *notes)))


def _cycle_lines(run: Run, seen: Seen) -> list[str]:
    lines = [f"  cycles    {len(run.spans)} in {seen.seconds:.0f} s, by {run.by}"]
    for (start, length), whole in zip(run.spans, run.whole, strict=True):
        lines.append(f"            at {start:.0f} s for {length:.0f} s{'' if whole else ', not seen whole'}")
    return lines


async def _scan(arguments: Namespace, paint: Palette) -> int:
    from trivet.commission.connect import profiles
    from trivet.commission.urls import reader
    from trivet.errors import DocumentError

    known = profiles(arguments.profiles)
    total = 0
    for url in arguments.urls:
        one, exact = reader(url)
        if one.scan is None:
            raise DocumentError(f"adapter `{one.name}` cannot scan", where=url)
        print(
            "scanning: if another master is on this line, stop now (Ctrl-C); two masters garble each other", flush=True
        )
        mine = {name: profile for name, profile in known.items() if profile.adapter == one.name}
        async for found in one.scan(exact, mine):
            total += 1
            told = ", ".join(f"{key} {text}" for key, text in found.nameplate.items())
            fitting = f"; profile {found.profiles[0]}" if found.profiles else ""
            print(f"{paint.bold(found.url)}  {told or 'tells nothing of itself'}{fitting}", flush=True)
    print(f"{total} unit{'s' * (total != 1)} found; connect one with trivet connect URL --as NAME")
    return 0 if total else 2
