"""``trivet lint FILE...``: every kind of document."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("file", nargs="+", help="interface, profile, device or site documents")


def main(arguments: Namespace) -> int:
    """Prints all findings; 1 when one of them is an error."""
    from trivet.device.check import check_file

    findings = [finding for path in arguments.file for finding in check_file(path)]
    for finding in findings:
        print(finding)
    errors = sum(finding.severity == "error" for finding in findings)
    print(f"{len(arguments.file)} documents, {errors} errors, {len(findings) - errors} warnings")
    return 1 if errors else 0
