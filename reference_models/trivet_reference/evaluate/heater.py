"""Recorded heater power of household dishwashers, with a loss of power put in: from which loss on is it seen?

``python -m trivet_reference.evaluate heater`` prints it. The earlier dates of each
machine set a threshold with no alarm on them; the later dates are judged as they were
recorded, and again with their heating phases scaled down.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trivet.evaluate.intervals import binomial
from trivet.signals import Floats
from trivet_reference.evaluate.household import MACHINES, Run, by_rule, table
from trivet_reference.evaluate.intervals import poisson
from trivet_reference.evaluate.path import recorded

LOSSES = (0.33, 0.05)
HEATING = 0.7
"""Share of a machine's highest power above which it heats."""

LEAST = 120
"""Shortest heating of a run that is judged [s]."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One machine's figures.

    Attributes:
        machine: Name in the data set.
        learnt: Runs on the earlier dates.
        runs: Runs on the later dates.
        days: Later dates.
        spread: Standard deviation of a run's heater power on the earlier dates, as a share.
        threshold: Share of the usual power below which a run is an alarm.
        alarms: Later runs below it as they were recorded.
        seen: Loss put in to later runs below it.
        levels: Heater power of every run over the usual, in order of time.
    """

    machine: str
    learnt: int
    runs: int
    days: int
    spread: float
    threshold: float
    alarms: int
    seen: dict[float, int]
    levels: Floats


@dataclass(frozen=True, slots=True)
class Heater:
    """The whole evaluation, a row for each machine."""

    rows: list[Judged]

    def text(self) -> str:
        """The figures for people."""
        return _text(self.rows)


def heater() -> Heater:
    """Judges the installed machines."""
    return Heater([judge(name, recorded("tracebase") / "dishwasher" / f"dev_{name}.parquet") for name in MACHINES])


def _text(rows: list[Judged]) -> str:
    lines = [f"tracebase dishwashers (recorded households, {len(rows)} machines), heater power by run, loss put in:"]
    for row in rows:
        shown = ", ".join(f"{loss:.0%} loss {row.seen[loss]}/{row.runs}" for loss in LOSSES)
        lines += [
            f"  {row.machine}  learnt from {row.learnt} runs (spread {row.spread:.2%}), limit {row.threshold:.1%};"
            f" later {row.runs} runs: alarms {row.alarms}, {shown}"
        ]
    runs, alarms = sum(row.runs for row in rows), sum(row.alarms for row in rows)
    months = sum(row.days for row in rows) / 30.4375
    low, high = (bound / months for bound in poisson(alarms))
    lines += [f"  all: alarms {alarms / months:.1f} a machine-month [{low:.1f}, {high:.1f}] (exact Poisson, 95 %)"]
    for loss in LOSSES:
        seen = sum(row.seen[loss] for row in rows)
        low, high = binomial(seen, runs)
        lines += [
            f"  all: {loss:.0%} loss seen in {seen / runs:.0%} of {runs} runs [{low:.0%}, {high:.0%}] (exact, 95 %)"
        ]
    return "\n".join(lines)


def judge(machine: str, file: Path) -> Judged:
    """One machine: half of its days to learn from, half to judge."""
    runs, _ = by_rule(file)
    times, power, _ = table(file)
    levels = [(run.begin, level) for run in runs if run.whole and (level := level_of(run, times, power)) is not None]
    days = np.unique([int(begin // 86_400) for begin, _ in levels])
    split = days[len(days) // 2]
    earlier = np.array([level for begin, level in levels if begin // 86_400 < split])
    later = np.array([level for begin, level in levels if begin // 86_400 >= split])
    usual = float(np.median(earlier))
    # One spread below the lowest earlier run: no alarm on any of them, and room for the next.
    threshold = float(earlier.min() - earlier.std()) / usual
    return Judged(
        machine,
        len(earlier),
        len(later),
        int((days >= split).sum()),
        float(earlier.std() / usual),
        threshold,
        int((later / usual < threshold).sum()),
        {loss: int((later * (1 - loss) / usual < threshold).sum()) for loss in LOSSES},
        np.concatenate([earlier, later]) / usual,
    )


def level_of(run: Run, times: Floats, power: Floats) -> float | None:
    """Median power while a run heats [W]; None when it heats for less than two minutes.

    A loss of power scales the heating phases, and so this median, by the same share.
    """
    inside = (times >= run.begin) & (times <= run.end)
    seconds = np.diff(times[inside], append=run.end).clip(0, 60)
    values = power[inside]
    heating = values > HEATING * np.quantile(values, 0.99)
    if seconds[heating].sum() < LEAST or values.max() < 1000:
        return None
    order = np.argsort(values[heating])
    passed = np.cumsum(seconds[heating][order])
    return float(values[heating][order][np.searchsorted(passed, passed[-1] / 2)])
