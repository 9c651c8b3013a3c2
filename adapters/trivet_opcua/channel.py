"""Gives asyncua's client what a secured channel needs."""

from __future__ import annotations

from typing import Any

from asyncua import ua
from asyncua.crypto import security_policies

from trivet_opcua.certificates import application_uri
from trivet_opcua.discovery import MODES
from trivet_opcua.security import Secured

POLICY_TYPES = {
    "aes256_sha256_rsapss": security_policies.SecurityPolicyAes256Sha256RsaPss,
    "basic256sha256": security_policies.SecurityPolicyBasic256Sha256,
    "aes128_sha256_rsaoaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
}


async def secure(client: Any, chosen: Secured) -> None:
    """Sets policy, protection and certificates of a client that is not connected yet."""
    client.application_uri = application_uri(chosen.certificate)
    await client.set_security(
        POLICY_TYPES[chosen.policy],
        chosen.certificate,
        chosen.private_key,
        server_certificate=chosen.server,
        mode=getattr(ua.MessageSecurityMode, MODES[chosen.protection]),
    )
