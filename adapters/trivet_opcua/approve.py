"""Approving a server: what it shows now is kept, and nothing else is talked to from then on."""

from __future__ import annotations

from trivet.device.adapter import Diagnosis
from trivet.device.document import Endpoint
from trivet.errors import Finding, Message
from trivet_opcua import certificates
from trivet_opcua.identify import refused
from trivet_opcua.loss import Lost
from trivet_opcua.security import approve as keep
from trivet_opcua.security import own
from trivet_opcua.settings import settings


async def approve(url: str) -> Diagnosis:
    """Keeps the certificate and the strongest policy that a server offers.

    Raises:
        ConnectError: It does not answer, or offers nothing secured.
        DocumentError: The URL is none of OPC UA.
    """
    chosen = settings(Endpoint(profile="", url=url))
    before = certificates.pinned(chosen.url)
    try:
        offer, pin = await keep(chosen)
    except Lost as lost:
        raise refused(lost, chosen.url) from lost
    mine = own(chosen)
    facts = {
        "url": chosen.url,
        "server": offer.product,
        "application_uri": offer.application,
        "subject": certificates.subject(pin.certificate),
        "thumbprint": certificates.thumbprint(pin.certificate),
        "policy": pin.policy,
        "protection": pin.protection,
        "client_certificate": mine.certificate,
        "client_thumbprint": mine.thumbprint,
    }
    text = Message(
        "approved the certificate with thumbprint {thumbprint}, {subject}",
        thumbprint=facts["thumbprint"],
        subject=facts["subject"],
    )
    hint = "compare it with what the server itself shows; on the server, trust this client's certificate too"
    findings = [Finding("TRV-U017", chosen.url, text, hint, "note")]
    if before is not None and before.certificate != pin.certificate:
        old = certificates.thumbprint(before.certificate)
        findings.insert(
            0,
            Finding(
                "TRV-U018",
                chosen.url,
                Message("it replaces {old}, approved {approved}", old=old, approved=before.approved),
                hint,
                "warning",
            ),
        )
    return Diagnosis(facts, tuple(findings))
