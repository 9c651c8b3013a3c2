"""Simulated hood machines in a rush of forty racks: are their cycles found in active power alone?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from trivet.commission.consumers import measured
from trivet.commission.cycles import POWER, found_cycles
from trivet.interface.document import Interface, When
from trivet.signals import Floats, Ints
from trivet_reference.evaluate.alarms import bootstrap
from trivet_reference.plant import machine
from trivet_reference.plant.controller import RINSE, WASH
from trivet_reference.plant.dishwasher import Dishwasher
from trivet_reference.plant.machine import HOOD_ONLY, Machines

RACKS, CLOSE = 40, 10.0
"""Racks of the rush, and seconds by which start and end may be off."""

QUIET_PACE, RUSH_PACE = 240.0, 20.0
LEARN, QUIET, RUSH, AFTER = 5400, 1200, 7800, 900
"""Seconds: usual work after heating up, in which heaters are measured; thermostats alone; the rush; thermostats."""

ABOVE, BELOW, HOLD = 500.0, 450.0, 6.0
"""Power of a wash pump, that of a hood machine is 700 to 1100 W, and seconds for which it must be on or off."""

RUN_ON = 19.0
"""Seconds from the end of the wash to the end of the final rinse; chosen on machines of seeds 7101 to 7103."""

Span = tuple[float, float]


class Watched(NamedTuple):
    """What was seen of a fleet.

    Attributes:
        machines: Its constants.
        power: Active power as a meter shows it [W], ``(seconds, machines)``.
        phase: Of the controller, likewise.
    """

    machines: Machines
    power: Floats
    phase: Ints


class Found(NamedTuple):
    """How well one rule finds the cycles of each machine, int ``(machines,)`` each.

    Attributes:
        name: Of the rule.
        hits: Cycles whose start and end were found.
        extra: Cycles that were none.
        missed: Cycles that were not found.
    """

    name: str
    hits: Ints
    extra: Ints
    missed: Ints

    def text(self) -> str:
        """The figures for people."""
        hits, extra, missed = (int(each.sum()) for each in self[1:])
        share = 2.0 * self.hits / np.maximum(2 * self.hits + self.extra + self.missed, 1)
        low, high = bootstrap(share, np.arange(len(share)))
        return (
            f"  {self.name}: F1 {2 * hits / max(2 * hits + extra + missed, 1):.3f}"
            f" (mean over machines {share.mean():.3f}, {low:.3f} to {high:.3f}, least {share.min():.2f});"
            f" {hits} of {hits + missed} found, {extra} that were none"
        )


def segments(interface: Interface, machines: int = 40, seed: int = 7201) -> str:
    """Cycles of machines that no choice was made on, by several rules."""
    seen = watch(machines, seed)
    wait = (seen.machines.extends_wash == 0).sum()
    lines = [
        f"simulated hood machines ({machines}, {RACKS} racks in a rush, thermostats before and after), active power:",
        f"  a cycle is found when start and end are within {CLOSE:g} s; it ends with the final rinse;"
        f" {wait} machines stand still while they wait for the booster",
    ]
    return "\n".join([*lines, *(one.text() for one in rules(interface, seen))])


def rules(interface: Interface, seen: Watched) -> list[Found]:
    """What thresholds find, and what is found beside the heaters: by their nameplate, and as measured."""
    window = interface.windows["cycle"]
    opens, closes = (next(w for w in each if w.signal == POWER) for each in (window.opens_when, window.closes_when))
    count = len(seen.machines)
    plates = [seen.machines.nameplate(number) for number in range(count)]
    rated = [[plate["tank_heater_power"], plate["booster_heater_power"]] for plate in plates]
    step = round(interface.frame)
    known = [measured(means(seen.power[:LEARN, n], step), rated[n], plates[n]["wash_pump_power"]) for n in range(count)]
    programme, pump = cycles(seen.phase[LEARN:], RINSE), cycles(seen.phase[LEARN:], WASH)
    power = [means(seen.power[LEARN:, number], step) for number in range(count)]

    def judged(name: str, pairs: Sequence[tuple[When, When]], truth: Sequence[Sequence[Span]]) -> Found:
        found = [spans(interface, *pair, values) for pair, values in zip(pairs, power, strict=True)]
        return Found(name, *np.array([matched(*pair) for pair in zip(found, truth, strict=True)]).T)

    return [
        judged("the interface's thresholds", [(opens, closes)] * count, programme),
        judged("beside heaters, by nameplate", [beside(one, RUN_ON) for one in rated], programme),
        judged("beside heaters, measured", [beside(one, RUN_ON) for one in known], programme),
        judged("the wash pump's run alone, measured", [beside(one, 0.0) for one in known], pump),
    ]


def beside(heaters: Sequence[float], run_on: float) -> tuple[When, When]:
    """The conditions that open and close a cycle at a machine with these heaters [W]."""
    consumers = tuple(heaters)
    return (
        When(signal=POWER, above=ABOVE, hold=HOLD, beside=consumers),
        When(signal=POWER, below=BELOW, hold=HOLD, beside=consumers, run_on=run_on),
    )


def watch(count: int, seed: int) -> Watched:
    """Watches a fleet at usual work, with thermostats alone, in a rush and after it."""
    machines = machine.draw(seed, count, HOOD_ONLY)
    plant = Dishwasher(machines, seed, pace=np.full(count, QUIET_PACE))
    length = LEARN + QUIET + RUSH + AFTER
    power, phase = np.zeros((length, count)), np.zeros((length, count), np.int64)
    begun = np.zeros(count)
    for second in range(length):
        if second == LEARN:
            plant.operators.pace = np.full(count, np.inf)
        elif second == LEARN + QUIET:
            begun = plant.racks.copy()
        if LEARN + QUIET <= second < LEARN + QUIET + RUSH:
            asked = plant.racks - begun + plant.operators.queue + plant.controller.in_cycle
            plant.operators.pace = np.where(asked < RACKS, RUSH_PACE, np.inf)
        plant.step()
        power[second], phase[second] = plant.sensors.signals(plant)[POWER], plant.controller.phase
    return Watched(machines, power, phase)


def means(values: Floats, step: int) -> Floats:
    """Means over frames of so many samples."""
    whole = len(values) // step * step
    return np.asarray(values[:whole].reshape(-1, step).mean(axis=1))


def cycles(phase: Ints, last: int) -> list[list[Span]]:
    """Seconds from the start of each wash to the end of the next ``last`` phase, machine by machine."""
    made = []
    for own in phase.T:
        starts = np.flatnonzero((own[1:] == WASH) & (own[:-1] != WASH)) + 1
        ends = np.flatnonzero((own[1:] != last) & (own[:-1] == last)) + 1
        after = np.searchsorted(ends, starts, side="right")
        whole = after < len(ends)
        made.append(list(zip(starts[whole].tolist(), ends[after[whole]].tolist(), strict=True)))
    return made


def spans(interface: Interface, opens: When, closes: When, power: Floats) -> list[Span]:
    """Seconds from the opening to the close of what the SDK's own finder finds whole."""
    found = found_cycles(interface, "cycle", opens, closes, {POWER: power})
    step = interface.frame
    return [(one.opened * step, one.closed * step) for one in found if not (one.joined or one.cut)]


def matched(found: Sequence[Span], truth: Sequence[Span]) -> tuple[int, int, int]:
    """Hits, extra and missed cycles; one found cycle can be one true one only."""
    left = list(truth)
    for start, end in found:
        same = [one for one in left if abs(one[0] - start) <= CLOSE and abs(one[1] - end) <= CLOSE]
        if same:
            left.remove(same[0])
    hits = len(truth) - len(left)
    return hits, len(found) - hits, len(left)
