"""`trivet check`: a folder gives one verdict, in every form; inventories say of each device what lint would."""

from __future__ import annotations

import json
import shutil
import subprocess
import xml.etree.ElementTree as ET
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import tinypackage
from trivet.check.formats import FORMATS, shown
from trivet.check.inventory import read_inventory
from trivet.check.lint import lint_sources
from trivet.check.source import read_source, source_of
from trivet.check.verdict import Verdict
from trivet.check.whole import Wishes, check_folder
from trivet.cli import main
from trivet.errors import DocumentError, Finding

HERE = Path(__file__).resolve().parent
BASE = HERE / "conformance" / "lint" / "base"
WISHES = Wishes("main", "FIRMWARE", date(2026, 11, 20), unsigned=True)


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)  # noqa: S603, S607


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A plant's documents and a package under version control, on a branch."""
    place = tmp_path / "plant"
    shutil.copytree(BASE, place)
    (place / "other.yaml").write_text("name: not one of ours\n")
    (place / "tiny.trivet").write_bytes(tinypackage.package())
    git(place, "init", "-q", "-b", "main")
    git(place, "add", ".")
    git(place, "commit", "-qm", "one")
    git(place, "checkout", "-qb", "work")
    return place


def test_a_good_folder(folder: Path) -> None:
    verdict = check_folder(folder, WISHES)
    assert verdict.good, list(map(str, verdict.findings))
    assert verdict.line().startswith("good: ")
    assert "packages verified: 1" in verdict.line()
    assert not any("other.yaml" in name for name in verdict.subjects)


