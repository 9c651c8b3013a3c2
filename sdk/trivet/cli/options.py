"""Options that several verbs share."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import Any


def add_trust(parser: ArgumentParser) -> None:
    """Who is trusted, and where that is kept."""
    parser.add_argument(
        "--trust", action="append", default=[], metavar="FILE", help="trust this public key or root certificate too"
    )
    parser.add_argument("--policy", metavar="FILE", help="who must have signed, instead of the home folder's policy")
    parser.add_argument(
        "--allow-development", action="store_true", help="let developers' signatures count; every line says so"
    )
    parser.add_argument("--unsigned", action="store_true", help="accept a package that nobody trusted has signed")
    add_home(parser)


def terms(arguments: Namespace) -> dict[str, Any]:
    """The same as arguments of ``Model.load``."""
    return {
        "keys": tuple(arguments.trust),
        "unsigned": arguments.unsigned,
        "home": arguments.home,
        "policy": arguments.policy,
        "development": arguments.allow_development,
    }


def add_home(parser: ArgumentParser) -> None:
    """The home folder."""
    parser.add_argument(
        "--home", metavar="DIR", help="home folder (else TRIVET_HOME, else the platform's state folder)"
    )


def add_format(parser: ArgumentParser) -> None:
    """How a verdict is written."""
    choices = ("text", "json", "junit", "sarif", "github")
    parser.add_argument("--format", choices=choices, default="text", help="how the verdict is written")


def add_language(parser: ArgumentParser) -> None:
    """In which language people are spoken to."""
    parser.add_argument(
        "--language", metavar="TAG", help="of texts for people: en, de, zh-Hans (else the environment's, else en)"
    )


def tongue(arguments: Namespace) -> str:
    """The language that was asked for, or the environment's; what the screen cannot write is then escaped."""
    import io
    import os
    import sys

    from trivet.interface.languages import language

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    return language(arguments.language, os.environ)
