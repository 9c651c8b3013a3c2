"""Recorded household dishwashers through the committed package; skipped where the data are not installed."""

from pathlib import Path

import pytest

from trivet.errors import DataError
from trivet_reference.evaluate.household import MACHINES, by_rule, household
from trivet_reference.evaluate.path import load, recorded

README = Path(__file__).resolve().parent.parent / "README.md"


@pytest.fixture(scope="module")
def tables() -> Path:
    try:
        return recorded("tracebase")
    except DataError as error:
        pytest.skip(str(error))


def test_household_runs_are_found_and_called_novel_and_no_fault_is_named(tables: Path, tmp_path: Path) -> None:
    assert tables.is_dir()
    result = household(load("*dishwasher*", tmp_path / "home"), tmp_path)
    assert result.days >= 50
    assert result.found >= 0.95 * result.runs
    assert result.matched >= 0.95 * result.windows
    assert result.judged >= 90
    assert result.novel >= 0.95 * result.judged
    assert result.faults == 0
    assert result.reasons["not_fitted"] == result.judged
    assert result.text().strip() in README.read_text(encoding="utf-8")


def test_the_simple_rule_finds_the_runs_that_the_data_set_is_described_with(tables: Path) -> None:
    """Runs of more than five minutes; the data set's description counts 84 over the three machines."""
    runs = [run for name in MACHINES for run in by_rule(tables / "dishwasher" / f"dev_{name}.parquet")[0]]
    long = [run for run in runs if run.end - run.begin > 300]
    assert 80 <= len(long) <= 90
