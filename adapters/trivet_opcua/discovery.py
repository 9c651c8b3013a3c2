"""Which endpoints a server offers (GetEndpoints), asked over a channel of its own before any session."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, NamedTuple

from asyncua import Client

from trivet_opcua.library import hush
from trivet_opcua.loss import Lost, lost
from trivet_opcua.settings import POLICIES

MODES = {"sign_and_encrypt": "SignAndEncrypt", "sign": "Sign"}

hush()


class Offer(NamedTuple):
    """One endpoint of a server.

    Attributes:
        url: As the server writes it; its host is often a name that only the server's own network knows.
        policy: Name of the security policy as documents write it, ``none``, or the end of its URI.
        protection: ``sign_and_encrypt``, ``sign`` or ``none``.
        certificate: The server's certificate [DER], maybe empty.
        tokens: How a user may log in: ``anonymous``, ``username``, ``certificate`` ...
        application: Application URI of the server.
        product: Its application name.
    """

    url: str
    policy: str
    protection: str
    certificate: bytes
    tokens: tuple[str, ...]
    application: str
    product: str


async def offers(url: str, patience: float) -> list[Offer]:
    """The endpoints of a server; nothing of it is authenticated yet.

    Args:
        url: ``opc.tcp://HOST:PORT/PATH``.
        patience: Longest wait [s of real time].

    Raises:
        Lost: The server did not answer.
    """
    client: Any = Client(url, timeout=patience)
    try:
        async with asyncio.timeout(patience):
            await client.connect_socket()
            await client.send_hello()
            await client.open_secure_channel()
            found = await client.get_endpoints()
            await client.close_secure_channel()
    except Exception as error:  # asyncua lets anything through that a server's bytes can provoke
        raise lost(error, patience) from error
    finally:
        _drop(client)
    if not found:
        raise Lost("protocol", "the server lists no endpoint")
    return [_offer(each) for each in found]


def strongest(found: list[Offer], policy: str, protection: str) -> Offer | None:
    """The strongest endpoint that fits, or None.

    Args:
        found: What the server offers.
        policy: The only policy that will do, or another word for any of ``POLICIES``.
        protection: ``sign_and_encrypt`` or ``sign``.
    """
    wanted = (policy,) if policy in POLICIES else POLICIES
    fitting = [each for each in found if each.policy in wanted and each.protection == protection and each.certificate]
    return min(fitting, key=lambda each: POLICIES.index(each.policy), default=None)


def _offer(found: Any) -> Offer:
    policy = str(found.SecurityPolicyUri or "").rpartition("#")[2].lower()
    mode = next((ours for ours, theirs in MODES.items() if theirs == found.SecurityMode.name), "none")
    tokens = tuple(dict.fromkeys(token.TokenType.name.lower() for token in found.UserIdentityTokens or ()))
    return Offer(
        url=str(found.EndpointUrl or ""),
        policy=policy,
        protection=mode,
        certificate=_first(bytes(found.ServerCertificate or b"")),
        tokens=tokens,
        application=str(found.Server.ApplicationUri or "") if found.Server else "",
        product=str(found.Server.ApplicationName.Text or "") if found.Server and found.Server.ApplicationName else "",
    )


def _first(chain: bytes) -> bytes:
    """The first certificate of a chain, which is several in DER one after the other."""
    if len(chain) < 4 or chain[0] != 0x30 or chain[1] != 0x82:
        return chain
    return chain[: 4 + int.from_bytes(chain[2:4], "big")]


def _drop(client: Any) -> None:
    try:
        client.disconnect_socket()
    except Exception as error:  # a socket that was never open has nothing to close
        logging.getLogger(__name__).debug("closing: %r", error)
