"""Credentials for a registry: from the environment or a file, never from the command line."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import NamedTuple

from trivet.errors import FormatError
from trivet.export.oci.reference import Host
from trivet.package.keys import read_file
from trivet.package.tree import parse

USER_VARIABLE = "TRIVET_REGISTRY_USER"
PASSWORD_VARIABLE = "TRIVET_REGISTRY_PASSWORD"  # noqa: S105 - the variable's name, not a password
RULE = "TRV-P123"

_CHALLENGE = re.compile(r"\s*(Bearer|Basic)\s+(.{0,4096})", re.IGNORECASE)
_PARAMETER = re.compile(r'([a-z]{1,32})="([^"]{0,2048})"', re.IGNORECASE)


class Credentials(NamedTuple):
    """A user of a registry.

    Attributes:
        user: Name.
        password: Password or personal token.
    """

    user: str
    password: str

    @property
    def basic(self) -> str:
        """The header of basic authentication (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    def __repr__(self) -> str:
        return f"Credentials({self.user!r}, ...)"


class Challenge(NamedTuple):
    """What a registry asks for.

    Attributes:
        scheme: ``basic`` or ``bearer``.
        parameters: Of a bearer challenge: ``realm``, ``service``, ``scope``.
    """

    scheme: str
    parameters: Mapping[str, str]


def find(host: Host, environment: Mapping[str, str], file: str | None) -> Credentials | None:
    """The credentials for a registry: the file's, if one was given, else the environment's, else none.

    Args:
        host: The registry.
        environment: ``TRIVET_REGISTRY_USER`` and ``TRIVET_REGISTRY_PASSWORD``.
        file: As container tools write it: ``{"auths": {"HOST": {"auth": "BASE64 OF USER:PASSWORD"}}}``.

    Raises:
        FormatError: The file cannot be read, or has nothing for this registry.
    """
    if file is None:
        user, password = environment.get(USER_VARIABLE), environment.get(PASSWORD_VARIABLE)
        return Credentials(user, password) if user and password else None
    entry = parse(read_file(file), file, FormatError, RULE)["auths"].get(str(host))
    if entry is None:
        raise FormatError(f"has no credentials for {host}", where=file, hint="log in there first", rule=RULE)
    try:
        user, mark, password = base64.b64decode(entry["auth"].text(most=8192), validate=True).decode().partition(":")
    except ValueError:
        user = mark = password = ""
    if not (user and mark and password):
        entry.fail("holds no user and password", "log in again")
    return Credentials(user, password)


def challenge(header: str) -> Challenge | None:
    """What a ``WWW-Authenticate`` header asks for, or None when that is not known here."""
    found = _CHALLENGE.fullmatch(header)
    return found and Challenge(found[1].lower(), {key.lower(): value for key, value in _PARAMETER.findall(found[2])})
