"""Certificates: who is admitted by one, and everything that must not be."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

import certkit as ck
import tinypackage as tiny
from trivet.errors import SignatureError
from trivet.package import archive, bundle, certificates, keys, sign
from trivet.package.admit import admit
from trivet.package.trust import Trust

ROOT = ck.authority()
ISSUER = ck.authority("Issuer", ROOT, length=0)
FIRMWARE = ck.issue(ISSUER, ck.Wish())
Case = tuple[bytes, Trust]


def _admit(data: bytes, trust: Trust, when: Any = ck.NOW) -> Any:
    return admit(data, trust, clock=ck.clock(when))


@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
@pytest.mark.parametrize("with_root", [False, True])
def test_a_certificate_signs_and_names_its_holder(algorithm: str, with_root: bool) -> None:
    mail = x509.RFC822Name("firmware@example.com")
    own = ck.issue(ISSUER, ck.Wish(key=ck.key("own", algorithm), others=(mail,)))
    data = ck.signed(tiny.package(), own, ISSUER, *([ROOT] if with_root else []))
    verified = _admit(data, ck.pinned(ROOT))
    (signer,) = verified.signers
    assert signer.certificate == certificates.Identity(
        "CN=Firmware,O=Example", ("email:firmware@example.com",), ROOT.print, (own.print, ISSUER.print, ROOT.print)
    )
    assert verified.signer == f"CN=Firmware,O=Example (root {ROOT.print[:16]})"
    assert signer.key_id == keys.public_key(ck.key("own", algorithm)).id
    assert verified.package.digest == archive.read(tiny.package()).digest


def test_the_bundle_carries_the_chain_without_the_root() -> None:
    ((_, content),) = archive.read(ck.signed(tiny.package(), FIRMWARE, ISSUER, ROOT)).signatures.items()
    material = json.loads(content)["verificationMaterial"]
    chain = [base64.b64decode(one["rawBytes"]) for one in material["x509CertificateChain"]["certificates"]]
    assert chain == [FIRMWARE.der, ISSUER.der]
    assert "publicKey" not in material


def test_one_certificate_alone_is_read_as_well() -> None:
    own = ck.issue(ROOT, ck.Wish())
    ((path, content),) = archive.read(ck.signed(tiny.package(), own)).signatures.items()
    tree = json.loads(content)
    tree["verificationMaterial"] = {"certificate": {"rawBytes": base64.b64encode(own.der).decode()}}
    data = archive.attach(tiny.package(), path, json.dumps(tree).encode())
    assert _admit(data, ck.pinned(ROOT)).signers


@pytest.mark.parametrize("algorithm", ["rsa", "p256", "p384", "p521", "ed25519"])
def test_authorities_may_have_other_keys(algorithm: str) -> None:
    root = ck.authority("Other", key=ck.key("other", algorithm))
    assert _admit(ck.signed(tiny.package(), ck.issue(root, ck.Wish())), ck.pinned(root)).signers


def test_an_intermediate_can_be_pinned_itself() -> None:
    assert (
        _admit(ck.signed(tiny.package(), FIRMWARE, ISSUER), ck.pinned(ISSUER)).signers[0].certificate.root
        == ISSUER.print
    )


def test_a_certificate_of_a_key_that_is_trusted_itself_needs_no_root() -> None:
    public = keys.public_key(FIRMWARE.key)  # type: ignore[arg-type]
    data = ck.signed(tiny.package(), FIRMWARE, ISSUER)
    verified = _admit(data, Trust((public,)), ck.NOW + timedelta(days=9999))
    assert verified.signer == public.name
    assert verified.signers[0].certificate is None
    verified = _admit(data, ck.pinned(ROOT, keys=(public,)))
    assert verified.signer == public.name
    assert verified.signers[0].identities == (public.id, (ROOT.print, "CN=Firmware,O=Example"))


def test_countersignatures_stand_each_for_itself() -> None:
    """An OEM's certificate, a plant's key and a laboratory's; each may come first, none changes what is signed."""
    plant, lab = ck.key("plant", "ed25519"), ck.issue(ROOT, ck.Wish(name="Lab"))
    steps: list[Callable[[bytes], bytes]] = [
        lambda data: ck.signed(data, FIRMWARE, ISSUER),
        lambda data: sign.sign(data, plant),
        lambda data: ck.signed(data, lab),
    ]
    seen = set()
    for first in range(3):
        data = tiny.package()
        for step in steps[first:] + steps[:first]:
            before = archive.read(data)
            data = step(data)
            after = archive.read(data)
            assert bundle.statement(after) == bundle.statement(before)
            assert all(after.signatures[path] == content for path, content in before.signatures.items())
        trust = ck.pinned(ROOT, keys=(keys.public_key(plant),))
        signers = _admit(data, trust).signers
        assert len(signers) == 3
        seen.add(frozenset(signer.name for signer in signers))
    assert len(seen) == 1


