"""Signing a package, and verifying who signed it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import time_ns
from typing import TYPE_CHECKING, Any, NamedTuple

from trivet import canonical
from trivet.errors import Message, SignatureError
from trivet.package import bundle, layout
from trivet.package.archive import Package, attach, read
from trivet.package.keys import PrivateKey, PublicKey, plain_signature, public_key, sign_bytes
from trivet.package.trust import Trust

if TYPE_CHECKING:
    from datetime import datetime

    from trivet.package.certificates import Identity
    from trivet.package.credentials import Chain, Witness


class Signer(NamedTuple):
    """Somebody whose signature over a package verified.

    Attributes:
        name: For people, such as ``p256:0123456789abcdef`` or a certificate's subject and root.
        key_id: SHA-256 of the DER public key, in lower-case hexadecimal.
        certificate: Whom the certificate is about, or None when the key itself is trusted.
        signed_at: When a trusted authority saw the signature, or None.
        development: Whether it is a developer's.
    """

    name: str
    key_id: str
    certificate: Identity | None = None
    signed_at: datetime | None = None
    development: bool = False

    @property
    def identities(self) -> tuple[str | tuple[str, str], ...]:
        """What a policy knows a signer by: the key's id, then root and subject of the certificate."""
        found = self.certificate
        return (self.key_id,) if found is None else (self.key_id, (found.root, found.subject))


class Examined(NamedTuple):
    """What the signatures of a package are worth here.

    Attributes:
        signers: Whose signatures verified, by key id.
        doubts: Why others do not count: certificates that are unknown, expired, withdrawn or unfit.
    """

    signers: tuple[Signer, ...]
    doubts: tuple[SignatureError, ...]


def sign(data: bytes, key: PrivateKey, certificates: bytes = b"") -> bytes:
    """A package with a signature added; signing again with the same key replaces the first one.

    Args:
        data: A package.
        key: Private key.
        certificates: PEM of its certificate and of that one's issuers, or empty for a bare key.

    Raises:
        PackageError: The bytes are not a package, or the certificate is not this key's.
    """
    return attach_signature(data, public_key(key), sign_bytes(key, message(read(data))), certificates)


def message(package: Package) -> bytes:
    """The exact bytes that a signer signs; an HSM can be given these."""
    return bundle.pae(bundle.statement(package))


def preparation(package: Package) -> dict[str, Any]:
    """What goes to the keeper of a key beside ``message``: the package, the envelope, and what each algorithm signs.

    A key of P-256 signs the SHA-256 of the message, one of P-384 its SHA-384, Ed25519 the message itself. The
    envelope is DSSE's without signatures, from which other software can make a whole one.
    """
    from cryptography.hazmat.primitives.hashes import SHA384, Hash

    text = message(package)
    longer = Hash(SHA384())
    longer.update(text)
    return {
        "package": package.digest,
        "name": f"{package.manifest.name}-{package.manifest.version}",
        "size": len(text),
        "p256": {"sha256": canonical.sha256(text)},
        "p384": {"sha384": longer.finalize().hex()},
        "envelope": bundle.envelope(bundle.statement(package)),
    }


def certificate_key(pem: bytes, where: str) -> PublicKey:
    """The key of the first certificate in a PEM text.

    Raises:
        SignatureError: There is none, or it is of an algorithm that packages do not use.
    """
    from trivet.package import certificates

    return certificates.key_of(certificates.parse_pem(pem, where)[0], where)


def attach_signature(data: bytes, key: PublicKey, signature: bytes, certificates: bytes = b"") -> bytes:
    """A package with a signature added that was made over ``message``.

    Args:
        data: A package.
        key: The signer's.
        signature: DER or, as PKCS #11 has it, r and s; 64 bytes for Ed25519.
        certificates: As in ``sign``.

    Raises:
        SignatureError: The signature is not one by this key over this package, or the certificate is another key's.
    """
    package, plain = read(data), plain_signature(key, signature)
    if not key.verifies(plain, message(package)):
        raise SignatureError(
            Message("the signature is not one by {name} over this package", name=key.name),
            hint="sign the bytes that belong to this package",
            rule="TRV-P042",
        )
    one = bundle_of(bundle.statement(package), bundle.PAYLOAD_TYPE, key, plain, certificates)
    return attach(data, f"{layout.SIGNATURES}{key.id}{layout.SIGNATURE}", bundle.write(one))


