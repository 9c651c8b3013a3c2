"""Whether a package may be used here: the one entry point that reads and verifies by policy.

Without a policy file, one trusted signer is enough. A developer's signature counts
only where the user said so. Lists of revocations that were brought here, and the
versions that ran here, count before everything else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import time_ns
from typing import TYPE_CHECKING, NamedTuple

from trivet.errors import Message, PackageError, PolicyError, SignatureError
from trivet.package.archive import Package, read
from trivet.package.keys import PublicKey
from trivet.package.sign import Examined, Signer, examine, key_ids
from trivet.package.trust import Trust, files_of

if TYPE_CHECKING:
    from trivet.package.standing import Kept, Standing


class Verified(NamedTuple):
    """A package that may be used here.

    Attributes:
        package: All digests checked.
        signers: Trusted signers; empty when it was explicitly admitted without one.
        development: Whether only a developer's signature admits it.
        doubts: Why further signatures do not count.
        lists: Lists of revocations that were asked.
    """

    package: Package
    signers: tuple[Signer, ...]
    development: bool = False
    doubts: tuple[SignatureError, ...] = ()
    lists: tuple[Kept, ...] = ()

    @property
    def signer(self) -> str | None:
        """Name of the first trusted signer, as it stands on every output line."""
        return self.signers[0].name if self.signers else None

    @property
    def key_id(self) -> str | None:
        """Id of that signer's key."""
        return self.signers[0].key_id if self.signers else None


def admit(
    package: Package | bytes,
    trust: Trust | Iterable[PublicKey],
    unsigned: bool = False,
    *,
    development: bool = False,
    classes: Iterable[str] = (),
    clock: Callable[[], int] = time_ns,
    rollback: bool = False,
) -> Verified:
    """Checks a package's digests, signatures and signers.

    Args:
        package: A package, or the bytes of its file.
        trust: A trust store, or trusted keys alone.
        unsigned: Admit a package that no trusted key signed. A signature that claims
            a trusted key and does not verify is refused all the same.
        development: Let developers' signatures count.
        classes: Classes of the devices that it shall judge, for the policy; none when they are not known.
        clock: The time [ns since the epoch, UTC], for certificates and lists; it is not believed earlier than the
            newest signed date that the home folder remembers.
        rollback: Admit a version older than one that ran here.

    Raises:
        FormatError: The bytes are not a package.
        DigestError: A member is not the one that the manifest names.
        SignatureError: It is not signed, or a signature is broken or about something else.
        PolicyError: It is signed, but by nobody who is trusted here, or not as the policy wants it; it was
            revoked; or a newer version ran here.
    """
    found, known = read(package) if isinstance(package, bytes) else package, tuple(classes)
    store = trust if isinstance(trust, Trust) else Trust(tuple(trust))
    here = _standing(store, clock)
    if here is None:
        return _admitted(found, store, unsigned, development, known, examine(found, store, clock))
    from trivet.package import standing

    examined = standing.sifted(here, examine(found, store, here.clock))
    refused = standing.refusal(here, found, store)
    if refused is not None:
        raise refused
    verified = _admitted(found, store, unsigned, development, known, examined)
    refused = None if rollback or not verified.signers else standing.rollback(here, found)
    if refused is not None:
        raise refused
    return verified._replace(lists=here.kept)


def _standing(trust: Trust, clock: Callable[[], int]) -> Standing | None:
    """What was brought to this machine; None, and no import is waited for, where nothing was and nothing must be."""
    if not files_of(trust.revocation, ".json") and not (trust.policy and trust.policy.need_list):
        return None
    from trivet.package.standing import stand

    return stand(trust, clock)


def _admitted(
    found: Package, store: Trust, unsigned: bool, development: bool, known: tuple[str, ...], examined: Examined
) -> Verified:
    """What signatures, trust and policy make of a package."""
    proven = tuple(signer for signer in examined.signers if not signer.development)
    refusal = _refusal(found, store, examined, proven, known)
    if refusal is None:
        return Verified(found, proven, False, examined.doubts)
    if proven != examined.signers and _refusal(found, store, examined, examined.signers, known) is None:
        if development:
            return Verified(found, (*proven, *_developers(examined)), True, examined.doubts)
        refusal = _development(examined)
    if unsigned and (store.policy is None or store.policy.unsigned):
        return Verified(found, (), False, examined.doubts)
    if unsigned:
        refusal.hint = "the policy does not let `--unsigned` set it aside"
    raise refusal


def _refusal(
    package: Package, trust: Trust, examined: Examined, signers: tuple[Signer, ...], classes: tuple[str, ...]
) -> PackageError | None:
    """Why some signers do not suffice, or None when they do."""
    if not signers and (not package.signatures or trust.policy is None):
        return _nobody(package, examined)
    if trust.policy is None:
        return None
    from trivet.package.policy import refusal

    found = refusal(trust.policy, package, signers, classes)
    if found is not None and examined.doubts:
        found.message = Message(
            "{said} (and {doubt})", said=Message.of(found.message), doubt=Message.of(examined.doubts[0].message)
        )
    return found


def _developers(examined: Examined) -> tuple[Signer, ...]:
    return tuple(signer for signer in examined.signers if signer.development)


def _development(examined: Examined) -> PolicyError:
    return PolicyError(
        Message("the package counts on the signature of a developer, {name}", name=_developers(examined)[0].name),
        hint="ask for a released one, or pass `--allow-development`, which marks every line",
        rule="TRV-P100",
    )


def _nobody(package: Package, examined: Examined) -> PackageError:
    name = f"{package.manifest.name}-{package.manifest.version}"
    strangers = key_ids(package)
    if not strangers:
        return SignatureError(
            "the package is not signed",
            where=name,
            hint="sign it with `trivet sign`, or use it as it is with `--unsigned`",
            rule="TRV-P040",
        )
    if examined.doubts:
        return examined.doubts[0]
    short = ", ".join(key_id[:16] for key_id in strangers[:4])
    return PolicyError(
        Message("the package is signed by {key}, who is not trusted here", key=short),
        where=name,
        hint="check the signer's key, then `trivet trust add KEY.pub`, or `--trust KEY.pub` for this time",
        rule="TRV-P046",
    )
