"""Certificates that were withdrawn: revocation lists (RFC 5280 CRLs) kept as files, no network.

A list counts when its issuer's certificate, taken from the path that is checked,
signed it. What it lists stays revoked after its own date has passed; whether a
list must be there and be recent is the policy's word. A signature that a timestamp
proves older than a revocation stands only when the reason leaves the key unharmed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import NoReturn

from cryptography import x509
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from trivet import canonical
from trivet.errors import Message, SignatureError
from trivet.package.certificates import BROKEN, Path, strict, strong

LARGEST = 8 << 20
"""Most bytes of one list."""

List = x509.CertificateRevocationList

_EVALUATED = {ExtensionOID.CRL_NUMBER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER}
_HARMLESS = {
    x509.ReasonFlags.superseded,
    x509.ReasonFlags.cessation_of_operation,
    x509.ReasonFlags.affiliation_changed,
}


def parse(data: bytes, where: str) -> List:
    """The revocation list in PEM or DER bytes.

    Raises:
        SignatureError: It is not one, or one about a part of an authority's certificates only.
    """
    if len(data) > LARGEST:
        _fail(Message("is over {most} bytes", most=LARGEST), where)
    load = x509.load_pem_x509_crl if data.lstrip().startswith(b"-----") else x509.load_der_x509_crl
    try:
        with strict():
            found = load(data)
            critical = [one.oid for one in found.extensions if one.critical]
            dated = found.next_update_utc is not None
            _ = found.last_update_utc, found.issuer.rfc4514_string()
    except BROKEN as error:
        raise SignatureError("is no revocation list", where=where, hint=_ASK, rule="TRV-P095") from error
    if unknown := [oid.dotted_string for oid in critical if oid not in _EVALUATED]:
        _fail(Message("is a partial revocation list ({extension})", extension=unknown[0]), where)
    if not dated:
        _fail("is a revocation list that does not say when the next one is due", where)
    return found


def name(found: List) -> str:
    """What one authority's lists have in common: SHA-256 over its name and its key's identifier."""
    key = b""
    for extension in found.extensions:
        if isinstance(extension.value, x509.AuthorityKeyIdentifier):
            key = extension.value.key_identifier or b""
    return canonical.sha256(found.issuer.public_bytes() + key)


def order(found: List) -> tuple[datetime, int]:
    """What makes one list of an authority newer than another: its date, then its number."""
    numbers = [one.value.crl_number for one in found.extensions if isinstance(one.value, x509.CRLNumber)]
    return found.last_update_utc, numbers[0] if numbers else 0


def check(
    path: Path, lists: Sequence[List], now: datetime, signed: datetime | None, required: bool, where: str
) -> None:
    """Checks that no certificate of a path was withdrawn.

    Args:
        path: From ``certificates.find_path``; its root is trusted as it is.
        lists: Those that are kept here.
        now: The time.
        signed: When the signature was made, where a trusted timestamp proves it.
        required: Whether each issuer must have a list that is not past its date.
        where: Bundle that complaints name.

    Raises:
        SignatureError: One was, or a list that must be there is missing or old.
    """
    for certificate, issuer in pairwise(path):
        own = [one for one in lists if _made_by(one, issuer)]
        if required and not any(_is_recent(one, now) for one in own):
            message = Message(
                "there is no recent revocation list of {issuer!r}",
                issuer=issuer.subject.rfc4514_string(),
            )
            _fail(message, where, "bring its newest list with `trivet trust add LIST.crl`")
        for one in own:
            _check_entry(one, certificate, signed, where)


def _check_entry(found: List, certificate: x509.Certificate, signed: datetime | None, where: str) -> None:
    try:
        entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
    except BROKEN:
        _fail("a revocation list of its authority cannot be read", where)
    if entry is None:
        return
    reason = _reason(entry, where)
    if reason in _HARMLESS and signed is not None and signed < entry.revocation_date_utc:
        return
    subject, date = certificate.subject.rfc4514_string(), entry.revocation_date_utc
    message = Message("{subject!r} was revoked on {date:%Y-%m-%d}", subject=subject, date=date)
    message = Message("{said} ({reason})", said=message, reason=reason.value) if reason else message
    _fail(message, where, "do not use what it signed")


def _reason(entry: x509.RevokedCertificate, where: str) -> x509.ReasonFlags | None:
    """Why a certificate was revoked; None when the list does not say, or says what cannot be read."""
    try:
        for extension in entry.extensions:
            if extension.oid == CRLEntryExtensionOID.CERTIFICATE_ISSUER:
                _fail("an entry of its revocation list is about another authority", where)
            if isinstance(extension.value, x509.CRLReason):
                return extension.value.reason
    except BROKEN:
        return None
    return None


def _made_by(found: List, issuer: x509.Certificate) -> bool:
    if found.issuer != issuer.subject:
        return False
    key = issuer.public_key()
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value.crl_sign
    except x509.ExtensionNotFound:
        usage = True
    try:
        # Lists are signed by the kinds of keys that sign certificates; others were refused before.
        return usage and strong(key) and found.is_signature_valid(key)  # type: ignore[arg-type]
    except BROKEN:
        return False


def _is_recent(found: List, now: datetime) -> bool:
    return found.next_update_utc is not None and found.last_update_utc <= now <= found.next_update_utc


_ASK = "ask the certificate authority for its whole list"


def _fail(message: str, where: str, hint: str = "") -> NoReturn:
    raise SignatureError(message, where=where, hint=hint or _ASK, rule="TRV-P095")
