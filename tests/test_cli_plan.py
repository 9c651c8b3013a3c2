"""``trivet plan``: the documented example as it stands, exit codes, input that is no prediction."""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from pathlib import Path

import pytest

from trivet.cli import main

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "docs" / "plan"
PAGE = ROOT / "docs" / "plan.md"


@pytest.fixture(autouse=True)
def beside_the_example(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def commands() -> list[list[str]]:
    return [shlex.split(line[2:]) for line in PAGE.read_text().splitlines() if line.startswith("$ trivet plan")]


def test_the_documented_commands_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(commands()) >= 2
    for words in commands():
        assert main(words[1:]) == 0
        assert "not covered by the package's signature" in capsys.readouterr().out


def test_the_page_shows_what_comes_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(commands()[0][1:]) == 0
    shown = re.search(r"```text\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert shown
    assert shown.group(1) == capsys.readouterr().out


def test_lines_say_who_signed_what_and_that_the_plan_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    site, lines = str(EXAMPLE / "bistro.yaml"), str(EXAMPLE / "predictions.jsonl")
    assert main(["plan", site, lines, "--format", "json"]) == 0
    made = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["appliance"] for one in made} == {"combi", "convection", "fryer", "kettle"}
    for one in made:
        assert one["kind"] == "advice"
        assert one["signed"] is False
        assert one["from"] < one["until"]
        assert one["minutes"] > 0
        assert one["action"] in {"off", "setback", "hold", "preheat", "none"}
        assert len(one["predictions"]["packages"][0]) == 64


def test_predictions_come_over_standard_input_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = (EXAMPLE / "predictions.jsonl").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert main(["plan", str(EXAMPLE / "bistro.yaml"), "-", "--hours", "4"]) == 0
    assert "plan for bistro" in capsys.readouterr().out


def test_a_limit_that_cannot_be_kept_is_a_negative_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in EXAMPLE.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    site = tmp_path / "bistro.yaml"
    site.write_text(re.sub(r"limit: \d+", "limit: 100", site.read_text()))
    assert main(["plan", str(site), str(tmp_path / "predictions.jsonl")]) == 1
    assert "EXCEEDED" in capsys.readouterr().out


def test_a_running_appliance_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.loads(line) for line in (EXAMPLE / "predictions.jsonl").read_text().splitlines()]
    for one in lines:
        one["vetoes"] = {"energy": ["running_programme"], "time_to_ready": ["running_programme"]}
    file = tmp_path / "busy.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert main(["plan", str(EXAMPLE / "bistro.yaml"), str(file), "--format", "json"]) == 0
    made = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    begun = [one for one in made if one["from"] == one["time"]]
    assert {one["action"] for one in begun} <= {"none", "hold"}
    assert any("running_programme" in one["vetoes"] for one in begun)


@pytest.mark.parametrize(
    "text",
    [
        "no json\n",
        "[1, 2]\n",
        "{" * 5000 + "\n",
        '"x"\n',
        "",
        '{"kind": "prediction", "appliance": "combi-1", "outputs": 3}\n',
    ],
)
def test_what_is_no_prediction_plans_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str) -> None:
    file = tmp_path / "lines.jsonl"
    file.write_text(text)
    assert main(["plan", str(EXAMPLE / "bistro.yaml"), str(file)]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_what_a_prediction_withholds_is_not_planned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [json.loads(line) for line in (EXAMPLE / "predictions.jsonl").read_text().splitlines()]
    lines[0]["outputs"]["energy"], lines[0]["withheld"] = None, {"energy": ["novelty"]}
    lines[1]["outputs"]["time_to_ready"]["off"] = -1.0
    file = tmp_path / "lines.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert main(["plan", str(EXAMPLE / "bistro.yaml"), str(file)]) == 0
    said = capsys.readouterr().out
    assert "combi            not planned: its newest prediction says nothing (novelty)" in said
    assert "convection       not planned" in said


def test_without_predictions_or_with_a_bad_moment_it_could_not_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    site, lines = str(EXAMPLE / "bistro.yaml"), str(EXAMPLE / "predictions.jsonl")
    assert main(["plan", site]) == 2
    assert main(["plan", site, str(EXAMPLE / "none.jsonl")]) == 2
    assert main(["plan", site, lines, "--at", "noon"]) == 2
    assert main(["plan", site, lines, "--at", "2026-06-05T12:00:00"]) == 2
    assert main(["plan", str(EXAMPLE / "combi-1.yaml"), lines]) == 2
    capsys.readouterr()
