"""Options that several verbs share."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from trivet.errors import TrivetError
    from trivet.export.oci.registry import Registry


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
    parser.add_argument("--allow-rollback", action="store_true", help="accept a version older than one that ran here")
    add_home(parser)


def terms(arguments: Namespace) -> dict[str, Any]:
    """The same as arguments of ``Model.load``."""
    return {
        "keys": tuple(arguments.trust),
        "unsigned": arguments.unsigned,
        "home": arguments.home,
        "policy": arguments.policy,
        "development": arguments.allow_development,
        "rollback": arguments.allow_rollback,
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
    return language(getattr(arguments, "language", None), os.environ)


def moment(arguments: Namespace) -> datetime:
    """The time that was given, or that of SOURCE_DATE_EPOCH, or now; UTC.

    Raises:
        DocumentError: It is no time.
    """
    import os
    from datetime import UTC, datetime

    from trivet.errors import DocumentError

    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        if arguments.at:
            found = datetime.fromisoformat(arguments.at)
            return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
        return datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    except (ValueError, OverflowError, OSError) as error:
        message = f"{(arguments.at or epoch or '')[:80]!a} is no time"
        raise DocumentError(message, where="--at" if arguments.at else "SOURCE_DATE_EPOCH", hint=_TIME) from error


_TIME = "write it as 2026-11-28T12:00:00Z, or as seconds since 1970 in SOURCE_DATE_EPOCH"


def add_registry(parser: ArgumentParser) -> None:
    """How a registry is talked to."""
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="HOST", help="the registry may send there too"
    )
    parser.add_argument(
        "--credentials", metavar="FILE", help="of the registry, as container tools keep them (else the environment's)"
    )


def registry(arguments: Namespace, address: str) -> Registry:
    """The repository at an address; to be used as a context manager."""
    import os

    from trivet.export.oci import credentials
    from trivet.export.oci.reference import parse_reference
    from trivet.export.oci.registry import Registry
    from trivet.export.oci.transport import Terms

    reference = parse_reference(address)
    user = credentials.find(reference.host, os.environ, arguments.credentials)
    return Registry(reference, Terms(frozenset(arguments.allow_host), user))


def told(error: TrivetError, arguments: Namespace) -> TrivetError:
    """An error in the reader's language."""
    from trivet.interface.languages import said

    spoken = tongue(arguments)
    error.message, error.hint = said(error.message, spoken), said(error.hint, spoken)
    return error
