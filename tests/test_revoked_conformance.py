"""The conformance lists of revocations: machines to which they are brought, judged as ``cases.json`` says."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import certkit as ck
from conformance.revocations.generate import CASES as MADE
from conformance.revocations.generate import LISTS, SIGNERS
from trivet import canonical
from trivet.errors import PackageError
from trivet.package import archive, keys, standing, store
from trivet.package.admit import Verified, admit
from trivet.package.trust import DEVELOPMENT, SIGN, TIMESTAMP, load_trust

HERE = Path(__file__).parent / "conformance" / "revocations"
KEPT: dict[str, Any] = json.loads((HERE / "cases.json").read_text(encoding="utf-8"))
CASES: dict[str, dict[str, Any]] = KEPT["cases"]
FROZEN = "0a4b15023a2d67ce230da2d32632f204bd77e08729c22d436a445665d0d69fe6"
"""SHA-256 over the cases, which stay as they are."""

TRUSTED = {
    **dict.fromkeys(("oem.pub", "plant.pub", "lab.pub", "root.crt"), SIGN),
    "developer.pub": DEVELOPMENT,
    "clocks.crt": TIMESTAMP,
}


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A machine that trusts what lies in the folder."""
    home = tmp_path_factory.mktemp("machine")
    for name, purpose in TRUSTED.items():
        store.add(home, HERE / name, purpose)
    return home


@pytest.fixture
def home(furnished: Path, tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "trust").symlink_to(furnished / "trust")
    return tmp_path / "home"


def _policy(home: Path, lists: dict[str, Any]) -> Path:
    """One of any trusted key, and what a case says about lists."""
    names = ("oem", "plant", "lab")
    signers = {name: {"keys": [keys.read_public_key(HERE / f"{name}.pub").id]} for name in names}
    rule = {"interface": "*", "signers": [*names], "threshold": 1}
    path = home / "policy.json"
    path.write_text(json.dumps({"kind": "policy", "format": 0, "signers": signers, "rules": [rule], "lists": lists}))
    return path


def _judged(home: Path, facts: dict[str, Any]) -> Verified:
    """Brings the lists, runs what ran before, and judges the package."""
    clock = ck.clock(datetime.fromisoformat(facts["time"]))
    for name in facts.get("ran", ()):
        standing.remember(
            str(home / "revocation"), admit(archive.open_package(HERE / name), load_trust(home), clock=clock)
        )
    for one in facts["lists"]:
        if "rule" not in one:
            store.add(home, HERE / one["file"], clock=clock)
            continue
        with pytest.raises(PackageError) as caught:
            store.add(home, HERE / one["file"], clock=clock)
        assert caught.value.rule == one["rule"]
    policy = _policy(home, facts["policy"]) if "policy" in facts else None
    return admit(archive.open_package(HERE / facts["package"]), load_trust(home, policy=policy), clock=clock)


@pytest.mark.parametrize("name", [name for name, facts in CASES.items() if facts["admitted"]])
def test_admitted(name: str, home: Path) -> None:
    facts = CASES[name]
    found = _judged(home, facts)
    told = [one.certificate.subject if one.certificate else one.key_id for one in found.signers]
    assert sorted(told) == facts["signers"]
    assert [one.id for one in found.lists if not one.expires] == facts["expired"]


@pytest.mark.parametrize("name", [name for name, facts in CASES.items() if not facts["admitted"]])
def test_refused(name: str, home: Path) -> None:
    with pytest.raises(PackageError) as caught:
        _judged(home, CASES[name])
    assert caught.value.rule == CASES[name]["rule"]


def test_no_byte_was_changed() -> None:
    assert canonical.sha256((HERE / "cases.json").read_bytes()) == FROZEN
    found = {path.name: canonical.sha256(path.read_bytes()) for path in HERE.iterdir() if path.name in KEPT["files"]}
    assert found == KEPT["files"]
    assert len(KEPT["files"]) == len([*HERE.glob("*.revoked.json"), *HERE.glob("*.trivet"), *TRUSTED])


def test_the_cases_are_those_of_the_generator() -> None:
    assert set(CASES) == set(MADE)
    assert {name: facts.get("rule", "") for name, facts in CASES.items()} == {n: case.rule for n, case in MADE.items()}
    brought = {one["file"] for facts in CASES.values() for one in facts["lists"]}
    assert brought == {f"{name}.revoked.json" for name in LISTS}
    assert set(TRUSTED) - {"root.crt", "clocks.crt"} == {f"{name}.pub" for name in SIGNERS if name != "stranger"}


def test_names_say_the_verdict_and_every_rule_has_a_case() -> None:
    refused = {
        name: [*filter(None, [facts.get("rule"), *(one.get("rule") for one in facts["lists"])])]
        for name, facts in CASES.items()
    }
    assert all(name.endswith("_fail") == bool(rules) for name, rules in refused.items())
    rules = {rule for found in refused.values() for rule in found}
    assert rules == {f"TRV-P{number}" for number in ("041", "042", "046", *range(111, 117))}


def test_no_private_key_is_committed() -> None:
    assert not any(b"PRIVATE KEY" in path.read_bytes() for path in HERE.iterdir() if path.is_file())
