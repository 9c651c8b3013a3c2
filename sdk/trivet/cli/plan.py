"""``trivet plan SITE``: advice for a kitchen."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from trivet.cli.options import add_trust, terms

if TYPE_CHECKING:
    from trivet.commission.kitchen import Plan


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("site", help="site document")
    parser.add_argument(
        "predictions", nargs="*", help="lines of `trivet run`, files or - (default: ask the devices, with --package)"
    )
    parser.add_argument("--package", metavar="FILE", help="judge the site's devices now with this package")
    parser.add_argument(
        "--for", dest="until", type=float, default=420.0, metavar="S", help="listen to the devices for S seconds"
    )
    parser.add_argument("--speed", type=float, default=None, metavar="N", help="listen N times as fast as real time")
    parser.add_argument("--at", metavar="TIME", help="when the plan begins (default: at the newest prediction)")
    parser.add_argument("--hours", type=float, default=12.0, metavar="H", help="how far it looks (default: 12)")
    parser.add_argument(
        "--wait", type=float, default=300.0, metavar="WH", help="what a minute of waiting is worth (default: 300)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how advice is written")
    add_trust(parser)


def main(arguments: Namespace) -> int:
    """Prints advice; 1 when the power limit cannot be kept, 2 when nothing can be planned."""
    from pathlib import Path

    from trivet import canonical
    from trivet.commission.kitchen import instant, plan

    made = plan(
        Path(arguments.site),
        _lines(arguments),
        None if arguments.at is None else instant(arguments.at),
        min(max(arguments.hours, 1.0), 168.0),
        max(arguments.wait, 0.0),
    )
    if arguments.format == "json":
        for line in made.lines():
            sys.stdout.write(canonical.dumps(line).decode() + "\n")
    else:
        sys.stdout.write(text(made))
    return 0 if made.kept else 1


def _lines(arguments: Namespace) -> dict[str, list[dict[str, Any]]]:
    from trivet.commission.kitchen import newest
    from trivet.errors import DataError

    if arguments.package:
        return _asked(arguments)
    if not arguments.predictions:
        raise DataError("there are no predictions", hint="give lines of `trivet run`, or --package to make some")
    found: dict[str, list[dict[str, Any]]] = {}
    for name in arguments.predictions:
        try:
            with sys.stdin.buffer if name == "-" else open(name, "rb") as file:  # noqa: PTH123  pathlib is slow to import
                found |= newest(iter(lambda: file.readline((1 << 20) + 1), b""), name)
        except OSError as error:
            raise DataError(f"cannot be read ({error.strerror})", where=name) from error
    return found


def _asked(arguments: Namespace) -> dict[str, list[dict[str, Any]]]:
    """Predictions of the site's devices, made now."""
    import asyncio
    from pathlib import Path

    from trivet import canonical
    from trivet.commission.kitchen import newest, seats
    from trivet.package.trust import home_folder
    from trivet.pipeline.assemble import assemble
    from trivet.pipeline.run import run
    from trivet.pipeline.store import Store
    from trivet.runtime.model import Model

    kept: list[bytes] = []

    class Kept:
        async def write(self, lines: Any) -> None:
            kept.extend(canonical.dumps(dict(line)) for line in lines)

        async def close(self) -> None:
            return None

    path = Path(arguments.site)
    devices = [str(path.parent / seat.member.device) for seat in seats(path)[1]]
    model = Model.load(arguments.package, **terms(arguments) | {"home": home_folder(arguments.home)})
    ready = assemble(model, devices, store=Store(None, model), speed=arguments.speed)
    asyncio.run(run(ready.judge, ready.sources, ready.clock, [Kept()], wait=30.0, until=arguments.until))
    return newest(kept, "the site's devices")


def text(made: Plan) -> str:
    """The plan for people."""
    from trivet.plan.advice import NOTE
    from trivet.plan.hours import local

    limit = made.site.power_limit
    peak = made.schedule.power.sum(axis=1).max() / 1000.0
    rows = [f"plan for {made.site.id} from {made.calendar.clock(0)}, {len(made.calendar.open) * 5 / 60:g} h; {NOTE}"]
    for one in made.advice:
        begin, end = (f"{local(moment, made.calendar.zone):%a %H:%M}" for moment in (one.start, one.end))
        saved = f"saves {one.saved:.0f} Wh, sheds {one.sheddable:.0f} W" if one.saved or one.sheddable else ""
        rows.append(
            f"  {one.appliance:<16} {one.action:<8} {begin} - {end}  {one.minutes:4.0f} min  {one.reason}  {saved}"
        )
    rows += [f"  {name:<16} not planned: {why}" for name, why in made.left.items()]
    total = sum(one.saved for one in made.advice) / 1000.0
    bound = f", limit {limit.limit / 1000:g} kW {'kept' if made.kept else 'EXCEEDED'}" if limit else ""
    rows.append(
        f"  saves {total:.1f} kWh; expected waiting {made.late:.1f} min; highest 5-minute mean {peak:.1f} kW{bound}"
    )
    return "\n".join(line.rstrip() for line in rows) + "\n"
