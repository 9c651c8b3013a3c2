"""Timestamps (RFC 3161): when a signature was there already, said by an authority, checked without a network.

A response is kept whole, as it came; inside is a CMS SignedData (RFC 5652) around a
TSTInfo. Form, imprint and the authority's signature are checked of every timestamp;
whether the authority is trusted here is a second question, ``Timestamp.path`` the
answer's beginning. Imported only when a bundle holds one.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple, NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import SignatureAlgorithmOID

from trivet.errors import Message, SignatureError
from trivet.package import certificates, der
from trivet.package.path import arrange

LARGEST = 1 << 16
"""Most bytes of one response."""

MOST_CERTIFICATES = 16

_SIGNED_DATA = "1.2.840.113549.1.7.2"
_TST_INFO = "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE = "1.2.840.113549.1.9.3"
_MESSAGE_DIGEST = "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE = "1.2.840.113549.1.9.16.2.12"
_SIGNING_CERTIFICATE_2 = "1.2.840.113549.1.9.16.2.47"

_HASHES: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_SHA256 = "2.16.840.1.101.3.4.2.1"

_ECDSA = {
    SignatureAlgorithmOID.ECDSA_WITH_SHA256.dotted_string: "sha256",
    SignatureAlgorithmOID.ECDSA_WITH_SHA384.dotted_string: "sha384",
    SignatureAlgorithmOID.ECDSA_WITH_SHA512.dotted_string: "sha512",
}
_RSA = {
    "1.2.840.113549.1.1.1": "",
    SignatureAlgorithmOID.RSA_WITH_SHA256.dotted_string: "sha256",
    SignatureAlgorithmOID.RSA_WITH_SHA384.dotted_string: "sha384",
    SignatureAlgorithmOID.RSA_WITH_SHA512.dotted_string: "sha512",
}


class Timestamp(NamedTuple):
    """One timestamp whose own signature holds.

    Attributes:
        time: When the authority saw the signature.
        chain: Its certificate, and those of the timestamp that lead up from it.
    """

    time: datetime
    chain: certificates.Path


class _Info(NamedTuple):
    """What a TSTInfo says."""

    algorithm: str
    imprint: bytes
    time: datetime


def request(signature: bytes) -> bytes:
    """A TimeStampReq for a signature: SHA-256, with the authority's certificates in the answer."""
    algorithm = der.write(der.SEQUENCE, der.write_oid(_SHA256), der.write(der.NULL))
    imprint = der.write(der.SEQUENCE, algorithm, der.write(der.OCTETS, _digest(_SHA256, signature)))
    return der.write(der.SEQUENCE, der.write(der.INTEGER, b"\1"), imprint, der.write(0x01, b"\xff"))


def read(response: bytes, signature: bytes, where: str) -> Timestamp:
    """The timestamp in a TimeStampResp, checked to be one over a signature.

    Raises:
        SignatureError: It is malformed, about something else, or its own signature does not hold.
    """
    if len(response) > LARGEST:
        _fail(Message("has a timestamp of over {most} bytes", most=LARGEST), where)
    try:
        return _read(response, signature, where)
    except (ValueError, IndexError, OverflowError) as error:
        _fail(Message("has a timestamp that cannot be read ({reason})", reason=error), where)


def _read(response: bytes, signature: bytes, where: str) -> Timestamp:
    status, *token = der.read(response).children()
    if status.children()[0].integer() not in (0, 1) or len(token) != 1:
        _fail("has a timestamp that the authority refused", where)
    content_type, content = token[0].children()
    if content_type.oid() != _SIGNED_DATA:
        _fail("has a timestamp without signed data", where)
    version, _, inner, *rest = der.read(content.expect(0xA0).content).children()
    if version.integer() != 3:
        _fail("has a timestamp of an unknown version", where)
    info_bytes = _content(inner, where)
    info = _info(info_bytes)
    if info.algorithm not in _HASHES or info.imprint != _digest(info.algorithm, signature):
        _fail("has a timestamp of something else", where)
    signer = _check_signed(rest, info_bytes, where)
    return Timestamp(info.time, signer)


def _content(inner: der.Value, where: str) -> bytes:
    kind, wrapped = inner.children()
    if kind.oid() != _TST_INFO:
        _fail("has signed data that are no timestamp", where)
    return der.read(wrapped.expect(0xA0).content).expect(der.OCTETS).content


def _info(data: bytes) -> _Info:
    """What an authority signs (RFC 3161, 2.4.2); accuracy, ordering, nonce and the rest change nothing here."""
    version, policy, imprint, serial, time, *_ = der.read(data).children()
    if version.integer() != 1:
        raise ValueError("its content is of an unknown version")
    policy.oid(), serial.integer()
    algorithm, digest = imprint.children()
    return _Info(algorithm.children()[0].oid(), digest.expect(der.OCTETS).content, time.time())


