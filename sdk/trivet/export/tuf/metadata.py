"""The four kinds of metadata, signed: what they say, and the bytes that are signed (OLPC canonical JSON)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import serialization

from trivet import canonical
from trivet.package.keys import PrivateKey, PublicKey, public_key, sign_bytes

Tree = dict[str, Any]
ROLES = ("root", "targets", "snapshot", "timestamp")
SPECIFICATION = "1.0.31"
_SCHEMES = {"p256": "ecdsa-sha2-nistp256", "p384": "ecdsa-sha2-nistp384", "ed25519": "ed25519"}


class Signed(NamedTuple):
    """One piece of metadata.

    Attributes:
        version: Its number.
        data: The bytes of its file.
    """

    version: int
    data: bytes

    @property
    def entry(self) -> Tree:
        """What other metadata says of it."""
        return {"version": self.version, **described(self.data)}


def described(data: bytes) -> Tree:
    """Length and digest of a file."""
    return {"length": len(data), "hashes": {"sha256": canonical.sha256(data)}}


def sign(kind: str, version: int, expires: datetime, content: Tree, keys: Sequence[PrivateKey]) -> Signed:
    """Metadata of one kind, signed with every key."""
    signed = {
        "_type": kind,
        "spec_version": SPECIFICATION,
        "version": version,
        "expires": spelled(expires),
        **content,
    }
    text = signed_bytes(signed)
    found = {key_id(public_key(key)): sign_bytes(key, text).hex() for key in keys}
    tree = {"signatures": [{"keyid": name, "sig": found[name]} for name in sorted(found)], "signed": signed}
    return Signed(version, json.dumps(tree, indent=1, sort_keys=True).encode() + b"\n")


def spelled(moment: datetime) -> str:
    """A moment as metadata has it; the order of such texts is that of time."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def root_content(keys: Mapping[str, PublicKey]) -> Tree:
    """Which key signs which role, one each."""
    return {
        "consistent_snapshot": True,
        "keys": {key_id(key): key_tree(key) for key in keys.values()},
        "roles": {role: {"keyids": [key_id(keys[role])], "threshold": 1} for role in ROLES},
    }


def lasting(moment: datetime, days: int) -> datetime:
    """When metadata that lasts so many days expires."""
    return moment + timedelta(days=days)


def key_tree(key: PublicKey) -> Tree:
    """A key as metadata holds it."""
    public = key.pem.decode()
    if key.algorithm == "ed25519":
        form = serialization.Encoding.Raw, serialization.PublicFormat.Raw
        public = key.raw.public_bytes(*form).hex()
    kind = "ed25519" if key.algorithm == "ed25519" else "ecdsa"
    return {"keytype": kind, "scheme": _SCHEMES[key.algorithm], "keyval": {"public": public}}


def key_id(key: PublicKey) -> str:
    """SHA-256 of a key as metadata holds it."""
    return canonical.sha256(signed_bytes(key_tree(key)))


def signed_bytes(tree: Any) -> bytes:
    """OLPC canonical JSON, which escapes nothing but quote and backslash; numbers are whole."""
    return _olpc(tree).encode()


def _olpc(node: Any) -> str:
    if isinstance(node, str):
        return '"' + node.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(node, dict):
        return "{" + ",".join(f"{_olpc(key)}:{_olpc(node[key])}" for key in sorted(node)) + "}"
    if isinstance(node, list):
        return "[" + ",".join(map(_olpc, node)) + "]"
    return json.dumps(node)
