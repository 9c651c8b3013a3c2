"""Simulated kitchens under five policies at equal readiness, and the forecast of their energy.

``python -m trivet_reference.evaluate kitchen`` prints the table and writes a report. What a minute of waiting
costs is chosen on other kitchens than those that are judged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from trivet.plan.appliance import Appliances
from trivet.runtime.model import Model
from trivet.signals import Floats
from trivet_reference.cooking.forecast import Scores, forecast
from trivet_reference.evaluate.page import Bar, Bars, Page, Plot, Series, Table, write
from trivet_reference.evaluate.policies import (
    Choose,
    Outcome,
    Planned,
    always,
    expected,
    fixed,
    known,
    node_distance,
    predicted,
    run,
    timer,
)
from trivet_reference.plant.equipment import draw_kitchens
from trivet_reference.plant.service import Loads, loads

TUNING, JUDGED = 7001, 7002
"""Seeds of the kitchens on which waiting is priced, and of those that are judged."""

WAITS = (10.0, 30.0, 60.0, 100.0, 200.0, 400.0, 800.0)
"""Prices of a minute of waiting that are tried [Wh]."""

CERTAIN = 5000.0
"""Price of a minute of waiting to somebody who knows all orders [Wh]."""

HISTORY, DAYS = 14, 7
DRAWS = 4000
LIMIT = 0.75
"""Site limit of the limited plan, as a share of each kitchen's peak when everything is always on."""

NAMES = {
    "always": "always on",
    "fixed": "fixed schedule",
    "timer": "timer setback (20 min)",
    "plan": "plan",
    "limited": f"plan, limit {LIMIT:.0%} of peak",
    "clairvoyant": "clairvoyant",
}


@dataclass(frozen=True, slots=True)
class Kitchens:
    """Simulated kitchens with a past and days to judge."""

    past: Loads
    asked: Loads
    of: Appliances
    distance: Callable[[Floats], Floats]
    unsaid: int

    def planned(self, wait: float, limit: Floats | None = None) -> Planned:
        """The plan over what the past lets expect."""
        return Planned(self.of, self.distance, expected(self.past, DAYS), wait, limit, self.asked.kitchen)

    def clairvoyant(self) -> Planned:
        """The plan of somebody who knows the orders."""
        return Planned(self.of, self.distance, known(self.asked), CERTAIN)


@dataclass(frozen=True, slots=True)
class Compared:
    """The whole evaluation."""

    outcomes: Mapping[str, Outcome]
    wait: float
    appliances: int
    unsaid: int
    scores: Scores

    def closed(self) -> tuple[float, float, float]:
        """Share of the gap between timer and clairvoyant that the plan closes, with its 95 % interval."""
        timed, ours, best = (self.outcomes[name].energy for name in ("timer", "plan", "clairvoyant"))
        return _ratio(timed - ours, timed - best)

    def taken(self) -> tuple[float, float, float]:
        """Share of the saving between always on and clairvoyant that the timer takes, with its interval."""
        on, timed, best = (self.outcomes[name].energy for name in ("always", "timer", "clairvoyant"))
        return _ratio(on - timed, on - best)

    def text(self) -> str:
        """The figures for people; every line says that they are simulated."""
        count = len(self.outcomes["always"].energy)
        rows = [
            f"simulated kitchens: {count}, {self.appliances} appliances, {DAYS} days after {HISTORY} to learn orders"
            f" from; {self.wait:g} Wh a minute of waiting, chosen on other kitchens;"
            f" {self.unsaid} appliances without prediction",
            f"simulated  {'policy':26}   kWh/day  peak kW  unready/100  late min/100  lethality  violations",
            *(self._row(name, outcome) for name, outcome in self.outcomes.items()),
            "simulated  of the gap between timer and clairvoyant the plan closes {:.0%} [{:.0%}, {:.0%}]".format(
                *self.closed()
            ),
            "simulated  of the saving between always on and clairvoyant the timer takes {:.0%} [{:.0%}, {:.0%}]".format(
                *self.taken()
            ),
            *self.scores.lines(),
        ]
        return "\n".join(rows)

    def _row(self, name: str, o: Outcome) -> str:
        served = o.served.sum() / 100.0
        unready, late = o.unready.sum() / served, o.late.sum() / served
        return (
            f"simulated  {NAMES[name]:26} {o.energy.mean() / DAYS:9.1f} {o.peak.mean():8.1f}"
            f" {unready:12.2f} {late:13.2f} {o.lethality:8.0f} s {o.violations:11d}"
        )

    def figures(self) -> dict[str, Any]:
        """The same for programmes."""
        rows = {name: _figures(outcome) for name, outcome in self.outcomes.items()}
        return {
            "kind": "simulated",
            "seeds": {"tuning": TUNING, "judged": JUDGED},
            "kitchens": len(self.outcomes["always"].energy),
            "appliances": self.appliances,
            "days": DAYS,
            "history_days": HISTORY,
            "wait_wh_per_minute": self.wait,
            "policies": rows,
            "gap_closed": [round(value, 4) for value in self.closed()],
            "timer_share": [round(value, 4) for value in self.taken()],
            "forecast": self.scores.figures(),
        }

    def page(self) -> Page:
        """The report."""
        lines = self.text().splitlines()
        cells = [("policy", "kWh a day", "peak, kW", "unready / 100", "late, min / 100", "lethality, s", "violations")]
        table = [(NAMES[name], *_cells(outcome)) for name, outcome in self.outcomes.items()]
        bars = [Bar(name, o.energy.mean() / DAYS, _spread(o.energy / DAYS)) for name, o in self.outcomes.items()]
        day = slice(3 * 288, 4 * 288)
        curves = [
            Series(name, [(n / 12.0, value / 1000.0) for n, value in enumerate(self.outcomes[name].power[day, 0])])
            for name in ("always", "timer", "plan", "clairvoyant")
        ]
        return Page(
            "Policies of simulated kitchens",
            " ".join([lines[0], *lines[-5:]]),
            [
                Table(
                    "Policies (simulated)",
                    "Equal readiness: no more unready orders than the timer has.",
                    [*cells, *table],
                ),
                Bars("Energy (simulated)", "kWh a day and kitchen", bars),
                Plot("Power of one kitchen on a Thursday (simulated)", "hour", "kW", curves),
            ],
            self.figures(),
        )


