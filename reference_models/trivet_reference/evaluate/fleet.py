"""The dishwasher package on simulated lives that nobody learnt from: warnings, diagnosis, probabilities, by tier."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trivet.interface.document import DecisionRule
from trivet.package.archive import open_package
from trivet.signals import Ints
from trivet_reference.evaluate import page, summary
from trivet_reference.evaluate.alarms import Events, Scores, Verdict, bootstrap, tuned, verdict
from trivet_reference.evaluate.lives import TIERS, Said, Trial, trial
from trivet_reference.evaluate.page import Bar, Bars, Page, Part, Plot, Series, Table
from trivet_reference.evaluate.path import PACKAGES, load
from trivet_reference.evaluate.probabilities import brier, calibration_error, precision, rank, reliability
from trivet_reference.plant.faults import FAULTS
from trivet_reference.train.diagnosis import LONGEST
from trivet_reference.train.living import HORIZONS, live

SEED, CHOICE_SEED, LEFT_OUT_SEED = 9001, 9002, 9003
SICK, CHOICE_SICK = 0.65, 0.2
"""Shares of machines with a fault: of those that are judged, and of those on which levels are chosen."""

CONVEYOR = (0.0, 0.0, 1.0)
LAST = 3
"""Cycles before the stop that name a fault."""


class Figures(NamedTuple):
    """Everything that is measured on one fleet.

    Attributes:
        title: Which machines.
        machines: Their number.
        novel: Tier to the share of healthy cycles that are called novel.
        verdicts: Tier to each detector's.
        ranks: Tier to event places: how likely the true fault was, 1 for likeliest; -1 where signals cannot name it.
        events: Tier to the events that it can name.
        probabilities: Tier to name of a probability to its Brier score and calibration error.
        precision: Tier to fault to area under the precision-recall curve.
        coverage: Tier to the share of true lead times inside the interval.
        reliable: Tier to points of the reliability of ``fault_24h``.
    """

    title: str
    machines: int
    novel: dict[str, float]
    verdicts: dict[str, list[Verdict]]
    ranks: dict[str, Ints]
    events: dict[str, Events]
    probabilities: dict[str, dict[str, tuple[float, float]]]
    precision: dict[str, dict[str, float]]
    coverage: dict[str, float]
    reliable: dict[str, list[tuple[float, float]]]


def fleet(home: Path, report: Path, machines: int = 40) -> str:
    """Measures the committed package and writes ``dishwasher.json`` and ``dishwasher.html``; gives the tables.

    Levels, spreads and the logistic regression come from machines of their own, which are judged by nothing.
    """
    interface = load("*dishwasher*", home).interface
    model = bytes(open_package(max(PACKAGES.glob("*dishwasher*"))).members["model.onnx"])
    rule = interface.decisions["fault"]
    choice = trial(model, interface, live(interface, CHOICE_SEED, machines, sick=CHOICE_SICK))
    known = trial(model, interface, live(interface, SEED, machines, sick=SICK))
    strange = trial(model, interface, live(interface, LEFT_OUT_SEED, machines // 3, sick=SICK, types=CONVEYOR))
    all_figures = [
        figures("undercounter and hood machines", known, rule, choice),
        figures("rack conveyors, a type that took no part in the training", strange, rule, choice),
    ]
    parts = [part for one in all_figures for part in sections(one)]
    text = (
        "Simulated machines drawn from other seeds than the training's. No figure here is about a machine in a kitchen."
    )
    made = Page("trivet-dishwasher on simulated lives", text, parts, [tree(one) for one in all_figures])
    paths = [*page.write(made, report, "dishwasher"), report / "dishwasher.md"]
    paths[-1].write_text(summary.tables(made.figures), encoding="utf-8")
    tables = [part for part in parts if isinstance(part, Table)]
    return "\n\n".join([*(plain(table) for table in tables), *(f"wrote {path}" for path in paths)])


def figures(title: str, trial: Trial, rule: DecisionRule, choice: Trial) -> Figures:
    """Measures one fleet at levels that were chosen on another."""
    healthy = trial.healthy
    made = Figures(title, len(trial.sick), {}, {}, {}, {}, {}, {}, {}, {})
    for tier, said in trial.said.items():
        events = made.events[tier] = trial.events(tier)
        made.novel[tier] = float((said.novelty[healthy] > 1.0).mean())
        made.verdicts[tier] = verdicts(trial, tier, rule, events, choice)
        made.ranks[tier] = places(trial, said, events)
        made.probabilities[tier], made.reliable[tier] = probabilities(trial, tier)
        made.precision[tier] = precisions(trial, tier)
        made.coverage[tier] = coverage(trial, tier)
    return made


def verdicts(trial: Trial, tier: str, rule: DecisionRule, events: Events, choice: Trial) -> list[Verdict]:
    """The package at its own level, and everything at the level that gave one false alarm a machine-month elsewhere."""
    healthy, group, months = trial.healthy, trial.group, trial.months
    package, *others = trial.detectors(tier, rule.confirm, choice)
    made = [verdict(package, rule.watch.raise_at, group, healthy, months, events)]
    before = [
        tuned(scores.value, choice.group, choice.healthy, choice.months)
        for scores in choice.detectors(tier, rule.confirm, choice)
    ]
    same = package._replace(name="package, at a level chosen likewise")
    leveled = list(zip((same, *others), before, strict=True))
    leveled += [(Scores(name, np.full(len(group), said)), 0.5) for name, said in (("always", 1.0), ("never", 0.0))]
    return made + [verdict(scores, level, group, healthy, months, events) for scores, level in leveled]


def places(trial: Trial, said: Said, events: Events) -> Ints:
    """How likely the true fault was held in the last cycles before the stop; -1 where the signals cannot name it."""
    made = np.full(len(events.rows), -1)
    for number, (rows, kind) in enumerate(zip(events.rows, events.kind, strict=True)):
        mean = said.fault[rows[-LAST:]].mean(axis=0)
        column = trial.classes.index(FAULTS[kind])
        if not np.isnan(mean[column]):
            made[number] = int(rank(mean[None], np.array([column]))[0])
    return made


def probabilities(trial: Trial, tier: str) -> tuple[dict[str, tuple[float, float]], list[tuple[float, float]]]:
    """Brier score and calibration error of what is present and of each horizon, and the reliability of 24 hours.

    What is present counts per cycle; horizons count per hour of life that a cycle stands for.
    """
    said, made = trial.said[tier], {}
    none, judged = trial.classes.index("none"), trial.said[tier].novelty <= 1.0
    labels = trial.labels(tier)
    rows = (labels >= 0) & judged
    known = np.nan_to_num(said.fault[rows], nan=-1.0)
    sick, truth = 1.0 - known[:, none], labels[rows] != none
    made["a fault is present"] = (brier(sick, truth), calibration_error(sick, truth))
    best, right = known.max(axis=1), known.argmax(axis=1) == labels[rows]
    made["likeliest class"] = (brier(best, right), calibration_error(best, right))
    ahead = trial.settled & ~trial.truth.down & judged
    weight, reached = trial.truth.weight[ahead], trial.reach(tier)[ahead]
    reliable: list[tuple[float, float]] = []
    for number, name in enumerate(HORIZONS):
        within, happened = 1.0 - said.horizons[number][ahead, none], np.asarray(reached <= number)
        made[name] = (brier(within, happened, weight), calibration_error(within, happened, weight))
        if name == "fault_24h":
            reliable = reliability(within, happened, weight)
    return made, reliable


def precisions(trial: Trial, tier: str) -> dict[str, float]:
    """Area under the precision-recall curve of each fault that the tier can name."""
    labels = trial.labels(tier)
    rows = labels >= 0
    made = {}
    for name, told in zip(FAULTS, trial.nameable(tier), strict=True):
        column = trial.classes.index(name)
        if told:
            made[name] = precision(np.nan_to_num(trial.said[tier].fault[rows, column]), labels[rows] == column)
    return made


def coverage(trial: Trial, tier: str) -> float:
    """Share of lead times inside their interval, on machines with a fault that will stop them and has a name."""
    said, lead = trial.said[tier].lead, trial.truth.lead
    kind = trial.truth.kind
    rows = trial.settled & (kind >= 0) & trial.nameable(tier)[kind] & (trial.said[tier].novelty <= 1.0)
    inside = (said[:, 0] <= lead) & (np.minimum(lead, LONGEST) <= said[:, 2] * 1.001)
    return float(inside[rows].mean())


def sections(one: Figures) -> list[Part]:
    """Tables and pictures of one fleet."""
    made: list[Part] = [
        Table(f"Tier {tier}, simulated {one.title}", _sentence(one, tier), _warnings(one.verdicts[tier]))
        for tier in TIERS
    ]
    made.append(Table(f"Diagnosis, simulated {one.title}", _DIAGNOSIS, _diagnosis(one)))
    made.append(Table(f"Probabilities, simulated {one.title}", _PROBABILITIES, _probability_rows(one)))
    made.append(Table(f"Area under the precision-recall curve, simulated {one.title}", "", _precision_rows(one)))
    bars = [Bar(v.name, v.recall, v.interval) for v in one.verdicts["C"] if np.isfinite(v.recall)]
    made.append(Bars(f"Events warned of in tier C, simulated {one.title}", "share of events", bars))
    series = [Series(f"tier {tier}", points) for tier, points in one.reliable.items()]
    diagonal = Series("right", [(0.0, 0.0), (1.0, 1.0)])
    made.append(
        Plot(f"fault_24h, simulated {one.title}", "probability said", "share that happened", [*series, diagonal])
    )
    return made


_DIAGNOSIS = "Places of the true fault among the classes, over the last three cycles before the stop."
_PROBABILITIES = "Brier score / expected calibration error; horizons per hour of life. Coverage is meant to be 80 %."


def _sentence(one: Figures, tier: str) -> str:
    months = one.verdicts[tier][0].months
    beaten = one.verdicts[tier][1].recall > one.verdicts[tier][2].recall
    stand = "warns of more events than" if beaten else "does NOT warn of more events than"
    return (
        f"{one.machines} machines, {len(one.events[tier].rows)} events that this tier can name,"
        f" {months:.1f} healthy machine-months, {one.novel[tier]:.1%} of healthy cycles called novel."
        f" At levels chosen likewise, on other machines, the package {stand} CUSUM."
        " The maker's time-outs warn of nothing: they are the stop."
    )


def _warnings(found: Sequence[Verdict]) -> list[list[str]]:
    rows = [["detector", "false alarms a machine-month", "events warned of", "median lead, h"]]
    for one in found:
        rate, low, high = one.false_alarms()
        recall = f"{one.recall:.0%} ({one.interval[0]:.0%} to {one.interval[1]:.0%})"
        rows.append([one.name, f"{rate:.2f} ({low:.2f} to {high:.2f})", recall, f"{one.lead:.1f}"])
    return rows


def _diagnosis(one: Figures) -> list[list[str]]:
    rows = [["tier", "events", "first place", "first two places"]]
    for tier, found in one.ranks.items():
        told, machine = found > 0, one.events[tier].machine
        cells = [_share(hits, machine[told]) for hits in (found[told] == 1, found[told] <= 2)]
        rows.append([tier, str(int(told.sum())), *cells])
    return rows


def _share(hits: Any, machine: Ints) -> str:
    if not len(hits):
        return "-"
    low, high = bootstrap(hits, machine)
    return f"{hits.mean():.0%} ({low:.0%} to {high:.0%})"


def _probability_rows(one: Figures) -> list[list[str]]:
    names = list(one.probabilities["C"])
    rows = [["", *(f"tier {tier}" for tier in TIERS)]]
    for name in names:
        values = [one.probabilities[tier][name] for tier in TIERS]
        rows.append([name, *(f"{score:.3f} / {error:.3f}" for score, error in values)])
    return [*rows, ["lead time inside its interval", *(f"{one.coverage[tier]:.0%}" for tier in TIERS)]]


def _precision_rows(one: Figures) -> list[list[str]]:
    rows = [["fault", *(f"tier {tier}" for tier in TIERS)]]
    for name in FAULTS:
        values = [one.precision[tier].get(name, float("nan")) for tier in TIERS]
        rows.append([name, *("-" if np.isnan(value) else f"{value:.2f}" for value in values)])
    return rows


def plain(table: Table) -> str:
    """A table for a terminal."""
    widths = [max(len(row[n]) for row in table.rows) for n in range(len(table.rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table.rows
    ]
    return "\n".join([table.heading, *([table.text] if table.text else []), *(f"  {line}" for line in lines)])


def tree(one: Figures) -> dict[str, Any]:
    """The figures as JSON; what is not a number is null."""
    return {
        "simulated": True,
        "machines": one.machines,
        "of": one.title,
        "tiers": {
            tier: {
                "events": [FAULTS[kind] for kind in one.events[tier].kind],
                "novel": one.novel[tier],
                "warnings": [_finite(found._asdict()) for found in one.verdicts[tier]],
                "places": one.ranks[tier].tolist(),
                "probabilities": {name: _finite(pair) for name, pair in one.probabilities[tier].items()},
                "precision": _finite(one.precision[tier]),
                "coverage": one.coverage[tier],
            }
            for tier in TIERS
        },
    }


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    if isinstance(value, tuple):
        return [_finite(part) for part in value]
    return value if not isinstance(value, float) or np.isfinite(value) else None
