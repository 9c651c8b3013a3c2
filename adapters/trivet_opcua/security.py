"""How a channel is secured: chosen from what was approved, never weaker, and explained when it fails.

A server's certificate and its strongest policy are approved once and kept; from then on both
are asked for, so that neither another server nor a weaker policy can slip in. None is used only
where the document says so.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from trivet.errors import AdapterError, DocumentError
from trivet_opcua import certificates
from trivet_opcua.certificates import Pin, thumbprint
from trivet_opcua.discovery import Offer, offers, strongest
from trivet_opcua.loss import Lost
from trivet_opcua.sentences import sentence
from trivet_opcua.settings import POLICIES, Settings, password

LOGIN = frozenset({"BadUserAccessDenied", "BadIdentityTokenRejected", "BadIdentityTokenInvalid"})
CERTIFICATE_TROUBLE = frozenset({"timeout", "reset", "protocol", "untrusted", "denied"})


class Secured(NamedTuple):
    """What a secured channel needs.

    Attributes:
        certificate: File of this client's certificate.
        private_key: File of its key.
        server: The server's certificate [DER].
        policy: Name of the security policy.
        protection: ``sign_and_encrypt`` or ``sign``.
    """

    certificate: str
    private_key: str
    server: bytes
    policy: str
    protection: str


async def secured(settings: Settings) -> Secured | None:
    """What the settings ask for, out of files, the home folder, or what the server offers; None for ``none``.

    Raises:
        Lost: The server's certificate was never approved, or it offers nothing that will do.
    """
    if settings.security == "none":
        return None
    try:
        mine = own(settings)
        approved = _from_document(settings) or certificates.pinned(settings.url)
    except AdapterError as error:
        raise Lost("untrusted", str(error)) from error
    if approved is None:
        approved = await _first_use(settings)
    if settings.security in POLICIES:
        approved = approved._replace(policy=settings.security, protection=settings.protection)
    elif not approved.policy:
        offer = _fitting(await offers(settings.url, settings.timeout), settings)
        approved = approved._replace(policy=offer.policy, protection=offer.protection)
    return Secured(mine.certificate, mine.private_key, approved.certificate, approved.policy, approved.protection)


async def approve(settings: Settings) -> tuple[Offer, Pin]:
    """Asks a server for its endpoints and keeps the strongest with its certificate as approved.

    Raises:
        Lost: It does not answer, or offers nothing secured.
    """
    offer = _fitting(await offers(settings.url, settings.timeout), settings)
    moment = datetime.now(UTC).replace(microsecond=0).isoformat()
    pin = Pin(offer.certificate, offer.policy, offer.protection, moment)
    certificates.pin(settings.url, pin)
    return offer, pin


def own(settings: Settings) -> certificates.Own:
    """This client's certificate: the document's, or that of the home folder."""
    if not settings.certificate:
        return certificates.own()
    try:
        print_ = thumbprint(certificates.read_der(settings.certificate))
    except (OSError, ValueError) as error:
        raise AdapterError(f"`certificate` {settings.certificate!r} cannot be used", hint="check it") from error
    return certificates.Own(settings.certificate, settings.private_key, print_)


def secret(settings: Settings) -> str | None:
    """The password, read anew at every login, so that a changed one needs no restart.

    Raises:
        Lost: It is not where the document says.
    """
    try:
        return password(settings)
    except DocumentError as error:
        raise Lost("denied", str(error)) from error


async def explained(lost: Lost, settings: Settings, used: Secured | None) -> Lost:
    """A loss while the channel or the session was opened, with certificates and what to click.

    A server that shows another certificate than the approved one cannot even say so: it hangs up,
    or stays silent. So it is asked once what it shows.
    """
    if used is not None and lost.reason in CERTIFICATE_TROUBLE and lost.code not in LOGIN:
        changed = await _changed(settings, used)
        if changed is not None:
            return changed
    client = _words(used.certificate) if used else ""
    code = lost.code or ("BadCertificateUntrusted" if used and lost.reason in {"reset", "protocol"} else "")
    server = f"(thumbprint {thumbprint(used.server)})" if used else ""
    text = sentence(code, client=client, server=server, url=settings.url)
    if text is None:
        return lost
    reason = "untrusted" if code == "BadCertificateUntrusted" else lost.reason
    return Lost(reason, text, lost.code)


async def _changed(settings: Settings, used: Secured) -> Lost | None:
    try:
        found = await offers(settings.url, settings.timeout)
    except Lost:
        return None
    shown = {each.certificate for each in found if each.certificate}
    if not shown or used.server in shown:
        return None
    new = next(iter(shown))
    file = certificates.reject(settings.url, new)
    return Lost(
        "untrusted",
        f"the server shows another certificate (thumbprint {thumbprint(new)}, {certificates.subject(new)}) than the "
        f"approved one (thumbprint {thumbprint(used.server)}); if it was renewed on purpose, "
        f"{_how_to_approve(settings)}; the new one lies in {file}",
    )


async def _first_use(settings: Settings) -> Pin:
    """What the server offers, if somebody trusts its certificate; kept from then on."""
    offer = _fitting(await offers(settings.url, settings.timeout), settings)
    if certificates.trusted(offer.certificate):
        moment = datetime.now(UTC).replace(microsecond=0).isoformat()
        pin = Pin(offer.certificate, offer.policy, offer.protection, moment)
        certificates.pin(settings.url, pin)
        return pin
    file = certificates.reject(settings.url, offer.certificate)
    raise Lost(
        "untrusted",
        f"the server's certificate (thumbprint {thumbprint(offer.certificate)}, "
        f"{certificates.subject(offer.certificate)}) was never approved; compare the thumbprint with what the server "
        f"itself shows, then run `trivet connect {settings.url} --approve`, or move {file} to the folder trusted",
    )


def _fitting(found: list[Offer], settings: Settings) -> Offer:
    offer = strongest(found, settings.security, settings.protection)
    if offer is not None:
        return offer
    names = ", ".join(sorted({f"{each.policy} ({each.protection})" for each in found}))
    wanted = settings.security if settings.security in POLICIES else "secured"
    raise Lost(
        "denied",
        f"the server has no {wanted} endpoint with {settings.protection}, only: {names}; switch one on at the server, "
        "or write `security: none` into the device document if this network may be open",
    )


def _from_document(settings: Settings) -> Pin | None:
    if not settings.server_certificate:
        return None
    try:
        return Pin(certificates.read_der(settings.server_certificate), "", "", "")
    except (OSError, ValueError) as error:
        raise AdapterError(f"`server_certificate` {settings.server_certificate!r} cannot be read") from error


def _how_to_approve(settings: Settings) -> str:
    if settings.server_certificate:
        return f"replace {settings.server_certificate}"
    return f"run `trivet connect {settings.url} --approve`"


def _words(file: str) -> str:
    try:
        return f"(thumbprint {thumbprint(certificates.read_der(file))}, {file})"
    except (OSError, ValueError):
        return f"({file})"
