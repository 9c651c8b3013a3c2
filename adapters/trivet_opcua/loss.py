"""How a link is lost, in one word and one sentence; needs no OPC UA library."""

from __future__ import annotations

import socket
from collections.abc import Mapping

REASONS: Mapping[str, str] = {
    "BadCertificateUntrusted": "untrusted",
    "BadCertificateUriInvalid": "untrusted",
    "BadCertificateTimeInvalid": "untrusted",
    "BadCertificateHostNameInvalid": "untrusted",
    "BadCertificateInvalid": "untrusted",
    "BadSecurityChecksFailed": "untrusted",
    "BadSecurityModeRejected": "denied",
    "BadSecurityPolicyRejected": "denied",
    "BadUserAccessDenied": "denied",
    "BadIdentityTokenInvalid": "denied",
    "BadIdentityTokenRejected": "denied",
    "BadTooManySessions": "busy",
    "BadTooManySubscriptions": "busy",
    "BadTcpServerTooBusy": "busy",
    "BadShutdown": "shutdown",
    "BadServerHalted": "shutdown",
    "BadTimeout": "timeout",
    "BadRequestTimeout": "timeout",
    "BadSessionIdInvalid": "reset",
    "BadSessionClosed": "reset",
    "BadSecureChannelClosed": "reset",
    "BadSecureChannelIdInvalid": "reset",
    "BadConnectionClosed": "reset",
    "BadSubscriptionIdInvalid": "reset",
}
REMEDIES: Mapping[str, str] = {
    "untrusted": "trust this client's certificate on the server, and name the server's own certificate here",
    "denied": "allow this user, or this security mode, on the server",
    "busy": "the server takes no more sessions; close another client",
}
PASSING = frozenset(
    {"BadTimeout", "BadRequestTimeout", "BadConnectionClosed", "BadSecureChannelClosed", "BadCommunicationError"}
)
"""What a server or a gateway says of a link; the session may be well."""


class Lost(Exception):  # noqa: N818  # a state of the link, and it never leaves the adapter
    """The link, the session or the server is gone, or never was.

    Attributes:
        reason: One word, such as ``refused``, ``reset``, ``timeout``, ``untrusted``, ``no_device``.
        detail: A sentence for a plant engineer.
        code: Name of the StatusCode with which the server itself said so, or empty.
    """

    def __init__(self, reason: str, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.code = code

    @property
    def final(self) -> bool:
        """Whether the server answered that it will not go on with this session, rather than that it was not heard."""
        return bool(self.code) and self.code not in PASSING


def lost(error: Exception, timeout: float) -> Lost:
    """Any exception of a socket or of the client library, explained.

    A library's status errors are known by their name, which is that of the StatusCode.
    """
    name = type(error).__name__
    if isinstance(error, Lost):
        return error
    if isinstance(error, TimeoutError):
        return Lost("timeout", f"the server did not answer within {timeout:g} s")
    if isinstance(error, ConnectionRefusedError):
        return Lost("refused", "nothing listens at this address; check the port and whether the server runs")
    if isinstance(error, socket.gaierror):
        return Lost("unreachable", "the host name is not known here; check it, or write the address")
    if isinstance(error, ConnectionError):
        return Lost("reset", "the connection was closed")
    if isinstance(error, OSError):
        return Lost("unreachable", f"the host cannot be reached ({error.strerror or name})")
    return status(name) if name.startswith("Bad") else Lost("protocol", f"the server's answer makes no sense ({name})")


def status(name: str) -> Lost:
    """A StatusCode that a server refused something with, explained."""
    reason = REASONS.get(name, "protocol")
    remedy = REMEDIES.get(reason)
    return Lost(reason, f"the server answered {name}" + (f"; {remedy}" if remedy else ""), name)
