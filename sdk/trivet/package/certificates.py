"""X.509 certificates of signers: reading them, every part once, and who issued whom.

Imported only when a bundle or the trust store holds a certificate.
"""

from __future__ import annotations

import base64
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple, NoReturn, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from trivet import canonical
from trivet.errors import Message, SignatureError
from trivet.package.keys import PublicKey, RawPublicKey, public_key

LONGEST = 8
"""Most certificates between a signature and a root."""

LARGEST = 1 << 14
"""Most bytes of one certificate."""

BROKEN = (
    ValueError,
    TypeError,
    OverflowError,
    LookupError,
    Warning,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
"""What ``cryptography`` raises for certificates and revocation lists that it cannot read."""

Certificate = x509.Certificate
Path = tuple[x509.Certificate, ...]

_T = TypeVar("_T", bound=x509.ExtensionType)

_BLOCK = re.compile("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", re.DOTALL)

_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


class Identity(NamedTuple):
    """Whom a verified path is about.

    Attributes:
        subject: Its subject as RFC 4514 text, or its first alternative name where that is empty.
        names: Its alternative names, such as ``email:firmware@example.com``.
        root: SHA-256 of the pinned certificate that the path ends in, in lower-case hexadecimal.
        chain: SHA-256 of every certificate of the path, the signer's first.
    """

    subject: str
    names: tuple[str, ...]
    root: str
    chain: tuple[str, ...]


def parse(data: bytes, where: str) -> Certificate:
    """The certificate in DER bytes, every part of it looked at once.

    Raises:
        SignatureError: It is not one, is over a limit, or has a subject that could deceive.
    """
    if len(data) > LARGEST:
        _fail("TRV-P090", Message("has a certificate of over {most} bytes", most=LARGEST), where)
    try:
        with strict():
            found = x509.load_der_x509_certificate(data)
            whole = found.public_bytes(serialization.Encoding.DER) == data
            extensions, key = found.extensions, found.public_key()
            texts = [subject(found), *names(found)]
            # These are read on first use, and would fail there.
            _ = found.issuer.rfc4514_string(), found.not_valid_before_utc, found.not_valid_after_utc, _hash(found)
    except BROKEN as error:
        raise SignatureError(
            "has a certificate that cannot be read", where=where, hint=_ASK, rule="TRV-P090"
        ) from error
    if not whole or found.version != x509.Version.v3 or not extensions:
        _fail("TRV-P090", "has a certificate that is not X.509 version 3 in DER", where)
    if not any(texts) or not all(text.isprintable() and len(text) <= 512 for text in texts):
        _fail("TRV-P090", "has a certificate without a printable subject or alternative name", where)
    if not strong(key):
        _fail("TRV-P090", Message("has a key in {subject!r} that packages do not use", subject=subject(found)), where)
    return found


@contextmanager
def strict() -> Iterator[None]:
    """Turns what ``cryptography`` only warns of into errors: later versions refuse it, and nobody reads warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def parse_pem(data: bytes, where: str) -> Path:
    """The certificates in a PEM text, in its order.

    Raises:
        SignatureError: There is none, too many, or one cannot be used.
    """
    try:
        blocks = _BLOCK.findall(data.decode("ascii"))
        found = [base64.b64decode("".join(block.split()), validate=True) for block in blocks]
    except ValueError as error:
        raise SignatureError("holds no certificates in PEM form", where=where, hint=_ASK, rule="TRV-P090") from error
    if not 1 <= len(found) <= LONGEST:
        _fail(
            "TRV-P090",
            Message(
                "holds {count} certificates in PEM form, where 1 to {most} are due",
                count=len(found),
                most=LONGEST,
            ),
            where,
        )
    return tuple(parse(one, where) for one in found)


def der(certificate: Certificate) -> bytes:
    """A certificate's bytes."""
    return certificate.public_bytes(serialization.Encoding.DER)


def pem(certificate: Certificate) -> bytes:
    """A certificate as PEM."""
    return certificate.public_bytes(serialization.Encoding.PEM)


def fingerprint(certificate: Certificate) -> str:
    """SHA-256 of a certificate, in lower-case hexadecimal."""
    return canonical.sha256(der(certificate))


def key_of(certificate: Certificate, where: str) -> PublicKey:
    """The key of a signer's certificate.

    Raises:
        SignatureError: Packages are not signed with such keys.
    """
    raw = certificate.public_key()
    if not isinstance(raw, RawPublicKey):
        _fail("TRV-P044", Message("{subject!r} has a key of another algorithm", subject=subject(certificate)), where)
    return public_key(raw)


def issued(certificate: Certificate, issuer: Certificate) -> bool:
    """Whether one certificate names and is signed by another, with an algorithm that is still good."""
    if certificate.issuer != issuer.subject or not strong(issuer.public_key()):
        return False
    try:
        good = isinstance(issuer.public_key(), ed25519.Ed25519PublicKey) or isinstance(_hash(certificate), _HASHES)
        certificate.verify_directly_issued_by(issuer)
    except (*BROKEN, InvalidSignature):
        return False
    return good


def identity(path: Path) -> Identity:
    """Whom a checked path is about."""
    prints = tuple(map(fingerprint, path))
    others = tuple(names(path[0]))
    return Identity(subject(path[0]) or others[0], others, prints[-1], prints)


def _hash(certificate: Certificate) -> hashes.HashAlgorithm | None:
    return certificate.signature_hash_algorithm


def strong(key: object) -> bool:
    """Whether signatures with a key are still believed; RSA only ever issues certificates."""
    if isinstance(key, rsa.RSAPublicKey):
        return 2048 <= key.key_size <= 8192
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.curve.name in ("secp256r1", "secp384r1", "secp521r1")
    return isinstance(key, ed25519.Ed25519PublicKey)


def subject(certificate: Certificate) -> str:
    """Its subject as RFC 4514 text; may be empty."""
    return certificate.subject.rfc4514_string()


_KINDS: tuple[tuple[str, type[x509.RFC822Name | x509.UniformResourceIdentifier | x509.DNSName]], ...] = (
    ("email", x509.RFC822Name),
    ("uri", x509.UniformResourceIdentifier),
    ("dns", x509.DNSName),
)


def names(certificate: Certificate) -> list[str]:
    """Its alternative names, each with its kind."""
    found = find(certificate, x509.SubjectAlternativeName)
    if found is None:
        return []
    return [f"{word}:{name}" for word, kind in _KINDS for name in found.value.get_values_for_type(kind)]


def find(certificate: Certificate, kind: type[_T]) -> x509.Extension[_T] | None:
    """One extension, or None."""
    try:
        return certificate.extensions.get_extension_for_class(kind)
    except x509.ExtensionNotFound:
        return None


_ASK = "ask the signer for the package, or the certificate, again"


def _fail(rule: str, message: str, where: str, hint: str = "") -> NoReturn:
    raise SignatureError(message, where=where, hint=hint or _ASK, rule=rule)