def test_an_expired_countersignature_does_not_count_and_does_no_harm() -> None:
    old = ck.issue(ROOT, ck.Wish(name="Old", end=ck.NOW - timedelta(days=1)))
    verified = _admit(ck.signed(ck.signed(tiny.package(), FIRMWARE, ISSUER), old), ck.pinned(ROOT))
    assert [signer.certificate.subject for signer in verified.signers] == ["CN=Firmware,O=Example"]
    assert [doubt.rule for doubt in verified.doubts] == ["TRV-P092"]


def _chain(*chain: ck.Held, trust: Trust | None = None) -> Case:
    """A package whose bundle has a chain that ``sign`` itself would not write."""
    private = chain[0].key
    described = keys.public_key(private)  # type: ignore[arg-type]
    statement = bundle.statement(archive.read(tiny.package()))
    signature = keys.sign_bytes(private, bundle.pae(statement))  # type: ignore[arg-type]
    content = bundle.write(bundle.Bundle("", described.id, statement, signature, tuple(one.der for one in chain)))
    path = f"META-INF/signatures/{described.id}.sigstore.json"
    return archive.attach(tiny.package(), path, content), trust or ck.pinned(ROOT)


def _leaf(**changes: Any) -> Callable[[], Case]:
    return lambda: _chain(ck.issue(ISSUER, ck.Wish(**changes)), ISSUER)


def _issuer(wish: dict[str, Any]) -> Callable[[], Case]:
    def build() -> Case:
        issuer = ck.authority("Odd", ROOT, **wish)
        return _chain(ck.issue(issuer, ck.Wish()), issuer)

    return build


def _root(wish: dict[str, Any]) -> Callable[[], Case]:
    def build() -> Case:
        root = ck.authority("Odd", **wish)
        return _chain(ck.issue(root, ck.Wish()), trust=ck.pinned(root))

    return build


def _deep() -> Case:
    chain = [ROOT]
    for number in range(8):
        chain.append(ck.authority(f"Level {number}", chain[-1]))
    return _chain(ck.issue(chain[-1], ck.Wish()), *chain[:1:-1][:7])


def _ca_chain(length: int) -> Case:
    root = ck.authority("Short", length=length)
    first = ck.authority("First", root)
    second = ck.authority("Second", first)
    return _chain(ck.issue(second, ck.Wish()), second, first, trust=ck.pinned(root))


def _self_signed() -> Case:
    own = ck.issue(None, ck.Wish())
    return _chain(own)


def _self_signed_pinned() -> Case:
    own = ck.issue(None, ck.Wish())
    return _chain(own, trust=ck.pinned(own))


def _same_name() -> Case:
    fake = ck.authority("Root", key=ck.key("fake"))
    return _chain(ck.issue(fake, ck.Wish()), fake)


def _altered(held: ck.Held, old: bytes, new: bytes) -> ck.Held:
    """A certificate with some of its bytes exchanged for as many others, signature and all."""
    assert len(old) == len(new)
    assert old in held.der
    return ck.Held(x509.load_der_x509_certificate(held.der.replace(old, new, 1)), held.key)


def _signer_by_signer() -> Case:
    """A certificate that a signer's, which is no authority, issued."""
    return _chain(ck.issue(FIRMWARE, ck.Wish(name="Child")), FIRMWARE, ISSUER)


def _sha1() -> Case:
    rsa = ck.key("rsa", "rsa")
    root = ck.authority("RSA", key=rsa)
    good = ck.issue(root, ck.Wish())
    # sha256WithRSAEncryption to sha1WithRSAEncryption, inside and outside
    raw = good.der.replace(bytes.fromhex("2a864886f70d01010b"), bytes.fromhex("2a864886f70d010105"))
    return _chain(ck.Held(x509.load_der_x509_certificate(raw), good.key), trust=ck.pinned(root))