def bundle_of(payload: bytes, kind: str, key: PublicKey, signature: bytes, certificates: bytes = b"") -> bundle.Bundle:
    """A bundle around any payload of a type.

    Raises:
        SignatureError: The certificate is another key's, or does not lead to the next.
    """
    chain = chain_of(certificates, key) if certificates else ()
    return bundle.Bundle("" if chain else key.hint, key.id, payload, signature, chain, (), kind)


def request_timestamp(package: Package, key_id: str) -> bytes:
    """A TimeStampReq (RFC 3161) about one signature of a package, to be carried to an authority.

    Raises:
        SignatureError: No one signature is meant.
    """
    from trivet.package import timestamp

    return timestamp.request(bundle.read(*_meant(package, key_id)).signature)


def attach_timestamp(data: bytes, response: bytes) -> bytes:
    """A package with a timestamp added to the signature that it is about.

    Args:
        data: A package.
        response: A TimeStampResp, as an authority gave it.

    Raises:
        SignatureError: It is malformed, or about none of the package's signatures.
    """
    from trivet.package import timestamp

    reasons = []
    for path, content in read(data).signatures.items():
        one = bundle.read(content, path)
        try:
            timestamp.read(response, one.signature, "the response")
        except SignatureError as error:
            reasons.append(error)
            continue
        kept = tuple(stamp for stamp in one.timestamps if stamp != response)
        return attach(data, path, bundle.write(one._replace(timestamps=(*kept, response))))
    if reasons:
        raise reasons[0]
    raise SignatureError("the package is not signed", hint="sign it before", rule="TRV-P040")


def key_ids(package: Package) -> tuple[str, ...]:
    """Ids of the keys that claim to have signed; nothing is verified."""
    return tuple(_claimed(path) for path in package.signatures)


def verify(
    package: Package, trust: Trust | Iterable[PublicKey], clock: Callable[[], int] = time_ns
) -> tuple[Signer, ...]:
    """Those that ``examine`` finds."""
    return examine(package, trust, clock).signers


def examine(package: Package, trust: Trust | Iterable[PublicKey], clock: Callable[[], int] = time_ns) -> Examined:
    """Who among those trusted signed this package.

    Every bundle must be well formed, about this package and, where it brings its own
    certificate, signed by it, whoever made it; only trusted keys and roots make a signer.

    Args:
        package: A package.
        trust: Trusted keys, or a whole trust store.
        clock: The time [ns since the epoch, UTC]; asked only where a certificate or timestamp wants it.

    Raises:
        SignatureError: A bundle is malformed, about something else, or claims a key without verifying.
        PolicyError: The trust store holds something that cannot be read.
    """
    known = trust if isinstance(trust, Trust) else Trust(tuple(trust))
    found: list[Signer] = []
    doubts: list[SignatureError] = []
    for path, content in package.signatures.items():
        one = bundle.read(content, path)
        bundle.check_statement(one.payload, package, path)
        signer = vouched(one, path, known, clock, doubts)
        if signer is not None:
            found.append(signer)
    return Examined(tuple(found), tuple(doubts))


def vouched(
    one: bundle.Bundle, path: str, trust: Trust, clock: Callable[[], int], doubts: list[SignatureError]
) -> Signer | None:
    """Who among those trusted signed a bundle, or None; why it does not count is added to ``doubts``.

    Args:
        one: A bundle, whatever its payload.
        path: Its name, whose stem is the id of the signer's key.
        trust: Whom this machine trusts.
        clock: As in ``examine``.
        doubts: Grows.

    Raises:
        SignatureError: It claims a key and does not verify, or is malformed.
        PolicyError: The trust store holds something that cannot be read.
    """
    plain = not (one.certificates or one.timestamps)
    return _signer(one, path, trust) if plain else _credited(one, path, trust, clock(), doubts)


