"""The dishwasher model: trained on simulated fleets, packed as one graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trivet.build.assemble import OutputSpec
from trivet.build.estimators import block_of
from trivet.build.golden import Recorded
from trivet.build.inputs import Inputs
from trivet.build.novelty import Novelty, fit_novelty
from trivet.build.pack import Spec, pack
from trivet.interface.columns import class_order
from trivet.interface.document import Interface
from trivet.interface.parsed import Parsed
from trivet_reference.train.dependence import unknown
from trivet_reference.train.diagnosis import Forecast, Hours, Named, Namer, Remaining, Within
from trivet_reference.train.dishwasher_data import PATTERNS, Table, cycles, simulate
from trivet_reference.train.dishwasher_features import COLUMNS, NOVELTY
from trivet_reference.train.fitting import Trained, fit
from trivet_reference.train.living import HORIZONS, Living, Truth, live, truth
from trivet_reference.train.teaching import Lesson, Rows, Teacher, held_out
from trivet_reference.train.temperature import softened

NAME = "trivet-dishwasher"
VERSION = "0.2.0"
SEEDS = {"all_faults": 101, "power_only": 202, "samples": 303}
POWER_FAULTS = ("booster_phase_open", "tank_element_failed", "contactor_welded")
POWER_SHARE = 0.5
POWER_PACE = (150.0, 700.0)
LEAD = ("lead_time_lower", "lead_time", "lead_time_upper")


@dataclass(frozen=True, slots=True)
class Taught:
    """What a training gives.

    Attributes:
        trained: Fitted estimators.
        novelty: How unlike known cycles one is.
        rows: Number of training rows.
    """

    trained: Trained
    novelty: Novelty
    rows: int


def fleets(interface: Interface, size: int, say: Callable[[str], None]) -> list[Living]:
    """The fleets to learn from: one with every fault, one at a calmer pace whose faults power alone shows."""
    say(f"simulating lives of {size} machines")
    every = live(interface, SEEDS["all_faults"], size)
    calm = round(POWER_SHARE * size)
    say(f"simulating lives of {calm} machines that are known by their power")
    return [every, live(interface, SEEDS["power_only"], calm, POWER_FAULTS, pace=POWER_PACE)]


def lessons(teacher: Teacher, learnt: Sequence[Living], say: Callable[[str], None]) -> dict[str, Lesson]:
    """Cycles of the fleets and what is true of them: of the first by all signals, of both by power.

    Machines of the second fleet are numbered after the first's.
    """
    say("cutting cycles and making features")
    every, calm = learnt
    sighted = _lesson(teacher, every, "ABC", 0)
    blind = [_lesson(teacher, every, "B", 0), _lesson(teacher, calm, "B", len(every.fleet.machines))]
    return {"ABC": sighted, "B": joined(blind)}


def joined(parts: Sequence[Lesson]) -> Lesson:
    """Lessons below one another."""
    cycles = [np.concatenate(column) for column in zip(*(part.cycles for part in parts), strict=True)]
    told = [np.concatenate(column) for column in zip(*(part.truth for part in parts), strict=True)]
    return Lesson(Table(*cycles), Truth(*told))


def _lesson(teacher: Teacher, living: Living, pattern: str, before: int) -> Lesson:
    cycles = teacher.table(living.fleet, pattern)
    return Lesson(cycles._replace(machine=cycles.machine + before), truth(living, cycles))


def train(teacher: Teacher, learnt: Sequence[Living], say: Callable[[str], None]) -> Taught:
    """Fits everything."""
    rows = teacher.sample(lessons(teacher, learnt, say), 7)
    kinds = np.concatenate([living.stretches.lives[0].kind[0] for living in learnt])
    classes = class_order(teacher.interface, "fault")
    trained = fit(rows, held_out(kinds, rows.machine), len(teacher.names), classes, say)
    return Taught(trained, novelty(teacher, rows), len(rows.x))


def novelty(teacher: Teacher, rows: Rows) -> Novelty:
    """Novelty against all windows that the model was taught, healthy or not, for each kind of plant."""
    columns = [teacher.all.index(name) for name in NOVELTY]
    lacking = {p: unknown(teacher.features, NOVELTY, fitted, True) for p, fitted in PATTERNS.items()}
    patterns = [[n for n, gone in zip(NOVELTY, lost, strict=True) if not gone] for lost in lacking.values()]
    floors = np.array([_FLOORS.get(name, 0.05) for name in NOVELTY])
    return fit_novelty(NOVELTY, rows.x[:, columns].astype(np.float64), patterns, false_alarms=0.004, floors=floors)


_FLOORS: Mapping[str, float] = {
    "blind_weak": 0.08,
    "blind_weak_run": 4.0,
    "novel_tank_low": 3.0,
    "novel_tank_high": 3.0,
    "novel_rinse_low": 8.0,
    "novel_rinse_high": 4.0,
    "novel_wash": 40.0,
    "novel_rinse": 3.0,
    "novel_waiting": 40.0,
    "phase_high_max": 0.3,
}


def outputs(teacher: Teacher, taught: Taught) -> tuple[OutputSpec, ...]:
    """The package's outputs."""
    classes, trained, names = class_order(teacher.interface, "fault"), taught.trained, teacher.names
    health = block_of(trained.health, names)
    named = Named((softened(trained.fault, names, classes), health), classes, trained.doubt)
    reach = block_of(trained.reach, names)
    first, middle, last = (block_of(each, names) for each in trained.lead)
    made = [OutputSpec("novelty", taught.novelty), OutputSpec("health", health), OutputSpec("fault", named, classes)]
    made += [OutputSpec(name, Within((named, reach), n + 1), classes) for n, name in enumerate(HORIZONS)]
    made += [OutputSpec(name, Hours((first, middle, last), trained.offsets, n)) for n, name in enumerate(LEAD)]
    return tuple(made)


def estimators(teacher: Teacher, trained: Trained) -> dict[str, Any]:
    """What the outputs are compared with."""
    namer = Namer(trained.fault, trained.health, class_order(teacher.interface, "fault"), trained.doubt)
    made: dict[str, Any] = {"health": trained.health, "fault": namer}
    made |= {name: Forecast(namer, trained.reach, n + 1) for n, name in enumerate(HORIZONS)}
    return made | {name: Remaining(trained.lead, trained.offsets, n) for n, name in enumerate(LEAD)}


def package(parsed: Parsed[Interface], teacher: Teacher, taught: Taught, evidence: Mapping[str, Any]) -> bytes:
    """The unsigned package, with golden vectors from machines that nobody learnt from."""
    interface = parsed.document
    unseen = simulate(interface, SEEDS["samples"], 6, 9_000)
    sample = cycles(interface, unseen, COLUMNS, range(6))
    plate = unseen.machines.nameplate(0)
    readings = unseen.recording.part(5_000, 6_500).readings(0, COLUMNS)
    recorded = Recorded.of([readings], interface, COLUMNS, plate)
    return pack(
        Spec(
            name=NAME,
            version=VERSION,
            interface=parsed.tree,
            window="cycle",
            features=teacher.features,
            outputs=outputs(teacher, taught),
            samples=Inputs(sample.values, sample.context),
            estimators=estimators(teacher, taught.trained),
            recorded=[recorded],
            evidence=evidence,
        )
    )
