"""The path from a signer's certificate to a root that is pinned here (RFC 5280).

``cryptography``'s own path builder is made for web servers and clients (it wants a
host name, knows no Ed25519 and no code signing), so the path is checked here, with
nothing in it that a signer of packages does not need: what cannot be evaluated, such
as name constraints, is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NoReturn

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from trivet.errors import Message, SignatureError
from trivet.package.certificates import LONGEST, Path, find, issued, subject

CODE_SIGNING = ExtendedKeyUsageOID.CODE_SIGNING
TIME_STAMPING = ExtendedKeyUsageOID.TIME_STAMPING

_EVALUATED = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
    ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
    ExtensionOID.SUBJECT_KEY_IDENTIFIER,
    ExtensionOID.CERTIFICATE_POLICIES,
}


def find_path(chain: Sequence[x509.Certificate], roots: Iterable[x509.Certificate], where: str) -> Path:
    """The certificates from a signer's to a pinned root, each issued by the next.

    Args:
        chain: The signer's certificate, then issuers in order; a root at the end is only a hint.
        roots: Pinned certificates.
        where: Bundle that complaints name.

    Raises:
        SignatureError: The chain is not in order, or ends in nothing that is pinned.
    """
    pinned = tuple(roots)
    for number, certificate in enumerate(chain):
        if number and not issued(chain[number - 1], certificate):
            _fail(
                "TRV-P093",
                Message(
                    "{subject!r} was not issued by the next, {issuer!r}",
                    subject=subject(chain[number - 1]),
                    issuer=subject(certificate),
                ),
                where,
            )
        if number and certificate in pinned:
            return tuple(chain[: number + 1])
        root = next((root for root in pinned if issued(certificate, root)), None)
        if root is not None and certificate not in pinned:
            return (*chain[: number + 1], root)
    return _lost(chain, where)


def _lost(chain: Sequence[x509.Certificate], where: str) -> NoReturn:
    last = chain[-1].issuer.rfc4514_string()
    _fail(
        "TRV-P094",
        Message("{subject!r} leads to {root!a}, which is not trusted here", subject=subject(chain[0]), root=last),
        where,
        _PIN,
    )


def arrange(first: x509.Certificate, others: Iterable[x509.Certificate]) -> Path:
    """A certificate and those of an unordered set that lead up from it, as timestamps carry them."""
    rest, chain = list(others), [first]
    while len(chain) < LONGEST:
        above = next((one for one in rest if one not in chain and issued(chain[-1], one)), None)
        if above is None:
            break
        chain.append(above)
    return tuple(chain)


def check_path(path: Path, moment: datetime, purpose: x509.ObjectIdentifier, where: str) -> None:
    """Checks that a path held at a moment and was made for a purpose.

    Args:
        path: From ``find_path``.
        moment: When the signature was made, as far as that is proved; else now.
        purpose: ``CODE_SIGNING`` or ``TIME_STAMPING``.
        where: Bundle that complaints name.

    Raises:
        SignatureError: A certificate was not valid then, or may not do what it does here.
    """
    for number, certificate in enumerate(path):
        _check_extensions(certificate, where)
        if number:
            _check_issuer(certificate, number - 1, purpose, number == len(path) - 1, where)
        else:
            _check_signer(certificate, purpose, where)
    for certificate in path:
        _check_moment(certificate, moment, where)


def check_root(certificate: x509.Certificate, where: str) -> None:
    """Checks that a certificate can be pinned: one that issues others.

    Raises:
        SignatureError: It is a signer's own, or holds what is not evaluated here.
    """
    _check_extensions(certificate, where)
    constraints = _constraints(certificate)
    if constraints is None or not constraints.ca:
        _fail(
            "TRV-P091",
            Message("{subject!r} is no certificate authority", subject=subject(certificate)),
            where,
            "give its root certificate",
        )


def _check_extensions(certificate: x509.Certificate, where: str) -> None:
    for extension in certificate.extensions:
        unknown = extension.critical and extension.oid not in _EVALUATED
        if unknown or extension.oid == ExtensionOID.NAME_CONSTRAINTS:
            _fail(
                "TRV-P091",
                Message(
                    "{subject!r} has the constraint {constraint}",
                    subject=subject(certificate),
                    constraint=extension.oid.dotted_string,
                ),
                where,
                _PLAIN,
            )


def _check_signer(certificate: x509.Certificate, purpose: x509.ObjectIdentifier, where: str) -> None:
    name, constraints = f"{subject(certificate)!r}", _constraints(certificate)
    if constraints is not None and constraints.ca:
        _fail("TRV-P091", Message("{name} is a certificate authority, not a signer", name=name), where)
    usage = _usage(certificate)
    if usage is None or usage.key_cert_sign or not (usage.digital_signature or _witnesses(usage, purpose)):
        _fail("TRV-P091", Message("{name} is not made for signatures (key usage)", name=name), where)
    extended = find(certificate, x509.ExtendedKeyUsage)
    only = extended is not None and extended.critical and list(extended.value) == [purpose]
    if extended is None or purpose not in extended.value or (purpose == TIME_STAMPING and not only):
        word = "timestamps, and nothing else" if purpose == TIME_STAMPING else "code signing"
        _fail("TRV-P091", Message("{name} is not made for {word} (extended key usage)", name=name, word=word), where)


def _witnesses(usage: x509.KeyUsage, purpose: x509.ObjectIdentifier) -> bool:
    return purpose == TIME_STAMPING and usage.content_commitment


def _check_issuer(
    certificate: x509.Certificate, below: int, purpose: x509.ObjectIdentifier, root: bool, where: str
) -> None:
    name, constraints = f"{subject(certificate)!r}", _constraints(certificate)
    if constraints is None or not constraints.ca:
        _fail("TRV-P093", Message("{name} issued a certificate and is no certificate authority", name=name), where)
    if constraints.path_length is not None and constraints.path_length < below:
        _fail(
            "TRV-P093",
            Message(
                "{name} allows {path_length} authorities below it and has {below}",
                name=name,
                path_length=constraints.path_length,
                below=below,
            ),
            where,
        )
    usage, extended = _usage(certificate), find(certificate, x509.ExtendedKeyUsage)
    # Old roots carry no usage; who pinned one has looked at it.
    if not root if usage is None else not usage.key_cert_sign:
        _fail("TRV-P091", Message("{name} is not made for issuing certificates (key usage)", name=name), where)
    allowed = (purpose, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    if extended is not None and not any(one in allowed for one in extended.value):
        _fail(
            "TRV-P091", Message("{name} issues certificates for other purposes (extended key usage)", name=name), where
        )


def _check_moment(certificate: x509.Certificate, moment: datetime, where: str) -> None:
    start, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    if start <= moment <= end:
        return
    name, when = f"{subject(certificate)!r}", f"{moment:%Y-%m-%d %H:%M}"
    if moment < start:
        _fail(
            "TRV-P092",
            Message(
                "{name} is valid from {start:%Y-%m-%d}, and the time is {when} UTC", name=name, start=start, when=when
            ),
            where,
            _CLOCK,
        )
    _fail(
        "TRV-P092",
        Message("{name} expired on {end:%Y-%m-%d}, and the time is {when} UTC", name=name, end=end, when=when),
        where,
        _STAMP,
    )


def _constraints(certificate: x509.Certificate) -> x509.BasicConstraints | None:
    found = find(certificate, x509.BasicConstraints)
    return found.value if found else None


def _usage(certificate: x509.Certificate) -> x509.KeyUsage | None:
    found = find(certificate, x509.KeyUsage)
    return found.value if found else None


_ASK = "ask the signer for the package with a fitting certificate"
_PIN = "check its root certificate, then `trivet trust add ROOT.crt`"
_PLAIN = "use a certificate without it; trivet refuses what it does not evaluate"
_CLOCK = "check this machine's clock"
_STAMP = "ask for a package signed anew, or with a timestamp of a trusted authority"


def _fail(rule: str, message: str, where: str, hint: str = "") -> NoReturn:
    raise SignatureError(message, where=where, hint=hint or _ASK, rule=rule)
