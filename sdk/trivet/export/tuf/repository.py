"""Writing a repository, or going on with one: files first, then metadata, the timestamp last."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from trivet.errors import FormatError, PolicyError
from trivet.export.folder import write_files
from trivet.export.tuf import previous
from trivet.export.tuf.metadata import ROLES, Signed, described, key_id, lasting, root_content, sign, spelled
from trivet.package.archive import Package, content_of, read
from trivet.package.keys import PrivateKey, public_key
from trivet.package.layout import MOST_MEMBERS

OLD_ROOT = "old-root"
ROOT_DAYS = 365
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")

Keys = Mapping[str, PrivateKey]


class Terms(NamedTuple):
    """How metadata is written.

    Attributes:
        moment: Now, UTC.
        days: How long targets, snapshot and timestamp are good for; a root at least ``ROOT_DAYS``.
    """

    moment: datetime
    days: int


def publish(folder: Path, out: Path, keys: Keys, terms: Terms) -> list[Path]:
    """Makes the files of a folder the targets of a repository, all others no longer.

    Args:
        folder: Packages, deltas, lists: files only, of plain names.
        out: A new repository, or one that was written here.
        keys: Role to private key. ``root`` is wanted for a new repository and to renew or replace its keys, with
            ``old-root`` when the root's own key is another.
        terms: Now, and for how long.

    Returns:
        What was written, in that order.

    Raises:
        PolicyError: A key is missing, or not the one that the root names; or the repository is not in order.
        FormatError: A file cannot be a target, or nothing can be written.
    """
    before = previous.read(out / "metadata")
    root = _root(keys, terms, before)
    _check_root(keys, before, terms)
    targets, written = {}, []
    for path in _files(folder):
        content = content_of(path)
        entry = described(content)
        targets[path.name] = {**entry, "custom": {"trivet": _custom(content)}} if _is_package(content) else entry
        written += write_files(out, {f"targets/{entry['hashes']['sha256']}.{path.name}": content})
    version = before.version + 1 if before else 1
    return written + write_files(out, _metadata(root, targets, version, keys, terms))


def _metadata(root: Signed | None, targets: dict[str, Any], version: int, keys: Keys, terms: Terms) -> dict[str, bytes]:
    """All metadata, in the order in which it may be seen."""
    expires = lasting(terms.moment, terms.days)
    listed = sign("targets", version, expires, {"targets": targets}, [keys["targets"]])
    snapshot = sign("snapshot", version, expires, {"meta": {"targets.json": listed.entry}}, [keys["snapshot"]])
    stamp = sign("timestamp", version, expires, {"meta": {"snapshot.json": snapshot.entry}}, [keys["timestamp"]])
    return {
        **({f"metadata/{root.version}.root.json": root.data} if root else {}),
        f"metadata/{version}.targets.json": listed.data,
        f"metadata/{version}.snapshot.json": snapshot.data,
        "metadata/timestamp.json": stamp.data,
    }


def _root(keys: Keys, terms: Terms, before: previous.Previous | None) -> Signed | None:
    """A new root where its key is given; one that follows another is signed with that one's key too."""
    if missing := [role for role in ROLES if role not in keys and (role != "root" or before is None)]:
        _refuse(f"no key was given for {', '.join(missing)}", f"give --key {missing[0]}=FILE; none is made by itself")
    if "root" not in keys:
        return None
    signers = [keys["root"]]
    if before is not None and before.keys["root"] != key_id(public_key(keys["root"])):
        old = keys.get(OLD_ROOT)
        if old is None or key_id(public_key(old)) != before.keys["root"]:
            _refuse("the root's key is another than before", "give the former one too: --key old-root=FILE")
        signers.append(old)
    public = {role: public_key(keys[role]) for role in ROLES}
    expires = lasting(terms.moment, max(terms.days, ROOT_DAYS))
    return sign("root", before.root + 1 if before else 1, expires, root_content(public), signers)


def _check_root(keys: Keys, before: previous.Previous | None, terms: Terms) -> None:
    """Refuses what no client would take of a root that stays."""
    if before is None or "root" in keys:
        return
    if before.expires <= spelled(terms.moment):
        _refuse(f"the root expired at {before.expires}", "renew it: give --key root=FILE")
    for role in ROLES[1:]:
        if key_id(public_key(keys[role])) != before.keys[role]:
            _refuse(f"the key for {role} is not the one that the root names", "give that one, or the root's key too")


def _files(folder: Path) -> list[Path]:
    """The files of a folder, by name; anything else in there is refused, so that nothing is left out unnoticed."""
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        message = f"cannot be read ({error.strerror})"
        raise FormatError(message, where=str(folder), hint="check the path", rule="TRV-P001") from error
    for path in found:
        if path.is_symlink() or not path.is_file() or not _NAME.fullmatch(path.name):
            message = "is no file with a name of letters, digits, dots, dashes and underscores"
            raise FormatError(message, where=f"{path!s:.200}", hint="take it out of the folder", rule="TRV-P050")
    if len(found) > MOST_MEMBERS:
        message = f"holds {len(found)} files, and {MOST_MEMBERS} are the limit"
        raise FormatError(message, where=str(folder), hint="make several repositories", rule="TRV-P050")
    return found


def _is_package(content: bytes) -> bool:
    return content.startswith(b"PK\3\4")


def _custom(content: bytes) -> dict[str, Any]:
    """What a client can choose by: the interface, classes of machines, and the least a runtime must read."""
    package: Package = read(content)
    manifest = package.manifest
    machines = sorted({f"{row['architecture']}, {row['cpu']}, {row['cores']} cores" for row in manifest.budget})
    return {
        "package": package.digest,
        "name": manifest.name,
        "version": manifest.version,
        "interface": f"{manifest.interface.id} {manifest.interface.version}",
        "machines": machines,
        "opset": manifest.opset,
    }


def _refuse(message: str, hint: str) -> NoReturn:
    raise PolicyError(message, where="--key", hint=hint, rule="TRV-P126")
