"""Every rule of `trivet lint` fires where it must and is silent where it must be; fixes are safe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from trivet.check.lint import lint, lint_sources
from trivet.check.source import source_of
from trivet.check.verdict import Verdict
from trivet.errors import Finding
from trivet.interface.rules import explain, rules

HERE = Path(__file__).resolve().parent
BASE = HERE / "conformance" / "lint" / "base"
CASES: list[dict[str, Any]] = yaml.safe_load((BASE.parent / "cases.yaml").read_text("utf-8"))
FILES = {file.stem: file for file in sorted(BASE.glob("*.yaml"))} | {"inventory": BASE / "device.inventory.csv"}
TEXTS = {name: file.read_text("utf-8") for name, file in FILES.items()}
SHIPPED = sorted((HERE.parent / "schemas" / "trivet_schemas").glob("*s/*.yaml"))


def judged(case: dict[str, Any] | None = None, key: str = "wrong") -> Verdict:
    """All base documents together, one of them changed by a case."""
    texts = dict(TEXTS)
    if case is not None:
        stands = case.get("stands", "right")
        before = texts[case["base"]]
        assert before.count(case[stands]) >= 1, f"{case['rule']}: base lacks {case[stands]!r}"
        texts[case["base"]] = before.replace(case[stands], case[key], 1)
    return lint_sources([source_of(text.encode(), str(FILES[name])) for name, text in texts.items()])


def used(verdict: Verdict) -> set[str]:
    return {finding.rule for finding in verdict.findings}


@pytest.mark.parametrize("case", CASES, ids=[case["rule"] for case in CASES])
def test_a_rule_fires_and_is_silent(case: dict[str, Any]) -> None:
    fired = [finding for finding in judged(case, "wrong").findings if finding.rule == case["rule"]]
    assert fired, sorted(map(str, judged(case, "wrong").findings))
    assert all(finding.where.count(":") >= 2 for finding in fired)
    others = judged(case, "right").findings
    assert not [one for one in others if one.rule == case["rule"] and ("stands" not in case or "device" in one.where)]


def test_the_base_is_clean() -> None:
    assert used(judged()) == {"TRV-L082"}


def test_every_rule_has_a_case_and_a_page() -> None:
    cased = {case["rule"] for case in CASES}
    table = {name: rule for name, rule in rules().items() if rule.right}
    assert cased == set(table)
    assert len(table) >= 60
    for case in CASES:
        rule = table[case["rule"]]
        assert (rule.wrong, rule.right) == (case["wrong"], case["right"])
        assert "Right:" in explain(rule.id)
        assert "What to do:" in explain(rule.id)


def test_no_rule_is_outside_the_table() -> None:
    elsewhere = {"TRV-I018", "TRV-I019", "TRV-I031", "TRV-I032"}  # packages, missing files, conversions
    lettered = {name for name in rules() if name.startswith(("TRV-L", "TRV-I"))}
    assert lettered - elsewhere <= {case["rule"] for case in CASES}


def test_shipped_documents_have_no_errors() -> None:
    verdict = lint(SHIPPED)
    assert verdict.good, [str(finding) for finding in verdict.findings if finding.severity == "error"]


def test_a_new_rule_warns_for_one_minor_release() -> None:
    rule = rules()["TRV-L028"]._replace(since="0.4")
    assert [rule.weight(version) for version in ("0.4.0", "0.4.9", "0.5.0", "1.0.0")] == [
        "warning",
        "warning",
        "error",
        "error",
    ]
    assert rule._replace(severity="note").weight("0.4.0") == "note"
    assert rules()["TRV-L028"].weight("0.1.0") == "error"


def test_findings_stand_in_the_order_of_the_file() -> None:
    text = TEXTS["interface"].replace("unit: W\n", "unit: Watt\n").replace("hold: 600", "hold: -1")
    found: list[Finding] = list(lint_sources([source_of(text.encode(), "b.yaml")]).findings)
    rows = [int(finding.where.split(":")[1]) for finding in found]
    assert rows == sorted(rows)
    assert len(found) >= 2
