"""Mutated certificates, revocation lists and timestamps for half a minute: a value or a refusal."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import certkit as ck
from trivet.errors import TrivetError
from trivet.package import certificates, path, revocation, timestamp

pytestmark = pytest.mark.soak
SECONDS, SEED = 30, 20261120
TAGS = bytes((0, 1, 2, 3, 4, 5, 6, 12, 19, 22, 23, 24, 48, 49, 127, 128, 129, 130, 160, 161, 163, 255))

GOLDEN = Path(__file__).parents[1] / "golden" / "timestamps"
SIGNATURE = (GOLDEN / "signature.bin").read_bytes()
ROOT = ck.authority()
LEAF = ck.issue(ROOT, ck.Wish(others=(x509.RFC822Name("firmware@example.com"),)))
SERIAL = LEAF.certificate.serial_number
PEM = ck.revoked(ROOT, 1, 2, SERIAL, reason=x509.ReasonFlags.superseded)
LIST = x509.load_pem_x509_crl(PEM).public_bytes(serialization.Encoding.DER)


def _signer(data: bytes) -> None:
    found = certificates.parse(data, "x")
    certificates.key_of(found, "x")
    whole = path.find_path([found], [ROOT.certificate], "x")
    path.check_path(whole, ck.NOW, path.CODE_SIGNING, "x")
    certificates.identity(whole)


def _authority(data: bytes) -> None:
    found = certificates.parse(data, "x")
    path.check_root(found, "x")
    path.check_path((LEAF.certificate, found), ck.NOW, path.CODE_SIGNING, "x")
    certificates.issued(LEAF.certificate, found)


def _list(data: bytes) -> None:
    found = revocation.parse(data, "x")
    revocation.name(found)
    revocation.order(found)
    revocation.check((LEAF.certificate, ROOT.certificate), [found], ck.NOW, None, False, "x")


SEEDS: list[tuple[Callable[[bytes], object], bytes]] = [
    (_signer, LEAF.der),
    (_authority, ROOT.der),
    (_list, LIST),
    *((lambda d: timestamp.read(d, SIGNATURE, "x"), one.read_bytes()) for one in sorted(GOLDEN.glob("*.tsr"))),
]


def _mutated(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        start, kind = dice.randrange(len(changed)), dice.randrange(4)
        if kind == 0:
            changed[start] ^= 1 << dice.randrange(8)
        elif kind == 1:
            changed[start] = dice.choice(TAGS)
        elif kind == 2:
            changed[start:start] = changed[start : start + dice.randrange(1, 20)]
        elif len(changed) > 8:
            del changed[start : start + dice.randrange(1, 6)]
    return bytes(changed)


def test_every_mutation_of_certificates_ends_in_a_value_or_a_refusal(tell: Callable[[str], None]) -> None:
    dice, end, counts = random.Random(SEED), time.process_time() + SECONDS, Counter[str]()  # noqa: S311 # repeatable
    while time.process_time() < end:
        read, seed = dice.choice(SEEDS)
        try:
            read(_mutated(seed, dice))
            counts["read"] += 1
        except TrivetError as error:
            counts["refused"] += 1
            counts["untidy"] += "\n" in str(error)
    tell(
        f"fuzzing, certificates, lists, timestamps, {SECONDS} CPU s: {counts['refused']} refused, {counts['read']} read"
    )
    assert counts["untidy"] == 0
    assert counts["refused"] > 1000
