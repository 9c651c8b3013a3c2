"""From a report to the data: which regions are wrong, scarce or unknown, and what to collect next.

Gains are foretold by the power law that learning curves follow over most of their length
(Hestness et al., 2017): what can be learnt of an error falls with the taught cases to the
power of -exponent. The exponent comes from the report's lessons, the part of an error that
cannot be learnt from the best region of the same axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from trivet.evaluate.intervals import binomial
from trivet.evaluate.report import Cell, Lesson, Report

Kind = Literal["wrong", "under_represented", "no_evidence", "ok"]

FEW = 8
"""Judged cases below which a region has no evidence."""

SCARCE = 0.5
"""A region is under-represented when its share of the taught cases is less than this part of its share out there."""

RARE = 0.01
"""Regions with a smaller share of the population are left alone."""

ASSUMED = 0.35
"""Exponent of a learning curve when the report has no lessons."""

_PRIOR = 6.0
"""Cases that the overall error counts for in a region of its own."""

_STEPS = 25
_EXPONENTS = (0.1, 1.0)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is the matter with one region.

    Attributes:
        cell: The region.
        kind: ``wrong``, ``under_represented``, ``no_evidence`` or ``ok``.
        low: Lower end of the exact 95 % interval of its error; ``high`` the upper.
        high: Upper end.
    """

    cell: Cell
    kind: Kind
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What to collect.

    Attributes:
        cell: From which region.
        cases: How many.
        gain: By how much the error of the whole population should fall.
        evidence: Whether it is asked for to know, rather than to be less wrong.
    """

    cell: Cell
    cases: int
    gain: float
    evidence: bool


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that a report says about the data.

    Attributes:
        error: Share of judged cases that were wrong; ``low`` and ``high`` its exact 95 % interval.
        low: Lower end.
        high: Upper end.
        exponent: Of the learning curve.
        measured: Whether the exponent was measured, not assumed.
        findings: One a region, the worst first, without those that are well.
        plan: What to collect, the most gain first.
        gain: By how much the error should fall when all of the plan is done; regions overlap, so less than the sum.
    """

    error: float
    low: float
    high: float
    exponent: float
    measured: bool
    findings: tuple[Finding, ...]
    plan: tuple[Acquisition, ...]
    gain: float


def diagnose(report: Report, cases: int) -> Diagnosis:
    """What is wrong with the data, and a plan for so many more cases."""
    error = report.wrong / max(report.cases, 1)
    curve = exponent(report)
    found = [finding(report, cell) for cell in report.cells if cell.share >= RARE]
    bad = sorted((f for f in found if f.kind != "ok"), key=lambda f: _weight(f, error), reverse=True)
    plan = _plan(report, _apart(bad), found, cases, curve or ASSUMED)
    left = math.prod(1.0 - min(one.gain / error, 1.0) for one in plan) if error else 1.0
    low, high = binomial(report.wrong, report.cases)
    return Diagnosis(error, low, high, curve or ASSUMED, curve is not None, tuple(bad), plan, error * (1.0 - left))


def finding(report: Report, cell: Cell) -> Finding:
    """What is the matter with one region; many are looked at, so each must be the clearer wrong (Bonferroni)."""
    low, high = binomial(cell.wrong, cell.cases)
    strict, _ = binomial(cell.wrong, cell.cases, 1.0 - 0.05 / max(len(report.cells), 1))
    kind: Kind = "ok"
    if cell.cases < FEW:
        kind = "no_evidence"
    elif strict > report.wrong / max(report.cases, 1):
        kind = "wrong"
    elif cell.trained < SCARCE * cell.share * report.trained:
        kind = "under_represented"
    return Finding(cell, kind, low, high)


def exponent(report: Report) -> float | None:
    """Exponent of the learning curve through lessons and report, by least squares; None without a lesson.

    Half a case is added to each count, so that no error is zero.
    """
    known: list[Lesson | Report] = [*report.lessons, report]
    points = [(math.log(one.trained), math.log((one.wrong + 0.5) / (one.cases + 1))) for one in known if one.trained]
    if len({x for x, _ in points}) < 2:
        return None
    mean = [sum(axis) / len(points) for axis in zip(*points, strict=True)]
    over = sum((x - mean[0]) * (y - mean[1]) for x, y in points)
    slope = over / sum((x - mean[0]) ** 2 for x, _ in points)
    return float(min(max(-slope, _EXPONENTS[0]), _EXPONENTS[1]))


def _weight(found: Finding, overall: float) -> tuple[int, float]:
    """Wrong regions first, then scarce, then unknown ones; within them by share and error."""
    order = {"wrong": 2, "under_represented": 1}
    return order.get(found.kind, 0), found.cell.share * _error(found.cell, overall)


def _apart(found: Sequence[Finding]) -> list[Finding]:
    """Without regions of two axes that a finding about one of them already covers."""
    single = [set(f.cell.region.items()) for f in found if len(f.cell.region) == 1]
    return [f for f in found if len(f.cell.region) == 1 or not any(s < set(f.cell.region.items()) for s in single)]


def _error(cell: Cell, overall: float) -> float:
    """A region's error, drawn to the overall one the less it was judged."""
    return (cell.wrong + _PRIOR * overall) / (cell.cases + _PRIOR)


def _floor(cell: Cell, found: Sequence[Finding], overall: float) -> float:
    """The error that more data cannot be expected to mend: that of the best region of the same axes."""
    alike = [f.cell for f in found if f.cell.region.keys() == cell.region.keys() and f.cell.cases >= FEW]
    return min((_error(other, overall) for other in alike), default=0.0)


def _plan(
    report: Report, bad: Sequence[Finding], found: Sequence[Finding], cases: int, curve: float
) -> tuple[Acquisition, ...]:
    """Spends the cases in steps, each where it brings most."""
    overall = report.wrong / max(report.cases, 1)
    step = max(cases // _STEPS, 1)
    given = dict.fromkeys(range(len(bad)), 0)

    def gain(place: int, extra: int) -> float:
        cell = bad[place].cell
        error, floor = _error(cell, overall), _floor(cell, found, overall)
        left = float(((cell.trained + 1) / (cell.trained + 1 + extra)) ** curve)
        return cell.share * max(error - floor, 0.0) * (1.0 - left)

    for _ in range(cases // step if bad else 0):
        best = max(given, key=lambda place: gain(place, given[place] + step) - gain(place, given[place]))
        given[best] += step
    made = [
        Acquisition(bad[place].cell, count, gain(place, count), bad[place].kind == "no_evidence")
        for place, count in given.items()
        if count
    ]
    return tuple(sorted(made, key=lambda one: one.gain, reverse=True))
