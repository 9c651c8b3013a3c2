"""Signing keys: P-256 (the default), P-384 and Ed25519, as PEM; for packages signed with a key nothing else is needed.

A key's id is SHA-256 of its DER SubjectPublicKeyInfo. Its hint is SHA-256 of the
PEM form, because that is what model-signing writes into and expects in a bundle.
"""

# Every start of a model waits for this module, and pathlib takes longer to import than all of it.
# ruff: noqa: PTH123

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils

from trivet import canonical
from trivet.errors import Message, SignatureError

if TYPE_CHECKING:
    from pathlib import Path

ALGORITHMS = ("p256", "p384", "ed25519")
PASSWORD_VARIABLE = "TRIVET_KEY_PASSWORD"  # noqa: S105 - the variable's name, not a password
MOST_KEY_BYTES = 1 << 16

PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
RawPublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

_CURVES: dict[str, tuple[str, type[ec.EllipticCurve], hashes.HashAlgorithm]] = {
    "secp256r1": ("p256", ec.SECP256R1, hashes.SHA256()),
    "secp384r1": ("p384", ec.SECP384R1, hashes.SHA384()),
}


class PublicKey(NamedTuple):
    """A key that can verify.

    Attributes:
        id: SHA-256 of the DER form, in lower-case hexadecimal.
        hint: SHA-256 of the PEM form, in lower-case hexadecimal.
        algorithm: ``p256``, ``p384`` or ``ed25519``.
        pem: The PEM form.
        raw: The library's object.
    """

    id: str
    hint: str
    algorithm: str
    pem: bytes
    raw: RawPublicKey

    @property
    def name(self) -> str:
        """Short form for people: algorithm and the first 16 digits of the id."""
        return f"{self.algorithm}:{self.id[:16]}"

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Whether the holder of this key signed exactly this message."""
        try:
            if isinstance(self.raw, ed25519.Ed25519PublicKey):
                self.raw.verify(signature, message)
            else:
                self.raw.verify(signature, message, ec.ECDSA(_CURVES[self.raw.curve.name][2]))
        except InvalidSignature:
            return False
        return True


def generate(algorithm: str = "p256") -> PrivateKey:
    """A new private key.

    Raises:
        ValueError: There is no such algorithm.
    """
    if algorithm == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    for name, curve, _ in _CURVES.values():
        if name == algorithm:
            return ec.generate_private_key(curve())
    raise ValueError(f"{algorithm!r} is none of {', '.join(ALGORITHMS)}")


def public_key(key: PrivateKey | RawPublicKey) -> PublicKey:
    """The public half of a key, described.

    Raises:
        SignatureError: It is not on a curve that packages use.
    """
    raw = key.public_key() if isinstance(key, PrivateKey) else key
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    der, pem = (raw.public_bytes(e, form) for e in (serialization.Encoding.DER, serialization.Encoding.PEM))
    return PublicKey(canonical.sha256(der), canonical.sha256(pem), _algorithm(raw), pem, raw)


def parse_public_key(pem: bytes, where: str = "") -> PublicKey:
    """The public key in a PEM text.

    Raises:
        SignatureError: The text is not one, or of an algorithm that packages do not use.
    """
    if b"PRIVATE KEY" in pem:
        raise SignatureError("is a private key", where=where, hint="give the .pub file beside it", rule="TRV-P045")
    try:
        raw = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SignatureError("is not a public key in PEM form", where=where, hint=_PEM_HINT, rule="TRV-P045") from error
    if not isinstance(raw, RawPublicKey):
        raise SignatureError("is of an unknown algorithm", where=where, hint=_ALGORITHM_HINT, rule="TRV-P044")
    return public_key(raw)


def parse_private_key(pem: bytes, password: bytes | None = None, where: str = "") -> PrivateKey:
    """The private key in a PEM text, PKCS #8 or SEC 1.

    Raises:
        SignatureError: The text is not one, the password is wrong, or packages do not use its algorithm.
    """
    try:
        key = serialization.load_pem_private_key(pem, password)
    except TypeError as error:
        state = "is encrypted" if password is None else "is not encrypted, but a password was given"
        raise SignatureError(
            state,
            where=where,
            hint=Message("set or unset {variable}", variable=PASSWORD_VARIABLE),
            rule="TRV-P045",
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        message = "is not a private key in PEM form, or the password is wrong"
        raise SignatureError(message, where=where, hint=_PEM_HINT, rule="TRV-P045") from error
    if not isinstance(key, PrivateKey):
        raise SignatureError("is of an unknown algorithm", where=where, hint=_ALGORITHM_HINT, rule="TRV-P044")
    _algorithm(key.public_key(), where)
    return key


def private_pem(key: PrivateKey, password: bytes | None = None) -> bytes:
    """A private key as PKCS #8 PEM, encrypted when a password is given."""
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def plain_signature(key: PublicKey, signature: bytes) -> bytes:
    """A signature as bundles hold it: what PKCS #11 gives for the curves, r and s side by side, becomes DER."""
    size = {"p256": 64, "p384": 96}.get(key.algorithm)
    if len(signature) != size or isinstance(key.raw, ed25519.Ed25519PublicKey):
        return signature
    r, s = signature[: size // 2], signature[size // 2 :]
    return utils.encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


def sign_bytes(key: PrivateKey, message: bytes) -> bytes:
    """A signature: DER for the curves (FIPS 186-5), 64 bytes for Ed25519 (RFC 8032)."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(message)
    return key.sign(message, ec.ECDSA(_CURVES[key.curve.name][2]))


def read_public_key(path: str | Path) -> PublicKey:
    """The public key in a file; see ``parse_public_key``."""
    return parse_public_key(read_file(path), str(path))


def read_private_key(path: str | Path, password: bytes | None = None) -> PrivateKey:
    """The private key in a file; see ``parse_private_key``.

    Args:
        path: A PEM file.
        password: Its password, or None to take it from the variable ``TRIVET_KEY_PASSWORD``, if that is set.
    """
    found = password or os.environ.get(PASSWORD_VARIABLE, "").encode() or None
    return parse_private_key(read_file(path), found, str(path))


def write_key(path: str | Path, key: PrivateKey, password: bytes | None = None) -> Path:
    """Writes a private key, readable by its owner only, and ``.pub`` beside it; never overwrites.

    Returns:
        The path of the public key.

    Raises:
        SignatureError: A file is there already, or cannot be written.
    """
    from pathlib import Path

    private, public = Path(path), Path(f"{path}.pub")
    for target, content in ((private, private_pem(key, password)), (public, public_key(key).pem)):
        try:
            with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(content)
        except OSError as error:
            message = Message("cannot be written ({strerror})", strerror=error.strerror)
            raise SignatureError(message, where=str(target), hint="choose a new name", rule="TRV-P045") from error
    return public


_PEM_HINT = "give a PEM file, such as openssl and trivet write"
_ALGORITHM_HINT = "use a P-256, P-384 or Ed25519 key"


def _algorithm(raw: RawPublicKey, where: str = "") -> str:
    if isinstance(raw, ed25519.Ed25519PublicKey):
        return "ed25519"
    if raw.curve.name not in _CURVES:
        message = Message("is on the curve {name}", name=raw.curve.name)
        raise SignatureError(message, where=where, hint=_ALGORITHM_HINT, rule="TRV-P044")
    return _CURVES[raw.curve.name][0]


def read_file(path: str | Path, most: int = MOST_KEY_BYTES) -> bytes:
    """At most so many bytes of a file that concerns signatures.

    Raises:
        SignatureError: It cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            return stream.read(most)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the path holds a NUL"
        message = Message("cannot be read ({reason})", reason=reason)
        raise SignatureError(message, where=str(path), hint="check the path", rule="TRV-P045") from error
