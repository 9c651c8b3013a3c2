"""Reports of the evaluations on recorded data: the tables that are printed, and what they look like."""

from __future__ import annotations

from collections.abc import Iterable

from trivet_reference.evaluate import skab
from trivet_reference.evaluate.heater import LOSSES, Heater, Judged
from trivet_reference.evaluate.nab import Nab
from trivet_reference.evaluate.page import Bar, Bars, Page, Part, Plot, Series, Table
from trivet_reference.evaluate.pot import Pot, Result

POINTS = 700
"""Points of a long curve, about as many as a page is wide."""


def skab_page(report: skab.Report) -> Page:
    """F1 and false alarms of every detector, and of ours by kind of fault."""
    rows = [*report.official, *(row for pair in zip(report.unseen, report.equal, strict=True) for row in pair)]
    cells = [["detector", "F1", "95 %", "false alarms", "missed"]]
    for number, row in enumerate(rows, 1):
        c = row.counts
        cells.append(
            [
                f"{number} {row.name.strip()}",
                f"{c.f1:.3f}",
                f"{row.low:.3f} to {row.high:.3f}",
                f"{c.far:.1%}",
                f"{c.mar:.1%}",
            ]
        )
    kinds = [["kind of fault", "F1, experiments left out", "false alarms", "F1, kind never seen", "false alarms"]]
    for kind, pair in report.families.items():
        kinds.append([kind, *(cell for row in pair for cell in (f"{row.counts.f1:.3f}", f"{row.counts.far:.1%}"))])
    bars = [Bar(f"{n}", row.counts.f1, (row.low, row.high)) for n, row in enumerate(rows, 1)]
    parts: list[Part] = [
        Table("Detectors", "The picture has their numbers; bootstrap over experiments.", cells),
        Bars("F1 of the detectors", "F1", bars),
        Table("By kind of fault", "Each experiment left out by itself, and its whole kind.", kinds),
    ]
    figures = {"recorded": "skab", "detectors": [{"name": row.name.strip(), **row.counts._asdict()} for row in rows]}
    return Page("Recorded pump rig (SKAB)", " ".join(report.text().splitlines()[:2]), parts, figures)


def heater_page(made: Heater) -> Page:
    """Heater power of every run over the usual, machine by machine, with the limit and the losses put in."""
    cells = [["machine", "runs judged", "alarms", *(f"{loss:.0%} lost, seen" for loss in LOSSES)]]
    cells += [
        [row.machine, str(row.runs), str(row.alarms), *(str(row.seen[loss]) for loss in LOSSES)] for row in made.rows
    ]
    figures = {
        "recorded": "tracebase",
        "machines": [
            {"name": row.machine, "runs": row.runs, "alarms": row.alarms, "seen": [row.seen[loss] for loss in LOSSES]}
            for row in made.rows
        ],
    }
    parts: list[Part] = [Table("Runs", "", cells), *(_losses(row) for row in made.rows)]
    return Page("Loss of recorded heater power (tracebase)", made.text().splitlines()[0], parts, figures)


def _losses(row: Judged) -> Plot:
    """The runs of one machine."""
    later = list(enumerate(row.levels.tolist()))[row.learnt :]
    lost = [Series(f"{loss:.0%} lost", [(run, level * (1 - loss)) for run, level in later], True) for loss in LOSSES]
    limit = Series("limit", [(0.0, row.threshold), (len(row.levels) - 1.0, row.threshold)])
    recorded = Series("as recorded", list(enumerate(row.levels.tolist())), True)
    return Plot(f"Machine {row.machine}", "run, in order of time", "share of usual power", [recorded, *lost, limit])


def nab_page(made: Nab) -> Page:
    """The temperature with its labelled windows and the onsets of each rule."""
    first, low = made.times[0], float(made.values.min())

    def marks(name: str, moments: Iterable[float], height: float, dots: bool) -> Series:
        return Series(name, [((moment - first) / 86_400, low + height) for moment in moments], dots)

    days = ((made.times - first) / 86_400).tolist()
    thin = max(1, len(days) // POINTS)
    curve = Series("temperature", list(zip(days, made.values.tolist(), strict=True))[::thin])
    onsets = [marks(one.name, one.onsets.tolist(), 4.0 * n, True) for n, one in enumerate(made.found, 1)]
    labelled = [marks(f"event {n}", window, 0.0, False) for n, window in enumerate(made.windows, 1)]
    cells = [["rule", "events found", "false onsets"]]
    cells += [[one.name, f"{one.found}/{one.windows}", str(one.false)] for one in made.found]
    figures = {
        "recorded": "nab_machine_temperature",
        "rules": [{"name": one.name, "found": one.found, "of": one.windows, "false": one.false} for one in made.found],
    }
    parts: list[Part] = [
        Table("Rules", "", cells),
        Plot("Machine temperature", "day", "degF", [curve, *onsets, *labelled]),
    ]
    return Page("Recorded machine temperature (NAB)", made.text().splitlines()[0], parts, figures)


def pot_page(made: Pot) -> Page:
    """Errors of the heat-up time and of the temperature by run, and what was said along the runs."""
    cells = [["run", "recorded, s", "error at the start", "RMSE, K", "linear loss, K"]]
    for key, one in made.results.items():
        name = f"{key.power} W {key.replicate}{' (identified from)' if key.taught else ''}"
        cells.append([name, f"{one.time:.0f}", f"{one.node:+.1%}", f"{one.wet:.2f}", f"{one.dry:.2f}"])
    unseen = {f"{key.power} W {key.replicate}": one for key, one in made.results.items() if not key.taught}
    figures = {
        "recorded": "cooking_pot_thermal",
        "unseen": [{"run": name, "node": one.node, "rmse": one.wet, "linear": one.dry} for name, one in unseen.items()],
    }
    parts: list[Part] = [
        Table("Runs", "", cells),
        Bars("Temperature RMSE on unseen runs", "K", [Bar(name, one.wet) for name, one in unseen.items()]),
        Plot(
            "Time to the set-point on unseen runs",
            "share of the run that is over",
            "share that remains, as said",
            [*(_said(name, one) for name, one in unseen.items()), Series("right", [(0.0, 1.0), (1.0, 0.0)])],
        ),
    ]
    return Page("Recorded pot heat-ups", " ".join(made.text().splitlines()[:2]), parts, figures)


def _said(name: str, one: Result) -> Series:
    """What the package said along one run."""
    pairs = zip(one.said.at, one.said.ready, strict=True)
    return Series(name, [(at / one.time, ready / one.time) for at, ready in pairs])
