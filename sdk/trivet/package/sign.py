"""Signing a package, and verifying who signed it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from trivet.errors import SignatureError
from trivet.package import bundle, layout
from trivet.package.archive import Package, attach, read
from trivet.package.keys import PrivateKey, PublicKey, public_key, sign_bytes

_SUFFIX = ".sigstore.json"


class Signer(NamedTuple):
    """Somebody whose signature over a package verified.

    Attributes:
        name: Short form for people, such as ``p256:0123456789abcdef``.
        key_id: SHA-256 of the DER public key, in lower-case hexadecimal.
    """

    name: str
    key_id: str


def sign(data: bytes, key: PrivateKey) -> bytes:
    """A package with a signature added; signing again with the same key replaces the first one.

    Raises:
        PackageError: The bytes are not a package.
    """
    package = read(data)
    return attach_signature(data, public_key(key), sign_bytes(key, message(package)))


def message(package: Package) -> bytes:
    """The exact bytes that a signer signs; an HSM can be given these."""
    return bundle.pae(bundle.statement(package))


def attach_signature(data: bytes, key: PublicKey, signature: bytes) -> bytes:
    """A package with a signature added that was made over ``message``.

    Raises:
        SignatureError: The signature is not one by this key over this package.
    """
    package = read(data)
    if not key.verifies(signature, message(package)):
        raise SignatureError(
            f"the signature is not one by {key.name} over this package",
            hint="sign the bytes that belong to this package",
            rule="TRV-P042",
        )
    content = bundle.write(bundle.Bundle(key.hint, key.id, bundle.statement(package), signature))
    return attach(data, f"{layout.SIGNATURES}{key.id}{_SUFFIX}", content)


def key_ids(package: Package) -> tuple[str, ...]:
    """Ids of the keys that claim to have signed; nothing is verified."""
    return tuple(_claimed(path) for path in package.signatures)


def verify(package: Package, keys: Iterable[PublicKey]) -> tuple[Signer, ...]:
    """Who among the holders of some keys signed this package.

    Every bundle in the package must be well formed and about this package,
    whoever made it; only those of the given keys can be verified.

    Returns:
        The verified signers, by key id; empty when none of the keys signed.

    Raises:
        SignatureError: A bundle is malformed, about something else, or claims one of the keys without verifying.
    """
    known = tuple(keys)
    found = (_verified(package, path, content, known) for path, content in package.signatures.items())
    return tuple(signer for signer in found if signer is not None)


def _verified(package: Package, path: str, content: bytes, keys: tuple[PublicKey, ...]) -> Signer | None:
    one, claimed = bundle.read(content, path), _claimed(path)
    bundle.check_statement(one.payload, package, path)
    key = next((key for key in keys if key.id == claimed or key.hint == one.hint), None)
    if one.key_id not in ("", claimed) or (key is not None and (key.id, key.hint) != (claimed, one.hint)):
        raise SignatureError("names two keys", where=path, hint=_ANEW, rule="TRV-P041")
    if key is None:
        return None
    if not key.verifies(one.signature, bundle.pae(one.payload)):
        message = f"the signature of {key.name} does not verify"
        raise SignatureError(message, where=path, hint=_ANEW, rule="TRV-P042")
    return Signer(key.name, key.id)


def _claimed(path: str) -> str:
    return path.removeprefix(layout.SIGNATURES).removesuffix(_SUFFIX)


_ANEW = "do not use this package; ask its maker for it again"
