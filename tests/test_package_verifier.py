"""The second verifier agrees with ours: on the conformance packages, and on every hostile file without a graph."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hostile.package_archives import CASES as ARCHIVES
from hostile.package_cases import Keys
from hostile.package_manifests import CASES as MANIFESTS
from hostile.package_signatures import CASES as SIGNATURES
from trivet.package import keys

HERE = Path(__file__).parent
PACKAGES = HERE / "conformance" / "packages"
REVOCATIONS = HERE / "conformance" / "revocations"
GOLDEN = HERE / "golden" / "packages"
SCRIPT = HERE.parent / "docs" / "verifier" / "verify.mjs"
NODE = shutil.which("node")
BY_KEY = [
    (name, facts)
    for name, facts in json.loads((PACKAGES / "cases.json").read_text(encoding="utf-8")).items()
    if facts.get("level") != "graph" and "certificate" not in name
]
FROZEN = json.loads((GOLDEN / "cases.json").read_text(encoding="utf-8"))
LISTS = {
    name: facts
    for name, facts in json.loads((REVOCATIONS / "cases.json").read_text(encoding="utf-8"))["cases"].items()
    if not (facts["certificates"] or {"policy", "ran"} & set(facts))
}
REMEMBERED = ("newer-number", "the-same-again", "older-number_fail", "other-of-one-number_fail")
"""Cases with two lists of one id: the second verifier remembers none."""

pytestmark = [pytest.mark.interop, pytest.mark.skipif(NODE is None, reason="node is not installed")]


def _judged(package: Path, trusted: list[Path], unsigned: bool, *more: str) -> dict[str, Any]:
    words = [str(NODE), str(SCRIPT), str(package), *(word for path in trusted for word in ("--key", str(path)))]
    words += [*(["--unsigned"] if unsigned else []), *more]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    verdict: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if verdict["admitted"] else 1)
    return verdict


@pytest.mark.parametrize(("name", "facts"), BY_KEY)
def test_it_agrees_on_a_conformance_package(name: str, facts: dict[str, Any]) -> None:
    more = ["--provenance"] if name.startswith("provenance") else []
    verdict = _judged(PACKAGES / name, sorted(PACKAGES.glob("*.pub")), facts["unsigned"], *more)
    assert {**verdict, "why": ""} == {**_wanted(facts), "why": ""}


@pytest.mark.parametrize(("name", "facts"), FROZEN.items())
def test_it_agrees_on_a_package_that_stays(name: str, facts: dict[str, Any]) -> None:
    verdict = _judged(GOLDEN / name, sorted((GOLDEN / name).parent.glob("*.pub")), facts["unsigned"])
    assert {**verdict, "why": ""} == {**_wanted(facts), "why": ""}


@pytest.mark.parametrize("name", sorted(set(LISTS) - set(REMEMBERED)))
def test_it_agrees_on_lists_of_revocations(name: str) -> None:
    facts = LISTS[name]
    trusted = [REVOCATIONS / f"{one}.pub" for one in ("oem", "plant", "lab")]
    brought = [word for one in facts["lists"] for word in ("--list", str(REVOCATIONS / one["file"]))]
    verdict = _judged(REVOCATIONS / facts["package"], trusted, False, *brought)
    rule = next((one["rule"] for one in facts["lists"] if "rule" in one), facts.get("rule"))
    assert verdict.get("rule") == rule
    assert verdict.get("signers") == (None if rule else facts["signers"])


def test_provenance_that_is_wanted_must_be_there() -> None:
    verdict = _judged(PACKAGES / "unsigned.trivet", [], True, "--provenance")
    assert verdict["rule"] == "TRV-P099"


def _wanted(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: facts[key] for key in ("admitted", "rule", "digest", "signers") if key in facts}


def test_it_agrees_on_every_hostile_file(tmp_path: Path) -> None:
    stored = Keys(*(keys.generate() for _ in Keys._fields))
    trusted = [tmp_path / f"{number}.pub" for number in range(len(stored.trusted))]
    for path, key in zip(trusted, stored.trusted, strict=True):
        path.write_bytes(key.pem)
    wrong = []
    for case in (*ARCHIVES, *MANIFESTS, *SIGNATURES):
        if "certificate" in case.name:
            continue
        package = tmp_path / "case.trivet"
        package.write_bytes(case.build(stored))
        verdict = _judged(package, trusted, case.unsigned)
        if verdict.get("rule") != case.rule:
            wrong.append((case.name, case.rule, verdict))
    assert wrong == []


def test_it_is_short_and_needs_nothing_but_node() -> None:
    lines = SCRIPT.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 400
    assert {line.split('"')[1].partition(":")[0] for line in lines if line.startswith("import ")} == {"node"}
