"""Simulated commercial dishwashers on the path of recorded ones: power from a table, nothing else.

Control for ``household``: healthy cycles must not be called novel, and three faults that
power alone can show must be named on machines that nobody learnt from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trivet.pipeline.lines import Line
from trivet.runtime.model import Model
from trivet_reference.evaluate.path import device, judged, likeliest, seconds, write
from trivet_reference.plant import faults, machine
from trivet_reference.plant.dishwasher import Dishwasher

FAULTS = ("booster_phase_open", "tank_element_failed", "contactor_welded")
COLUMNS = ("active_power", "power_l1", "power_l2", "power_l3")
START = 1_780_272_000
PACE = (240.0, 600.0)
HEALTHY, SICK = 18_000, 18_000
WITHIN = 5


@dataclass(slots=True)
class Control:
    """What was said about simulated machines.

    Attributes:
        machines: Machines for each fault, and as many healthy ones.
        cycles: Healthy cycles, by total power alone.
        novel: Of those, called novel.
        phase_cycles: Healthy cycles, by power of each phase.
        phase_novel: Of those, called novel.
        misnamed: Healthy cycles for which a fault was likeliest.
        named: Fault to the machines at which it was likeliest within five cycles.
        shown: Fault to the machines that had a cycle after its onset.
    """

    machines: int = 0
    cycles: int = 0
    novel: int = 0
    phase_cycles: int = 0
    phase_novel: int = 0
    misnamed: int = 0
    named: dict[str, int] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)

    def text(self) -> str:
        """The figures for people."""
        lines = [
            f"simulated commercial dishwashers ({self.machines} machines a row, not learnt from), power only:",
            f"  healthy, total power: novel {self.novel}/{self.cycles} ({self.novel / max(self.cycles, 1):.1%})",
            f"  healthy, three phases: novel {self.phase_novel}/{self.phase_cycles}"
            f" ({self.phase_novel / max(self.phase_cycles, 1):.1%}), a fault likeliest in {self.misnamed}",
        ]
        lines += [
            f"  {name} at full severity: likeliest within {WITHIN} cycles"
            f" at {self.named[name]} of {self.machines} machines ({self.machines - self.shown[name]} had no cycle then)"
            for name in FAULTS
        ]
        return "\n".join(lines)


class Table(NamedTuple):
    """A machine's recorded power, and its nameplate."""

    path: Path
    plate: Mapping[str, float]


def control(model: Model, folder: Path, machines: int = 25, seed: int = 7001) -> Control:
    """Runs simulated machines, healthy and with each of the faults, from tables through the package."""
    result = Control(machines=machines)
    profile = write(folder, "simulated-power", _profile())
    healthy = _tables(folder, "healthy", machines, seed, None)
    totals = [_document(folder, table, "total", profile, ("active_power",)) for table in healthy]
    for line in _predictions(judged(model, totals)):
        result.cycles += 1
        result.novel += line["outputs"]["novelty"] > 1.0
    phases = [_document(folder, table, "phases", profile, COLUMNS) for table in healthy]
    for line in _predictions(judged(model, phases)):
        result.phase_cycles += 1
        result.phase_novel += line["outputs"]["novelty"] > 1.0
        result.misnamed += likeliest(line) not in {None, "none", "unknown"}
    for number, fault in enumerate(FAULTS, 1):
        tables = _tables(folder, fault.replace("_", "-"), machines, seed + number, fault)
        paths = [_document(folder, table, "phases", profile, COLUMNS) for table in tables]
        _count(result, fault, _predictions(judged(model, paths)))
    return result


def _count(result: Control, fault: str, lines: Sequence[Line]) -> None:
    """Machines at which the fault was likeliest in one of the first cycles that opened after its onset."""
    after: dict[str, list[str | None]] = {}
    for line in lines:
        if seconds(line["window"]["opened"]) >= START + HEALTHY:
            after.setdefault(line["appliance"], []).append(likeliest(line))
    result.shown[fault] = len(after)
    result.named[fault] = sum(fault in said[:WITHIN] for said in after.values())


def _predictions(lines: Sequence[Line]) -> list[Line]:
    """Judged windows in order."""
    found = [line for line in lines if line["kind"] == "prediction" and line["outputs"]["novelty"] is not None]
    return sorted(found, key=lambda line: str(line["time"]))


def _tables(folder: Path, name: str, machines: int, seed: int, fault: str | None) -> list[Table]:
    """One Parquet table of power a machine, one row a second."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    drawn = machine.draw(seed, machines)
    rng = np.random.default_rng((seed, 5))
    pace = np.exp(rng.uniform(np.log(PACE[0]), np.log(PACE[1]), machines))
    ills = None if fault is None else faults.single(machines, fault, 1.0, float(HEALTHY), 0.0, seed)
    plant = Dishwasher(drawn, seed, ills, pace=pace)
    length = HEALTHY + (SICK if fault else 0)
    rows = np.zeros((length, 4, machines), np.float32)
    for second in range(length):
        plant.step()
        shown = plant.sensors.signals(plant)
        rows[second] = [shown[column] for column in COLUMNS]
    tables = []
    for number in range(machines):
        times = pa.array(np.arange(START + 1, START + 1 + length))
        columns = {column: pa.array(rows[:, place, number]) for place, column in enumerate(COLUMNS)}
        tables.append(Table(folder / f"{name}-{number}.parquet", drawn.nameplate(number)))
        pq.write_table(pa.table({"time": times, **columns}), tables[-1].path)
    return tables


def _document(folder: Path, table: Table, mark: str, profile: Path, covers: Sequence[str]) -> Path:
    name = f"{table.path.stem}-{mark}"
    endpoint = {"profile": str(profile), "url": f"replay:{table.path}", "covers": list(covers)}
    return write(folder, name, device(name, "commercial-dishwasher", endpoint, parameters=dict(table.plate)))


def _profile() -> dict[str, Any]:
    """A table of simulated power."""
    points = {column: {"at": {"column": column}, "unit": "W", "signal": column} for column in COLUMNS}
    return {
        "kind": "profile",
        "format": 0,
        "id": "simulated-power",
        "version": "0.1.0",
        "title": {"en": "Simulated power by phase"},
        "adapter": "replay",
        "source": {"document": "trivet_reference.plant.dishwasher", "date": "2026-06-01", "confidence": "own"},
        "settings": {"time": {"column": "time", "format": "unix_s"}, "interval": "before"},
        "points": points,
    }
