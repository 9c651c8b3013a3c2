"""No percentile from too few samples; a verdict only for this machine's class."""

from __future__ import annotations

from typing import Any

import pytest

from trivet.runtime.latency import Machine, Measured, fitting_row, judge, least_samples, percentile_bound

HERE = Machine("x86_64", "Some CPU", 2)


def row(**changes: Any) -> dict[str, Any]:
    star = {"architecture": "*", "cpu": "*", "cores": 1, "stage": "predict", "percentile": 99, "limit": 0.05}
    return {**star, **changes}


@pytest.mark.parametrize(("percentile", "least"), [(50, 11), (90, 64), (99, 662)])
def test_least_samples_are_those_of_mlperf(percentile: float, least: int) -> None:
    assert least_samples(percentile) == least
    assert percentile_bound(range(least - 1), percentile) is None
    assert percentile_bound(range(least), percentile) == least - 1


def test_more_samples_discard_more() -> None:
    assert percentile_bound(range(5000), 99) == 4967  # t = 33: P(Binomial(5000, 0.01) <= 33) is the last below 0.01


def test_the_most_specific_row_decides() -> None:
    rows = [row(), row(architecture="x86_64", limit=0.01), row(cpu="Some CPU", limit=0.02)]
    assert fitting_row(rows, HERE) == rows[2]


def test_more_cores_than_there_are_do_not_fit() -> None:
    assert fitting_row([row(cores=4)], HERE) is None


def test_another_class_is_undecided() -> None:
    run = Measured(5000, {99: 0.012}, 0.02)
    verdicts = judge(run, [row(architecture="aarch64"), row(), row(architecture="x86_64", limit=0.01)], HERE)
    assert [v.verdict for v in verdicts] == ["fail", "undecided", "pass"]


def test_too_few_samples_are_undecided() -> None:
    assert [v.verdict for v in judge(Measured(100, {99: None}, 0.02), [row()], HERE)] == ["undecided"]
