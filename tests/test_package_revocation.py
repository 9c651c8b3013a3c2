"""Revocation lists: brought as files, believed when their issuer signed them, never partial."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

import certkit as ck
import tinypackage as tiny
from trivet.errors import PackageError, SignatureError
from trivet.package import revocation
from trivet.package.admit import admit
from trivet.package.trust import Trust

ROOT = ck.authority()
ISSUER = ck.authority("Issuer", ROOT, length=0)
FIRMWARE = ck.issue(ISSUER, ck.Wish())


def _admit(data: bytes, trust: Trust) -> Any:
    return admit(data, trust, clock=ck.clock())


def _kept(folder: Path, *lists: bytes) -> Trust:
    for number, content in enumerate(lists):
        (folder / f"{number}.crl").write_bytes(content)
    return ck.pinned(ROOT, lists=folder)


LIST: dict[str, Callable[[], bytes]] = {
    "revoked": lambda: ck.revoked(ISSUER, FIRMWARE.certificate.serial_number),
    "revoked-for-a-harmless-reason": lambda: ck.revoked(
        ISSUER, FIRMWARE.certificate.serial_number, reason=x509.ReasonFlags.superseded
    ),
    "revoked-by-an-old-list": lambda: ck.revoked(
        ISSUER, FIRMWARE.certificate.serial_number, last=ck.NOW - timedelta(days=500), due=ck.NOW - timedelta(days=400)
    ),
    "issuer-revoked": lambda: ck.revoked(ROOT, ISSUER.certificate.serial_number),
    "among-many": lambda: ck.revoked(ISSUER, *range(2, 2000), FIRMWARE.certificate.serial_number),
}


@pytest.mark.parametrize("name", LIST)
def test_what_was_revoked_is_refused(name: str, tmp_path: Path) -> None:
    trust = _kept(tmp_path, LIST[name]())
    with pytest.raises(SignatureError) as caught:
        _admit(ck.signed(tiny.package(), FIRMWARE, ISSUER), trust)
    assert caught.value.rule == "TRV-P095"
    assert "was revoked on 2027-02-19" in caught.value.message


def test_lists_of_others_revoke_nothing(tmp_path: Path) -> None:
    serial = FIRMWARE.certificate.serial_number
    stranger = ck.authority("Issuer", key=ck.key("not the issuer"))
    trust = _kept(tmp_path, ck.revoked(stranger, serial), ck.revoked(ISSUER, 4711), ck.revoked(ROOT, serial))
    assert _admit(ck.signed(tiny.package(), FIRMWARE, ISSUER), trust).signers


def test_a_broken_list_in_the_store_stops_everything(tmp_path: Path) -> None:
    good = ck.revoked(ISSUER, 1)
    for content in (b"", b"junk", good[:-40], b"\x30\x80" + bytes(50), bytes((8 << 20) + 1)):
        (tmp_path / "0.crl").write_bytes(content)
        with pytest.raises(PackageError) as caught:
            _admit(ck.signed(tiny.package(), FIRMWARE, ISSUER), ck.pinned(ROOT, lists=tmp_path))
        assert caught.value.rule == "TRV-P047"


def test_partial_lists_are_not_taken() -> None:
    partial = (
        (x509.DeltaCRLIndicator(1), True),
        (x509.IssuingDistributionPoint(None, None, True, False, None, False, False), True),
    )
    for extension in partial:
        with pytest.raises(SignatureError, match="partial") as caught:
            revocation.parse(ck.revoked(ISSUER, 1, extensions=(extension,)), "x")
        assert caught.value.rule == "TRV-P095"
