"""``trivet breaking`` between two packages, whole."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import tinypackage as tiny
from trivet import canonical
from trivet.check.breaking import compare
from trivet.check.changes.package import described
from trivet.check.versions import sides
from trivet.cli import main
from trivet.errors import TrivetError
from trivet.package import archive

FIGURES = {"score": {"mae": 1.0, "rows": 10, "interval": [0, 1]}}


def written(path: Path, evidence: Any = FIGURES, tree: Any = None, **changes: Any) -> Path:
    members = tiny.members() | {"evidence/evaluation.json": canonical.dumps(evidence)}
    interface = {**tiny.INTERFACE, **(tree or {})}
    members["interface.json"] = canonical.dumps(interface)
    identity = {**tiny.tree()["interface"], "version": interface["version"], "digest": canonical.digest(interface)}
    path.write_bytes(archive.write({**tiny.tree(), "interface": identity, **changes}, members))
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return written(tmp_path / "old.trivet", version="1.0.0")


def told(old: Path, new: Path) -> list[str]:
    return sorted(change.rule for change in compare(*sides(str(old), str(new))).changes)


def test_a_package_is_described_by_what_it_promises(old: Path) -> None:
    tree = described(archive.open_package(old))
    assert tree["operators"] == {"Gemm": 1, "MatMul": 1, "Squeeze": 1}
    assert tree["figures"] == {"score.mae": 1.0, "score.rows": 10}
    assert set(tree["evidence"]) == {"data", "evaluation"}
    assert (tree["id"], tree["version"], tree["columns"]) == ("kettle-watch", "1.0.0", ["power", "temperature"])


def test_the_same_package_breaks_nothing(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["breaking", str(old), str(old)]) == 0
    assert "good: no findings" in capsys.readouterr().out


def test_worse_figures_and_looser_budgets_are_told(old: Path, tmp_path: Path) -> None:
    budget = copy.deepcopy(tiny.INTERFACE["budget"])
    budget[0]["limit"] = 0.04
    new = written(tmp_path / "new.trivet", {"score": {"mae": 1.5, "rows": 10}}, budget=budget, version="1.0.1")
    assert told(old, new) == ["TRV-B246", "TRV-B250", "TRV-B257"]
    assert told(new, old) == ["TRV-B245", "TRV-B251", "TRV-B257"]


def test_a_break_fails_and_the_version_is_asked_for(
    old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new = written(tmp_path / "new.trivet", version="1.0.1", columns=["temperature", "power"])
    assert main(["breaking", str(old), str(new)]) == 1
    out = capsys.readouterr().out
    assert "TRV-B212" in out
    assert "1.0.0 asks for 2.0.0" in out
    assert main(["breaking", str(old), str(new), "--level", "WIRE"]) == 0
    assert main(["breaking", str(old), str(new), "--format", "json"]) == 1
    assert main(["breaking", str(old), str(new), "--changelog"]) == 0
    assert "# kettle-watch 1.0.0 to 1.0.1" in capsys.readouterr().out


def test_a_change_of_the_interface_inside_is_told_in_its_place(old: Path, tmp_path: Path) -> None:
    signals = copy.deepcopy(tiny.INTERFACE["signals"])
    signals["power"]["unit"] = "kW"
    new = written(tmp_path / "new.trivet", tree={"signals": signals, "version": "0.9.1"}, version="1.1.0")
    found = {change.rule: change.path for change in compare(*sides(str(old), str(new))).changes}
    assert found["TRV-B013"] == ("interface", "signals", "power", "unit")
    assert found["TRV-B204"] == ("interface", "version")


def test_a_document_and_a_package_are_compared_as_interfaces(old: Path, tmp_path: Path) -> None:
    (tmp_path / "kettle.yaml").write_text(json.dumps(tiny.INTERFACE))
    assert told(old, tmp_path / "kettle.yaml") == []


@pytest.mark.parametrize("evidence", [b"[", b"\xff", b"[" * 1000, b'{"a": NaN}', b'{"a": 1, "a": 2}'])
def test_a_malformed_member_is_refused(evidence: bytes, old: Path, tmp_path: Path) -> None:
    members = tiny.members() | {"evidence/evaluation.json": evidence}
    (tmp_path / "new.trivet").write_bytes(archive.write(tiny.tree(), members))
    with pytest.raises(TrivetError, match=r"evaluation\.json"):
        sides(str(old), str(tmp_path / "new.trivet"))
    for member in (b"[]", b"{}", b'"x"'):
        members = tiny.members() | {"interface.json": member}
        identity = {**tiny.tree()["interface"], "digest": canonical.sha256(member)}
        (tmp_path / "odd.trivet").write_bytes(archive.write({**tiny.tree(), "interface": identity}, members))
        with pytest.raises(TrivetError):
            compare(*sides(str(old), str(tmp_path / "odd.trivet")))
