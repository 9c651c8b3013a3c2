"""``trivet explain RULE``: cause and remedy."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from trivet.cli.options import add_language, tongue


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("rule", help="such as TRV-I012")
    add_language(parser)


def main(arguments: Namespace) -> int:
    """Prints the rule's page."""
    from trivet.interface.rules import explain

    print(explain(arguments.rule, tongue(arguments)))
    return 0
