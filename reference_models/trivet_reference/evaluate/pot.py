"""Recorded pot heat-ups: is the time to the set-point right, with constants identified from two of them?

``python -m trivet_reference.evaluate pot`` prints it.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from trivet.build.thermal import heat_up_time
from trivet.errors import DataError
from trivet.runtime.model import Model
from trivet.signals import Floats
from trivet_reference.evaluate.path import device, judged, recorded, seconds, write
from trivet_reference.identify import ROOM, Run, Thermal, follow, identify

FILE = "heatup_1L_25_100C_50_250W.csv"
START = "2024-01-01T00:00:00Z"
SETPOINT = 100.0
TAUGHT = (100, 200)
"""Powers [W] whose first replicate the constants are identified from."""


class Key(NamedTuple):
    """One run: its power [W] and replicate."""

    power: int
    replicate: str

    @property
    def taught(self) -> bool:
        """Whether constants are identified from it."""
        return self.replicate == "a" and self.power in TAUGHT


@dataclass(slots=True)
class Said:
    """What the package said along one run.

    Attributes:
        at: Time of each prediction [s from the run's start].
        ready: Predicted time to the set-point if heating goes on [s].
        withheld: Reason to the number of windows.
        novel: Windows beyond the novelty limit.
    """

    at: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)
    withheld: Counter[str] = field(default_factory=Counter)
    novel: int = 0


@dataclass(frozen=True, slots=True)
class Result:
    """Figures of one run.

    Attributes:
        said: What the package said.
        time: Recorded time to the set-point [s].
        first: Error of that time by the first prediction, as a share.
        node: The same by the identified node from the run's first row, without the package.
        median: Median absolute error of the remaining time [s].
        share: Median of the same as a share of the remaining time.
        wet: Root mean square error of the identified node's temperature [K].
        dry: The same of a node whose loss is linear.
    """

    said: Said
    time: float
    first: float
    node: float
    median: float
    share: float
    wet: float
    dry: float


@dataclass(frozen=True, slots=True)
class Pot:
    """The whole evaluation."""

    thermal: Thermal
    results: Mapping[Key, Result]

    def unseen(self, name: str, *powers: int) -> Floats:
        """One figure of all runs, of some powers or of all, that nothing was identified from."""
        chosen = [r for key, r in self.results.items() if not key.taught and (not powers or key.power in powers)]
        return np.array([getattr(result, name) for result in chosen])

    def text(self) -> str:
        """The figures for people."""
        t = self.thermal
        share = self.unseen("share")
        said = [result.said for result in self.results.values()]
        withheld = sum((one.withheld for one in said), Counter[str]())
        return "\n".join(
            [
                f"recorded pot heat-ups: 1 litre to {SETPOINT:g} degC, {len(said)} runs, {len(share)} unseen; constants"
                f" identified from replicate a at {TAUGHT[0]} W and {TAUGHT[1]} W (*):",
                f"  C {t.heat_capacity:.0f} J/K, U {t.loss_coefficient:.3f} W/K, k {t.evaporation_coefficient:.3f}"
                f" W/kPa, steam {t.steam_share:.3f} of the power at boiling; the room is taken to have {ROOM:g} degC",
                "            heat-up  error said   of node   remaining time:  temperature RMSE [K]:",
                "  run      recorded    at first  at start  median error      node  linear loss",
                *(_row(key, result) for key, result in self.results.items()),
                *(self._group(*group) for group in GROUPS),
                f"  unseen: remaining time, median error {np.median(share):.1%} of what remained",
                f"  {sum(len(one.at) for one in said)} predictions, withheld {dict(withheld)},"
                f" windows called novel {sum(one.novel for one in said)}",
            ]
        )

    def _group(self, title: str, powers: tuple[int, ...], target: float | None) -> str:
        """The unseen runs at some powers against their target."""
        first, node, wet, dry = (np.abs(self.unseen(name, *powers)) for name in ("first", "node", "wet", "dry"))
        rms = f"temperature RMSE mean {wet.mean():.2f} K [{_range(wet)}], linear loss {dry.mean():.2f} K"
        return (
            f"  unseen, {title}: {rms}; heat-up time error at the start {_against(node, target)};"
            f" said at first {_against(first, target)}"
        )


GROUPS: tuple[tuple[str, tuple[int, ...], float | None], ...] = (
    ("100 to 200 W", (100, 150, 200), 0.03),
    ("250 W", (250,), 0.05),
    ("100 to 250 W", (100, 150, 200, 250), None),
    ("50 W, whose replicates differ by 3 %", (50,), None),
    ("all powers", (), None),
)
"""Powers [W] that are judged together, and the largest error of the heat-up time that is asked for."""


def _against(errors: Floats, target: float | None) -> str:
    """Errors, as shares, against a target."""
    within = f", {(errors <= target).sum()} of {len(errors)} within {target:.0%}" if target else ""
    return f"mean {errors.mean():.1%}, worst {errors.max():.1%}{within}"


def _range(errors: Floats) -> str:
    """95 % interval of the mean, from runs drawn again and again."""
    drawn = np.random.default_rng(0).integers(0, len(errors), (2000, len(errors)))
    low, high = np.quantile(errors[drawn].mean(axis=1), [0.025, 0.975])
    return f"{low:.2f}, {high:.2f}"


def _row(key: Key, r: Result) -> str:
    name = f"{key.power} W {key.replicate}{'*' if key.taught else ' '}"
    errors = f"{r.first:+11.1%} {r.node:+9.1%} {r.median:5.0f} s {r.share:6.1%}"
    return f"  {name:8} {r.time:7.0f} s{errors} {r.wet:11.2f} {r.dry:12.2f}"


def pot(model: Model, folder: Path) -> Pot:
    """Identifies, writes device documents into a folder, and runs all recordings through the package.

    Raises:
        DataError: The recordings are not installed.
    """
    file = recorded("cooking_pot_thermal") / FILE
    runs = heat_ups(file)
    taught = [run for key, run in runs.items() if key.taught]
    wet, dry = identify(taught), identify(taught, wet=False)
    paths = [document(folder, file, key, wet) for key in runs]
    said = listened(model, paths, {_name(key): float(run.seconds[-1]) for key, run in runs.items()})
    return Pot(wet, {key: _result(run, said[_name(key)], wet, dry) for key, run in runs.items()})


def heat_ups(file: Path) -> dict[Key, Run]:
    """The runs of the table, each until it is first at the set-point."""
    rows: dict[Key, list[tuple[float, float]]] = defaultdict(list)
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            rows[Key(int(row["power_w"]), row["rep"])].append((float(row["time_s"]), float(row["water_c"])))
    runs = {}
    for key, found in sorted(rows.items()):
        time, water = np.array(found).T
        if not (water >= SETPOINT).any():
            raise DataError(f"run {key} never has {SETPOINT:g} degC", where=str(file))
        end = int(np.argmax(water >= SETPOINT)) + 1
        runs[key] = Run(time[:end], water[:end], np.full(end, float(key.power)))
    return runs


def document(folder: Path, file: Path, key: Key, thermal: Thermal) -> Path:
    """The device document of one run: what is recorded, the profile's own set-point, the identified constants."""
    choice = {"filter": {"power_w": key.power, "rep": key.replicate}, "start": START, "values": {"setpoint": SETPOINT}}
    endpoint = {"profile": "cooking-pot", "url": f"replay:{file}", "settings": choice}
    parameters = {
        "rated_power": float(key.power),
        "heat_capacity": thermal.heat_capacity,
        "loss_coefficient": thermal.loss_coefficient,
        "evaporation_coefficient": thermal.evaporation_coefficient,
        "steam_share": thermal.steam_share,
    }
    tree = device(_name(key), "cooking-appliance", endpoint, parameters=parameters)
    return write(folder, _name(key), tree)


def _name(key: Key) -> str:
    return f"pot-{key.power}w-{key.replicate}"


def listened(model: Model, paths: list[Path], ends: Mapping[str, float]) -> dict[str, Said]:
    """What the package says about each appliance until it is at its set-point."""
    said: dict[str, Said] = {name: Said() for name in ends}
    for line in judged(model, paths):
        name = line["appliance"]
        if line["kind"] != "prediction" or (at := seconds(line["window"]["closed"]) - seconds(START)) >= ends[name]:
            continue
        one, ready = said[name], line["outputs"]["time_to_ready"]
        novelty = line["outputs"]["novelty"]
        one.novel += novelty is not None and novelty > 1.0
        if ready is None:
            one.withheld.update(line["withheld"]["time_to_ready"][:1])
        else:
            one.at.append(at)
            one.ready.append(ready["preheat"])
    return said


def _result(run: Run, said: Said, wet: Thermal, dry: Thermal) -> Result:
    at, ready = np.array(said.at), np.array(said.ready)
    time = float(run.seconds[-1])
    error = np.abs(ready - (time - at))
    return Result(
        said=said,
        time=time,
        first=float((at[0] + ready[0]) / time - 1.0) if len(at) else float("nan"),
        node=_node_time(wet, run) / time - 1.0,
        median=float(np.median(error)),
        share=float(np.median(error / (time - at))),
        wet=_rms(follow(wet, run) - run.temperature),
        dry=_rms(follow(dry, run) - run.temperature),
    )


def _node_time(thermal: Thermal, run: Run) -> float:
    """Time that the node takes from the run's first temperature to its last [s]; NaN when it never gets there."""
    node = thermal.node(ROOM)
    first, last, power = (np.asarray(value) for value in (run.temperature[0], run.temperature[-1], run.power[0]))
    return float(heat_up_time(first, last, power, node.ambient, node.capacity, node.loss, node.heated(power)))


def _rms(error: Floats) -> float:
    return float(np.sqrt(np.square(error).mean()))
