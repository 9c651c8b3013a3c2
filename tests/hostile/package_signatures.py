"""Hostile signatures: stripped, mixed up, edited, about something else, or made by somebody else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import tinypackage as tiny
from hostile.package_cases import Case, Keys
from trivet import canonical
from trivet.package import archive, bundle, keys, sign
from trivet.package.keys import PrivateKey

Tree = dict[str, Any]


def _package() -> bytes:
    return tiny.package()


def _signed(stored: Keys) -> bytes:
    return sign.sign(_package(), stored.oem)


def _attached(entry: tuple[str, bytes], data: bytes | None = None) -> bytes:
    return archive.attach(data or _package(), *entry)


def _bundle(stored: Keys) -> tuple[str, Tree]:
    """Name and tree of the trusted bundle."""
    ((path, content),) = archive.read(_signed(stored)).signatures.items()
    return path, json.loads(content)


def _edited(name: str, rule: str, change: Callable[[Tree], object], unsigned: bool = True) -> Case:
    """A case whose trusted bundle was edited."""

    def build(stored: Keys) -> bytes:
        path, tree = _bundle(stored)
        change(tree)
        return _attached((path, canonical.dumps(tree)))

    return Case(name, rule, build, unsigned)


def _rewritten(name: str, change: Callable[[bytes], bytes]) -> Case:
    """A case whose trusted bundle's text was edited."""

    def build(stored: Keys) -> bytes:
        ((path, content),) = archive.read(_signed(stored)).signatures.items()
        return _attached((path, change(content)))

    return Case(name, "TRV-P041", build)


def _about(name: str, change: Callable[[Tree], object]) -> Case:
    """A case in which a trusted key signs a statement that was edited before."""

    def build(stored: Keys) -> bytes:
        tree = json.loads(bundle.statement(archive.read(_package())))
        change(tree)
        return _attached(tiny.signed(_package(), stored.oem, canonical.dumps(tree)))

    return Case(name, "TRV-P043", build)


def _resources(change: Callable[[list[Tree]], object]) -> Callable[[Tree], None]:
    """Edits the list of resources, and makes the subject's digest fit."""

    def edit(tree: Tree) -> None:
        change(tree["predicate"]["resources"])
        raw = b"".join(bytes.fromhex(item["digest"]) for item in tree["predicate"]["resources"])
        tree["subject"][0]["digest"]["sha256"] = canonical.sha256(raw)

    return edit


def _without(name: str) -> Callable[[Tree], None]:
    """Leaves one resource out."""

    def edit(items: list[Tree]) -> None:
        items[:] = [item for item in items if item["name"] != name]

    return _resources(edit)


def _set(*way: str | int, value: Any) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        node: Any = tree
        for key in way[:-1]:
            node = node[key]
        node[way[-1]] = value

    return edit


def _drop(*way: str | int) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        node: Any = tree
        for key in way[:-1]:
            node = node[key]
        del node[way[-1]]

    return edit


def _flip(tree: Tree) -> None:
    signature = tree["dsseEnvelope"]["signatures"][0]
    raw = bytearray(base64.b64decode(signature["sig"]))
    raw[-1] ^= 1
    signature["sig"] = base64.b64encode(raw).decode()


def _payload(change: Callable[[bytes], bytes]) -> Callable[[Tree], None]:
    def edit(tree: Tree) -> None:
        envelope = tree["dsseEnvelope"]
        envelope["payload"] = base64.b64encode(change(base64.b64decode(envelope["payload"]))).decode()

    return edit


def _of_another(stored: Keys) -> bytes:
    """A good signature by a trusted key, taken from another version of the package."""
    other = archive.read(sign.sign(tiny.package(version="0.0.9"), stored.oem))
    ((path, content),) = other.signatures.items()
    return _attached((path, content))


def _after_editing(stored: Keys) -> bytes:
    """The manifest gets one more key after signing."""
    return tiny.edited({"note": "trust me"}, data=_signed(stored))


def _after_swapping(stored: Keys) -> bytes:
    """Another member, with its digest recomputed in the manifest, under the old signature."""
    changed = tiny.members() | {"features.json": b'[{"op":"x"}]'}
    data = archive.write(tiny.tree(), changed)
    return archive.attach(data, *next(iter(archive.read(_signed(stored)).signatures.items())))


