"""The resonance loop on the simulator: evaluate, diagnose the data, collect what is missing, learn again.

``python -m trivet_reference.evaluate resonance`` teaches a model with the machines that an OEM happens
to have, judges it on those that are out there, lets ``trivet.evaluate`` plan what to collect, collects
that on the simulator, and holds the gain against the one foretold and against as many more machines of
the old kind. Everything in it is simulated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trivet.evaluate.diagnose import Diagnosis, diagnose
from trivet.evaluate.regions import cells
from trivet.evaluate.report import Lesson, Report, dumps
from trivet.evaluate.told import text as diagnosis_text
from trivet.interface.document import Interface
from trivet_reference.evaluate.page import Bar, Bars, Page, Table, write
from trivet_reference.evaluate.regional import AXES, Cases, Classroom, Drawn, drawn, teach, together, within
from trivet_reference.plant.machine import HOOD, Machines

TAUGHT, JUDGED, MORE = 140, 160, 80
SEEDS = {"taught": 901, "judged": 902, "control": 903, "fresh": 904, "collected": 910}
TIERS = 3
DRAWS = 2000


def at_hand(machines: Machines) -> NDArray[np.bool_]:
    """What the OEM has: hood-type machines on warm water and good mains in soft water."""
    warm, strong = machines.inlet > 25.0, machines.voltage > 0.975
    return np.asarray((machines.type == HOOD) & warm & strong & (machines.hardness < 3.0))


@dataclass(frozen=True, slots=True)
class Loop:
    """What one round found.

    Attributes:
        report: Of the first model.
        diagnosis: Of that report.
        before: Where the first model is wrong on fresh machines, one a case.
        after: Where the one that was also taught the collected machines is.
        control: Where the one that was taught as many more machines of the old kind is.
        machine: Of each fresh case.
        collected: Machines collected.
    """

    report: Report
    diagnosis: Diagnosis
    before: NDArray[np.bool_]
    after: NDArray[np.bool_]
    control: NDArray[np.bool_]
    machine: NDArray[np.int64]
    collected: int

    def gain(self, better: NDArray[np.bool_]) -> tuple[float, float, float]:
        """Fall of the error with its 95 % interval, bootstrap over machines."""
        rng = np.random.default_rng(0)
        owners, place = np.unique(self.machine, return_inverse=True)
        fall = self.before.astype(float) - better
        sums, counts = np.bincount(place, fall), np.bincount(place)
        picks = rng.integers(len(owners), size=(DRAWS, len(owners)))
        low, high = np.quantile(sums[picks].sum(axis=1) / counts[picks].sum(axis=1), (0.025, 0.975))
        return float(fall.mean()), float(low), float(high)


def run(interface: Interface, say: Callable[[str], None], sizes: tuple[int, int, int] = (TAUGHT, JUDGED, MORE)) -> Loop:
    """One round of the loop.

    Args:
        interface: The dishwasher interface.
        say: Told what is being done.
        sizes: Machines taught, judged (twice, different ones), and to be collected.
    """
    taught, judged, more = sizes
    room = Classroom(interface)
    say(f"teaching {taught} machines at hand")
    first = room.cases(drawn(SEEDS["taught"], taught, at_hand))
    half = _first(first, taught // 2)
    say(f"judging {judged} machines of the population")
    model, out = teach([first]), room.cases(drawn(SEEDS["judged"], judged))
    report = make_report(first, out, model.wrong(out), [(len(half), teach([half]).wrong(out))])
    found = diagnose(report, more * TIERS)
    say(f"collecting {more} machines as planned, and as many of the old kind")
    collected = room.cases(together(_acquire(found, more)))
    old = room.cases(drawn(SEEDS["control"], more, at_hand))
    say(f"judging {judged} fresh machines")
    fresh = room.cases(drawn(SEEDS["fresh"], judged))
    models = (model, teach([first, collected]), teach([first, old]))
    before, after, control = (each.wrong(fresh) for each in models)
    return Loop(report, found, before, after, control, fresh.machine, len(np.unique(collected.machine)))


def make_report(
    taught: Cases, judged: Cases, missed: NDArray[np.bool_], lessons: list[tuple[int, NDArray[np.bool_]]]
) -> Report:
    """The report by regions; the judged machines are drawn from the population, so they are its shares too."""
    made = cells(AXES, judged.attributes, missed.tolist(), taught.attributes, judged.attributes)
    return Report(
        kind="report",
        format=0,
        subject="dishwasher faults, simulated machines at hand",
        question="fault named by the last cycles",
        simulated=True,
        cases=len(judged),
        wrong=int(missed.sum()),
        trained=len(taught),
        cells=made,
        lessons=tuple(Lesson(trained=n, cases=len(judged), wrong=int(m.sum())) for n, m in lessons),
    )


def _first(cases: Cases, machines: int) -> Cases:
    """The cases of the first machines."""
    keep = np.flatnonzero(cases.machine < machines)
    chosen = {name: [values[n] for n in keep.tolist()] for name, values in cases.attributes.items()}
    return Cases(cases.machine[keep], cases.truth[keep], cases.x[keep], chosen)


def _acquire(found: Diagnosis, more: int) -> list[Drawn]:
    """Machines as the plan asks for them; each gives a case for every tier."""
    total = sum(one.cases for one in found.plan) or 1
    counts = [max(1, round(more * one.cases / total)) for one in found.plan]
    regions = [one.cell.region for one in found.plan]
    return [
        drawn(SEEDS["collected"] + number, count, partial(within, region=region))
        for number, (count, region) in enumerate(zip(counts, regions, strict=True))
    ]


def resonance(interface: Interface, folder: Path, say: Callable[[str], None]) -> str:
    """Runs the loop, writes ``resonance.json``, ``.html`` and the report by regions, and tells what came out."""
    loop = run(interface, say)
    write(page(loop), folder, "resonance")
    (folder / "resonance-regions.json").write_bytes(dumps(loop.report))
    return text(loop)


def text(loop: Loop) -> str:
    """The figures for people."""
    rows = [
        "resonance loop (simulated dishwashers; cases are machine and tier, split by machine)",
        diagnosis_text(loop.report, loop.diagnosis),
        f"collected {loop.collected} simulated machines; on {len(np.unique(loop.machine))} fresh ones:",
        f"  wrong before                      {_percent(loop.before.mean())}",
        f"  taught the plan as well           {_percent(loop.after.mean())}  gain {_span(loop.gain(loop.after))}",
        f"  taught as many of the old kind    {_percent(loop.control.mean())}  gain {_span(loop.gain(loop.control))}",
        f"  gain foretold for the plan        {100 * loop.diagnosis.gain:.1f} points",
    ]
    return "\n".join(rows)


def page(loop: Loop) -> Page:
    """The report as a page."""
    low, high = loop.diagnosis.low, loop.diagnosis.high
    shares = [("before", loop.before), ("plan", loop.after), ("more of the same", loop.control)]
    findings = [["region", "finding", "wrong", "of", "taught", "share"]]
    findings += [
        [f.cell.name, f.kind, str(f.cell.wrong), str(f.cell.cases), str(f.cell.trained), f"{f.cell.share:.0%}"]
        for f in loop.diagnosis.findings
    ]
    plan = [["region", "cases", "gain foretold [points]"]]
    plan += [[one.cell.name, str(one.cases), f"{100 * one.gain:.1f}"] for one in loop.diagnosis.plan]
    parts = (
        Bars("Wrong on fresh machines", "share of cases", [Bar(name, float(w.mean())) for name, w in shares]),
        Table("Findings", f"First model: {low:.1%} to {high:.1%} wrong.", findings),
        Table("Plan", "What to collect next.", plan),
    )
    figures = {
        "simulated": True,
        "wrong": {name: float(missed.mean()) for name, missed in shares},
        "gain": {"plan": list(loop.gain(loop.after)), "same": list(loop.gain(loop.control))},
        "foretold": loop.diagnosis.gain,
        "collected": loop.collected,
    }
    return Page("Resonance loop (simulated)", text(loop).splitlines()[0], parts, figures)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _span(gain: tuple[float, float, float]) -> str:
    middle, low, high = (100 * each for each in gain)
    return f"{middle:.1f} points [{low:.1f}, {high:.1f}]"
