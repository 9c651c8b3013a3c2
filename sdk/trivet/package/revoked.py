"""What was revoked: a signed, numbered, expiring list of packages and signers, carried by hand.

One file, ``ID.revoked.json``: a Sigstore bundle like a package's signature, around a payload of its own type::

    {"kind": "revocations", "format": 1, "id": "example-oem", "number": 12,
     "issued": "2026-11-28T16:00:00Z", "expires": "2027-11-28T16:00:00Z",
     "packages": [{"digest": PACKAGE DIGEST, "date": ..., "reason": "burns soup"}],
     "signers": [{"key": KEY ID, "date": ..., "reason": "keyCompromise"},
                 {"root": SHA-256, "subject": "CN=Firmware,O=Example", "date": ..., "reason": "superseded"}]}

The list of an id only ever grows in number; whoever extends one keeps what it held. Here
are its form and its making; what it does to a machine is in ``standing``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from trivet import canonical
from trivet.errors import Message, SignatureError
from trivet.package import bundle
from trivet.package.keys import PrivateKey, PublicKey, plain_signature, public_key, sign_bytes
from trivet.package.sign import bundle_of
from trivet.package.tree import Node, parse

SUFFIX = ".revoked.json"
PAYLOAD_TYPE = "application/vnd.trivet.revocations+json"
RULE = "TRV-P111"

FORMAT = 1
"""What is written. Number 0, the same form before it was frozen, is read by the same rules."""

LARGEST = 1 << 20
"""Most bytes of one list."""

HIGHEST = 1 << 31
"""Last number of an id."""

MOST = 2048
"""Most packages, and most signers, of one list."""

HARMLESS = ("superseded", "cessationOfOperation", "affiliationChanged")
"""Reasons (RFC 5280) that leave a key unharmed: what a trusted timestamp proves older stands."""

REASONS = ("unspecified", "keyCompromise", "privilegeWithdrawn", *HARMLESS)

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
DIGEST = re.compile(r"[0-9a-f]{64}")
MOMENT = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z")

Identity = str | tuple[str, str]
"""A key's id, or root and subject of a certificate, as in a policy."""

SECOND = 1_000_000_000


class Entry(NamedTuple):
    """One thing that was revoked.

    Attributes:
        date: When [ns, UTC].
        reason: For a package any text, for a signer one of ``REASONS``.
    """

    date: int
    reason: str


class Revocations(NamedTuple):
    """One list.

    Attributes:
        id: Whose; a newer list of this id replaces an older one.
        number: Counts up.
        issued: [ns, UTC].
        expires: When a newer one is due [ns, UTC].
        packages: Package digest to entry.
        signers: Identity to entry.
    """

    id: str
    number: int
    issued: int
    expires: int
    packages: Mapping[str, Entry]
    signers: Mapping[Identity, Entry]

    @property
    def name(self) -> str:
        """For people: id and number."""
        return f"{self.id} {self.number}"


class Signed(NamedTuple):
    """A list as its file has it, its signature not verified yet.

    Attributes:
        revocations: What it says.
        bundle: The file.
        sha256: Of the payload.
    """

    revocations: Revocations
    bundle: bundle.Bundle
    sha256: str

    @property
    def path(self) -> str:
        """The bundle's name, by the key that it claims."""
        return f"{self.bundle.key_id}.sigstore.json"


def read_list(data: bytes, where: str) -> Signed:
    """The list in a file's bytes.

    Raises:
        SignatureError: It is not one.
    """
    one = bundle.read(data, where, PAYLOAD_TYPE)
    if not DIGEST.fullmatch(one.key_id):
        raise SignatureError("does not name the key that signed it", where=where, hint=_ASK, rule="TRV-P041")
    return Signed(parse_list(one.payload, where), one, canonical.sha256(one.payload))


def parse_list(payload: bytes, where: str) -> Revocations:
    """The list in a payload.

    Raises:
        SignatureError: It is not JSON within bounds, a key is unknown, missing or of the wrong type, or dates run
            backwards.
    """
    root = parse(payload, where, SignatureError, RULE)
    _only(root, "kind", "format", "id", "number", "issued", "expires", "packages", "signers")
    root["kind"].choice("revocations")
    root["format"].integer(0, FORMAT)
    found = Revocations(
        id=root["id"].text(ID, 64),
        number=root["number"].integer(1, HIGHEST),
        issued=_moment(root["issued"]),
        expires=_moment(root["expires"]),
        packages=_entries(root["packages"], _package),
        signers=_entries(root["signers"], _signer),
    )
    if found.expires <= found.issued:
        root["expires"].fail("is not after `issued`", _ASK)
    return found


def payload(revocations: Revocations) -> bytes:
    """A list as it is signed: canonical JSON."""
    packages = [{"digest": digest, **_told(entry)} for digest, entry in sorted(revocations.packages.items())]
    signers = sorted(revocations.signers.items(), key=lambda pair: (isinstance(pair[0], tuple), pair[0]))
    return canonical.dumps(
        {
            "kind": "revocations",
            "format": FORMAT,
            "id": revocations.id,
            "number": revocations.number,
            "issued": moment(revocations.issued),
            "expires": moment(revocations.expires),
            "packages": packages,
            "signers": [{**_named(identity), **_told(entry)} for identity, entry in signers],
        }
    )