def _signer(one: bundle.Bundle, path: str, trust: Trust) -> Signer | None:
    """The holder of a trusted key, or None for a stranger's."""
    claimed = _claimed(path)
    key = next((key for key in trust.keys if key.id == claimed or key.hint == one.hint), None)
    if one.key_id not in ("", claimed) or (key is not None and (key.id, key.hint) != (claimed, one.hint)):
        raise SignatureError("names two keys", where=path, hint=_ANEW, rule="TRV-P041")
    if key is None:
        return None
    _check(key, one, path)
    return Signer(key.name, key.id, development=key.id in trust.development)


def _credited(one: bundle.Bundle, path: str, trust: Trust, now: int, doubts: list[SignatureError]) -> Signer | None:
    """As ``_signer`` for a bundle with certificates or timestamps; why one does not count is added to ``doubts``."""
    from trivet.package import credentials

    chain = credentials.chain_of(one, path) if one.certificates else None
    if chain is not None:
        _check_own(chain, one, path)
    moment = credentials.moment(now)
    seen = credentials.witness(one, trust, moment, path)
    doubts += seen.doubts
    signer = _signer(one, path, trust) if chain is None else _certified(chain, seen, trust, moment, path, doubts)
    return signer and signer._replace(signed_at=seen.time)


def _check_own(chain: Chain, one: bundle.Bundle, path: str) -> None:
    """Checks that a bundle is by the certificate that it brings."""
    claimed = _claimed(path)
    if chain.key.id != claimed or one.key_id not in ("", claimed):
        raise SignatureError("names two keys", where=path, hint=_ANEW, rule="TRV-P041")
    _check(chain.key, one, path)


def _certified(
    chain: Chain, seen: Witness, trust: Trust, moment: datetime, path: str, doubts: list[SignatureError]
) -> Signer | None:
    """The holder of a certificate; one whose key itself is trusted counts whatever the certificate says."""
    from trivet.package import credentials

    key = next((key for key in trust.keys if key.id == chain.key.id), None)
    try:
        found = credentials.identify(chain, seen, trust, moment, path)
    except SignatureError as doubt:
        if key is None:
            doubts.append(doubt)
        return key and Signer(key.name, key.id, development=key.id in trust.development)
    if key is not None:
        return Signer(key.name, key.id, found, development=key.id in trust.development)
    development = found.root in trust.development
    return Signer(
        f"{found.subject} (root {found.root[:16]})",
        chain.key.id,
        found,
        development=development,
    )


def _check(key: PublicKey, one: bundle.Bundle, path: str) -> None:
    if not key.verifies(one.signature, one.message):
        message = Message("the signature of {name} does not verify", name=key.name)
        raise SignatureError(message, where=path, hint=_ANEW, rule="TRV-P042")


def chain_of(pem: bytes, key: PublicKey) -> tuple[bytes, ...]:
    """The certificates that go into a bundle: the signer's, then issuers in order; a root stays out."""
    from itertools import pairwise

    from trivet.package import certificates

    found = certificates.parse_pem(pem, "the certificates")
    if certificates.key_of(found[0], "the certificates").id != key.id:
        message = Message("the first certificate is not that of {name}", name=key.name)
        raise SignatureError(message, hint="give the signer's certificate first, then its issuers", rule="TRV-P090")
    kept = [one for one in found if one is found[0] or one.issuer != one.subject]
    for below, above in pairwise(kept):
        if not certificates.issued(below, above):
            message = Message(
                "{subject!r} was not issued by the next certificate",
                subject=below.subject.rfc4514_string(),
            )
            raise SignatureError(message, hint="give them in order, the signer's first", rule="TRV-P093")
    return tuple(map(certificates.der, kept))


def _meant(package: Package, key_id: str) -> tuple[bytes, str]:
    """Content and path of the one signature whose key id begins so."""
    found = [(content, path) for path, content in package.signatures.items() if _claimed(path).startswith(key_id)]
    if len(found) != 1:
        message = Message(
            "{count} signatures are of keys that begin with {key_id!a}", count=len(found), key_id=key_id[:80]
        )
        raise SignatureError(message, hint="`trivet inspect` shows who signed", rule="TRV-P040")
    return found[0]


def _claimed(path: str) -> str:
    return path.removeprefix(layout.SIGNATURES).removesuffix(layout.SIGNATURE)


_ANEW = "do not use this package; ask its maker for it again"
