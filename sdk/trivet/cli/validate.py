"""``trivet validate INTERFACE DATA``: recorded data against an interface, signal by signal."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from trivet.cli.options import add_format, add_language, tongue

if TYPE_CHECKING:
    from trivet.check.data import Judged


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("interface", help="an interface document, or the id of a shipped one")
    parser.add_argument("data", help="a Parquet, CSV, JSON lines or Arrow file")
    parser.add_argument("--profile", metavar="TABLE", help="table profile that says what its columns are")
    parser.add_argument("--time", metavar="NAME", help="time column (default: time, or the profile's)")
    parser.add_argument("--time-unit", choices=("s", "ms", "us", "ns"), help="of a numeric time column, since 1970")
    parser.add_argument("--delimiter", default=",", help="of CSV (default: a comma)")
    add_format(parser)
    add_language(parser)


def main(arguments: Namespace) -> int:
    """Prints quality and findings; 1 when a finding is an error."""
    import json
    from pathlib import Path

    from trivet.check.data import Wishes, validate
    from trivet.check.formats import FORMATS, lines, shown
    from trivet.device.library import load_interface, load_profile

    profile = load_profile(arguments.profile).document if arguments.profile else None
    told = profile.settings.get("time") if profile else None
    known = told.get("column") if isinstance(told, dict) else None
    wishes = Wishes(arguments.time or str(known or "time"), arguments.time_unit, profile, arguments.delimiter)
    judged = validate(load_interface(arguments.interface).document, Path(arguments.data), wishes)
    if arguments.format == "text":
        for row in (*table(judged), *lines(judged.verdict, tongue(arguments))):
            print(row)
        print(shown(judged.verdict.line()))
    elif arguments.format == "json":
        print(json.dumps({**json.loads(FORMATS["json"](judged.verdict)), "signals": tree(judged)}, indent=2))
    else:
        print(FORMATS[arguments.format](judged.verdict))
    return 0 if judged.verdict.good else 1


def table(judged: Judged) -> list[str]:
    """One row a signal: share that a model could use, spacing, lowest and highest value."""
    head = f"{'signal':<28} {'usable':>7} {'every':>8} {'longest':>9} {'lowest':>11} {'highest':>11}  unit"
    rows = []
    for name, tally in judged.tallies.items():
        period = f"{tally.period:.3g} s" if tally.period is not None else ""
        span = ("", "") if tally.signal.enumeration or not tally.known else (f"{tally.lowest:g}", f"{tally.highest:g}")
        longest = f"{tally.longest:g} s" if tally.intervals else ""
        spacing = f"{tally.quality:>7.1%} {period:>8} {longest:>9}"
        rows.append(f"{name:<28} {spacing} {span[0]:>11} {span[1]:>11}  {tally.signal.unit}")
    return [head, *rows, ""]


def tree(judged: Judged) -> dict[str, Any]:
    """The counts for programmes."""
    made = {}
    for name, tally in judged.tallies.items():
        counts = ("rows", "known", "outside", "unknown", "not_numbers", "jumps", "gaps")
        made[name] = {count: getattr(tally, count) for count in counts}
        made[name] |= {"usable": tally.quality, "period": tally.period, "longest": tally.longest}
    return made
