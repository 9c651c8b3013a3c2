"""Files of events, one JSON object a line: every wrong line is told at its place."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from test_check_lint import FILES, TEXTS
from trivet.check.events import MOST_LINES
from trivet.check.lint import lint, lint_sources
from trivet.check.source import LARGEST_EVENTS, source_of
from trivet.check.whole import Wishes, check_folder
from trivet.errors import Finding

EVENT = {
    "kind": "event",
    "format": 0,
    "device": "dish-1",
    "event": "cleaned",
    "start": "2026-03-01T06:30:00Z",
    "by": "a technician",
}


def line(**changes: object) -> str:
    return json.dumps({name: value for name, value in {**EVENT, **changes}.items() if value is not None})


def found(*lines: str, beside: tuple[str, ...] = ()) -> list[Finding]:
    others = [source_of(TEXTS[name].encode(), str(FILES[name])) for name in beside]
    events = source_of(("\n".join(lines) + "\n").encode(), "events/dish-1.jsonl")
    verdict = lint_sources([events, *others])
    return [finding for finding in verdict.findings if finding.where.startswith("events/")]


def test_many_events_in_a_file_are_good() -> None:
    assert found(line(), line(event="repaired", subject="heater"), "", line(end="2026-03-01T07:30:00Z")) == []


def test_each_wrong_line_is_told_at_its_place() -> None:
    wrong = [line(), line(device=None), line(event="exploded"), "kind: event", "{", line(by=None), line(start="today")]
    rules = {(finding.where.split(":")[1], finding.rule) for finding in found(*wrong)}
    expected = {("2", "TRV-I011"), ("3", "TRV-I013"), ("5", "TRV-I001"), ("6", "TRV-L101"), ("7", "TRV-I014")}
    assert expected <= rules
    assert {row for row, rule in rules if row == "4"} == {"4"}
    assert not [row for row, _ in rules if row == "1"]
    (doubled,) = found(line()[:-1] + ', "by": "b"}')
    assert (doubled.rule, doubled.where.split(":")[1]) == ("TRV-I004", "1")


def test_a_line_of_yaml_is_no_line_of_json() -> None:
    assert [one.rule for one in found(line().replace('"cleaned"', "cleaned"))] == ["TRV-I001"]


def test_events_are_held_to_the_devices_beside_them() -> None:
    import yaml

    device = yaml.safe_load(TEXTS["device"])["id"]
    rules = [one.rule for one in found(line(device="somebody"), line(device=device), beside=("device", "interface"))]
    assert rules == ["TRV-L102"]


def test_a_file_of_nonsense_is_told_in_bounds() -> None:
    assert len({one.where for one in found(*["nonsense"] * (MOST_LINES + 50))}) == MOST_LINES
    (large,) = lint_sources([source_of(b" " * (LARGEST_EVENTS + 1), "a.jsonl")]).findings
    assert large.rule == "TRV-I002"
    (coded,) = lint_sources([source_of(b"\xff", "a.jsonl")]).findings
    assert coded.rule == "TRV-I001"


@pytest.mark.parametrize(("folder", "errors"), [("events", 1), ("lines", 0)])
def test_a_folders_events_are_checked_and_what_runs_wrote_is_not(folder: str, errors: int, tmp_path: Path) -> None:
    from datetime import date

    (tmp_path / folder).mkdir()
    (tmp_path / folder / "dish-1.jsonl").write_text(line(event="exploded") + "\n", encoding="utf-8")
    verdict = check_folder(tmp_path, Wishes("", "FIRMWARE", date(2026, 11, 28)))
    assert verdict.counts()["error"] == errors
    assert not lint([tmp_path / folder / "dish-1.jsonl"]).good