REFUSED: dict[str, tuple[str, Callable[[], Case]]] = {
    "expired": ("TRV-P092", _leaf(end=ck.NOW - timedelta(seconds=1))),
    "expired-long-ago": ("TRV-P092", _leaf(start=ck.NOW - timedelta(days=4000), end=ck.NOW - timedelta(days=3000))),
    "not-yet-valid": ("TRV-P092", _leaf(start=ck.NOW + timedelta(seconds=1))),
    "issuer-expired": ("TRV-P092", _issuer({"end": ck.NOW - timedelta(days=1)})),
    "issuer-not-yet-valid": ("TRV-P092", _issuer({"start": ck.NOW + timedelta(days=1)})),
    "root-expired": ("TRV-P092", _root({"end": ck.NOW - timedelta(days=1)})),
    "usage-tls-server": ("TRV-P091", _leaf(extended=(ck.SERVER,))),
    "usage-none": ("TRV-P091", _leaf(extended=None)),
    "usage-any": ("TRV-P091", _leaf(extended=(x509.oid.ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,))),
    "usage-timestamps": ("TRV-P091", _leaf(extended=(ck.STAMP,))),
    "key-usage-encryption": ("TRV-P091", _leaf(usage=("key_encipherment",))),
    "key-usage-missing": ("TRV-P091", _leaf(usage=None)),
    "key-usage-also-issuing": ("TRV-P091", _leaf(usage=("digital_signature", "key_cert_sign"))),
    "authority-as-signer": ("TRV-P091", _leaf(ca=True, usage=("digital_signature", "key_cert_sign"))),
    "authority-without-usage-as-signer": ("TRV-P091", _leaf(ca=True)),
    "critical-unknown-extension": (
        "TRV-P091",
        _leaf(extensions=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), b"\5\0"), True),)),
    ),
    "issuer-no-authority": ("TRV-P093", _issuer({"ca": False})),
    "issuer-without-constraints": ("TRV-P093", _issuer({"ca": None})),
    "issuer-usage": ("TRV-P091", _issuer({"usage": ("crl_sign",)})),
    "issuer-usage-missing": ("TRV-P091", _issuer({"usage": None})),
    "issuer-for-servers": ("TRV-P091", _issuer({"extended": (ck.SERVER,)})),
    "issuer-name-constraints": (
        "TRV-P091",
        _issuer({"extensions": ((x509.NameConstraints([x509.DNSName("example.com")], None), True),)}),
    ),
    "issuer-name-constraints-not-critical": (
        "TRV-P091",
        _issuer({"extensions": ((x509.NameConstraints([x509.DNSName("example.com")], None), False),)}),
    ),
    "issuer-policy-constraints": ("TRV-P091", _issuer({"extensions": ((x509.PolicyConstraints(0, None), True),)})),
    "issued-by-a-signer": ("TRV-P093", _signer_by_signer),
    "path-length-zero": ("TRV-P093", lambda: _ca_chain(0)),
    "path-length-one": ("TRV-P093", lambda: _ca_chain(1)),
    "path-too-long": ("TRV-P094", _deep),
    "issuer-missing": ("TRV-P094", lambda: _chain(FIRMWARE)),
    "root-not-pinned": ("TRV-P094", lambda: _chain(FIRMWARE, ISSUER, trust=ck.pinned(ck.authority("Other")))),
    "nothing-pinned": ("TRV-P094", lambda: _chain(FIRMWARE, ISSUER, ROOT, trust=Trust())),
    "root-pinned-for-timestamps-only": ("TRV-P094", lambda: _chain(FIRMWARE, ISSUER, trust=ck.pinned(stampers=[ROOT]))),
    "self-signed": ("TRV-P094", _self_signed),
    "self-signed-with-root-after": ("TRV-P093", lambda: _chain(ck.issue(None, ck.Wish()), ROOT)),
    "root-of-the-same-name": ("TRV-P094", _same_name),
    "wrong-order": ("TRV-P093", lambda: _chain(FIRMWARE, ROOT, ISSUER)),
    "issuer-twice": ("TRV-P093", lambda: _chain(FIRMWARE, ISSUER, ISSUER, trust=ck.pinned(ck.authority("Other")))),
    "stranger-between": ("TRV-P093", lambda: _chain(FIRMWARE, ck.authority("Stranger"), ISSUER)),
    "altered-certificate": ("TRV-P093", lambda: _chain(_altered(FIRMWARE, b"Firmware", b"firmware"), ISSUER)),
    "hash-sha1": ("TRV-P094", _sha1),
    "issuer-rsa-1024": ("TRV-P090", lambda: _chain(
        ck.issue(weak := ck.authority("Weak", ROOT, key=ck.key("weak", "rsa1024")), ck.Wish()), weak)),
    "issuer-other-curve": ("TRV-P090", lambda: _chain(
        ck.issue(odd := ck.authority("Koblitz", ROOT, key=ck.key("k1", "k1")), ck.Wish()), odd)),
    "subject-empty": ("TRV-P090", _leaf(subject=x509.Name([]))),
    "subject-bidi": (
        "TRV-P090", _leaf(subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Good\u202eeliF")])),
    ),
    "subject-newline": (
        "TRV-P090", _leaf(subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Good\nsigned by X")])),
    ),
    "huge": ("TRV-P090", _leaf(
        extensions=((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4.5"), bytes(20_000)), False),))),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_certificate_is_refused_in_one_sentence(name: str) -> None:
    rule, build = REFUSED[name]
    data, trust = build()
    with pytest.raises(SignatureError) as caught:
        _admit(data, trust)
    assert caught.value.rule == rule, str(caught.value)
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def _edited(change: Callable[[dict[str, Any], list[bytes]], object]) -> bytes:
    """A good bundle, its material's chain and tree edited."""
    ((path, content),) = archive.read(ck.signed(tiny.package(), FIRMWARE, ISSUER)).signatures.items()
    tree = json.loads(content)
    chain = [FIRMWARE.der, ISSUER.der]
    change(tree, chain)
    if "x509CertificateChain" in tree["verificationMaterial"]:
        items = [{"rawBytes": base64.b64encode(one).decode()} for one in chain]
        tree["verificationMaterial"]["x509CertificateChain"]["certificates"] = items
    return archive.attach(tiny.package(), path, json.dumps(tree).encode())


def _first(change: Callable[[bytes], bytes]) -> Callable[[dict[str, Any], list[bytes]], object]:
    def edit(_: dict[str, Any], chain: list[bytes]) -> None:
        chain[0] = change(chain[0])

    return edit


def _other(data: bytes) -> Callable[[bytes], bytes]:
    return lambda _: data


def _material(**items: Any) -> Callable[[dict[str, Any], list[bytes]], object]:
    return lambda tree, _: tree["verificationMaterial"].update(items)


def _flip(tree: dict[str, Any], _: list[bytes]) -> None:
    signature = tree["dsseEnvelope"]["signatures"][0]
    raw = bytearray(base64.b64decode(signature["sig"]))
    raw[-1] ^= 1
    signature["sig"] = base64.b64encode(raw).decode()


DEEP = b"".join(bytes((0x30, 0x82)) + (4 * left).to_bytes(2, "big") for left in range(4000, 0, -1))
OTHER = ck.issue(ISSUER, ck.Wish(name="Somebody else"))

MALFORMED: dict[str, tuple[str, Callable[[dict[str, Any], list[bytes]], object]]] = {
    "der-truncated": ("TRV-P090", _first(lambda data: data[:-1])),
    "der-trailing": ("TRV-P090", _first(lambda data: data + b"\0")),
    "der-zeros": ("TRV-P090", _first(lambda _: bytes(400))),
    "der-deep": ("TRV-P090", _first(lambda _: DEEP)),
    "der-huge": ("TRV-P090", _first(lambda _: b"\x30\x83\x08\0\0" + bytes(0x80000))),
    "der-length-lies": ("TRV-P090", _first(lambda data: b"\x30\x84\xff\xff\xff\xff" + data[4:])),
    "der-indefinite": ("TRV-P090", _first(lambda data: b"\x30\x80" + data[4:] + b"\0\0")),
    "pem-in-der-place": ("TRV-P090", _first(lambda _: FIRMWARE.pem)),
    "a-request-instead": ("TRV-P090", _first(lambda data: data[len(data) // 2 :])),
    "chain-empty": ("TRV-P041", lambda _, chain: chain.clear()),
    "chain-of-nine": ("TRV-P041", lambda _, chain: chain.extend([ISSUER.der] * 7)),
    "certificate-of-nothing": ("TRV-P041", _first(lambda _: b"")),
    "key-and-certificate": ("TRV-P041", _material(publicKey={"hint": "0" * 64})),
    "certificate-and-chain": (
        "TRV-P041", _material(certificate={"rawBytes": base64.b64encode(FIRMWARE.der).decode()}),
    ),
    "leaf-of-somebody-else": ("TRV-P041", _first(lambda _: OTHER.der)),
    "leaf-and-issuer-swapped": ("TRV-P041", lambda _, chain: chain.reverse()),
    "signature-flipped": ("TRV-P042", _flip),
    "key-id-other": ("TRV-P041", lambda tree, _: tree["dsseEnvelope"]["signatures"][0].update(keyid="0" * 64)),
    "two-signatures": (
        "TRV-P041", lambda tree, _: tree["dsseEnvelope"].update(signatures=tree["dsseEnvelope"]["signatures"] * 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("trusted", [True, False])
@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_bundle_is_refused_whoever_made_it(name: str, trusted: bool) -> None:
    rule, change = MALFORMED[name]
    with pytest.raises(SignatureError) as caught:
        admit(_edited(change), ck.pinned(ROOT) if trusted else Trust(), unsigned=True, clock=ck.clock())
    assert caught.value.rule == rule, str(caught.value)


def test_a_signature_with_a_certificate_of_another_package_is_refused() -> None:
    ((path, content),) = archive.read(ck.signed(tiny.package(version="0.2.0"), FIRMWARE, ISSUER)).signatures.items()
    with pytest.raises(SignatureError) as caught:
        _admit(archive.attach(tiny.package(), path, content), ck.pinned(ROOT))
    assert caught.value.rule == "TRV-P043"


def test_a_signer_with_another_algorithm_is_refused() -> None:
    """RSA may issue, and may not sign; P-521 neither."""
    for algorithm in ("rsa", "p521"):
        odd = ck.issue(ROOT, ck.Wish(key=ck.key("odd signer", algorithm)))
        with pytest.raises(SignatureError) as caught:
            admit(_edited(_first(_other(odd.der))), ck.pinned(ROOT), clock=ck.clock())
        assert caught.value.rule == "TRV-P044"


def test_a_hash_is_that_of_the_curve() -> None:
    """A signature by P-384 with SHA-256, right in itself, is not one that packages have."""
    from cryptography.hazmat.primitives.asymmetric import ec

    own = ck.issue(ROOT, ck.Wish(key=ck.key("long", "p384")))
    statement = bundle.statement(archive.read(tiny.package()))
    assert isinstance(own.key, ec.EllipticCurvePrivateKey)
    signature = own.key.sign(bundle.pae(statement), ec.ECDSA(hashes.SHA256()))
    described = keys.public_key(own.key)
    content = bundle.write(bundle.Bundle("", described.id, statement, signature, (own.der,)))
    data = archive.attach(tiny.package(), f"META-INF/signatures/{described.id}.sigstore.json", content)
    with pytest.raises(SignatureError) as caught:
        _admit(data, ck.pinned(ROOT))
    assert caught.value.rule == "TRV-P042"


def test_no_edit_of_a_certificate_ends_otherwise_than_in_a_sentence() -> None:
    """Bytes of a certificate changed, one at a time, by a fixed rule."""
    for position in range(0, len(FIRMWARE.der), 3):
        raw = bytearray(FIRMWARE.der)
        raw[position] ^= 1 << position % 8
        with pytest.raises(SignatureError):
            admit(_edited(_first(_other(bytes(raw)))), ck.pinned(ROOT), clock=ck.clock())


def test_an_alternative_name_stands_for_an_empty_subject() -> None:
    other = x509.UniformResourceIdentifier("https://example.com/firmware")
    own = ck.issue(ISSUER, ck.Wish(subject=x509.Name([]), others=(other,)))
    (signer,) = _admit(ck.signed(tiny.package(), own, ISSUER), ck.pinned(ROOT)).signers
    assert signer.name == f"uri:https://example.com/firmware (root {ROOT.print[:16]})"
