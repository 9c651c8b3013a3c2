"""``trivet breaking OLD NEW``: what a change breaks for firmware, wire, data and model."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from trivet.cli.options import add_format, add_language, tongue

LEVELS = ("FIRMWARE", "WIRE", "DATA", "MODEL")


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("old", help="a document, a package, or git:REF for NEW where its branch and REF parted")
    parser.add_argument("new", help="the document as it is now, or a package; two packages are compared whole")
    parser.add_argument(
        "--level", choices=LEVELS, default=LEVELS[0], help="fail on breaks of this level and of those right of it"
    )
    parser.add_argument("--approvals", metavar="FILE", help="breaks that are meant, with reason and last day")
    parser.add_argument("--in", dest="folder", metavar="DIR", help="tell which devices and packages it reaches")
    parser.add_argument("--exact", action="store_true", help="compare with REF itself, not with the merge base")
    parser.add_argument("--strict", action="store_true", help="versions below 1.0 count too")
    parser.add_argument("--changelog", action="store_true", help="print a changelog for readers, without a verdict")
    add_format(parser)
    add_language(parser)


def main(arguments: Namespace) -> int:
    """Prints every change and the verdict; 1 when a break counts."""
    from datetime import UTC, datetime

    from trivet.check.approvals import read_approvals
    from trivet.check.breaking import compare
    from trivet.check.changelog import changelog
    from trivet.check.formats import FORMATS, shown
    from trivet.check.report import told
    from trivet.check.versions import sides
    from trivet.interface.languages import spoken

    comparison = compare(*sides(arguments.old, arguments.new, exact=arguments.exact))
    if arguments.changelog:
        print(changelog(comparison), end="")
        return 0
    approved = read_approvals(arguments.approvals) if arguments.approvals else None
    today = datetime.now(UTC).date()
    verdict = told(comparison, arguments.level, approved, today, strict=arguments.strict, folder=arguments.folder)
    if arguments.format == "text":
        spoken_here = tongue(arguments)
        for finding in verdict.findings:
            print(shown(str(spoken(finding, spoken_here))))
        print(shown(verdict.line()))
    else:
        print(FORMATS[arguments.format](verdict))
    return 0 if verdict.good else 1
