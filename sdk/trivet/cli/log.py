"""``trivet verify LOG...``: the lines of a run, oldest file first."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trivet.check.log import LogReport
    from trivet.package.keys import PublicKey


def is_log(path: str) -> bool:
    """Whether a file begins as a line does; what cannot be read is none."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123  # pathlib would slow the start of every verdict
            return file.read(1) == b"{"
    except (OSError, ValueError):
        return False


def verify(arguments: Namespace) -> int:
    """Prints one verdict over the files of a log; 1 when something is wrong."""
    from trivet.check.formats import FORMATS
    from trivet.check.log import verify_log
    from trivet.check.verdict import Verdict
    from trivet.package.keys import read_public_key

    key = read_public_key(arguments.log_key) if arguments.log_key else None
    report = verify_log(arguments.package, key)
    if arguments.format != "text":
        facts = {"lines": report.lines, "checkpoints": report.checkpoints, "lines vouched for": report.covered}
        print(FORMATS[arguments.format](Verdict("verify", report.findings, arguments.package, facts=facts)))
    else:
        print("\n".join(rows(arguments.package, report, key)))
    return 0 if report.good else 1


def rows(paths: list[str], report: LogReport, key: PublicKey | None) -> list[str]:
    """What is said about a log: what is wrong, what holds, and what nobody can see."""
    found = [str(finding) for finding in report.findings]
    found += [f"and {report.hidden} more findings"] if report.hidden else []
    word, after = ("good   " if report.good else "refused"), report.lines - report.covered
    found.append(f"{word}  {', '.join(paths)}: {report.lines} lines, {report.checkpoints} checkpoints")
    if report.continued:
        found.append(f"         it goes on from {report.continued[:80]!a}, which was not looked at")
    if key is None and report.keys:
        found.append(
            f"         signed by {', '.join(one[:16] for one in sorted(report.keys))}; not checked without --log-key"
        )
    if key is None:
        found.append("         chained only: who can write the file could have made the whole chain anew")
    elif report.signed:
        found.append(f"         {report.signed} checkpoints by {key.name}, the last covers {report.covered} lines")
        found.append(f"         nobody vouches for the {after} lines after it" if after else _closed(report))
    return found


def _closed(report: LogReport) -> str:
    if report.closed:
        return "         the run closed it; lines of a later run could have been cut off unseen"
    return "         no run closed it: lines after the last checkpoint could have been cut off unseen"