def extended(
    old: Revocations,
    issued: int,
    expires: int,
    packages: Mapping[str, str] | None = None,
    signers: Mapping[Identity, str] | None = None,
) -> Revocations:
    """The next list of an id: all that the old one holds, and some more; the first of an id follows number 0.

    Args:
        old: The one before.
        issued: Now [ns, UTC].
        expires: When the next one is due [ns, UTC].
        packages: Package digest to reason.
        signers: Identity to reason.

    Raises:
        SignatureError: It would be no list: a reason is unknown, a date runs backwards, or it is too long.
    """
    more = {digest: Entry(issued, reason) for digest, reason in (packages or {}).items()}
    others = {identity: Entry(issued, reason) for identity, reason in (signers or {}).items()}
    found = Revocations(old.id, old.number + 1, issued, expires, {**more, **old.packages}, {**others, **old.signers})
    try:
        content = payload(found)
    except ValueError as error:
        message = "cannot be written: a text holds half a character, or a date is out of bounds"
        raise SignatureError(message, where=found.name, hint="correct the reason or the date", rule=RULE) from error
    return parse_list(content, found.name)


def message(revocations: Revocations) -> bytes:
    """The exact bytes that a signer of a list signs; an HSM can be given these."""
    return bundle.pae(payload(revocations), PAYLOAD_TYPE)


def payload_of(prepared: bytes, where: str) -> bytes:
    """The payload inside the bytes that ``message`` gave.

    Raises:
        SignatureError: They are not such bytes.
    """
    content = prepared.partition(b" {")[2]
    found = b"{" + content
    if bundle.pae(found, PAYLOAD_TYPE) != prepared:
        raise SignatureError("are not the bytes of a list", where=where, hint="give the file of --prepare", rule=RULE)
    return found


def sign_list(revocations: Revocations, key: PrivateKey, certificates: bytes = b"") -> bytes:
    """The file of a list.

    Args:
        revocations: The list.
        key: The signer's.
        certificates: PEM of its certificate and of that one's issuers, or empty for a bare key.

    Raises:
        SignatureError: The certificate is not this key's.
    """
    return attach_signature(payload(revocations), public_key(key), sign_bytes(key, message(revocations)), certificates)


def attach_signature(content: bytes, key: PublicKey, signature: bytes, certificates: bytes = b"") -> bytes:
    """The file of a list that was signed elsewhere.

    Args:
        content: The payload.
        key: The signer's.
        signature: As in ``sign.attach_signature``.
        certificates: As in ``sign_list``.

    Raises:
        SignatureError: The signature is not one by this key over this list.
    """
    parse_list(content, "the list")
    one = bundle_of(content, PAYLOAD_TYPE, key, plain_signature(key, signature), certificates)
    if not key.verifies(one.signature, one.message):
        text = Message("the signature is not one by {name} over this list", name=key.name)
        raise SignatureError(text, hint="sign the bytes that belong to this list", rule="TRV-P042")
    return bundle.write(one)


def moment(time: int) -> str:
    """A time [ns, UTC] in RFC 3339, to the second."""
    return datetime.fromtimestamp(time // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_of(text: str) -> int:
    """The time [ns, UTC] that ``moment`` wrote.

    Raises:
        ValueError: There is no such day or hour.
    """
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()) * SECOND


def _moment(node: Node) -> int:
    text = node.text(MOMENT)
    try:
        return time_of(text)
    except ValueError:
        node.fail(Message("{text} is no moment", text=text), _ASK)


def _entries(node: Node, read: Any) -> dict[Any, Entry]:
    items = node.items(MOST)
    found = dict(map(read, items))
    if len(found) != len(items):
        node.fail("names something twice", _ASK)
    return found


def _package(node: Node) -> tuple[str, Entry]:
    _only(node, "digest", "date", "reason")
    return node["digest"].text(DIGEST), Entry(_moment(node["date"]), node["reason"].text(most=512))


def _signer(node: Node) -> tuple[Identity, Entry]:
    entry = Entry(_moment(node["date"]), node["reason"].choice(*REASONS))
    if node.get("key") is not None:
        _only(node, "key", "date", "reason")
        return node["key"].text(DIGEST), entry
    _only(node, "root", "subject", "date", "reason")
    return (node["root"].text(DIGEST), node["subject"].text(most=512)), entry


def _told(entry: Entry) -> dict[str, str]:
    return {"date": moment(entry.date), "reason": entry.reason}


def _named(identity: Identity) -> dict[str, str]:
    return {"key": identity} if isinstance(identity, str) else {"root": identity[0], "subject": identity[1]}


def _only(node: Node, *keys: str) -> None:
    """Refuses other keys: what a list wants and this version does not know must not be passed over."""
    if unknown := sorted(set(node.object()) - set(keys)):
        node.fail(
            Message("has the unknown key {key!a}", key=unknown[0][:80]),
            "install a newer trivet, or ask for a list of format 1",
        )


_ASK = "ask the list's issuer for it again"
