"""What the lists that were brought here, and the clock's memory, say about a package; nothing is written here.

A list was verified when it was taken in; from then on its SHA-256 stands in ``seen.json``, so that a start
costs one hash. A file that is not the one remembered counts only when it is newer and verifies.
The clock is never believed earlier than the newest signed date that was seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from trivet.errors import Message, PackageError, PolicyError, SignatureError
from trivet.package.keys import read_file
from trivet.package.revoked import HARMLESS, LARGEST, SECOND, SUFFIX, Entry, Revocations, Signed, moment, read_list
from trivet.package.seen import Mark, Ran, Seen, load_seen, precedence, save_seen
from trivet.package.sign import Examined, Signer, vouched
from trivet.package.trust import Trust, files_of

if TYPE_CHECKING:
    from trivet.package.admit import Verified
    from trivet.package.archive import Package


class Kept(NamedTuple):
    """A list that counts here.

    Attributes:
        id: Of the list.
        number: Its number.
        expires: When a newer one is due [ns, UTC]; 0 when that is past.
    """

    id: str
    number: int
    expires: int


class Standing(NamedTuple):
    """What is known here before a package is looked at.

    Attributes:
        lists: Those that count.
        seen: What is remembered.
        clock: The time, never earlier than the newest signed date.
    """

    lists: tuple[Revocations, ...]
    seen: Seen
    clock: Callable[[], int]

    @property
    def kept(self) -> tuple[Kept, ...]:
        """The lists, and until when."""
        now = self.clock()
        return tuple(Kept(one.id, one.number, one.expires if one.expires > now else 0) for one in self.lists)


def stand(trust: Trust, clock: Callable[[], int]) -> Standing:
    """What the home folder of a trust store knows.

    Raises:
        PolicyError: A list is older than one seen here, was replaced, is gone or cannot be read.
    """
    seen = load_seen(trust.revocation)
    believed = believed_clock(seen, clock)
    lists, found = [], set()
    for path in files_of(trust.revocation, SUFFIX):
        signed = _stored(path, seen, trust, believed)
        lists.append(signed.revocations)
        found.add(signed.revocations.id)
    for name, mark in seen.lists.items():
        if mark.kept and name not in found:
            _refuse(
                Message("list {name} {number}, which was kept here, is gone", name=name, number=mark.number),
                trust.revocation,
                _AGAIN,
            )
    newest = max((one.issued for one in lists), default=0)
    return Standing(tuple(lists), seen, believed_clock(seen.later(newest, ""), clock))


def believed_clock(seen: Seen, clock: Callable[[], int]) -> Callable[[], int]:
    """A clock that is never earlier than the newest signed date."""
    return lambda: max(clock(), seen.time)


def check_order(signed: Signed, seen: Seen, where: str) -> None:
    """Refuses a list that is older than one of its id that was seen, or another of the same number.

    Raises:
        PolicyError: It is.
    """
    one, mark = signed.revocations, seen.lists.get(signed.revocations.id)
    if mark is None or one.number > mark.number:
        return
    if one.number < mark.number:
        _refuse(
            Message(
                "is number {number} of {id}, and number {seen} was seen here",
                number=one.number,
                id=one.id,
                seen=mark.number,
            ),
            where,
            _NEWEST,
        )
    if signed.sha256 != mark.sha256:
        _refuse(
            Message("is another list than number {number} of {id} that was seen here", number=one.number, id=one.id),
            where,
            _NEWEST,
        )


def vouch(signed: Signed, trust: Trust, clock: Callable[[], int], where: str) -> Signer:
    """Who of those trusted signed a list; a developer does not count.

    Raises:
        SignatureError: Its signature does not verify.
        PolicyError: Nobody who counts here signed it.
    """
    # Time only moves forward by what a list claims: a machine without a clock can still judge certificates.
    issued = signed.revocations.issued
    doubts: list[SignatureError] = []
    try:
        signer = vouched(signed.bundle, signed.path, trust, lambda: max(clock(), issued), doubts)
    except SignatureError as error:
        error.where = where
        raise
    if signer is None or signer.development:
        key = signed.bundle.key_id[:16]
        message = Message("is signed by {key}, who is not trusted here for lists", key=key)
        if doubts:
            message = Message("{said} ({reason})", said=message, reason=Message.of(doubts[0].message))
        raise PolicyError(
            message, where=where, hint="check the signer, then `trivet trust add KEY.pub`", rule="TRV-P046"
        )
    return signer


def sifted(here: Standing, examined: Examined) -> Examined:
    """Signers without those that a list revoked, whose reasons become doubts."""
    kept, doubts = [], list(examined.doubts)
    for signer in examined.signers:
        doubt = revoked_signer(here.lists, signer)
        if doubt is None:
            kept.append(signer)
        else:
            doubts.append(doubt)
    return Examined(tuple(kept), tuple(doubts))


def revoked_signer(lists: Iterable[Revocations], signer: Signer) -> SignatureError | None:
    """Why a signer does not count any more; None for all others.

    What a trusted timestamp proves older than a revocation stands where the reason leaves the key unharmed.
    """
    for one in lists:
        for identity in signer.identities:
            entry = one.signers.get(identity)
            if entry is None or (entry.reason in HARMLESS and _before(signer, entry)):
                continue
            message = Message(
                "{signer} was revoked on {date} ({reason}) by list {list}",
                signer=signer.name,
                date=moment(entry.date)[:10],
                reason=entry.reason,
                list=one.name,
            )
            return SignatureError(message, hint="ask for the package with another signature", rule="TRV-P113")
    return None


def refusal(here: Standing, package: Package, trust: Trust) -> PackageError | None:
    """Why a package may not be used, whoever signed it; None when nothing speaks against it."""
    name = f"{package.manifest.name}-{package.manifest.version}"
    for one in here.lists:
        entry = one.packages.get(package.digest)
        if entry is not None:
            message = Message(
                "the package was revoked on {date} by list {list}: {reason!a}",
                date=moment(entry.date)[:10],
                list=one.name,
                reason=entry.reason[:200],
            )
            return PolicyError(
                message, where=name, hint="stop using it; ask its maker for a newer one", rule="TRV-P112"
            )
    policy = trust.policy
    if policy is not None and policy.need_list and not here.lists:
        return PolicyError("there is no list of revocations here", where=policy.where, hint=_AGAIN, rule="TRV-P115")
    expired = [one for one in here.kept if not one.expires]
    if policy is not None and policy.stop_expired and expired:
        message = Message(
            "list {id} {number} is past its date, and the policy says stop", id=expired[0].id, number=expired[0].number
        )
        return PolicyError(message, where=policy.where, hint=_AGAIN, rule="TRV-P115")
    return None


def rollback(here: Standing, package: Package) -> PolicyError | None:
    """Why a package is a step back; None when no newer version of its name ran here."""
    manifest = package.manifest
    ran = here.seen.packages.get(manifest.name)
    if ran is None or precedence(manifest.version) >= precedence(ran.version):
        return None
    return PolicyError(
        Message("version {version} is older than {newer}, which ran here", version=manifest.version, newer=ran.version),
        where=f"{manifest.name}-{manifest.version}",
        hint="take the newer package, or pass `--allow-rollback` if the step back is meant",
        rule="TRV-P116",
    )


def remember(folder: str, verified: Verified) -> None:
    """Keeps what a run teaches: the version of a trusted package, and the newest date that somebody trusted signed.

    Args:
        folder: The ``revocation`` folder.
        verified: What is about to run; without a trusted signer, or by a developer's only, nothing is kept.

    Raises:
        PolicyError: It cannot be written or read.
    """
    if not verified.signers or verified.development:
        return
    manifest, before = verified.package.manifest, load_seen(folder)
    after = before.ran(manifest.name, Ran(manifest.version, verified.package.digest))
    for time, source in _dates(verified, after.packages != before.packages):
        after = after.later(time, source)
    if after != before:
        save_seen(folder, after)


def _dates(verified: Verified, new: bool) -> Iterable[tuple[int, str]]:
    """Signed dates of a package: trusted timestamps of its signatures, and its training's end where it is new here."""
    from trivet.package.provenance import MOMENT, read_provenance

    name = f"{verified.package.manifest.name} {verified.package.manifest.version}"
    for signer in verified.signers:
        if signer.signed_at is not None:
            yield int(signer.signed_at.timestamp()) * SECOND, f"a timestamp of {name}"
    try:
        told = read_provenance(verified.package) if new else None
    except PackageError:
        return
    if told is not None and MOMENT.fullmatch(told.finished):
        yield time_of_day(told.finished), f"the training of {name}"


