"""Options that several verbs share."""

from __future__ import annotations

from argparse import ArgumentParser


def add_trust(parser: ArgumentParser) -> None:
    """Who is trusted, and where that is kept."""
    parser.add_argument("--trust", action="append", default=[], metavar="KEY.pub", help="trust this public key too")
    parser.add_argument("--unsigned", action="store_true", help="accept a package that nobody trusted has signed")
    add_home(parser)


def add_home(parser: ArgumentParser) -> None:
    """The home folder."""
    parser.add_argument(
        "--home", metavar="DIR", help="home folder (else TRIVET_HOME, else the platform's state folder)"
    )
