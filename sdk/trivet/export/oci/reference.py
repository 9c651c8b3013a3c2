"""Addresses of artifacts: ``oci://HOST[:PORT]/REPOSITORY[:TAG][@sha256:DIGEST]``; ``oci+http://`` says plain HTTP."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple, NoReturn

from trivet.errors import FormatError

_HOST = r"(?P<host>[A-Za-z0-9][A-Za-z0-9.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::(?P<port>[0-9]{1,5}))?"
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_FORM = re.compile(
    rf"(?P<scheme>oci|oci\+http)://{_HOST}/(?P<repository>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@sha256:(?P<digest>[0-9a-f]{64}))?"
)
SCHEMES = ("oci://", "oci+http://")


class Host(NamedTuple):
    """Where a connection goes to.

    Attributes:
        secure: Whether it is TLS.
        name: Host name or address, without brackets.
        port: TCP port.
    """

    secure: bool
    name: str
    port: int

    @property
    def local(self) -> bool:
        """Whether it is this machine."""
        try:
            return ipaddress.ip_address(self.name).is_loopback
        except ValueError:
            return self.name == "localhost"

    def __str__(self) -> str:
        name = f"[{self.name}]" if ":" in self.name else self.name
        return name if self.port == (443 if self.secure else 80) else f"{name}:{self.port}"


class Reference(NamedTuple):
    """An artifact in a registry.

    Attributes:
        host: The registry.
        repository: Its path there.
        tag: A name that may move, or empty.
        digest: SHA-256 of the manifest in lower-case hexadecimal, or empty.
    """

    host: Host
    repository: str
    tag: str
    digest: str

    def __str__(self) -> str:
        scheme = "oci" if self.host.secure else "oci+http"
        tag, digest = (f":{self.tag}" if self.tag else ""), (f"@sha256:{self.digest}" if self.digest else "")
        return f"{scheme}://{self.host}/{self.repository}{tag}{digest}"


def is_reference(text: str) -> bool:
    """Whether a text claims to be an address of this kind."""
    return text.startswith(SCHEMES)


def parse_reference(text: str) -> Reference:
    """The address in a text.

    Raises:
        FormatError: It is none.
    """
    found = _FORM.fullmatch(text)
    if found is None or len(found["repository"]) > 255:
        _refuse(text)
    secure = found["scheme"] == "oci"
    port = int(found["port"] or (443 if secure else 80))
    if not 0 < port < 1 << 16:
        _refuse(text)
    host = Host(secure, found["host"].strip("[]").lower(), port)
    return Reference(host, found["repository"], found["tag"] or "", found["digest"] or "")


def _refuse(text: str) -> NoReturn:
    hint = "write oci://HOST/REPOSITORY:TAG, in lower case; oci+http:// for a registry without TLS"
    raise FormatError("is no address in a registry", where=f"{text[:200]!a}", hint=hint, rule="TRV-P123")