def time_of_day(text: str) -> int:
    """A moment of a provenance [ns, UTC], to the second; 0 where there is no such day."""
    from trivet.package.revoked import time_of

    try:
        return time_of(f"{text[:19]}Z")
    except ValueError:
        return 0


def _stored(path: str, seen: Seen, trust: Trust, clock: Callable[[], int]) -> Signed:
    """A list in the home folder, the one that is remembered or a newer one that verifies."""
    try:
        signed = read_list(read_file(path, LARGEST + 1), path)
        check_order(signed, seen, path)
        known = seen.lists.get(signed.revocations.id)
        if known is None or known.sha256 != signed.sha256:
            vouch(signed, trust, clock, path)
    except SignatureError as error:
        raise PolicyError(error.message, where=path, hint=_AGAIN, rule="TRV-P114") from error
    return signed


def mark_of(signed: Signed) -> Mark:
    """What is remembered of a list."""
    return Mark(signed.revocations.number, signed.sha256)


def _before(signer: Signer, entry: Entry) -> bool:
    return signer.signed_at is not None and int(signer.signed_at.timestamp()) * SECOND < entry.date


def _refuse(message: str, where: str, hint: str) -> NoReturn:
    raise PolicyError(message, where=where, hint=hint, rule="TRV-P114")


_AGAIN = "bring the newest list with `trivet trust add LIST`, or `trivet trust update FOLDER`"
_NEWEST = "bring the newest list of its issuer"
