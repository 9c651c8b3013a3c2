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
SCRIPT = HERE.parent / "docs" / "verifier" / "verify.mjs"
NODE = shutil.which("node")
BY_KEY = [
    (name, facts)
    for name, facts in json.loads((PACKAGES / "cases.json").read_text(encoding="utf-8")).items()
    if facts.get("level") != "graph" and "certificate" not in name
]

pytestmark = [pytest.mark.interop, pytest.mark.skipif(NODE is None, reason="node is not installed")]


def _judged(package: Path, trusted: list[Path], unsigned: bool) -> dict[str, Any]:
    words = [str(NODE), str(SCRIPT), str(package), *(word for path in trusted for word in ("--key", str(path)))]
    done = subprocess.run(  # noqa: S603 - our own script
        [*words, *(["--unsigned"] if unsigned else [])], capture_output=True, text=True, check=False
    )
    verdict: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if verdict["admitted"] else 1)
    return verdict


@pytest.mark.parametrize(("name", "facts"), BY_KEY)
def test_it_agrees_on_a_conformance_package(name: str, facts: dict[str, Any]) -> None:
    verdict = _judged(PACKAGES / name, sorted(PACKAGES.glob("*.pub")), facts["unsigned"])
    wanted = {key: facts[key] for key in ("admitted", "rule", "digest", "signers") if key in facts}
    verdict.pop("why", None)
    assert verdict == wanted


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
