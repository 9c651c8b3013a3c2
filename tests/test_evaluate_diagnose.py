"""From reports to data: regions, exact intervals, findings, plans."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from trivet.cli import main
from trivet.errors import DataError, DocumentError
from trivet.evaluate.diagnose import ASSUMED, diagnose, exponent
from trivet.evaluate.intervals import binomial
from trivet.evaluate.regions import Attributes, Axis, cells
from trivet.evaluate.report import Cell, Lesson, Report, dumps, read

TYPE, INLET = Axis("type"), Axis("inlet", "Cel", (12.0, 25.0))


def cell(region: dict[str, str], cases: int, wrong: int, trained: int, share: float) -> Cell:
    return Cell(region=region, cases=cases, wrong=wrong, trained=trained, share=share)


def report(*made: Cell, **more: Any) -> Report:
    whole = {"cases": 200, "wrong": 30, "trained": 400, **more}
    return Report(kind="report", format=0, subject="m", question="named", simulated=True, cells=made, **whole)


GOOD = cell({"type": "hood"}, 150, 10, 380, 0.75)


@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.95, 0.999]))
def test_intervals_are_those_of_scipy(one: int, other: int, level: float) -> None:
    hits, trials = min(one, other), max(one, other, 1)
    low, high = binomial(hits, trials, level)
    exact = stats.binomtest(hits, trials).proportion_ci(level, "exact")
    assert (low, high) == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_regions_are_counted_in_every_part_of_one_axis_and_of_two() -> None:
    judged: Attributes = {"type": ["hood", "hood", "under"], "inlet": [10.0, 15.0, math.nan]}
    taught: Attributes = {"type": ["hood"], "inlet": [12.0]}
    population: Attributes = {"type": ["hood", "under"], "inlet": [10.0, 40.0]}
    made = {
        c.name: (c.cases, c.wrong, c.trained, c.share)
        for c in cells([TYPE, INLET], judged, [True, False, True], taught, population)
    }
    assert made["type hood"] == (2, 1, 1, 0.5)
    assert made["type under"] == (1, 1, 0, 0.5)
    assert made["inlet below 12 Cel"] == (1, 1, 0, 0.5)
    assert made["inlet 12 to 25 Cel"] == (1, 0, 1, 0.0)
    assert made["inlet from 25 Cel"] == (0, 0, 0, 0.5)
    assert made["inlet unknown"] == (1, 1, 0, 0.0)
    assert made["type hood, inlet below 12 Cel"] == (1, 1, 0, 0.5)


def test_each_kind_of_region_is_called_what_it_is() -> None:
    found = diagnose(
        report(
            GOOD,
            cell({"type": "under"}, 50, 20, 20, 0.25),
            cell({"inlet": "below 12 Cel"}, 3, 1, 90, 0.2),
            cell({"inlet": "12 to 25 Cel"}, 190, 28, 10, 0.7),
            cell({"inlet": "from 25 Cel"}, 1, 1, 0, 0.005),
        ),
        50,
    )
    kinds = {f.cell.name: f.kind for f in found.findings}
    assert kinds == {
        "type under": "wrong",
        "inlet 12 to 25 Cel": "under_represented",
        "inlet below 12 Cel": "no_evidence",
    }
    assert found.findings[0].kind == "wrong"


def test_a_region_of_two_axes_is_left_out_when_one_axis_says_it_all() -> None:
    bad = cell({"type": "under"}, 60, 25, 20, 0.25)
    corner = cell({"inlet": "below 12 Cel", "type": "under"}, 30, 20, 8, 0.12)
    found = diagnose(report(GOOD, bad, corner), 40)
    assert {f.cell.name for f in found.findings} == {"type under", "inlet below 12 Cel, type under"}
    assert [one.cell.name for one in found.plan] == ["type under"]


def test_the_plan_spends_all_cases_where_they_bring_most() -> None:
    worse = cell({"type": "under"}, 60, 30, 10, 0.25)
    bad = cell({"type": "conveyor"}, 60, 18, 10, 0.25)
    found = diagnose(report(cell({"type": "hood"}, 150, 5, 380, 0.5), worse, bad, cases=270, wrong=53), 100)
    assert [one.cell.name for one in found.plan] == ["type under", "type conveyor"]
    assert sum(one.cases for one in found.plan) == 100
    assert found.plan[0].cases > found.plan[1].cases
    assert 0 < found.gain < sum(one.gain for one in found.plan)
    assert found.gain < found.error


def test_the_exponent_is_that_of_the_lessons() -> None:
    lessons = tuple(Lesson(trained=n, cases=100_000, wrong=round(100_000 * 2 * n**-0.5)) for n in (100, 200))
    taught = report(GOOD, cases=100_000, wrong=10_000, trained=400, lessons=lessons)
    assert exponent(taught) == pytest.approx(0.5, abs=0.01)
    assert exponent(report(GOOD)) is None
    assert diagnose(report(GOOD), 10).exponent == ASSUMED


def test_more_data_promises_nothing_where_the_best_region_is_no_better() -> None:
    found = diagnose(report(cell({"type": "hood"}, 200, 30, 10, 1.0)), 100)
    assert found.gain == 0


def test_reports_come_back_and_say_what_is_wrong_with_them(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(dumps(report(GOOD, lessons=(Lesson(trained=100, cases=200, wrong=50),))))
    assert read(path) == report(GOOD, lessons=(Lesson(trained=100, cases=200, wrong=50),))
    path.write_bytes(b"[" * 100_000)
    with pytest.raises(DocumentError):
        read(path)
    tree = json.loads(dumps(report(GOOD)))
    tree["cells"][0]["wrong"] = 1000
    path.write_text(json.dumps(tree))
    with pytest.raises(DocumentError, match="no more cases can be wrong"):
        read(path)
    with pytest.raises(DataError):
        read(tmp_path / "none.json")


def test_the_verb_tells_people_and_programmes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(dumps(report(GOOD, cell({"type": "under"}, 50, 20, 20, 0.25))))
    assert main(["diagnose", str(path), "--cases", "50"]) == 1
    shown = capsys.readouterr().out
    assert "simulated" in shown
    assert "type under: 40.0% [26.4%, 54.8%] wrong of 50; taught 20, 25% of the population" in shown
    assert "1. 50 of type under:" in shown
    assert main(["diagnose", str(path), "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["plan"][0]["cell"]["region"] == {"type": "under"}
    path.write_bytes(dumps(report(GOOD)))
    assert main(["diagnose", str(path)]) == 0
    assert "no region stands out" in capsys.readouterr().out
    assert main(["diagnose", str(path), "--cases", "0"]) == 2