def _renamed(stored: Keys) -> bytes:
    """The trusted bundle under the name of a stranger's key."""
    _, tree = _bundle(stored)
    other = keys.public_key(stored.stranger).id
    return _attached((f"META-INF/signatures/{other}.sigstore.json", canonical.dumps(tree)))


def _borrowed(stored: Keys, borrowed: str) -> bytes:
    """A stranger's bundle that claims a trusted key, by name or by hint."""
    path, content = tiny.signed(_package(), stored.stranger, bundle.statement(archive.read(_package())))
    trusted, tree = keys.public_key(stored.oem), json.loads(content)
    if borrowed == "name":
        path = f"META-INF/signatures/{trusted.id}.sigstore.json"
        tree["dsseEnvelope"]["signatures"][0]["keyid"] = ""
    else:
        tree["verificationMaterial"]["publicKey"]["hint"] = trusted.hint
    return _attached((path, canonical.dumps(tree)))


def _forged(stored: Keys) -> bytes:
    """A stranger's signature in a bundle that is a trusted key's in every other way."""
    path, tree = _bundle(stored)
    message = bundle.pae(bundle.statement(archive.read(_package())))
    raw = keys.sign_bytes(stored.stranger, message)
    tree["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(raw).decode()
    return _attached((path, canonical.dumps(tree)))


def _one_of_two_broken(stored: Keys) -> bytes:
    path, tree = _bundle(stored)
    _flip(tree)
    return _attached((path, canonical.dumps(tree)), sign.sign(_package(), stored.plant))


def _over_payload_alone(stored: Keys) -> bytes:
    """A signature without DSSE's encoding around the payload."""
    path, tree = _bundle(stored)
    payload = base64.b64decode(tree["dsseEnvelope"]["payload"])
    tree["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(keys.sign_bytes(stored.oem, payload)).decode()
    return _attached((path, canonical.dumps(tree)))


def _only(key: Callable[[Keys], PrivateKey]) -> Callable[[Keys], bytes]:
    return lambda stored: sign.sign(_package(), key(stored))


SIGNATURE = ("dsseEnvelope", "signatures", 0)
BUNDLES: list[Case] = [
    _rewritten("bundle-empty", lambda _: b""),
    _rewritten("bundle-array", lambda _: b"[]"),
    _rewritten("bundle-binary", lambda _: bytes(range(256))),
    _rewritten("bundle-cut", lambda text: text[:-1]),
    _rewritten("bundle-deep", lambda _: b"[" * 100_000),
    _rewritten("bundle-duplicate-key", lambda text: text[:-1] + b',"mediaType":"x"}'),
    _rewritten("bundle-trailing", lambda text: text + b"{}"),
    _rewritten("bundle-pem", lambda _: b"-----BEGIN PGP SIGNATURE-----\n"),
    _edited(
        "bundle-media-type", "TRV-P041", _set("mediaType", value="application/vnd.dev.sigstore.bundle+json;version=0.1")
    ),
    _edited("bundle-no-material", "TRV-P041", _drop("verificationMaterial")),
    _edited("bundle-certificate", "TRV-P041", _set("verificationMaterial", value={"certificate": {"rawBytes": ""}})),
    _edited("bundle-message-signature", "TRV-P041", _drop("dsseEnvelope")),
    _edited("bundle-hint-number", "TRV-P041", _set("verificationMaterial", "publicKey", "hint", value=7)),
    _edited("envelope-payload-type", "TRV-P041", _set("dsseEnvelope", "payloadType", value="text/plain")),
    _edited("envelope-no-signature", "TRV-P041", _set("dsseEnvelope", "signatures", value=[])),
    _edited(
        "envelope-two-signatures",
        "TRV-P041",
        lambda tree: tree["dsseEnvelope"]["signatures"].append(tree["dsseEnvelope"]["signatures"][0]),
    ),
    _edited("envelope-not-base64", "TRV-P041", _set(*SIGNATURE, "sig", value="%%%")),
    _edited(
        "envelope-base64-newline",
        "TRV-P041",
        lambda tree: tree["dsseEnvelope"].update(payload=tree["dsseEnvelope"]["payload"] + "\n"),
    ),
    _edited(
        "envelope-base64-padding",
        "TRV-P041",
        lambda tree: tree["dsseEnvelope"].update(payload=tree["dsseEnvelope"]["payload"].rstrip("=") + "==="),
    ),
    _edited("envelope-payload-missing", "TRV-P041", _drop("dsseEnvelope", "payload")),
    _edited("envelope-key-id-other", "TRV-P041", _set(*SIGNATURE, "keyid", value="0" * 64)),
    _edited("hint-other", "TRV-P041", _set("verificationMaterial", "publicKey", "hint", value="0" * 64)),
    _edited("signature-flipped", "TRV-P042", _flip),
    _edited("signature-empty", "TRV-P042", _set(*SIGNATURE, "sig", value="")),
    _edited("signature-zeros", "TRV-P042", _set(*SIGNATURE, "sig", value=base64.b64encode(bytes(72)).decode())),
    _edited(
        "signature-der-zero",
        "TRV-P042",
        _set(*SIGNATURE, "sig", value=base64.b64encode(b"\x30\x06\x02\x01\0\x02\x01\0").decode()),
    ),
    _edited(
        "payload-other-subject-name",
        "TRV-P042",
        _payload(lambda text: text.replace(b"kettle-watch-0.1.0", b"kettle-watch-0.1.1")),
    ),
    _edited("payload-space", "TRV-P042", _payload(lambda text: text + b" ")),
    _edited("payload-empty", "TRV-P043", _payload(lambda _: b"")),
    _edited("payload-null", "TRV-P043", _payload(lambda _: b"null")),
    _edited("payload-other-digest", "TRV-P043", _payload(lambda text: text.replace(b'"digest":"', b'"digest":"0', 1))),
]

STATEMENTS: list[Case] = [
    _about("statement-type", _set("_type", value="https://in-toto.io/Statement/v0.1")),
    _about("statement-predicate-type", _set("predicateType", value="https://slsa.dev/provenance/v1")),
    _about("statement-no-predicate", _drop("predicate")),
    _about("statement-method", _set("predicate", "serialization", "method", value="shards")),
    _about("statement-hash-type", _set("predicate", "serialization", "hash_type", value="blake3")),
    _about("statement-no-subject", _set("subject", value=[])),
    _about("statement-two-subjects", lambda tree: tree["subject"].append(tree["subject"][0])),
    _about("statement-subject-digest", _set("subject", 0, "digest", "sha256", value="0" * 64)),
    _about("statement-no-resources", _resources(list.clear)),
    _about("statement-without-model", _without("model.onnx")),
    _about("statement-without-manifest", _without("manifest.json")),
    _about("statement-without-mimetype", _without("mimetype")),
    _about(
        "statement-extra-resource",
        _resources(lambda items: items.append({"name": "x.so", "digest": "0" * 64, "algorithm": "sha256"})),
    ),
    _about("statement-resource-twice", _resources(lambda items: items.append(items[0]))),
    _about("statement-resource-digest", _resources(lambda items: items[0].update(digest="0" * 64))),
    _about("statement-resource-algorithm", _set("predicate", "resources", 0, "algorithm", value="sha512")),
    _about("statement-digest-upper-case", _set("predicate", "resources", 0, "digest", value="AB" * 32)),
    _about("statement-resource-path", _set("predicate", "resources", 0, "name", value="./evidence/data.json")),
]

SIGNERS: list[Case] = [
    Case("unsigned", "TRV-P040", lambda _: _package(), unsigned=False),
    Case("signature-stripped", "TRV-P040", lambda _: tiny.zip_of(tiny.entries(_package())), unsigned=False),
    Case("stranger", "TRV-P046", _only(lambda stored: stored.stranger), unsigned=False),
    Case("stranger-ed25519", "TRV-P046", lambda _: sign.sign(_package(), keys.generate("ed25519")), unsigned=False),
    Case("signature-of-another-package", "TRV-P043", _of_another),
    Case("manifest-edited-after-signing", "TRV-P043", _after_editing),
    Case("member-swapped-after-signing", "TRV-P043", _after_swapping),
    Case("bundle-renamed", "TRV-P041", _renamed),
    Case("stranger-with-trusted-name", "TRV-P041", lambda stored: _borrowed(stored, "name")),
    Case("stranger-with-trusted-hint", "TRV-P041", lambda stored: _borrowed(stored, "hint")),
    Case("forged", "TRV-P042", _forged),
    Case("one-of-two-broken", "TRV-P042", _one_of_two_broken),
    Case("signed-without-encoding", "TRV-P042", _over_payload_alone),
]

CASES: list[Case] = [*BUNDLES, *STATEMENTS, *SIGNERS]
