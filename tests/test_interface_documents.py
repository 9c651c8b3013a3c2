"""The conformance cases of ``conformance/documents``: what documents may be, and what must be refused where."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import HERE
from trivet import canonical
from trivet.device.check import check_device, check_profile
from trivet.device.document import Device, EventRecord, Profile
from trivet.errors import DocumentError, Finding
from trivet.interface import text
from trivet.interface.check import check
from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.interface.parse import parse
from trivet.interface.parsed import Parsed
from trivet.interface.site import Site

KINDS: dict[str, type[Any]] = {
    "interface": Interface,
    "profile": Profile,
    "device": Device,
    "site": Site,
    "event": EventRecord,
}
CASES = sorted((HERE / "conformance" / "documents").glob("*.yaml"))
GOOD = [case for case in CASES if not case.stem.endswith("_fail")]
BAD = [case for case in CASES if case.stem.endswith("_fail")]


def findings(parsed: Parsed[Any]) -> list[Finding]:
    document = parsed.document
    if isinstance(document, Interface):
        return check(parsed)
    if isinstance(document, Profile):
        return check_profile(parsed)
    return check_device(parsed) if isinstance(document, Device) else []


def refusals(path: Path) -> list[Finding]:
    """Everything for which a case is refused: what ``parse`` raises, else what the check finds."""
    try:
        parsed = parse(path.read_bytes(), path.name, KINDS)
    except DocumentError as error:
        return list(error.findings) or [Finding(error.rule, error.where, error.message, error.hint)]
    return [finding for finding in findings(parsed) if finding.severity == "error"]


def expected(path: Path) -> str:
    lines = path.read_bytes().decode("latin-1").splitlines()
    (line,) = [line for line in lines[:3] if line.startswith("# expect: ")]
    return line.removeprefix("# expect: ")


def names(case: Path) -> str:
    return case.stem


@pytest.fixture(params=["libyaml", "python"], autouse=True)
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every case holds with both of PyYAML's readers."""
    monkeypatch.setattr(text, "Loader", yaml.CSafeLoader if request.param == "libyaml" else yaml.SafeLoader)


def test_there_are_enough_cases() -> None:
    assert len(GOOD) >= 30
    assert len(BAD) >= 60


def test_the_text_names_every_case_and_no_other() -> None:
    readme = (HERE.parent / "schemas" / "README.md").read_text("utf-8")
    rules = readme.partition("## 11.")[0]
    named = set(re.findall(r"[a-z_0-9]+", " ".join(re.findall(r"(?<!\*)\*([a-z][a-z_0-9,\s]*)\*(?!\*)", rules)))) - {
        "trace"
    }
    assert named == {case.stem for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=names)
def test_first_line_says_why(case: Path) -> None:
    first = case.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()[0]
    assert first.startswith(b"# ")
    assert len(first) > 20


@pytest.mark.parametrize("case", GOOD, ids=names)
def test_good(case: Path) -> None:
    assert [str(finding) for finding in refusals(case)] == []


@pytest.mark.parametrize("case", BAD, ids=names)
def test_bad_blames_the_right_place(case: Path) -> None:
    found = refusals(case)
    assert found, "accepted"
    blamed = expected(case)
    if blamed == ".":
        assert len(found) == 1
        return
    assert [finding for finding in found if finding.message.startswith(f"{blamed}: ")], [str(f) for f in found]


@pytest.mark.parametrize("case", BAD, ids=names)
def test_bad_says_where_and_what_to_do(case: Path) -> None:
    for finding in refusals(case):
        assert finding.where.startswith(case.name)
        assert finding.rule.startswith("TRV-")
        assert not finding.message.endswith(".")
        assert "\n" not in str(finding)


@pytest.mark.parametrize("case", GOOD, ids=names)
def test_load_builds_the_same_object(case: Path) -> None:
    parsed = parse(case.read_bytes(), case.name, KINDS)
    tree = json.loads(canonical.dumps(parsed.tree))
    assert load(tree, type(parsed.document)) == parsed.document
    assert parse(canonical.dumps(parsed.tree), "again", KINDS).document == parsed.document
    assert canonical.dumps(tree) == canonical.dumps(parsed.tree)


@pytest.mark.parametrize("case", BAD, ids=names)
def test_load_refuses_what_parse_refuses(case: Path) -> None:
    """Cases whose text is well-formed are given to both."""
    try:
        tree = text.compose(case.read_bytes(), case.name).tree
    except DocumentError:
        return
    kind = tree.get("kind") if isinstance(tree, dict) else None
    if kind not in KINDS:
        return
    blamed = [finding.rule for finding in refusals(case)]
    try:
        parse(case.read_bytes(), case.name, KINDS)
    except DocumentError:
        with pytest.raises(DocumentError) as caught:
            load(tree, KINDS[kind], case.name)
        assert caught.value.rule in blamed
    else:
        load(tree, KINDS[kind], case.name)
