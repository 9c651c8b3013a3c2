"""The signed text and its wrapping: in-toto statement, DSSE envelope, Sigstore bundle.

The statement carries OpenSSF model-signing's predicate, so that its command line
accepts an unpacked package (in-toto Statement v1; DSSE 1.0, protocol.md; Sigstore
bundle 0.3 as protobuf JSON). Nothing here needs a key.
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

from trivet import canonical
from trivet.errors import SignatureError
from trivet.package.archive import Package
from trivet.package.tree import Node, parse

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"


class Bundle(NamedTuple):
    """One signature over a statement, not verified yet.

    Attributes:
        hint: SHA-256 of the signer's PEM public key.
        key_id: SHA-256 of its DER form, or empty when other software made the bundle.
        payload: The statement's bytes.
        signature: Over ``pae(payload)``.
    """

    hint: str
    key_id: str
    payload: bytes
    signature: bytes


def statement(package: Package) -> bytes:
    """The in-toto statement about a package, in canonical form."""
    resources = package.resources
    items = [{"name": name, "digest": digest, "algorithm": "sha256"} for name, digest in resources.items()]
    subject = f"{package.manifest.name}-{package.manifest.version}"
    how = {"method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": []}
    return canonical.dumps(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": subject, "digest": {"sha256": _over(list(resources.values()))}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {"serialization": how, "resources": items},
        }
    )


def pae(payload: bytes) -> bytes:
    """What is signed: DSSE's pre-authentication encoding of a statement."""
    return b"DSSEv1 %d %s %d %s" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)


def write(bundle: Bundle) -> bytes:
    """The bundle's JSON."""
    text = {"payload": bundle.payload, "sig": bundle.signature}
    encoded = {name: base64.b64encode(data).decode() for name, data in text.items()}
    return canonical.dumps(
        {
            "mediaType": BUNDLE_TYPE,
            "verificationMaterial": {"publicKey": {"hint": bundle.hint}},
            "dsseEnvelope": {
                "payload": encoded["payload"],
                "payloadType": PAYLOAD_TYPE,
                "signatures": [{"sig": encoded["sig"], "keyid": bundle.key_id}],
            },
        }
    )


def read(data: bytes, file: str) -> Bundle:
    """The bundle in a JSON text.

    Raises:
        SignatureError: It is not a Sigstore 0.3 bundle around one DSSE signature made with a key.
    """
    root = parse(data, file, SignatureError, "TRV-P041")
    root["mediaType"].choice(BUNDLE_TYPE)
    envelope = root["dsseEnvelope"]
    envelope["payloadType"].choice(PAYLOAD_TYPE)
    (signature,) = envelope["signatures"].items(1, 1)
    key_id = signature.get("keyid")
    return Bundle(
        hint=root["verificationMaterial"]["publicKey"]["hint"].text(most=64),
        key_id=key_id.text(most=64) if key_id is not None else "",
        payload=_decoded(envelope["payload"]),
        signature=_decoded(signature["sig"]),
    )


def check_statement(payload: bytes, package: Package, file: str) -> None:
    """Checks that a statement is about this package: the same members with the same digests, all of them.

    Raises:
        SignatureError: It is not.
    """
    root = parse(payload, file, SignatureError, "TRV-P043")
    root["_type"].choice(STATEMENT_TYPE)
    root["predicateType"].choice(PREDICATE_TYPE)
    how = root["predicate"]["serialization"]
    how["method"].choice("files")
    how["hash_type"].choice("sha256")
    listed = [_resource(node) for node in root["predicate"]["resources"].items(4096)]
    if len(listed) != len(package.resources) or dict(listed) != package.resources:
        root["predicate"]["resources"].fail(_difference(dict(listed), package.resources))
    (subject,) = root["subject"].items(1, 1)
    subject["digest"]["sha256"].choice(_over([digest for _, digest in listed]))


def _resource(node: Node) -> tuple[str, str]:
    node["algorithm"].choice("sha256")
    return node["name"].text(), node["digest"].text(most=64)


def _over(digests: list[str]) -> str:
    return canonical.sha256(b"".join(map(bytes.fromhex, digests)))


def _difference(listed: dict[str, str], actual: dict[str, str]) -> str:
    """A sentence on the first member, by name, on which statement and package differ."""
    different = sorted(name for name in {*listed, *actual} if listed.get(name) != actual.get(name))
    if not different:
        return "a member is listed twice"
    if different[0] not in listed:
        return f"{different[0]} is not covered by the signature"
    state = "is another one" if different[0] in actual else "is not in the package"
    return f"the signature is about another package: its {different[0][:80]!a} {state}"


def _decoded(node: Node) -> bytes:
    text = node.text(most=1 << 20)
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        node.fail("is not base64")
    if base64.b64encode(data).decode() != text:
        node.fail("is not base64 in its one exact form")
    return data