def test_everything_that_is_wrong_is_told_at_once(folder: Path) -> None:
    text = (folder / "interface.yaml").read_text()
    (folder / "interface.yaml").write_text(text.replace("unit: Cel", "unit: '[degF]'", 1))
    (folder / "profile.yaml").unlink()
    (folder / "device.inventory.csv").write_text("id,parameters.rated_power\nb-1,much\n")
    package = bytearray((folder / "tiny.trivet").read_bytes())
    package[len(package) // 2] ^= 1
    (folder / "tiny.trivet").write_bytes(bytes(package))
    found = {finding.rule for finding in check_folder(folder, WISHES).findings}
    assert {"TRV-B013", "TRV-B097", "TRV-L112", "TRV-B095"} <= found
    assert any(rule.startswith("TRV-P") for rule in found)


def test_a_package_needs_a_trusted_signer(folder: Path) -> None:
    strict = Wishes("main", "FIRMWARE", date(2026, 11, 20))
    assert [one.rule for one in check_folder(folder, strict).findings if one.severity == "error"] == ["TRV-P040"]


def test_without_a_repository_nothing_is_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(BASE, tmp_path / "plain")
    assert main(["check", str(tmp_path / "plain")]) == 0
    assert "TRV-B094" in capsys.readouterr().out
    assert main(["check", str(tmp_path / "plain"), "--against", ""]) == 0
    assert "TRV-B094" not in capsys.readouterr().out


def test_an_approval_beside_the_documents_is_found(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (folder / "interface.yaml").read_text()
    (folder / "interface.yaml").write_text(text.replace("frame: 1\n", "frame: 2\n", 1))
    assert main(["check", str(folder), "--unsigned"]) == 1
    entry = "{rule: TRV-B002, document: boiler, reason: told, until: '2999-01-01'}"
    (folder / "approvals.yaml").write_text(f"kind: approvals\nformat: 0\napprovals: [{entry}]\n")
    assert main(["check", str(folder), "--unsigned"]) == 0
    assert "approved until 2999-01-01: told" in capsys.readouterr().out


def test_wrong_golden_frames_are_found(tmp_path: Path) -> None:

    shipped = HERE.parent / "schemas" / "trivet_schemas" / "profiles"
    for name in ("carel-ir33.yaml", "carel-ir33.frames.json"):
        shutil.copy(shipped / name, tmp_path / name)
    wishes = Wishes("", "FIRMWARE", date(2026, 11, 20))
    assert check_folder(tmp_path, wishes).good
    frames = (tmp_path / "carel-ir33.frames.json").read_text()
    (tmp_path / "carel-ir33.frames.json").write_text(frames.replace('"probe_1": 3.5', '"probe_1": 3.6', 1))
    assert not check_folder(tmp_path, wishes).good


NASTY = Finding("TRV-I001", "a,b:c.yaml:3:1", 'x </failure>]]> "&\n%0A::error::\x1b[2J \u202e', "<b>", "error")


@pytest.fixture
def verdict(folder: Path) -> Verdict:
    (folder / "event.yaml").write_text((BASE / "event.yaml").read_text().replace("by: service\n", ""))
    good = check_folder(folder, WISHES)
    return Verdict("check", [*good.findings, NASTY], good.subjects, good.texts)


def test_json_has_everything(verdict: Verdict) -> None:
    tree = json.loads(FORMATS["json"](verdict))
    assert (tree["good"], tree["error"]) == (False, 1)
    keys = {"rule", "severity", "file", "line", "column", "message", "hint", "text", "facts"}
    assert keys == set(tree["findings"][0])


def test_junit_is_xml_with_one_case_a_file(verdict: Verdict) -> None:
    root = ET.fromstring(FORMATS["junit"](verdict))  # noqa: S314 - our own text
    assert root.get("failures") == "1"
    assert len(root.findall("testcase")) == int(root.get("tests", "0")) == len(verdict.subjects) + 1
    assert "</failure>" in (root.find(".//failure").text or "")  # type: ignore[union-attr]


def test_sarif_has_rules_and_places(verdict: Verdict) -> None:
    tree: dict[str, Any] = json.loads(FORMATS["sarif"](verdict))
    run = tree["runs"][0]
    assert tree["version"] == "2.1.0"
    assert {result["ruleId"] for result in run["results"]} == {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    region = run["results"][-1]["locations"][0]["physicalLocation"]
    assert region["region"] == {"startLine": 3, "startColumn": 1}
    assert region["artifactLocation"]["uri"] == "a%2Cb%3Ac.yaml"


def test_annotations_cannot_be_forged(verdict: Verdict) -> None:
    rows = FORMATS["github"](verdict).splitlines()
    assert sum(row.startswith("::error") for row in rows) == 1
    assert "file=a%2Cb%3Ac.yaml,line=3,col=1,title=TRV-I001::" in "".join(rows)


def test_a_terminal_gets_nothing_to_obey(verdict: Verdict) -> None:
    text = FORMATS["text"](verdict)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert shown("a\x1b\u200b") == "a\\u001b\\u200b"


@pytest.mark.parametrize(
    ("rows", "rule"),
    [
        ("id\nBoiler 9\n", "TRV-D030"),
        ("id,time_zone\nb-1,Mars/Base\n", "TRV-D016"),
        ("id,parameters.rated_power\nb-1,99999\n", "TRV-D015"),
        ("id,endpoints.controller.url\nb-1,modbus+tcp://u:p@192.0.2.1\n", "TRV-D038"),
        ("id,endpoints.controller.url\nb-1,opc.tcp://192.0.2.1:4840\n", "TRV-D014"),
        ("id,endpoints.controller.profile\nb-1,nothing\n", "TRV-L074"),
        ("id,interface.version\nb-1,7.0.0\n", "TRV-D012"),
    ],
)
def test_a_line_says_what_lint_says_of_its_device(rows: str, rule: str) -> None:
    sources = [read_source(BASE / f"{name}.yaml") for name in ("interface", "profile", "device")]
    table = source_of(rows.encode(), str(BASE / "device.inventory.csv"))
    found = [one for one in lint_sources([*sources, table]).findings if "inventory" in one.where]
    inventory = read_inventory(rows, sources[2].tree)
    tree = inventory.tree(sources[2].tree, inventory.rows[0])
    alone = lint_sources([*sources[:2], source_of(json.dumps(tree).encode() + b"\n", str(BASE / "device.yaml"))])
    errors = {one.rule for one in alone.findings if one.severity == "error"}
    assert {one.rule for one in found if one.severity == "error"} == errors == {rule}


@pytest.mark.parametrize("text", ["", "a,b\n", "id,id\n", "id\n1,2\n", 'id\n"x\n', "id,kind\nx,y\n", "id,a.b.c\nx,y\n"])
def test_a_table_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        read_inventory(text, read_source(BASE / "device.yaml").tree)


def test_many_wrong_lines_are_summed_up() -> None:
    rows = "id,parameters.rated_power\n" + "".join(f"b-{number},1e9\n" for number in range(5000))
    table = source_of(rows.encode(), str(BASE / "device.inventory.csv"))
    found = [
        one for one in lint_sources([read_source(BASE / "interface.yaml"), table]).findings if one.rule == "TRV-D015"
    ]
    assert len(found) <= 6
    assert "4995 more lines" in found[-1].message or any("4995 more" in one.message for one in found)
