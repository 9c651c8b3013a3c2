"""The dishwasher package on a simulated fleet that nobody learnt from, for each kind of plant."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from trivet.runtime.model import Model
from trivet.signals import Float32s
from trivet.window.window import Window, stack
from trivet_reference.plant.faults import FAULTS
from trivet_reference.train.dishwasher_data import PATTERNS, Fleet, levels, simulate
from trivet_reference.train.dishwasher_features import COLUMNS, PARAMETERS
from trivet_reference.train.recording import windows

KINDS = {"A": "companion nodes", "AB": "companion nodes and power", "ABC": "everything"}
SEED, SECONDS = 9001, 14_000
PRESENT, ABSENT, WITHIN = 0.4, 0.02, 5


@dataclass(slots=True)
class Kind:
    """What was said about plants with one set of signals.

    Attributes:
        healthy: Judged cycles of machines without a fault.
        novel: Of those, called novel.
        misnamed: Of those, a fault was likeliest.
        sick: Fault to the machines that had a cycle with it.
        named: Of those, it was likeliest within five cycles.
    """

    healthy: int = 0
    novel: int = 0
    misnamed: int = 0
    sick: dict[str, int] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)


def fleet(model: Model, machines: int = 240) -> str:
    """Runs a fleet with all faults through the package and gives the figures for people."""
    drawn = simulate(model.interface, SEED, machines, SECONDS)
    lines = [f"simulated fleet of {machines} machines, all faults (not learnt from):"]
    for pattern, title in KINDS.items():
        kind = judged(model, drawn, pattern)
        lines.append(
            f"  {title}: {kind.healthy} healthy cycles, novel {kind.novel / kind.healthy:.1%},"
            f" a fault likeliest in {kind.misnamed / kind.healthy:.1%}; named within {WITHIN} cycles at"
        )
        lines.append("    " + ", ".join(f"{name} {kind.named[name]}/{count}" for name, count in kind.sick.items()))
    return "\n".join(lines)


def judged(model: Model, drawn: Fleet, pattern: str) -> Kind:
    """Predictions of every machine in order, all machines in one batch, each with its own memory."""
    made = [_windows(model, drawn, pattern, number) for number in range(len(drawn.machines))]
    fitted = set(PATTERNS[pattern])
    told = [name for name in FAULTS if any(set(g) <= fitted for g in model.interface.needs("fault", name))]
    state = model.initial_state(len(made))
    said: dict[tuple[int, str], list[str]] = defaultdict(list)
    kind = Kind()
    for turn in range(max(map(len, made))):
        rows = np.array([number for number, own in enumerate(made) if turn < len(own)])
        batch = [made[number][turn] for number in rows]
        result = model.predict(stack(batch), None if state is None else state[rows])
        if state is not None and result.state is not None:
            state[rows] = np.asarray(result.state, np.float32)
        closed = np.array([window.span[1] for window in batch])
        present = levels(drawn, rows, closed)
        for number, prediction, level in zip(rows.tolist(), result, present, strict=True):
            _count(kind, said, number, prediction.values, level, told)
    for (_, name), found in said.items():
        kind.sick[name] = kind.sick.get(name, 0) + 1
        kind.named[name] = kind.named.get(name, 0) + (name in found[:WITHIN])
    kind.sick = {name: kind.sick[name] for name in told if name in kind.sick}
    return kind


def _windows(model: Model, drawn: Fleet, pattern: str, number: int) -> list[Window]:
    plate = drawn.machines.nameplate(number)
    known: dict[str, float | None] = {name: plate[name] for name in PARAMETERS}
    return windows(drawn.recording, number, model.interface, "cycle", COLUMNS, PATTERNS[pattern], known)


def _count(
    kind: Kind,
    said: dict[tuple[int, str], list[str]],
    number: int,
    values: object,
    level: Float32s,
    told: list[str],
) -> None:
    """Adds one cycle; of two faults the graver one counts."""
    if not isinstance(values, dict) or values["novelty"] is None:
        return
    scores = {name: score for name, score in (values["fault"] or {}).items() if score is not None}
    likeliest = max(scores, key=scores.__getitem__) if scores else ""
    if level.max() <= ABSENT:
        kind.healthy += 1
        kind.novel += values["novelty"] > 1.0
        kind.misnamed += likeliest not in {"", "none", "unknown"}
    name = FAULTS[int(level.argmax())]
    if level.max() >= PRESENT and name in told:
        said[number, name].append(likeliest)
