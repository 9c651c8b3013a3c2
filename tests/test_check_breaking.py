"""Every labelled pair of documents is told as it is labelled; approvals, versions and git do what they say."""

from __future__ import annotations

import copy
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from trivet.check.approvals import Approved, read_approvals
from trivet.check.breaking import asked_version, breaks, changes, compare, judged
from trivet.check.changelog import changelog
from trivet.check.source import Source, read_source, source_of
from trivet.cli import main
from trivet.errors import DocumentError, Finding
from trivet.interface.digest import semantic_tree
from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.interface.rules import rules
from trivet.interface.text import compose

HERE = Path(__file__).resolve().parent
BASE = HERE / "conformance" / "lint" / "base"
PAIRS: list[dict[str, Any]] = yaml.safe_load((HERE / "conformance" / "breaking" / "pairs.yaml").read_text("utf-8"))
TREES: dict[str, Any] = {
    kind: compose((BASE / f"{kind}.yaml").read_bytes(), kind).tree for kind in ("interface", "profile", "device")
}
DESCRIBED: Any = compose((HERE / "conformance" / "breaking" / "package.yaml").read_bytes(), "package").tree
TREES["package"] = {**DESCRIBED, "interface": TREES["interface"]}
TODAY = date(2026, 11, 20)


def both(pair: dict[str, Any]) -> tuple[Any, Any]:
    old = TREES[pair["of"]]
    new = copy.deepcopy(old)
    for path, value in pair["set"].items():
        *parents, last = [int(key) if key.isdigit() and "enumeration" not in path else key for key in path.split(".")]
        node = new
        for key in parents:
            node = node[key] if isinstance(node, list) else node.setdefault(key, {})
        if isinstance(node, list) and last == len(node):
            node.append(value)
        else:
            node[last] = value
    for path in pair.get("gone", ()):
        *parents, last = path.split(".")
        node = new
        for key in parents:
            node = node[key]
        del node[int(last) if isinstance(node, list) else last]
    return (new, old) if pair.get("back") else (old, new)


def told(pair: dict[str, Any]) -> list[str]:
    found = changes(*both(pair))
    return sorted(" ".join([one.rule, rules()[one.rule].bump, *breaks(one)]) for one in found)


@pytest.mark.parametrize("pair", PAIRS, ids=[pair["name"] for pair in PAIRS])
def test_a_pair_is_told_as_it_is_labelled(pair: dict[str, Any]) -> None:
    assert told(pair) == sorted(pair["expect"])


def test_the_table_is_large_and_knows_every_change() -> None:
    assert len(PAIRS) >= 100
    labelled = {label.split()[0] for pair in PAIRS for label in pair["expect"]}
    assert labelled == {name for name, rule in rules().items() if rule.bump and rule.category != "folder"} - {
        "TRV-B098"
    }


def meaning(interface: Interface, other: Interface) -> dict[str, Any]:
    """What packages are bound to, of the parts that both interfaces have."""
    from trivet.interface.columns import columns

    shared = [name for name in columns(interface) if name in columns(other)]
    kept = {}
    for window in interface.windows:
        names = [
            name for name, output in interface.outputs.items() if output.window == window and name in other.outputs
        ]
        if window in other.windows:
            constants = [name for name in interface.parameters if name in other.parameters]
            kept[window] = semantic_tree(interface, shared, names, window, constants)
    return kept


@pytest.mark.parametrize("pair", [p for p in PAIRS if p["of"] == "interface"], ids=lambda p: str(p["name"]))
def test_a_model_breaks_when_and_only_when_its_meaning_changes(pair: dict[str, Any]) -> None:
    """The labels agree with the semantic digest, which is what a package is really bound to."""
    old, new = (load(tree, Interface) for tree in both(pair))
    found = changes(*both(pair))
    broken = any("MODEL" in breaks(change) for change in found)
    other = {"TRV-B001", "TRV-B020", "TRV-B090", "TRV-B010", "TRV-B029", "TRV-B031", "TRV-B040", "TRV-B050", "TRV-B060"}
    if not {change.rule for change in found} & other:
        spelt = {"TRV-B038"}  # the digest is over the code as it is spelt
        assert broken == (meaning(old, new) != meaning(new, old)) or {change.rule for change in found} == spelt


def sources(edit: str, by: str, kind: str = "interface") -> tuple[Source, Source]:
    text = (BASE / f"{kind}.yaml").read_text("utf-8")
    assert edit in text
    return source_of(text.encode(), "old.yaml"), source_of(text.replace(edit, by, 1).encode(), "new.yaml")


def findings(edit: str, by: str, level: str = "FIRMWARE", approved: Approved | None = None) -> list[Finding]:
    return list(judged(compare(*sources(edit, by)), level, approved, TODAY))


def test_one_unit_is_told_in_one_line() -> None:
    first = findings("unit: Cel", "unit: '[degF]'")[0]
    assert first.severity == "error"
    assert first.where.startswith("new.yaml:13:")
    text = str(first)
    assert "\n" not in text
    for part in (
        "FIRMWARE: the field",
        "WIRE: holds",
        "DATA: stored",
        "MODEL: the model",
        "x1.8 +32",
        "asks for 2.0.0",
    ):
        assert part in text


