"""Whether a package may be used here: the one entry point that reads and verifies by policy.

The policy is a list of keys, one of which must have signed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from trivet.errors import PolicyError, SignatureError
from trivet.package.archive import Package, read
from trivet.package.keys import PublicKey
from trivet.package.sign import Signer, key_ids, verify


class Verified(NamedTuple):
    """A package that may be used here.

    Attributes:
        package: All digests checked.
        signers: Trusted signers; empty when it was explicitly admitted without one.
    """

    package: Package
    signers: tuple[Signer, ...]

    @property
    def signer(self) -> str | None:
        """Short name of the first trusted signer, as it stands on every output line."""
        return self.signers[0].name if self.signers else None

    @property
    def key_id(self) -> str | None:
        """Id of that signer's key."""
        return self.signers[0].key_id if self.signers else None


def admit(package: Package | bytes, keys: Iterable[PublicKey], unsigned: bool = False) -> Verified:
    """Checks a package's digests, signatures and signers.

    Args:
        package: A package, or the bytes of its file.
        keys: Trusted keys.
        unsigned: Admit a package that no trusted key signed. A signature that claims
            a trusted key and does not verify is refused all the same.

    Raises:
        FormatError: The bytes are not a package.
        DigestError: A member is not the one that the manifest names.
        SignatureError: It is not signed, or a signature is broken or about something else.
        PolicyError: It is signed, but by nobody who is trusted here.
    """
    read_package = read(package) if isinstance(package, bytes) else package
    signers = verify(read_package, keys)
    if not signers and not unsigned:
        _refuse(read_package)
    return Verified(read_package, signers)


def _refuse(package: Package) -> None:
    name = f"{package.manifest.name}-{package.manifest.version}"
    strangers = key_ids(package)
    if not strangers:
        raise SignatureError(
            "the package is not signed",
            where=name,
            hint="sign it with `trivet sign`, or use it as it is with `--unsigned`",
            rule="TRV-P040",
        )
    short = ", ".join(key_id[:16] for key_id in strangers[:4])
    raise PolicyError(
        f"the package is signed by {short}, who is not trusted here",
        where=name,
        hint="check the signer's key, then `trivet trust add KEY.pub`, or `--trust KEY.pub` for this time",
        rule="TRV-P046",
    )
