"""What stands in a repository already: its root and the versions to go on from, held to the signatures of that root."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple, NoReturn

from cryptography.hazmat.primitives.asymmetric import ed25519

from trivet.errors import PackageError, PolicyError
from trivet.export.tuf.metadata import ROLES, key_id, signed_bytes
from trivet.package.keys import PublicKey, parse_public_key, public_key, read_file
from trivet.package.tree import Node, parse

MOST_BYTES = 1 << 20
_ROOT = re.compile(r"([1-9][0-9]{0,8})\.root\.json")
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_MOST_VERSION = 1 << 31


class Previous(NamedTuple):
    """A repository as it was.

    Attributes:
        root: Version of its newest root.
        keys: Role to key id.
        version: Highest version of the other metadata.
        expires: When its newest root does, as metadata spells it.
    """

    root: int
    keys: dict[str, str]
    version: int
    expires: str


def read(metadata: Path) -> Previous | None:
    """The newest metadata of a repository, or None where there is none yet.

    Raises:
        PolicyError: It cannot be read, or the root's keys did not sign it.
    """
    versions = [int(found[1]) for path in metadata.glob("*.root.json") if (found := _ROOT.fullmatch(path.name))]
    if not versions:
        return None
    newest = max(versions)
    root = _load(metadata / f"{newest}.root.json")
    keys = {name: _key(node) for name, node in root["signed"]["keys"].pairs()}
    roles = {role: root["signed"]["roles"][role]["keyids"].items(1, 1)[0].text() for role in ROLES}
    _check(root, keys.get(roles["root"]))
    stamp = _signed(metadata / "timestamp.json", keys.get(roles["timestamp"]))
    number = _meta(stamp, "snapshot.json")
    snapshot = _signed(metadata / f"{number}.snapshot.json", keys.get(roles["snapshot"]))
    version = max(number, _meta(snapshot, "targets.json"), _version(stamp))
    return Previous(newest, roles, version, root["signed"]["expires"].text(_MOMENT))


def _signed(path: Path, key: PublicKey | None) -> Node:
    tree = _load(path)
    _check(tree, key)
    return tree


def _meta(tree: Node, name: str) -> int:
    return tree["signed"]["meta"][name]["version"].integer(1, _MOST_VERSION)


def _version(tree: Node) -> int:
    return tree["signed"]["version"].integer(1, _MOST_VERSION)


def _load(path: Path) -> Node:
    try:
        content = read_file(path, MOST_BYTES + 1)
    except PackageError as error:
        _refuse(path, error.message)
    return parse(content, str(path), PolicyError, "TRV-P127")


def _key(node: Node) -> PublicKey:
    public = node["keyval"]["public"].text(most=4096)
    if node["keytype"].value == "ed25519":
        try:
            return public_key(ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)))
        except ValueError:
            node.fail("is no key")
    return parse_public_key(public.encode(), node.path)


def _check(tree: Node, key: PublicKey | None) -> None:
    for entry in tree["signatures"].items(16):
        if key is not None and entry["keyid"].value == key_id(key):
            text = entry["sig"].text(re.compile("[0-9a-f]+"), 1024)
            if key.verifies(bytes.fromhex(text), signed_bytes(tree["signed"].object())):
                return
    tree["signatures"].fail("do not hold one of the root's key that verifies", _HINT)


_HINT = "give the repository as it was written, or a new folder"


def _refuse(path: Path, message: str) -> NoReturn:
    raise PolicyError(message, where=str(path), hint=_HINT, rule="TRV-P127")
