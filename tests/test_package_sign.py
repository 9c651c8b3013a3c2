"""Keys, statements, envelopes and bundles."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import certkit as ck
import tinypackage as tiny
from trivet import canonical
from trivet.errors import SignatureError
from trivet.package import archive, bundle, keys, sign


def _bundle(data: bytes) -> dict[str, Any]:
    (content,) = archive.read(data).signatures.values()
    found: dict[str, Any] = json.loads(content)
    return found


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_a_signature_verifies_with_its_key_only(algorithm: str) -> None:
    key, other = keys.generate(algorithm), keys.generate(algorithm)
    package = archive.read(sign.sign(tiny.package(), key))
    described = keys.public_key(key)
    assert sign.verify(package, [keys.public_key(other), described]) == (sign.Signer(described.name, described.id),)
    assert sign.verify(package, [keys.public_key(other)]) == ()
    assert described.name.startswith(f"{algorithm}:")
    assert sign.key_ids(package) == (described.id,)


def test_signing_again_replaces_and_another_key_adds() -> None:
    oem, plant = keys.generate(), keys.generate("ed25519")
    data = sign.sign(sign.sign(sign.sign(tiny.package(), oem), plant), oem)
    package = archive.read(data)
    assert len(package.signatures) == 2
    assert package.digest == archive.read(tiny.package()).digest
    signers = sign.verify(package, [keys.public_key(oem), keys.public_key(plant), keys.public_key(oem)])
    assert {signer.key_id for signer in signers} == {keys.public_key(oem).id, keys.public_key(plant).id}
    assert len(signers) == 2


def test_the_statement_covers_every_member() -> None:
    package = archive.read(tiny.package())
    statement = json.loads(bundle.statement(package))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://model_signing/signature/v1.0"
    resources = statement["predicate"]["resources"]
    names = [item["name"] for item in resources]
    assert names == sorted([*package.members, "manifest.json", "mimetype"])
    assert {i["name"]: i["digest"] for i in resources}["manifest.json"] == package.digest
    raw = b"".join(bytes.fromhex(item["digest"]) for item in resources)
    assert statement["subject"] == [{"name": "kettle-watch-0.1.0", "digest": {"sha256": canonical.sha256(raw)}}]
    assert statement["predicate"]["serialization"] == {
        "method": "files",
        "hash_type": "sha256",
        "allow_symlinks": False,
        "ignore_paths": [],
    }


def test_the_bundle_is_a_sigstore_bundle_around_a_dsse_envelope() -> None:
    key = keys.generate()
    found = _bundle(sign.sign(tiny.package(), key))
    assert found["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    pem = keys.public_key(key).pem
    assert found["verificationMaterial"]["publicKey"]["hint"] == canonical.sha256(pem)
    assert found["dsseEnvelope"]["payloadType"] == "application/vnd.in-toto+json"


def test_the_encoding_is_that_of_the_dsse_specification() -> None:
    assert bundle.pae(b"hello world") == b"DSSEv1 28 application/vnd.in-toto+json 11 hello world"


def test_ecdsa_and_hash_are_checked_by_the_library_itself() -> None:
    """Verifies one bundle step by step, without this project's code."""
    key = keys.generate("p384")
    envelope = _bundle(sign.sign(tiny.package(), key))["dsseEnvelope"]
    payload = base64.b64decode(envelope["payload"])
    message = b"DSSEv1 28 application/vnd.in-toto+json " + str(len(payload)).encode() + b" " + payload
    (signature,) = envelope["signatures"]
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    raw = base64.b64decode(signature["sig"])
    key.public_key().verify(raw, message, ec.ECDSA(hashes.SHA384()))


def test_a_signature_made_elsewhere_is_attached_when_it_is_right() -> None:
    key, data = keys.generate("ed25519"), tiny.package()
    message = sign.message(archive.read(data))
    raw = keys.sign_bytes(key, message)
    assert sign.attach_signature(data, keys.public_key(key), raw) == sign.sign(data, key)
    with pytest.raises(SignatureError, match="not one by"):
        sign.attach_signature(tiny.package(version="0.2.0"), keys.public_key(key), raw)


