"""``trivet trace LINE``: from a line of a log back to window, appliance, package, signer and training data."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from trivet.cli.options import add_home

if TYPE_CHECKING:
    from trivet.check.trace import Place, Step


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("line", help="FILE:NUMBER; FILE for its last prediction; `-` for a line on standard input")
    parser.add_argument("--package", action="append", default=[], metavar="FILE", help="a package that it may be of")
    parser.add_argument(
        "--in", dest="folders", action="append", default=[], metavar="DIR",
        help="look here for packages, device documents, profiles and training data",
    )  # fmt: skip
    parser.add_argument("--trust", action="append", default=[], metavar="FILE", help="trust this key or root too")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is written")
    add_home(parser)


def main(arguments: Namespace) -> int:
    """Prints every step; 1 when one contradicts the line, 2 when something was not found."""
    from pathlib import Path

    from trivet.check.trace import DIFFERS, MISSING, Search, trace
    from trivet.package.trust import home_name, load_trust

    trust = load_trust(home_name(arguments.home), arguments.trust)
    search = Search(tuple(map(Path, arguments.package)), tuple(map(Path, arguments.folders)), trust)
    steps = trace(_place(arguments.line), search)
    print(_json(steps) if arguments.format == "json" else "\n".join(rows(steps)))
    verdicts = {step.verdict for step in steps}
    return 1 if DIFFERS in verdicts else 2 if MISSING in verdicts else 0


def _place(name: str) -> Place:
    from pathlib import Path

    from trivet.check.trace import Place, place_of
    from trivet.pipeline.chain import LONGEST

    if name == "-":
        import sys

        return Place("standard input", sys.stdin.buffer.readline(LONGEST + 1).removesuffix(b"\n"))
    file, _, number = name.rpartition(":")
    return place_of(Path(file), int(number)) if file and number.isdecimal() else place_of(Path(name), None)


def _json(steps: list[Step]) -> str:
    import json

    return json.dumps({"steps": [step._asdict() for step in steps]}, indent=1, ensure_ascii=False)


def rows(steps: list[Step]) -> Iterator[str]:
    """The steps for people, what was not found with where it was looked for."""
    for step in steps:
        mark = "" if step.verdict == "found" else f"  {step.verdict}"
        yield f"{step.name}{mark}"
        yield from (f"  {name:<14} {_text(value)}" for name, value in step.facts.items())
        if step.looked:
            yield f"  looked in      {', '.join(step.looked)}"


def _text(value: Any) -> str:
    from trivet.check.formats import shown

    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_text(one)}" for name, one in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_text, value)) or "none"
    return "-" if value is None else shown(f"{value:.6g}" if isinstance(value, float) else str(value))
