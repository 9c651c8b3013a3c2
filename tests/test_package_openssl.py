"""OpenSSL's path check agrees with ours on order, validity, path length and roots."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

import certkit as ck
import openssl_ts
import test_package_certificates as forged
import tinypackage as tiny
from trivet.package import archive, bundle
from trivet.package.trust import Trust

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(openssl_ts.OPENSSL is None, reason="openssl is missing"),
]

REORDERED = {"wrong-order", "stranger-between"}
"""OpenSSL looks for issuers anywhere in the chain; ours wants them in order, as the format says."""

PATHS = {name: build for name, (rule, build) in forged.REFUSED.items() if rule in ("TRV-P092", "TRV-P093", "TRV-P094")}


def _openssl(data: bytes, trust: Trust, folder: Path) -> bool:
    """Whether OpenSSL finds a path from the certificates of a package's bundle to the pinned roots."""
    ((path, content),) = archive.read(data).signatures.items()
    chain = [x509.load_der_x509_certificate(one) for one in bundle.read(content, path).certificates]
    texts = [one.public_bytes(serialization.Encoding.PEM) for one in chain]
    roots = [one.pem for one in trust.anchors if one.purpose == "sign"] or [ck.authority("Nobody").pem]
    for name, parts in (("leaf", texts[:1]), ("rest", texts[1:]), ("roots", roots)):
        (folder / name).write_bytes(b"".join(parts))
    words = ["verify", "-no-CApath", "-no-CAstore", "-CAfile", folder / "roots", "-partial_chain"]
    words += ["-untrusted", folder / "rest"] if texts[1:] else []
    words += ["-attime", str(int(ck.NOW.timestamp())), folder / "leaf"]
    done = subprocess.run([str(openssl_ts.OPENSSL), *map(str, words)], capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


@pytest.mark.parametrize("name", PATHS)
def test_openssl_refuses_what_we_refuse(name: str, tmp_path: Path) -> None:
    assert _openssl(*PATHS[name](), tmp_path) is (name in REORDERED)


@pytest.mark.parametrize("algorithm", ["rsa", "p256", "p384", "p521", "ed25519"])
def test_openssl_accepts_what_we_accept(algorithm: str, tmp_path: Path) -> None:
    root = ck.authority("Other", key=ck.key("other", algorithm))
    issuer = ck.authority("Issuer", root, length=0)
    data = ck.signed(tiny.package(), ck.issue(issuer, ck.Wish()), issuer)
    assert _openssl(data, ck.pinned(root), tmp_path)
    assert forged._admit(data, ck.pinned(root)).signers
