"""``trivet diagnose REPORT``: which data to collect next."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("report", help="a report by regions, as evaluations write it")
    parser.add_argument(
        "--cases", type=int, default=100, metavar="N", help="plan for N more cases, a machine each (default: 100)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="how it is written")


def main(arguments: Namespace) -> int:
    """Prints findings and plan; 1 when a region is wrong, under-represented or without evidence."""
    from dataclasses import asdict

    from trivet import canonical
    from trivet.errors import DocumentError
    from trivet.evaluate.diagnose import diagnose
    from trivet.evaluate.report import read
    from trivet.evaluate.told import text

    if arguments.cases < 1:
        raise DocumentError("a plan needs at least one case", where="--cases", hint="give a positive number")
    report = read(arguments.report)
    found = diagnose(report, arguments.cases)
    if arguments.format == "json":
        print(canonical.dumps(asdict(found)).decode())
    else:
        print(text(report, found))
    return 1 if found.findings else 0
