"""A small certificate authority for tests: roots, signers, revocation lists and timestamps, right and wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from trivet.package import archive, bundle, der, keys, sign, trust
from trivet.package.trust import SIGN, TIMESTAMP, Anchor, Trust

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=500)
CODE, STAMP, SERVER = (
    ExtendedKeyUsageOID.CODE_SIGNING,
    ExtendedKeyUsageOID.TIME_STAMPING,
    ExtendedKeyUsageOID.SERVER_AUTH,
)
Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
SHA = hashes.SHA256()


def clock(moment: datetime = NOW) -> Callable[[], int]:
    return lambda: int(moment.timestamp()) * 1_000_000_000


@lru_cache
def key(name: str, algorithm: str = "p256") -> Any:
    """The one key of a name in this process; making RSA keys takes long."""
    if algorithm == "rsa":
        return rsa.generate_private_key(65537, 2048)
    if algorithm == "rsa1024":
        return rsa.generate_private_key(65537, 1024)  # noqa: S505 - weak on purpose
    if algorithm == "p521":
        return ec.generate_private_key(ec.SECP521R1())
    if algorithm == "k1":
        return ec.generate_private_key(ec.SECP256K1())
    return keys.generate(algorithm)


@dataclass(frozen=True)
class Held:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: Key

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def print(self) -> str:
        return self.certificate.fingerprint(SHA).hex()


@dataclass(frozen=True)
class Wish:
    """What a certificate shall say; the defaults are a signer's."""

    name: str = "Firmware"
    algorithm: str = "p256"
    ca: bool | None = False
    length: int | None = None
    usage: tuple[str, ...] | None = ("digital_signature",)
    extended: tuple[x509.ObjectIdentifier, ...] | None = (CODE,)
    extended_critical: bool = False
    start: datetime = NOW - timedelta(days=100)
    end: datetime = NOW + timedelta(days=100)
    hash: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)
    others: tuple[x509.GeneralName, ...] = ()
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    subject: x509.Name | None = None
    key: Key | None = None
    issuer: x509.Name | None = None
    serial: int = field(default_factory=x509.random_serial_number)


USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def name_of(text: str) -> x509.Name:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Example")
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, text)])


def issue(issuer: Held | None, wish: Wish) -> Held:
    """A certificate by an issuer, or by itself."""
    subject = name_of(wish.name) if wish.subject is None else wish.subject
    own = wish.key or key(wish.name, wish.algorithm)
    by = issuer.certificate.subject if issuer else subject
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(wish.issuer or by)
        .public_key(own.public_key())
        .serial_number(wish.serial)
        .not_valid_before(wish.start)
        .not_valid_after(wish.end)
    )
    for extension, critical in _extensions(wish):
        builder = builder.add_extension(extension, critical)
    signer = issuer.key if issuer else own
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else wish.hash
    return Held(builder.sign(signer, algorithm), own)  # type: ignore[arg-type]


def _extensions(wish: Wish) -> Iterable[tuple[x509.ExtensionType, bool]]:
    if wish.ca is not None:
        yield x509.BasicConstraints(wish.ca, wish.length), True
    if wish.usage is not None:
        yield x509.KeyUsage(**{name: name in wish.usage for name in USAGES}), True
    if wish.extended is not None:
        yield x509.ExtendedKeyUsage(wish.extended), wish.extended_critical
    if wish.others:
        yield x509.SubjectAlternativeName(wish.others), False
    yield from wish.extensions


def authority(name: str = "Root", issuer: Held | None = None, **changes: Any) -> Held:
    basis: dict[str, Any] = {
        "name": name, "ca": True, "usage": ("key_cert_sign", "crl_sign"), "extended": None,
        "start": NOW - timedelta(days=1000), "end": NOW + timedelta(days=1000),
    }  # fmt: skip
    return issue(issuer, Wish(**(basis | changes)))


def stamper(issuer: Held, **changes: Any) -> Held:
    basis: dict[str, Any] = {"name": "Clock", "extended": (STAMP,), "extended_critical": True}
    return issue(issuer, Wish(**(basis | changes)))


