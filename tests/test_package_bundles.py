"""The conformance bundles with certificates and timestamps, judged as they lie there."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import certkit as ck
from conformance.certificates.generate import cases
from trivet.errors import PackageError
from trivet.package import archive
from trivet.package.admit import Verified, admit
from trivet.package.trust import SIGN, TIMESTAMP, Anchor, Trust

HERE = Path(__file__).parent / "conformance" / "certificates"
UNSIGNED = (HERE.parent / "packages" / "unsigned.trivet").read_bytes()
CASES: dict[str, dict[str, Any]] = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))


def _admit(name: str, folder: Path) -> Verified:
    facts = CASES[name]
    for number, text in enumerate(facts["lists"]):
        (folder / f"{number}.crl").write_text(text)
    anchors = [Anchor("", SIGN, text.encode(), "root") for text in facts["roots"]]
    anchors += [Anchor("", TIMESTAMP, text.encode(), "root") for text in facts["timestamp_roots"]]
    path = f"META-INF/signatures/{facts['keyid']}.sigstore.json"
    data = archive.attach(UNSIGNED, path, (HERE / name).read_bytes())
    clock = ck.clock(datetime.fromisoformat(facts["time"]))
    return admit(data, Trust(anchors=tuple(anchors), revocation=str(folder)), clock=clock)


@pytest.mark.parametrize("name", [name for name, facts in CASES.items() if facts["admitted"]])
def test_admitted(name: str, tmp_path: Path) -> None:
    (signer,) = _admit(name, tmp_path).signers
    assert signer.certificate is not None
    assert (signer.signed_at is not None) is (name.startswith("stamped-and"))


@pytest.mark.parametrize("name", [name for name, facts in CASES.items() if not facts["admitted"]])
def test_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PackageError) as caught:
        _admit(name, tmp_path)
    assert caught.value.rule == CASES[name]["rule"]


def test_the_files_are_those_of_the_generator() -> None:
    """Bytes differ with every key; names and rules do not."""
    assert {path.name for path in HERE.glob("*.sigstore.json")} == set(CASES)
    made = {name: facts for name, (_, facts) in cases().items()}
    assert {name: facts.get("rule") for name, facts in made.items()} == {
        name: facts.get("rule") for name, facts in CASES.items()
    }
    assert all(name.endswith("_fail.sigstore.json") != facts["admitted"] for name, facts in CASES.items())


def test_no_private_key_is_committed() -> None:
    assert not any(b"PRIVATE KEY" in path.read_bytes() for path in HERE.iterdir() if path.is_file())
