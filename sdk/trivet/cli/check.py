"""``trivet check [DIR]``: lint, changes against a branch, packages and golden frames of a folder; one verdict."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from trivet.cli.breaking import LEVELS
from trivet.cli.options import add_format, add_language, add_trust, tongue

APPROVALS = "approvals.yaml"


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("folder", nargs="?", default=".", help="what to check (else the current folder)")
    parser.add_argument("--against", default="main", metavar="REF", help="branch to compare with (main); '' for none")
    parser.add_argument(
        "--level", choices=LEVELS, default=LEVELS[0], help="fail on breaks of this level and of those right of it"
    )
    parser.add_argument("--approvals", metavar="FILE", help=f"breaks that are meant (else DIR/{APPROVALS} if there)")
    parser.add_argument("--strict", action="store_true", help="versions below 1.0 count too")
    add_trust(parser)
    add_format(parser)
    add_language(parser)


def main(arguments: Namespace) -> int:
    """Prints all findings and one verdict line; 1 when something is an error."""
    from datetime import UTC, datetime
    from pathlib import Path

    from trivet.check.approvals import read_approvals
    from trivet.check.formats import FORMATS, lines
    from trivet.check.whole import Wishes, check_folder
    from trivet.package.trust import home_name, load_trust

    folder = Path(arguments.folder)
    beside = folder / APPROVALS
    approvals = arguments.approvals or (beside if beside.is_file() else None)
    wishes = Wishes(
        arguments.against,
        arguments.level,
        datetime.now(UTC).date(),
        read_approvals(approvals) if approvals else None,
        arguments.strict,
        load_trust(home_name(arguments.home), arguments.trust, arguments.policy),
        arguments.unsigned,
        arguments.allow_development,
    )
    verdict = check_folder(folder, wishes)
    if arguments.format == "text":
        print("\n".join([*lines(verdict, tongue(arguments)), verdict.line()]))
    else:
        print(FORMATS[arguments.format](verdict))
    return 0 if verdict.good else 1