def revoked(
    issuer: Held, *serials: int, at: datetime = NOW - timedelta(days=10), reason: x509.ReasonFlags | None = None,
    last: datetime = NOW - timedelta(days=1), due: datetime | None = NOW + timedelta(days=6), number: int = 1,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (), key: Key | None = None,
) -> bytes:  # fmt: skip
    """A revocation list in PEM."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer.certificate.subject).last_update(last)
    builder = builder.next_update(due or last + timedelta(days=1)).add_extension(x509.CRLNumber(number), False)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        if reason:
            entry = entry.add_extension(x509.CRLReason(reason), False)
        builder = builder.add_revoked_certificate(entry.build())
    signer = key or issuer.key
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else SHA
    found = builder.sign(signer, algorithm)
    return found.public_bytes(serialization.Encoding.PEM)


def pinned(*roots: Held, stampers: Iterable[Held] = (), lists: Path | None = None, **others: Any) -> Trust:
    """A trust store that pins some roots."""
    anchors = [Anchor(root.print, SIGN, root.pem, root.print) for root in roots]
    anchors += [Anchor(root.print, TIMESTAMP, root.pem, root.print) for root in stampers]
    return trust.Trust(anchors=tuple(anchors), revocation=str(lists or ""), **others)


def signed(data: bytes, *chain: Held) -> bytes:
    """A package signed by the first, with the certificates of all."""
    private = chain[0].key
    assert not isinstance(private, rsa.RSAPrivateKey)
    return sign.sign(data, private, b"".join(one.pem for one in chain))


def signature_of(data: bytes) -> bytes:
    """The signature of a package that has one."""
    ((path, content),) = archive.read(data).signatures.items()
    return bundle.read(content, path).signature


@dataclass(frozen=True)
class Stamp:
    """What a timestamp shall say; the defaults are right."""

    by: Held
    time: str = "20270225120000Z"
    imprint: bytes | None = None
    hash: str = "2.16.840.1.101.3.4.2.1"
    digest: hashes.HashAlgorithm = field(default_factory=hashes.SHA256)
    status: int = 0
    kind: str = "1.2.840.113549.1.9.16.1.4"
    version: int = 1
    certificates: tuple[bytes, ...] | None = None
    attributes: tuple[bytes, ...] | None = None
    content: bytes | None = None
    named: Held | None = None
    key: Key | None = None
    signatures: int = 1
    algorithm: str = ""


def stamped(signature: bytes, wish: Stamp) -> bytes:
    """A TimeStampResp over a signature, or whatever the wish makes of it."""
    info = _info(signature, wish)
    attributes = wish.attributes if wish.attributes is not None else _attributes(info, wish)
    signer = _signer(b"".join(attributes), wish)
    carried = (wish.by.der,) if wish.certificates is None else wish.certificates
    inner = der.write(
        der.SEQUENCE,
        _oid(wish.kind),
        der.write(0xA0, der.write(der.OCTETS, info if wish.content is None else wish.content)),
    )
    signed_data = der.write(
        der.SEQUENCE,
        der.write(der.INTEGER, b"\3"),
        der.write(der.SET, _algorithm(wish.hash)),
        inner,
        *([der.write(0xA0, *carried)] if carried else []),
        der.write(der.SET, *[signer] * wish.signatures),
    )
    token = der.write(der.SEQUENCE, _oid("1.2.840.113549.1.7.2"), der.write(0xA0, signed_data))
    status = der.write(der.SEQUENCE, der.write(der.INTEGER, bytes([wish.status])))
    return der.write(der.SEQUENCE, status, token)


def stamped_content(signature: bytes, wish: Stamp) -> bytes:
    """The TSTInfo of a wish."""
    return _info(signature, wish)


def attributes(signature: bytes, wish: Stamp) -> tuple[bytes, ...]:
    """What an authority signs: content type, digest of the content, its own certificate."""
    return _attributes(_info(signature, wish), wish)


def _info(signature: bytes, wish: Stamp) -> bytes:
    imprint = wish.imprint if wish.imprint is not None else _digest(wish.digest, signature)
    return der.write(
        der.SEQUENCE,
        der.write(der.INTEGER, bytes([wish.version])),
        _oid("1.2.3.4"),
        der.write(der.SEQUENCE, _algorithm(wish.hash), der.write(der.OCTETS, imprint)),
        der.write(der.INTEGER, b"\x01"),
        der.write(der.TIME, wish.time.encode()),
    )


def attribute(kind: str, value: bytes) -> bytes:
    return der.write(der.SEQUENCE, _oid(kind), der.write(der.SET, value))


def _attributes(info: bytes, wish: Stamp) -> tuple[bytes, ...]:
    own = _digest(SHA, (wish.named or wish.by).der)
    chosen = der.write(der.SEQUENCE, der.write(der.SEQUENCE, der.write(der.SEQUENCE, der.write(der.OCTETS, own))))
    return (
        attribute("1.2.840.113549.1.9.3", _oid("1.2.840.113549.1.9.16.1.4")),
        attribute("1.2.840.113549.1.9.4", der.write(der.OCTETS, _digest(wish.digest, info))),
        attribute("1.2.840.113549.1.9.16.2.47", chosen),
    )


def _signer(attributes: bytes, wish: Stamp) -> bytes:
    certificate, private = wish.by.certificate, wish.key or wish.by.key
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    signature = private.sign(der.write(der.SET, attributes), ec.ECDSA(wish.digest))
    serial = certificate.serial_number
    number = der.write(der.INTEGER, serial.to_bytes(serial.bit_length() // 8 + 1, "big"))
    return der.write(
        der.SEQUENCE,
        der.write(der.INTEGER, b"\1"),
        der.write(der.SEQUENCE, certificate.issuer.public_bytes(), number),
        _algorithm(wish.hash),
        der.write(0xA0, attributes),
        _algorithm(wish.algorithm or "1.2.840.10045.4.3.2"),
        der.write(der.OCTETS, signature),
    )


def _algorithm(dotted: str) -> bytes:
    return der.write(der.SEQUENCE, _oid(dotted))


def _oid(dotted: str) -> bytes:
    return der.write_oid(dotted)


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    hashed = hashes.Hash(algorithm)
    hashed.update(data)
    return hashed.finalize()
