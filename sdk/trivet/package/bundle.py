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
from trivet.errors import Message, SignatureError
from trivet.package.archive import Package
from trivet.package.tree import Node, parse

BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://model_signing/signature/v1.0"

MOST_CHAIN = 8
MOST_TIMESTAMPS = 4


class Bundle(NamedTuple):
    """One signature over a statement, not verified yet.

    Attributes:
        hint: SHA-256 of the signer's PEM public key; empty where certificates say whose it is.
        key_id: SHA-256 of its DER form, or empty when other software made the bundle.
        payload: The statement's bytes.
        signature: Over ``pae(payload)``.
        certificates: The signer's certificate and its issuers, in DER; empty where a key is named.
        timestamps: RFC 3161 responses over ``signature``, in DER.
        kind: Type of the payload, which is signed along with it.
    """

    hint: str
    key_id: str
    payload: bytes
    signature: bytes
    certificates: tuple[bytes, ...] = ()
    timestamps: tuple[bytes, ...] = ()
    kind: str = PAYLOAD_TYPE

    @property
    def message(self) -> bytes:
        """The exact bytes that were signed."""
        return pae(self.payload, self.kind)


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


def pae(payload: bytes, kind: str = PAYLOAD_TYPE) -> bytes:
    """What is signed: DSSE's pre-authentication encoding of a payload and its type."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)


def envelope(payload: bytes, kind: str = PAYLOAD_TYPE) -> dict[str, object]:
    """The DSSE envelope of a payload, not signed yet."""
    return {"payload": _encoded(payload), "payloadType": kind, "signatures": []}


def write(bundle: Bundle) -> bytes:
    """The bundle's JSON."""
    return canonical.dumps(
        {
            "mediaType": BUNDLE_TYPE,
            "verificationMaterial": _material(bundle),
            "dsseEnvelope": {
                **envelope(bundle.payload, bundle.kind),
                "signatures": [{"sig": _encoded(bundle.signature), "keyid": bundle.key_id}],
            },
        }
    )


def read(data: bytes, file: str, kind: str = PAYLOAD_TYPE) -> Bundle:
    """The bundle in a JSON text, around a payload of one type.

    Raises:
        SignatureError: It is not a Sigstore 0.3 bundle around one DSSE signature by a key or a certificate.
    """
    root = parse(data, file, SignatureError, "TRV-P041")
    root["mediaType"].choice(BUNDLE_TYPE)
    envelope, material = root["dsseEnvelope"], root["verificationMaterial"]
    envelope["payloadType"].choice(kind)
    (signature,) = envelope["signatures"].items(1, 1)
    key_id, public = signature.get("keyid"), material.get("publicKey")
    found = _certificates(material)
    if (public is None) == (not found):
        material.fail("must have either a publicKey or certificates")
    return Bundle(
        hint=public["hint"].text(most=64) if public is not None else "",
        key_id=key_id.text(most=64) if key_id is not None else "",
        payload=_decoded(envelope["payload"]),
        signature=_decoded(signature["sig"]),
        certificates=found,
        timestamps=_timestamps(material),
        kind=kind,
    )


def _material(bundle: Bundle) -> dict[str, object]:
    """How to verify; a chain and not the one ``certificate``, since model-signing reads only that."""
    material: dict[str, object] = {"publicKey": {"hint": bundle.hint}}
    if bundle.certificates:
        chain = [{"rawBytes": _encoded(data)} for data in bundle.certificates]
        material = {"x509CertificateChain": {"certificates": chain}}
    if bundle.timestamps:
        stamps = [{"signedTimestamp": _encoded(data)} for data in bundle.timestamps]
        material["timestampVerificationData"] = {"rfc3161Timestamps": stamps}
    return material


def _certificates(material: Node) -> tuple[bytes, ...]:
    """One certificate or a chain of them, the signer's first; nothing where there is neither."""
    one, chain = material.get("certificate"), material.get("x509CertificateChain")
    if one is not None and chain is not None:
        material.fail("has certificates twice")
    if one is not None:
        return (_something(one["rawBytes"]),)
    return () if chain is None else tuple(_something(n["rawBytes"]) for n in chain["certificates"].items(MOST_CHAIN, 1))


def _timestamps(material: Node) -> tuple[bytes, ...]:
    data = material.get("timestampVerificationData")
    found = data.get("rfc3161Timestamps") if data is not None else None
    nodes = found.items(MOST_TIMESTAMPS) if found is not None else []
    return tuple(_something(node["signedTimestamp"]) for node in nodes)


def _something(node: Node) -> bytes:
    return _decoded(node) or node.fail("is empty")


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
        return Message("{different} is not covered by the signature", different=different[0])
    if different[0] in actual:
        template = "the signature is about another package: its {different!a} is another one"
    else:
        template = "the signature is about another package: its {different!a} is not in the package"
    return Message(template, different=different[0][:80])


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(node: Node) -> bytes:
    text = node.text(most=1 << 20)
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        node.fail("is not base64")
    if base64.b64encode(data).decode() != text:
        node.fail("is not base64 in its one exact form")
    return data