def _check_signed(rest: list[der.Value], content: bytes, where: str) -> certificates.Path:
    """Checks the one signature of a SignedData, and gives the certificates that lead up from it."""
    carried = next((one for one in rest if one.tag == 0xA0), None)
    signers = rest[-1].children(der.SET) if rest else []
    if carried is None or len(signers) != 1:
        _fail("has a timestamp without its authority's certificate, or not with one signature", where)
    pool = carried.children(0xA0)
    if len(pool) > MOST_CERTIFICATES:
        _fail(
            Message("has a timestamp with over {most} certificates", most=MOST_CERTIFICATES),
            where,
        )
    parts = signers[0].children()
    version, who, hashed, attributes, algorithm, signed = parts[:6]
    found = [certificates.parse(one.expect(der.SEQUENCE).raw, where) for one in pool]
    own = next((one for one in found if _is_meant(one, version.integer(), who)), None)
    if own is None:
        _fail("has a timestamp without its authority's certificate", where)
    digest = hashed.children()[0].oid()
    _check_attributes(attributes, digest, content, own, where)
    message = der.write(der.SET, attributes.content)
    if not _verifies(own, algorithm.children()[0].oid(), digest, signed.expect(der.OCTETS).content, message):
        _fail("has a timestamp whose signature does not verify", where)
    return arrange(own, [one for one in found if one != own])


def _is_meant(certificate: x509.Certificate, version: int, who: der.Value) -> bool:
    """Whether a signer is named by a certificate's issuer and number (version 1), or by its key's identifier (3)."""
    if version == 1:
        issuer, serial = who.children()
        return issuer.raw == certificate.issuer.public_bytes() and serial.integer() == certificate.serial_number
    try:
        key = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    except x509.ExtensionNotFound:
        return False
    return version == 3 and who.expect(0x80).content == key


def _check_attributes(attributes: der.Value, digest: str, content: bytes, own: x509.Certificate, where: str) -> None:
    """Checks that what was signed is this content, by this certificate (RFC 3161, 2.4.2; RFC 5816)."""
    found: dict[str, der.Value] = {}
    for attribute in attributes.children(0xA0):
        kind, values = attribute.children()
        (value,) = values.children(der.SET)
        if kind.oid() in found:
            _fail("has a timestamp with an attribute twice", where)
        found[kind.oid()] = value
    if _CONTENT_TYPE not in found or found[_CONTENT_TYPE].oid() != _TST_INFO:
        _fail("has a timestamp whose signature is about something else", where)
    stated = found.get(_MESSAGE_DIGEST)
    if digest not in _HASHES or stated is None or stated.expect(der.OCTETS).content != _digest(digest, content):
        _fail("has a timestamp whose content was altered", where)
    if not _names(found, own):
        _fail("has a timestamp that names another certificate than its own", where)


def _names(attributes: dict[str, der.Value], own: x509.Certificate) -> bool:
    """Whether the signed attributes name the certificate; the older form's SHA-1 names it and protects nothing."""
    data = certificates.der(own)
    if _SIGNING_CERTIFICATE_2 in attributes:
        first = attributes[_SIGNING_CERTIFICATE_2].children()[0].children()[0].children()
        named = first[0].children()[0].oid() if first[0].tag == der.SEQUENCE else _SHA256
        value = first[1] if first[0].tag == der.SEQUENCE else first[0]
        return named in _HASHES and value.expect(der.OCTETS).content == _digest(named, data)
    if _SIGNING_CERTIFICATE in attributes:
        first = attributes[_SIGNING_CERTIFICATE].children()[0].children()[0].children()
        return first[0].expect(der.OCTETS).content == own.fingerprint(hashes.SHA1())  # noqa: S303 - RFC 3161's own
    return False


def _verifies(own: x509.Certificate, algorithm: str, digest: str, signature: bytes, message: bytes) -> bool:
    """Whether the key of a certificate signed the attributes, with the algorithm and hash that are named."""
    hashed, check = _HASHES[digest], _checks(own.public_key(), algorithm, _HASHES[digest].name)
    if check is None:
        return False
    try:
        check(signature, message, hashed)
    except InvalidSignature:
        return False
    return True


_Check = Callable[[bytes, bytes, hashes.HashAlgorithm], None]


def _checks(key: object, algorithm: str, hashed: str) -> _Check | None:
    """How a key checks signatures of an algorithm, or None when the two, or the hash, do not belong together."""
    if isinstance(key, rsa.RSAPublicKey) and _RSA.get(algorithm) in ("", hashed):
        return lambda signature, message, how: key.verify(signature, message, padding.PKCS1v15(), how)
    if isinstance(key, ec.EllipticCurvePublicKey) and _ECDSA.get(algorithm) == hashed:
        return lambda signature, message, how: key.verify(signature, message, ec.ECDSA(how))
    if isinstance(key, ed25519.Ed25519PublicKey) and algorithm == SignatureAlgorithmOID.ED25519.dotted_string:
        return lambda signature, message, _: key.verify(signature, message)
    return None


def _digest(algorithm: str, data: bytes) -> bytes:
    hashed = hashes.Hash(_HASHES[algorithm])
    hashed.update(data)
    return hashed.finalize()


def _fail(message: str, where: str) -> NoReturn:
    raise SignatureError(message, where=where, hint="ask for a timestamp of this signature again", rule="TRV-P096")
