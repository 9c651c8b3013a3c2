"""Who stands behind a bundle with certificates or timestamps, judged by what is pinned here.

Imported only for such bundles: reading certificates takes longer than verifying a key's signature.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from trivet.errors import Message, PolicyError, SignatureError
from trivet.package import certificates, path, revocation, timestamp
from trivet.package.bundle import Bundle
from trivet.package.certificates import Identity
from trivet.package.keys import PublicKey, read_file
from trivet.package.trust import SIGN, TIMESTAMP, Trust, files_of

AHEAD = timedelta(minutes=5)
"""How far an authority's clock may run before this machine's."""


class Chain(NamedTuple):
    """The certificates of a bundle, read but not judged.

    Attributes:
        certificates: The signer's first.
        key: The signer's.
    """

    certificates: certificates.Path
    key: PublicKey


class Witness(NamedTuple):
    """What the timestamps of a bundle are worth here.

    Attributes:
        time: The earliest moment at which a trusted authority saw the signature, or None.
        doubts: Why timestamps do not count.
    """

    time: datetime | None
    doubts: tuple[SignatureError, ...]


def chain_of(one: Bundle, where: str) -> Chain:
    """The certificates in a bundle and the key of the first.

    Raises:
        SignatureError: One cannot be read, or is of an algorithm that packages do not use.
    """
    found = tuple(certificates.parse(data, where) for data in one.certificates)
    return Chain(found, certificates.key_of(found[0], where))


def witness(one: Bundle, trust: Trust, now: datetime, where: str) -> Witness:
    """Reads and judges the timestamps of a bundle.

    Raises:
        SignatureError: One is malformed, about something else, or its own signature does not hold.
        PolicyError: The trust store holds something that cannot be read.
    """
    times, doubts = [], []
    for data in one.timestamps:
        stamp = timestamp.read(data, one.signature, where)
        try:
            _check_timestamp(stamp, trust, now, where)
            times.append(stamp.time)
        except SignatureError as error:
            message = Message("its timestamp does not count: {reason}", reason=Message.of(error.message))
            doubts.append(SignatureError(message, where=where, hint=error.hint, rule="TRV-P097"))
    return Witness(min(times, default=None), tuple(doubts))


def identify(chain: Chain, seen: Witness, trust: Trust, now: datetime, where: str) -> Identity:
    """Whom the certificates of a bundle speak for, by the roots that are pinned here.

    Raises:
        SignatureError: They lead to no pinned root, were not valid when it counts, may not sign, or were withdrawn.
        PolicyError: The trust store holds something that cannot be read.
    """
    found = path.find_path(chain.certificates, _roots(trust, SIGN), where)
    path.check_path(found, seen.time or now, path.CODE_SIGNING, where)
    revocation.check(found, _lists(trust), now, seen.time, _strict(trust), where)
    return certificates.identity(found)


def _check_timestamp(stamp: timestamp.Timestamp, trust: Trust, now: datetime, where: str) -> None:
    found = path.find_path(stamp.chain, _roots(trust, TIMESTAMP), where)
    path.check_path(found, stamp.time, path.TIME_STAMPING, where)
    if stamp.time > now + AHEAD:
        message = Message("it is of {time:%Y-%m-%d %H:%M} UTC, which is to come", time=stamp.time)
        raise SignatureError(message, where=where, hint="check this machine's clock", rule="TRV-P097")
    revocation.check(found, _lists(trust), now, stamp.time, _strict(trust), where)


def _strict(trust: Trust) -> bool:
    return trust.policy is not None and trust.policy.revocation


def _roots(trust: Trust, purpose: str) -> Iterable[certificates.Certificate]:
    """The pinned certificates for a purpose, each still the one that was pinned."""
    for anchor in trust.anchors:
        if anchor.purpose != purpose:
            continue
        try:
            (root,) = certificates.parse_pem(anchor.pem, anchor.where)
            path.check_root(root, anchor.where)
        except (SignatureError, ValueError) as error:
            message = error.message if isinstance(error, SignatureError) else "holds several certificates"
            raise PolicyError(message, where=anchor.where, hint="give one root certificate", rule="TRV-P047") from error
        if anchor.id and certificates.fingerprint(root) != anchor.id:
            hint = "delete the file, and add the certificate again with `trivet trust add`"
            raise PolicyError("is not named after its certificate", where=anchor.where, hint=hint, rule="TRV-P047")
        yield root


def _lists(trust: Trust) -> list[revocation.List]:
    """The revocation lists that are kept here."""
    found = []
    for file in files_of(trust.revocation, ".crl"):
        try:
            found.append(revocation.parse(read_file(file, revocation.LARGEST + 1), file))
        except SignatureError as error:
            hint = "bring the list again with `trivet trust add LIST.crl`"
            raise PolicyError(error.message, where=file, hint=hint, rule="TRV-P047") from error
    return found


def moment(now: int) -> datetime:
    """A time [ns since the epoch, UTC] to the second."""
    return datetime.fromtimestamp(now // 1_000_000_000, UTC)
