"""Safe repairs: they mend what they say, change nothing else, and doing them twice is doing them once."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import pytest

from test_check_lint import BASE, CASES, FILES, TEXTS
from trivet.check.fix import REPAIRED, Edit, applied, fixed
from trivet.check.lint import lint_sources, own_findings
from trivet.check.source import Source, source_of
from trivet.cli import main
from trivet.interface.rules import rules

FIXABLE = [case for case in CASES if rules()[case["rule"]].fix]


def mended(text: str, name: str = "interface") -> tuple[Source, int]:
    return fixed(source_of(text.encode(), str(FILES[name])), own_findings)


@pytest.mark.parametrize("case", FIXABLE, ids=[case["rule"] for case in FIXABLE])
def test_a_repair_mends_its_rule(case: dict[str, Any]) -> None:
    before = TEXTS[case["base"]].replace(case["right"], case["wrong"], 1)
    after, count = mended(before, case["base"])
    assert count >= 1
    assert case["rule"] not in {finding.rule for finding in lint_sources([after]).findings}
    assert mended(after.text, case["base"]) == (after, 0)
    changed = [row for row in difflib.ndiff(before.split("\n"), after.text.split("\n")) if row[0] in "+-"]
    assert len(changed) <= 4, changed


def test_at_least_a_dozen_rules_can_be_mended() -> None:
    assert len(FIXABLE) >= 12
    assert {case["rule"] for case in FIXABLE} == REPAIRED


def test_comments_and_layout_stay(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = TEXTS["interface"].replace("unit: W\n", "unit:   kWh   # what it draws\n", 1)
    text = text.replace("range: [-10, 100]", "range: [ 100,-10 ]  # as measured", 1)
    file = tmp_path / "interface.yaml"
    file.write_text(text)
    main(["lint", "--fix", str(file)])
    expected = text.replace("unit:   kWh   # what it draws", "unit:   kW.h   # what it draws")
    expected = expected.replace("range: [ 100,-10 ]  # as measured", "range: [-10,100]  # as measured")
    assert file.read_text() == expected
    assert "mended 2 in" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("resample: mean", "resample: median"),
        ("unit: W\n", "unit: furlong\n"),
        ("max_age: 30", "maxage: 30"),
        ("id: boiler", "id: Boiler_One"),
        ("range: [-10, 100]", "range: [5, 5]"),
        ("settle: 2", "settle: '2 s'"),
    ],
)
def test_what_may_mean_two_things_is_left_alone(right: str, wrong: str) -> None:
    text = TEXTS["interface"].replace(right, wrong, 1)
    assert mended(text) == (source_of(text.encode(), str(FILES["interface"])), 0)


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.yaml").write_text(TEXTS["interface"].replace("unit: W\n", "unit: kWh\n", 1))
    (tmp_path / "link.yaml").symlink_to("real.yaml")
    main(["lint", "--fix", str(tmp_path / "link.yaml")])
    assert (tmp_path / "link.yaml").is_symlink()
    assert "unit: kW.h" in (tmp_path / "real.yaml").read_text()


def test_edits_on_one_line_do_not_disturb_each_other() -> None:
    edits = [Edit(1, 1, "aa", "b"), Edit(1, 4, "cc", "ddd"), Edit(1, 5, "c", "x"), Edit(9, 1, "a", "b")]
    assert applied("aa cc\n", edits)[0] in ("b ddd\n", "b cx\n")


def test_all_at_once(tmp_path: Path) -> None:
    for name in ("interface", "profile", "device", "site", "event"):
        text = TEXTS[name]
        for case in FIXABLE:
            if case["base"] == name and case["rule"] not in ("TRV-I012", "TRV-I013"):
                text = text.replace(case["right"], case["wrong"], 1)
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    files = sorted(map(str, tmp_path.glob("*.yaml")))
    main(["lint", "--fix", *files])
    again = {name: Path(name).read_bytes() for name in files}
    main(["lint", "--fix", *files])
    assert again == {name: Path(name).read_bytes() for name in files}
    assert BASE.is_dir()
