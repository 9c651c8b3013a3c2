"""``trivet lint FILE...``: every kind of document, by itself and against the others."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from trivet.cli.options import add_format, add_language, tongue


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("file", nargs="+", help="a document, or - for standard input")
    parser.add_argument("--fix", action="store_true", help="mend what has a safe repair, then lint again")
    add_format(parser)
    add_language(parser)


def main(arguments: Namespace) -> int:
    """Prints all findings and the verdict; 1 when one is an error."""
    from trivet.check.formats import FORMATS, lines, shown
    from trivet.check.lint import lint, mend

    if arguments.fix:
        for name, count in mend(arguments.file):
            print(f"mended {count} in {shown(name)}")
    verdict = lint(arguments.file)
    if arguments.format == "text":
        for row in lines(verdict, tongue(arguments)):
            print(row)
        print(shown(verdict.line()))
    else:
        print(FORMATS[arguments.format](verdict))
    return 0 if verdict.good else 1
