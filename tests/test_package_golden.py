"""Packages of every number of the format: the same bytes as ever, judged as ever, answering as ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from trivet import canonical
from trivet.errors import TrivetError
from trivet.package import archive, keys
from trivet.package.admit import Verified, admit
from trivet.package.graph import check_contract, walk
from trivet.package.manifest import FORMAT
from trivet.runtime.admission import make
from trivet.runtime.golden import check_all

HERE = Path(__file__).parent / "golden" / "packages"
CASES: dict[str, dict[str, Any]] = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))

FROZEN = "26f029cab625334cdce98660a62340f108a7363f85d762cffb836b2f67b2b3e3"
"""SHA-256 over the cases: whoever changes one has to change it here, too, and say why."""


def _admit(name: str) -> Verified:
    path = HERE / name
    trusted = [keys.read_public_key(one) for one in sorted(path.parent.glob("*.pub"))]
    return admit(archive.open_package(path), trusted, unsigned=CASES[name]["unsigned"])


def test_no_byte_was_changed() -> None:
    assert {str(path.relative_to(HERE)) for path in HERE.rglob("*.trivet")} == set(CASES)
    assert canonical.sha256((HERE / "cases.json").read_bytes()) == FROZEN
    for name, facts in CASES.items():
        assert canonical.sha256((HERE / name).read_bytes()) == facts["sha256"], name


def test_every_number_is_there() -> None:
    assert {name.partition("/")[0] for name in CASES} == {str(number) for number in range(FORMAT + 1)}


@pytest.mark.parametrize("name", [name for name, facts in CASES.items() if facts["admitted"]])
def test_admitted_and_answers(name: str) -> None:
    verified = _admit(name)
    package = verified.package
    assert sorted(signer.key_id for signer in verified.signers) == CASES[name]["signers"]
    assert package.digest == CASES[name]["digest"]
    assert str(package.manifest.format) == name.partition("/")[0]
    check_contract(walk(package.members["model.onnx"]), package.manifest)
    check_all(make(package, None), package)


@pytest.mark.parametrize("name", [name for name, facts in CASES.items() if not facts["admitted"]])
def test_refused(name: str) -> None:
    with pytest.raises(TrivetError) as caught:
        _admit(name)
    assert caught.value.rule == CASES[name]["rule"]