def kitchens(model: Model, seed: int, count: int) -> Kitchens:
    """So many simulated kitchens of one seed."""
    cookers, kitchen, kinds = draw_kitchens(seed, count)
    whole = loads(seed, cookers, kitchen, kinds, HISTORY + DAYS)
    of, unsaid = predicted(model, cookers, seed)
    return Kitchens(
        whole.days(0, HISTORY), whole.days(HISTORY, HISTORY + DAYS), of, node_distance(cookers, seed), unsaid
    )


def tuned(some: Kitchens) -> float:
    """The cheapest price of waiting at which the plan is at least as ready as the timer."""
    aim = run(some.asked, timer)
    for wait in WAITS:
        made = run(some.asked, some.planned(wait))
        if made.unready.sum() <= aim.unready.sum() and made.late.sum() <= aim.late.sum():
            return wait
    return WAITS[-1]


def compare(model: Model, count: int = 24, tuning: int = 8) -> Compared:
    """All policies on the same orders."""
    wait = tuned(kitchens(model, TUNING, tuning))
    some = kitchens(model, JUDGED, count)
    on = run(some.asked, always)
    ways: dict[str, Choose] = {
        "fixed": fixed,
        "timer": timer,
        "plan": some.planned(wait),
        "limited": some.planned(wait, LIMIT * on.peak * 1000.0),
        "clairvoyant": some.clairvoyant(),
    }
    outcomes = {"always": on, **{name: run(some.asked, choose) for name, choose in ways.items()}}
    before = run(some.past, always)
    scores = forecast(some.past, before.each, on.each, some.of.hold, some.asked)
    return Compared(outcomes, wait, len(some.of), some.unsaid, scores)


def kitchen(model: Model, folder: Path) -> str:
    """The figures for people; the report is written to a folder."""
    made = compare(model)
    paths = write(made.page(), folder, "kitchen")
    return made.text() + "".join(f"\nwritten: {path}" for path in paths)


def _ratio(above: Floats, below: Floats) -> tuple[float, float, float]:
    drawn = np.random.default_rng(0).integers(0, len(above), (DRAWS, len(above)))
    low, high = np.quantile(above[drawn].sum(axis=1) / below[drawn].sum(axis=1), [0.025, 0.975])
    return float(above.sum() / below.sum()), float(low), float(high)


def _spread(values: Floats) -> tuple[float, float]:
    drawn = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def _figures(o: Outcome) -> dict[str, Any]:
    served = float(o.served.sum()) / 100.0
    return {
        "kwh_per_day": round(float(o.energy.mean()) / DAYS, 2),
        "kwh_per_day_95": [round(end / DAYS, 2) for end in _spread(o.energy)],
        "peak_kw": round(float(o.peak.mean()), 2),
        "unready_per_100": round(float(o.unready.sum()) / served, 3),
        "late_minutes_per_100": round(float(o.late.sum()) / served, 3),
        "lethality_margin_s": round(o.lethality, 1),
        "violations": o.violations,
        "vetoed": o.vetoed,
    }


def _cells(o: Outcome) -> tuple[str, ...]:
    return tuple(f"{value:g}" for value in _figures(o).values() if isinstance(value, int | float))[:6]
