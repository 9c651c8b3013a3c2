"""Changing the trust store: adding, listing and removing whom this machine trusts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import time_ns
from typing import NamedTuple

from trivet.errors import Message, PolicyError, SignatureError
from trivet.package import trust
from trivet.package.keys import parse_public_key, read_file
from trivet.package.trust import DEVELOPMENT, SIGN, TIMESTAMP
from trivet.package.whole import put


class Entry(NamedTuple):
    """One thing in the trust store.

    Attributes:
        kind: ``key``, ``root``, ``timestamp root``, ``revocation list``, ``revocations``, ``clock`` or ``policy``.
        id: What it is removed by, at least its first digits.
        text: For people: algorithm, subject or dates.
        development: Whether it is a developer's.
        path: The file.
    """

    kind: str
    id: str
    text: str
    development: bool
    path: Path


def add(home: Path, path: str | Path, purpose: str = SIGN, clock: Callable[[], int] = time_ns) -> Entry:
    """Trusts the key or certificate, or keeps the revocation list or list of revocations, in a file.

    Args:
        home: Home folder.
        path: A public key, a certificate that issues others, or a revocation list (PEM, or DER for a list), or a
            list of revocations.
        purpose: ``sign``, ``timestamp`` or ``development``.
        clock: The time [ns since the epoch, UTC], for lists of revocations.

    Raises:
        SignatureError: The file holds nothing of that kind.
        PolicyError: The trust store cannot be written, or has a newer list of that authority.
    """
    content = read_file(path, _MOST)
    if b"-----BEGIN CERTIFICATE-----" in content:
        return _add_root(home, content, purpose, str(path))
    if _is_list(content):
        return _add_list(home, content, str(path))
    if content.lstrip()[:1] == b"{":
        from trivet.package.intake import take

        return take(home, content, str(path), clock)
    if purpose == TIMESTAMP:
        raise SignatureError("is no certificate", where=str(path), hint="give the authority's root", rule="TRV-P090")
    key = parse_public_key(content, str(path))
    _forget(home / "trust", key.id, "pub")
    mark = f".{DEVELOPMENT}" if purpose == DEVELOPMENT else ""
    target = write(home, "trust", f"{key.id}{mark}.pub", key.pem)
    return Entry("key", key.id, key.algorithm, bool(mark), target)


def set_policy(home: Path, path: str | Path) -> Entry:
    """Puts a policy into the trust store, in place of the one that is there.

    Raises:
        SignatureError: The file cannot be read.
        PolicyError: It is no policy, or the trust store cannot be written.
    """
    from trivet.package.policy import parse_policy

    content = read_file(path, trust.MOST_POLICY_BYTES + 1)
    found = parse_policy(content, str(path))
    target = write(home, "trust", trust.POLICY, content)
    return Entry("policy", "policy", f"{len(found.rules)} rules", False, target)


def remove(home: Path, name: str) -> Entry:
    """Takes something out of the trust store.

    Args:
        home: Home folder.
        name: Its id or the first digits, a key's short name, or ``policy``.

    Raises:
        PolicyError: Nothing, or more than one thing, is meant.
    """
    digits = name.rpartition(":")[2].lower()
    meant = [entry for entry in entries(home) if digits and entry.id.startswith(digits)]
    if len(meant) != 1:
        message = Message("{count} entries begin with {digits!a}", count=len(meant), digits=digits[:80])
        raise PolicyError(message, where=str(home / "trust"), hint="see `trivet trust list`", rule="TRV-P047")
    from trivet.package import intake

    if meant[0].kind in (intake.KIND, intake.CLOCK):
        intake.forget(home, meant[0])
    else:
        unlink(meant[0].path)
    return meant[0]


def entries(home: Path) -> tuple[Entry, ...]:
    """Everything in the trust store: keys, roots, lists, the clock's memory, policy.

    Raises:
        PolicyError: It holds something that ``add`` did not put there.
    """
    from trivet.package import intake

    found = trust.load_trust(home)
    rows = [_key(home, key.id, key.algorithm, key.id in found.development) for key in found.keys]
    rows += [_root(Path(anchor.where), anchor, found.development) for anchor in found.anchors]
    rows += [_list(Path(path)) for path in trust.files_of(found.revocation, ".crl")]
    rows += intake.entries(home)
    if found.policy:
        path = Path(found.policy.where)
        rows.append(Entry("policy", "policy", f"{len(found.policy.rules)} rules", False, path))
    return tuple(rows)


_MOST = (8 << 20) + 1


def _is_list(content: bytes) -> bool:
    return b"-----BEGIN X509 CRL-----" in content or content[:1] == b"\x30"


def _add_root(home: Path, content: bytes, purpose: str, where: str) -> Entry:
    from trivet.package import certificates
    from trivet.package.path import check_root

    found = certificates.parse_pem(content, where)
    if len(found) != 1:
        raise SignatureError("holds several certificates", where=where, hint="give the root alone", rule="TRV-P090")
    check_root(found[0], where)
    name = certificates.fingerprint(found[0])
    _forget(home / "trust", name, "crt")
    mark = "" if purpose == SIGN else f".{purpose}"
    target = write(home, "trust", f"{name}{mark}.crt", certificates.pem(found[0]))
    return Entry(_ROOTS[purpose], name, found[0].subject.rfc4514_string(), purpose == DEVELOPMENT, target)


_ROOTS = {SIGN: "root", DEVELOPMENT: "root", TIMESTAMP: "timestamp root"}


def _add_list(home: Path, content: bytes, where: str) -> Entry:
    """Keeps a list, unless a newer one of the same authority is there already."""
    from trivet.package import revocation

    found = revocation.parse(content, where)
    name = revocation.name(found)
    target = home / "revocation" / f"{name}.crl"
    if target.exists():
        kept = revocation.parse(read_file(target, _MOST), str(target))
        if revocation.order(found) < revocation.order(kept):
            message = Message("is of {date:%Y-%m-%d}, and the list kept here is newer", date=found.last_update_utc)
            raise PolicyError(message, where=where, hint="bring the authority's newest list", rule="TRV-P095")
    return _list(write(home, "revocation", target.name, content))


def _key(home: Path, name: str, algorithm: str, development: bool) -> Entry:
    mark = f".{DEVELOPMENT}" if development else ""
    return Entry("key", name, algorithm, development, home / "trust" / f"{name}{mark}.pub")


def _root(path: Path, anchor: trust.Anchor, development: frozenset[str]) -> Entry:
    from trivet.package import certificates

    subject = certificates.parse_pem(anchor.pem, anchor.where)[0].subject.rfc4514_string()
    return Entry(_ROOTS[anchor.purpose], anchor.id, subject, anchor.id in development, path)


def _list(path: Path) -> Entry:
    from trivet.package import revocation

    found = revocation.parse(read_file(path, _MOST), str(path))
    dates = f"of {found.last_update_utc:%Y-%m-%d}, next due {found.next_update_utc:%Y-%m-%d}"
    text = f"{found.issuer.rfc4514_string()!r} {dates}, {len(found)} certificates"
    return Entry("revocation list", path.stem, text, False, path)


def _forget(folder: Path, name: str, kind: str) -> None:
    """Removes what is there under another mark, so that nothing is trusted in two ways."""
    for mark in ("", f".{DEVELOPMENT}", f".{TIMESTAMP}"):
        unlink(folder / f"{name}{mark}.{kind}")


def unlink(path: Path) -> None:
    """Removes a file of the store, if it is there."""
    _attempt(path, lambda: path.unlink(missing_ok=True))


def write(home: Path, folder: str, name: str, content: bytes) -> Path:
    """Writes a file of the store whole or not at all."""
    target = trust.subfolder(home, folder) / name
    _attempt(target, lambda: put(target, content))
    return target


def _attempt(target: Path, action: Callable[[], object]) -> None:
    try:
        action()
    except OSError as error:
        message = Message("cannot be written ({reason})", reason=error.strerror)
        raise PolicyError(message, where=str(target), hint="check its permissions", rule="TRV-P047") from error
