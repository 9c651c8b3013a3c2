"""Timestamps: what OpenSSL's authority wrote is read, and everything that must not count does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

import certkit as ck
import tinypackage as tiny
from trivet.errors import SignatureError
from trivet.package import archive, bundle, certificates, der, keys, path, sign, timestamp
from trivet.package.admit import admit
from trivet.package.trust import Trust

GOLDEN = Path(__file__).parent / "golden" / "timestamps"
SIGNATURE = (GOLDEN / "signature.bin").read_bytes()

ROOT = ck.authority()
FIRMWARE = ck.issue(ROOT, ck.Wish())
CLOCKS = ck.authority("Clocks")
CLOCK = ck.stamper(CLOCKS)
LATE = ck.NOW + timedelta(days=5000)
"""When FIRMWARE, CLOCK and both roots have expired."""


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384"])
def test_a_timestamp_of_openssl_is_read(kind: str) -> None:
    stamp = timestamp.read((GOLDEN / f"{kind}.tsr").read_bytes(), SIGNATURE, "x")
    (root,) = certificates.parse_pem((GOLDEN / f"{kind}.crt").read_bytes(), "x")
    found = path.find_path(stamp.chain, [root], "x")
    path.check_path(found, stamp.time, path.TIME_STAMPING, "x")
    assert stamp.time.year == 2026
    assert found[0].subject.rfc4514_string() == f"CN={kind} tsa,O=Example"


@pytest.mark.parametrize("kind", ["rsa", "p256", "p384"])
def test_no_edit_of_a_timestamp_ends_otherwise_than_in_a_sentence(kind: str) -> None:
    """Every byte of a whole response changed or cut off; what still reads says the same thing."""
    good = (GOLDEN / f"{kind}.tsr").read_bytes()
    whole = timestamp.read(good, SIGNATURE, "x")
    for position in range(0, len(good), 3):
        raw = bytearray(good)
        raw[position] ^= 1 << position % 8
        for data in (bytes(raw), good[:position]):
            assert _outcome(data) in (whole.time, "TRV-P096", "TRV-P090")


def _outcome(response: bytes) -> datetime | str:
    try:
        return timestamp.read(response, SIGNATURE, "x").time
    except SignatureError as error:
        return error.rule


def test_the_request_is_the_one_that_openssl_writes() -> None:
    """Version, SHA-256 without parameters left out, imprint, certificates wanted (RFC 3161, 2.4.1)."""
    version, imprint, wanted = der.read(timestamp.request(SIGNATURE)).children()
    assert version.integer() == 1
    algorithm, digest = imprint.children()
    assert algorithm.children()[0].oid() == "2.16.840.1.101.3.4.2.1"
    hashed = hashes.Hash(hashes.SHA256())
    hashed.update(SIGNATURE)
    assert digest.content == hashed.finalize()
    assert (wanted.tag, wanted.content) == (1, b"\xff")


@lru_cache
def _signed() -> bytes:
    return ck.signed(tiny.package(), FIRMWARE)


def _signature(data: bytes) -> bytes:
    ((name, content),) = archive.read(data).signatures.items()
    return bundle.read(content, name).signature


def _stamped(**wish: Any) -> bytes:
    """The signed package with a timestamp, put in without looking at it."""
    return _with(ck.stamped(_signature(_signed()), ck.Stamp(**({"by": CLOCK} | wish))))


def _with(*responses: bytes, data: bytes | None = None) -> bytes:
    package = archive.read(data or _signed())
    ((name, content),) = package.signatures.items()
    return archive.attach(package.data, name, bundle.write(bundle.read(content, name)._replace(timestamps=responses)))


TRUST = ck.pinned(ROOT, stampers=[CLOCKS])


def _admit(data: bytes, trust: Trust = TRUST, when: datetime = LATE) -> Any:
    return admit(data, trust, clock=ck.clock(when))


def test_a_timestamp_keeps_a_signature_alive() -> None:
    (signer,) = _admit(_stamped()).signers
    assert signer.signed_at == datetime(2027, 2, 25, 12, tzinfo=UTC)
    with pytest.raises(SignatureError) as caught:
        _admit(_signed())
    assert caught.value.rule == "TRV-P092"


def test_adding_one_changes_nothing_that_is_signed() -> None:
    response = ck.stamped(_signature(_signed()), ck.Stamp(CLOCK))
    grown = sign.attach_timestamp(_signed(), response)
    assert grown == _with(response) == sign.attach_timestamp(grown, response)
    assert archive.read(grown).digest == archive.read(_signed()).digest
    assert _signature(grown) == _signature(_signed())


def test_it_goes_to_the_signature_that_it_is_about() -> None:
    plant = keys.generate()
    both = sign.sign(_signed(), plant)
    grown = sign.attach_timestamp(both, ck.stamped(_signature(_signed()), ck.Stamp(CLOCK)))
    assert [bool(s.signed_at) for s in _admit(grown, TRUST._replace(keys=(keys.public_key(plant),))).signers] in (
        [True, False], [False, True],
    )  # fmt: skip
    for response in (b"", ck.stamped(b"something else", ck.Stamp(CLOCK))):
        with pytest.raises(SignatureError) as caught:
            sign.attach_timestamp(both, response)
        assert caught.value.rule == "TRV-P096"


def test_a_key_can_have_a_timestamp_too() -> None:
    oem = keys.generate("ed25519")
    data = sign.sign(tiny.package(), oem)
    grown = sign.attach_timestamp(data, ck.stamped(_signature(data), ck.Stamp(CLOCK)))
    verified = _admit(grown, TRUST._replace(keys=(keys.public_key(oem),)))
    assert verified.signers[0].signed_at is not None


def test_the_earliest_counts() -> None:
    stamps = [ck.stamped(_signature(_signed()), ck.Stamp(CLOCK, t)) for t in ("20270225120000Z", "20270102000000.5Z")]
    assert _admit(_with(*stamps)).signers[0].signed_at == datetime(2027, 1, 2, tzinfo=UTC)


def _refused(data: bytes, rule: str, trust: Trust = TRUST, when: datetime = LATE) -> None:
    with pytest.raises(SignatureError) as caught:
        _admit(data, trust, when)
    assert caught.value.rule == rule, str(caught.value)
    assert "\n" not in str(caught.value)


SHA1 = "1.3.14.3.2.26"
SHA384 = "2.16.840.1.101.3.4.2.2"
DEEP = b"".join(bytes((0x30, 0x82)) + (4 * left).to_bytes(2, "big") for left in range(4000, 0, -1))

BROKEN: dict[str, Callable[[], bytes]] = {
    "empty-sequence": lambda: _with(b"\x30\0"),
    "zeros": lambda: _with(bytes(500)),
    "truncated": lambda: _with(ck.stamped(_signature(_signed()), ck.Stamp(CLOCK))[:-1]),
    "trailing": lambda: _with(ck.stamped(_signature(_signed()), ck.Stamp(CLOCK)) + b"\0"),
    "huge": lambda: _with(b"\x30\x83\x01\0\0" + bytes(1 << 16)),
    "deep": lambda: _with(DEEP),
    "length-lies": lambda: _with(b"\x30\x84\xff\xff\xff\xff\x30\0"),
    "length-indefinite": lambda: _with(b"\x30\x80\x30\0\0\0"),
    "many-parts": lambda: _with(der.write(der.SEQUENCE, *[b"\5\0"] * 5000)),
    "refused-by-the-authority": lambda: _stamped(status=2),
    "of-something-else": lambda: _with(ck.stamped(b"another signature", ck.Stamp(CLOCK))),
    "of-the-payload": lambda: _with(ck.stamped(sign.message(archive.read(_signed())), ck.Stamp(CLOCK))),
    "imprint-short": lambda: _stamped(imprint=b""),
    "imprint-sha1": lambda: _stamped(hash=SHA1, imprint=bytes(20)),
    "imprint-of-another-hash": lambda: _stamped(hash=SHA384),
    "no-timestamp-inside": lambda: _stamped(kind="1.2.840.113549.1.7.1"),
    "version-unknown": lambda: _stamped(version=2),
    "content-altered": lambda: _stamped(
        content=ck.stamped_content(_signature(_signed()), ck.Stamp(CLOCK, "20200101000000Z"))
    ),
    "time-local": lambda: _stamped(time="20270225120000"),
    "time-offset": lambda: _stamped(time="20270225120000+0100"),
    "time-nonsense": lambda: _stamped(time="20271325120000Z"),
    "time-letters": lambda: _stamped(time="2027022512000xZ"),
    "time-trailing-zero": lambda: _stamped(time="20270225120000.10Z"),
    "signed-by-another-key": lambda: _stamped(key=ck.key("another clock")),
    "names-another-certificate": lambda: _stamped(named=FIRMWARE),
    "no-certificate": lambda: _stamped(certificates=()),
    "another-certificate": lambda: _stamped(certificates=(FIRMWARE.der,)),
    "many-certificates": lambda: _stamped(certificates=(CLOCK.der,) * 17),
    "no-signature": lambda: _stamped(signatures=0),
    "two-signatures": lambda: _stamped(signatures=2),
    "no-attributes": lambda: _stamped(attributes=()),
    "attribute-twice": lambda: _stamped(attributes=ck.attributes(_signature(_signed()), ck.Stamp(CLOCK)) * 2),
    "without-message-digest": lambda: _stamped(attributes=_attributes(0, 2)),
    "without-content-type": lambda: _stamped(attributes=_attributes(1, 2)),
    "without-certificate-id": lambda: _stamped(attributes=_attributes(0, 1)),
    "algorithm-rsa-on-a-curve": lambda: _stamped(algorithm="1.2.840.113549.1.1.11"),
    "algorithm-of-another-hash": lambda: _stamped(algorithm="1.2.840.10045.4.3.3"),
    "algorithm-unknown": lambda: _stamped(algorithm="1.2.3.4"),
}


def _attributes(*which: int) -> tuple[bytes, ...]:
    whole = ck.attributes(_signature(_signed()), ck.Stamp(CLOCK))
    return tuple(whole[number] for number in which)


@pytest.mark.parametrize("unsigned", [False, True])
@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_timestamp_refuses_the_package(name: str, unsigned: bool) -> None:
    """Also one that would be good without, and where unsigned packages are admitted."""
    data = BROKEN[name]()
    with pytest.raises(SignatureError) as caught:
        admit(data, TRUST, unsigned, clock=ck.clock())
    assert caught.value.rule == "TRV-P096", str(caught.value)


def test_a_broken_certificate_inside_is_named_as_such() -> None:
    _refused(_stamped(certificates=(b"\x30\x03\x02\x01\x01", CLOCK.der)), "TRV-P090")


def _by(**changes: Any) -> bytes:
    return _stamped(by=ck.stamper(CLOCKS, **changes))


UNTRUSTED: dict[str, Callable[[], bytes]] = {
    "usage-not-critical": lambda: _by(extended_critical=False),
    "usage-also-code-signing": lambda: _by(extended=(ck.STAMP, ck.CODE)),
    "usage-code-signing": lambda: _by(extended=(ck.CODE,)),
    "usage-missing": lambda: _by(extended=None),
    "key-usage-encryption": lambda: _by(usage=("key_encipherment",)),
    "an-authority-itself": lambda: _by(ca=True),
    "expired-when-it-stamped": lambda: _by(end=datetime(2027, 2, 24, tzinfo=UTC)),
    "not-yet-valid-when-it-stamped": lambda: _by(start=datetime(2027, 2, 26, tzinfo=UTC)),
    "before-its-time": lambda: _stamped(time="20100101000000Z"),
    "stranger": lambda: _stamped(by=ck.stamper(ck.authority("Other clocks"))),
    "by-the-root-of-signers": lambda: _stamped(by=ck.stamper(ROOT)),
    "self-signed": lambda: _stamped(by=ck.issue(None, ck.Wish(extended=(ck.STAMP,), extended_critical=True))),
    "by-the-signer": lambda: _stamped(by=FIRMWARE),
}


@pytest.mark.parametrize("name", UNTRUSTED)
def test_a_timestamp_of_an_unfit_authority_counts_for_nothing(name: str) -> None:
    data = UNTRUSTED[name]()
    _refused(data, "TRV-P097")
    verified = _admit(data, when=ck.NOW)
    assert verified.signers[0].signed_at is None
    assert [doubt.rule for doubt in verified.doubts] == ["TRV-P097"]


def test_a_timestamp_that_is_to_come_counts_for_nothing() -> None:
    verified = _admit(_stamped(time="20270301121000Z"), when=ck.NOW)
    assert verified.signers[0].signed_at is None
    assert "which is to come" in verified.doubts[0].message
    assert _admit(_stamped(time="20270301120400Z"), when=ck.NOW).signers[0].signed_at


def test_it_proves_nothing_about_another_time() -> None:
    """A signature that was made after its certificate had expired is not saved by a timestamp that says so."""
    old = ck.issue(ROOT, ck.Wish(name="Old", end=datetime(2027, 2, 24, tzinfo=UTC)))
    data = ck.signed(tiny.package(), old)
    _refused(_with(ck.stamped(_signature(data), ck.Stamp(CLOCK)), data=data), "TRV-P092")
    _refused(_with(ck.stamped(_signature(data), ck.Stamp(CLOCK)), data=data), "TRV-P092", when=ck.NOW)


@pytest.mark.parametrize(
    ("reason", "good"),
    [
        (x509.ReasonFlags.superseded, True),
        (x509.ReasonFlags.cessation_of_operation, True),
        (x509.ReasonFlags.affiliation_changed, True),
        (x509.ReasonFlags.key_compromise, False),
        (x509.ReasonFlags.ca_compromise, False),
        (x509.ReasonFlags.privilege_withdrawn, False),
        (None, False),
    ],
)
def test_what_was_signed_before_a_revocation(reason: x509.ReasonFlags | None, good: bool, tmp_path: Path) -> None:
    """The stamp is of 25 February; a revocation of the 27th spares it when the key was unharmed."""
    serial, trust = FIRMWARE.certificate.serial_number, TRUST._replace(revocation=str(tmp_path))
    for day, spared in ((27, good), (20, False)):
        at = datetime(2027, 2, day, tzinfo=UTC)
        (tmp_path / "0.crl").write_bytes(ck.revoked(ROOT, serial, at=at, reason=reason))
        if spared:
            assert _admit(_stamped(), trust).signers
        else:
            _refused(_stamped(), "TRV-P095", trust)
            _refused(_signed(), "TRV-P095", trust, ck.NOW)


def test_a_revoked_authority_stamps_nothing(tmp_path: Path) -> None:
    (tmp_path / "0.crl").write_bytes(ck.revoked(CLOCKS, CLOCK.certificate.serial_number))
    _refused(_stamped(), "TRV-P097", TRUST._replace(revocation=str(tmp_path)))