def test_levels_count_those_right_of_them() -> None:
    edit = ("resolution: 0.5", "resolution: 0.1")
    worst = [findings(*edit, level=level)[0].severity for level in ("FIRMWARE", "WIRE", "DATA", "MODEL")]
    assert worst == ["error", "error", "note", "note"]


def test_nothing_is_promised_before_one() -> None:
    old, new = sources("version: 1.2.0", "version: 0.2.0")
    early = source_of(new.text.replace("frame: 1\n", "frame: 5\n").encode(), "new.yaml")
    comparison = compare(new, early)
    assert [one.severity for one in judged(comparison, "FIRMWARE", None, TODAY)] == ["warning", "warning"]
    assert next(judged(comparison, "FIRMWARE", None, TODAY, strict=True)).severity == "error"
    assert comparison.asked == "0.3.0"
    assert old.kind == "interface"


@pytest.mark.parametrize(
    ("old", "bump", "new"),
    [
        ("1.2.3", "major", "2.0.0"),
        ("1.2.3", "minor", "1.3.0"),
        ("1.2.3", "patch", "1.2.4"),
        ("0.9.1", "major", "0.10.0"),
        ("0.9.1", "minor", "0.9.2"),
    ],
)
def test_the_version_that_is_asked_for(old: str, bump: str, new: str) -> None:
    assert asked_version(old, bump) == new


def approvals(folder: Path, until: str, rule: str = "TRV-B002", reason: str = "all plants are told") -> Path:
    file = folder / "approvals.yaml"
    entry = f"{{rule: {rule}, document: boiler, path: frame, reason: '{reason}', until: '{until}'}}"
    file.write_text(f"kind: approvals\nformat: 0\napprovals:\n  - {entry}\n")
    return file


def test_an_approval_holds_until_its_last_day(tmp_path: Path) -> None:
    good = read_approvals(approvals(tmp_path, "2026-11-20"))
    assert [one.severity for one in findings("frame: 1\n", "frame: 5\n", approved=good)] == ["note", "warning"]
    late = read_approvals(approvals(tmp_path, "2026-11-19"))
    expired = findings("frame: 1\n", "frame: 5\n", approved=late)[0]
    assert (expired.severity, "expired" in expired.hint) == ("error", True)
    idle = findings("title: {en: Boiler}", "title: {en: Boilers}", approved=good)
    assert [one.rule for one in idle] == ["TRV-B099", "TRV-B096", "TRV-B098"]


@pytest.mark.parametrize(("until", "reason"), [("tomorrow", "because"), ("2026-12-31", " ")])
def test_an_approval_needs_a_reason_and_a_day(tmp_path: Path, until: str, reason: str) -> None:
    with pytest.raises(DocumentError):
        read_approvals(approvals(tmp_path, until, reason=reason))


def test_unlike_documents_are_not_compared() -> None:
    with pytest.raises(DocumentError):
        compare(read_source(BASE / "interface.yaml"), read_source(BASE / "profile.yaml"))
    with pytest.raises(DocumentError):
        compare(read_source(BASE / "site.yaml"), read_source(BASE / "site.yaml"))


def test_a_changelog_is_for_readers() -> None:
    text = changelog(compare(*sources("unit: Cel", "unit: '[degF]'")))
    assert text.startswith("# boiler 1.2.0 to 1.2.0\n\n## Breaking\n")
    assert "Affects FIRMWARE DATA MODEL." in text


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True)  # noqa: S603, S607


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A branch that parted from main, which moved on."""
    for name in ("interface", "profile", "device"):
        (tmp_path / f"{name}.yaml").write_bytes((BASE / f"{name}.yaml").read_bytes())
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    git(tmp_path, "checkout", "-qb", "work")
    git(tmp_path, "checkout", "-q", "main")
    moved = (tmp_path / "interface.yaml").read_text().replace("settle: 2", "settle: 4")
    (tmp_path / "interface.yaml").write_text(moved)
    git(tmp_path, "commit", "-qam", "two")
    git(tmp_path, "checkout", "-q", "work")
    return tmp_path


def test_against_the_merge_base(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = repository / "interface.yaml"
    assert main(["breaking", "git:main", str(new)]) == 0
    assert main(["breaking", "git:main", str(new), "--exact"]) == 1
    assert "settle: 4 -> 2" in capsys.readouterr().out
    new.write_text(new.read_text().replace("unit: Cel", "unit: '[degF]'", 1))
    assert main(["breaking", "git:main", str(new), "--in", str(repository)]) == 1
    out = capsys.readouterr().out
    assert "TRV-B013" in out
    assert "`boiler-1` relies on `water_temperature`" in out
    assert main(["breaking", "git:main", str(new), "--changelog"]) == 0


@pytest.mark.parametrize("ref", ["nowhere", "--help", "a..b", "main:x", "-C/", "$(id)", "main;id"])
def test_what_is_no_commit_is_refused(repository: Path, ref: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["breaking", f"git:{ref}", str(repository / "interface.yaml")]) == 2
    assert "trivet breaking:" in capsys.readouterr().err


def test_a_new_document_has_no_old_side(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "new.yaml").write_bytes((repository / "profile.yaml").read_bytes())
    assert main(["breaking", "git:main", str(repository / "new.yaml")]) == 2
    assert "did not exist" in capsys.readouterr().err
