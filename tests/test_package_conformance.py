"""The conformance packages, judged as they lie there, and still the ones that the generator writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tinypackage as tiny
from conformance.packages import provenance
from conformance.packages.generate import BAD, GOOD, fresh, packages
from trivet.errors import TrivetError
from trivet.interface.rules import rules
from trivet.package import archive, keys
from trivet.package.admit import Verified, admit
from trivet.package.graph import check_contract, walk
from trivet.package.provenance import read_provenance

HERE = Path(__file__).parent / "conformance" / "packages"
CASES: dict[str, dict[str, Any]] = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
RULES = {rule for rule in rules() if "TRV-P000" < rule < "TRV-P080"}
UNTESTABLE = {
    # files and folders, not packages
    "TRV-P001", "TRV-P044", "TRV-P045", "TRV-P047", "TRV-P050",
}  # fmt: skip


def _admit(name: str) -> Verified:
    trusted = [keys.read_public_key(path) for path in sorted(HERE.glob("*.pub"))]
    return admit(archive.open_package(HERE / name), trusted, unsigned=CASES[name]["unsigned"])


def _provenance(name: str) -> object:
    return read_provenance(_admit(name).package)


def _contract(name: str) -> None:
    package = _admit(name).package
    check_contract(walk(package.members["model.onnx"]), package.manifest)


LEVELS: dict[str, Callable[[str], object]] = {"package": _admit, "provenance": _provenance, "graph": _contract}


@pytest.mark.parametrize("name", [name for name, facts in CASES.items() if facts["admitted"]])
def test_admitted(name: str) -> None:
    verified = _admit(name)
    assert sorted(signer.key_id for signer in verified.signers) == CASES[name]["signers"]
    assert verified.package.digest == CASES[name]["digest"]
    _contract(name)
    assert (_provenance(name) is not None) is name.startswith("provenance")


@pytest.mark.parametrize("name", [name for name, facts in CASES.items() if not facts["admitted"]])
def test_refused(name: str) -> None:
    facts = CASES[name]
    with pytest.raises(TrivetError) as caught:
        LEVELS[facts["level"]](name)
    assert caught.value.rule == facts["rule"]


def test_the_files_are_those_of_the_generator() -> None:
    """Signed ones differ with every key; all others are the same bytes."""
    first, second = packages(fresh()), packages(fresh())
    assert {path.name for path in HERE.glob("*.trivet")} == set(CASES) == set(first)
    for name, (data, facts) in first.items():
        if data == second[name][0]:
            assert (HERE / name).read_bytes() == data, name
        assert {**CASES[name], "signers": None} == {**facts, "signers": None}


def test_signing_left_the_members_as_they_were() -> None:
    package = _admit("countersigned.trivet").package
    members = {path: bytes(content) for path, content in package.members.items()}
    assert archive.write(package.manifest.tree, members) == tiny.package() == (HERE / "unsigned.trivet").read_bytes()


def test_names_say_the_verdict_and_every_rule_has_a_case() -> None:
    assert all(name.endswith("_fail.trivet") != facts["admitted"] for name, facts in CASES.items())
    assert {facts["rule"] for facts in CASES.values() if "rule" in facts} == (RULES - UNTESTABLE) | {"TRV-P110"}
    assert len(GOOD) + len(BAD) + len(provenance.BAD) == len(CASES)


def test_no_private_key_is_committed() -> None:
    for path in HERE.iterdir():
        assert not path.is_file() or b"PRIVATE KEY" not in path.read_bytes()


def test_the_specification_names_rules_and_cases_that_exist() -> None:
    folder = Path(archive.__file__).parent
    text = "".join((folder / name).read_text(encoding="utf-8") for name in ("README.md", "ANNEX.md"))
    named = set(
        re.findall(
            r"\*([a-z0-9]+(?:-[a-z0-9]+)+|bomb|zip64|encrypted|symlink|overlap|forged|unsigned|stranger)\*", text
        )
    )
    lists = json.loads((HERE.parent / "revocations" / "cases.json").read_text(encoding="utf-8"))["cases"]
    assert named <= {name.removesuffix(".trivet").removesuffix("_fail") for name in (*CASES, *lists)}
    assert len(named) > 50
    assert {f"TRV-P{number}" for number in re.findall(r"\bP(0[0-9]{2})\b", text)} >= RULES - UNTESTABLE


def test_the_format_fits_two_screens() -> None:
    lines = (Path(archive.__file__).parent / "README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 115
    assert max(map(len, lines)) <= 120
