"""Alarms over the cycles of many machines: who was warned, how early, and how often for nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from trivet.signals import Floats, Ints
from trivet_reference.evaluate.intervals import poisson

Mask = np.ndarray[Any, np.dtype[np.bool_]]


class Scores(NamedTuple):
    """What a detector says of each cycle, ``(rows,)``: an alarm where it is at or above a level."""

    name: str
    value: Floats


class Events(NamedTuple):
    """Faults that stopped a machine, and the cycles between onset and stop.

    Attributes:
        machine: Machine of each event.
        kind: Its fault, index into ``FAULTS``.
        rows: Its cycles, in order of time.
        lead: Operating hours to the stop at each of them.
    """

    machine: Ints
    kind: Ints
    rows: Sequence[Ints]
    lead: Sequence[Floats]


class Verdict(NamedTuple):
    """How a detector did at one level.

    Attributes:
        name: Of the detector.
        level: Its level.
        alarms: False alarms in ``months`` machine-months.
        months: Machine-months of healthy cycles.
        recall: Share of events with an alarm before the stop.
        interval: Of ``recall``, bootstrap over machines, 95 %.
        lead: Median operating hours between first alarm and stop, of those with one; NaN without.
    """

    name: str
    level: float
    alarms: int
    months: float
    recall: float
    interval: tuple[float, float]
    lead: float

    def false_alarms(self) -> tuple[float, float, float]:
        """False alarms a machine-month with their exact Poisson interval, 95 %."""
        low, high = poisson(self.alarms)
        return self.alarms / self.months, low / self.months, high / self.months


def confirmed(value: Floats, subject: Ints, group: Ints, windows: int) -> Floats:
    """The value that was reached by this cycle and those before it, all of one subject and one group.

    Args:
        value: Of each cycle; NaN says nothing and is 0.
        subject: What it is about.
        group: Cycles of one group follow each other.
        windows: How many in a row must reach it.
    """
    known = np.nan_to_num(value, nan=0.0)
    reached = known.copy()
    for back in range(1, windows):
        same = np.zeros(len(known), bool)
        same[back:] = (group[back:] == group[:-back]) & (subject[back:] == subject[:-back])
        earlier = np.zeros(len(known))
        earlier[back:] = known[:-back]
        reached = np.where(same, np.minimum(reached, earlier), 0.0)
    return reached


def begun(flags: Mask, group: Ints) -> Mask:
    """Whether a flag was set in this row or one before it of the same group; rows of a group follow each other."""
    counts = np.cumsum(flags)
    first = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
    before: Ints = (counts - flags)[first]
    place = np.searchsorted(first, np.arange(len(flags)), side="right") - 1
    return np.asarray(counts > before[place])


def raised(value: Floats, level: float, group: Ints, healthy: Mask) -> int:
    """How often a detector goes up to a level in healthy cycles."""
    up = (value >= level) & healthy
    before = np.concatenate([[False], up[:-1] & (group[1:] == group[:-1])])
    return int((up & ~before).sum())


def tuned(value: Floats, group: Ints, healthy: Mask, months: float) -> float:
    """The lowest level at which there is at most one false alarm a machine-month."""
    levels = np.quantile(value[healthy], np.linspace(0.5, 1.0, 400))
    for level in np.unique(np.nextafter(levels, np.inf)):
        if level > 0 and raised(value, float(level), group, healthy) <= max(months, 1.0):
            return float(level)
    return float(np.nextafter(max(levels.max(), 0.0), np.inf))


def verdict(scores: Scores, level: float, group: Ints, healthy: Mask, months: float, events: Events) -> Verdict:
    """How a detector does at a level."""
    leads = [lead[scores.value[rows] >= level] for rows, lead in zip(events.rows, events.lead, strict=True)]
    caught = np.array([len(lead) > 0 for lead in leads], bool)
    first = np.array([lead.max() if len(lead) else np.nan for lead in leads])
    alarms = raised(scores.value, level, group, healthy)
    middle = float(np.nanmedian(first)) if caught.any() else float("nan")
    share = float(caught.mean()) if len(caught) else float("nan")
    return Verdict(scores.name, level, alarms, months, share, bootstrap(caught, events.machine), middle)


def bootstrap(hits: Mask | Floats, machine: Ints, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """Interval of a mean when whole machines are drawn again, 95 %."""
    if not len(hits):
        return float("nan"), float("nan")
    _, owner = np.unique(machine, return_inverse=True)
    count = int(owner.max()) + 1
    total, number = np.bincount(owner, hits, count), np.bincount(owner, minlength=count)
    drawn = np.random.default_rng(seed).integers(count, size=(draws, count))
    low, high = np.quantile(total[drawn].sum(axis=1) / number[drawn].sum(axis=1), [0.025, 0.975])
    return float(low), float(high)