def test_bundles_of_the_official_tool_are_read() -> None:
    """Its statements sort by path parts, carry ignored paths and no key id."""
    key, package = keys.generate(), archive.read(tiny.package())
    statement = json.loads(bundle.statement(package))
    resources = statement["predicate"]["resources"][::-1]
    raw = b"".join(bytes.fromhex(item["digest"]) for item in resources)
    statement["predicate"]["resources"] = resources
    statement["predicate"]["serialization"]["ignore_paths"] = [".git", ".gitignore", "../oem.sig"]
    statement["subject"] = [{"name": "package", "digest": {"sha256": canonical.sha256(raw)}}]
    path, content = tiny.signed(package.data, key, json.dumps(statement).encode())
    tree = json.loads(content)
    tree["dsseEnvelope"]["signatures"][0]["keyid"] = ""
    tree["verificationMaterial"]["tlogEntries"] = []
    data = archive.attach(package.data, path, json.dumps(tree, indent=1).encode())
    assert len(sign.verify(archive.read(data), [keys.public_key(key)])) == 1


@pytest.mark.parametrize("password", [None, b"open sesame"])
@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_keys_are_written_for_their_owner_only(algorithm: str, password: bytes | None, tmp_path: Path) -> None:
    key = keys.generate(algorithm)
    public = keys.write_key(tmp_path / "oem", key, password)
    assert (tmp_path / "oem").stat().st_mode & 0o777 == 0o600
    assert keys.read_public_key(public)[:4] == keys.public_key(key)[:4]
    again = keys.read_private_key(tmp_path / "oem", password)
    assert keys.public_key(again).id == keys.public_key(key).id
    with pytest.raises(SignatureError, match="cannot be written"):
        keys.write_key(tmp_path / "oem", key)


def test_the_password_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.write_key(tmp_path / "oem", keys.generate(), b"secret")
    with pytest.raises(SignatureError, match="is encrypted") as caught:
        keys.read_private_key(tmp_path / "oem")
    assert "TRIVET_KEY_PASSWORD" in caught.value.hint
    monkeypatch.setenv("TRIVET_KEY_PASSWORD", "wrong")
    with pytest.raises(SignatureError, match="password is wrong"):
        keys.read_private_key(tmp_path / "oem")
    monkeypatch.setenv("TRIVET_KEY_PASSWORD", "secret")
    assert keys.read_private_key(tmp_path / "oem")


def test_keys_that_openssl_writes_are_read() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PrivateFormat.TraditionalOpenSSL
    pem = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    assert keys.public_key(keys.parse_private_key(pem)).algorithm == "p256"


def test_other_keys_are_refused() -> None:
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    for other in (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP521R1())):
        with pytest.raises(SignatureError) as caught:
            keys.parse_public_key(other.public_key().public_bytes(serialization.Encoding.PEM, spki))
        assert caught.value.rule == "TRV-P044"
    with pytest.raises(SignatureError, match="private key"):
        keys.parse_public_key(keys.private_pem(keys.generate()))
    broken = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"
    for text in (b"", b"-----BEGIN PUBLIC KEY-----\n", bytes(300), broken):
        with pytest.raises(SignatureError):
            keys.parse_public_key(text)
        with pytest.raises(SignatureError):
            keys.parse_private_key(text)
    with pytest.raises(ValueError, match="none of"):
        keys.generate("rsa")


def test_sign_refuses_what_verify_would() -> None:
    issuer = ck.authority("Issuer")
    own, other = ck.issue(issuer, ck.Wish()), ck.issue(issuer, ck.Wish(name="Somebody else"))
    private, stranger = own.key, ck.key("stranger")
    for rule, key, chain in (
        ("TRV-P090", stranger, own.pem + issuer.pem),
        ("TRV-P093", private, own.pem + other.pem),
        ("TRV-P090", private, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ("TRV-P090", private, keys.public_key(stranger).pem),
        ("TRV-P090", private, issuer.pem * 9),
    ):
        with pytest.raises(SignatureError) as caught:
            sign.sign(tiny.package(), key, chain)  # type: ignore[arg-type]
        assert caught.value.rule == rule
