"""The demonstration: a simulated kitchen on loopback, real protocols, signed packages, a fault that develops.

Everything between the plants and the screen is what ``trivet run`` uses.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from trivet.commission.simulate import Plant, Scenario, scenario, served, write_document
from trivet.commission.warm import warm
from trivet.device.binding import bind
from trivet.device.clock import RecordingClock, ScaledClock
from trivet.device.library import resolve
from trivet.errors import DataError
from trivet.pipeline.assemble import assemble
from trivet.pipeline.judge import Judge, Observer
from trivet.pipeline.run import run
from trivet.pipeline.sinks import JsonLines
from trivet.pipeline.store import Store
from trivet.runtime.model import Model
from trivet.signals import SECOND

FAULT = "booster_scale"
START = 1_780_308_000 * SECOND
"""2026-06-01 10:00 UTC: a fixed day, so that two demonstrations show the same kitchen."""


@dataclass(frozen=True, slots=True)
class Part:
    """One appliance of the demonstration.

    Attributes:
        scenario: Scenario name.
        device: Device id.
        package: The signed package that judges it.
        warm: Healthy operation that it has behind it [s].
        choices: Choices for the scenario's plant; ``onset`` counts from the first picture.
    """

    scenario: str
    device: str
    package: Path
    warm: int
    choices: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Shown:
    """One appliance on stage."""

    chosen: Scenario
    plant: Plant
    model: Model
    store: Store
    path: Path


@dataclass(frozen=True, slots=True)
class Kitchen:
    """What the demonstration is made of, before it runs.

    Attributes:
        folder: Where device documents, memories and lines are written.
        key: Public key that signed the packages; trusted for this demonstration only.
        speed: Simulated seconds in one real second.
        parts: Its appliances.
    """

    folder: Path
    key: Path
    speed: float
    parts: Sequence[Part]


def kitchen(what: str, folder: Path, speed: float, fault: str | None) -> Kitchen:
    """The demonstration that ships: a dishwasher that develops a fault and, for ``kitchen``, a combi oven.

    Raises:
        DataError: The reference packages are not installed.
    """
    packages = Path(str(files("trivet_reference"))) / "packages"
    key = _only(packages, "*.pub")
    choices = {"seed": 3, "fault": fault or FAULT, "severity": 1.0, "onset": 60.0, "ramp": 600.0, "pace": 150.0}
    parts = [Part("dishwasher", "dishwasher-1", _only(packages, "*dishwasher*.trivet"), 11_000, choices)]
    if what == "kitchen":
        parts.append(Part("oven", "combi-oven-1", _only(packages, "*cooking*.trivet"), 3_600, {"seed": 3}))
    return Kitchen(folder, key, speed, parts)


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if not found:
        raise DataError(f"there is no {pattern}", where=str(folder), hint="run `make train`, or install trivet again")
    return found[-1]


async def demonstrate(
    shown: Kitchen,
    seconds: float,
    watch: Callable[[ScaledClock, list[Judge]], Observer],
    say: Callable[[str], None],
) -> list[tuple[Judge, Path]]:
    """Runs the kitchen.

    Args:
        shown: What to show.
        seconds: Real seconds to run for.
        watch: Makes the observer of all judges.
        say: Tells a person what happens before the first picture.

    Returns:
        The judges, and the files that their lines are in.
    """
    stage = [_stage(part, shown, say) for part in shown.parts]
    clock = ScaledClock(shown.speed, START)
    async with AsyncExitStack() as stack:
        for one in stage:
            await stack.enter_async_context(served(one.chosen, one.plant, one.path, clock))
        say(f"live from here: {shown.speed:g} simulated seconds in one real second")
        ready = [assemble(one.model, [one.path], store=one.store, clock=clock) for one in stage]
        observer = watch(clock, [each.judge for each in ready])
        async with asyncio.TaskGroup() as group:
            for each, one in zip(ready, stage, strict=True):
                each.judge.observe(observer)
                sinks = [JsonLines(one.path.with_suffix(".jsonl"))]
                group.create_task(run(each.judge, each.sources, clock, sinks, until=seconds * shown.speed))
    return [(each.judge, one.path.with_suffix(".jsonl")) for each, one in zip(ready, stage, strict=True)]


def _stage(part: Part, shown: Kitchen, say: Callable[[str], None]) -> Shown:
    """Loads the package, makes the plant, and lets the model learn its healthy past."""
    chosen = scenario(part.scenario)
    model = Model.load(part.package, keys=(shown.key,), home=shown.folder / "home")
    choices = dict(part.choices)
    if "onset" in choices:
        choices["onset"] += part.warm
    path = shown.folder / f"{part.device}.yaml"
    one = Shown(chosen, chosen.plant(**choices), model, Store(shown.folder / "home" / "state", model), path)
    learnt = _warm(one, part)
    say(f"{part.device}: {learnt} windows of healthy operation learnt, simulated, before the first picture")
    return one


def _warm(shown: Shown, part: Part) -> int:
    write_document(shown.chosen, shown.plant, shown.path)
    judge = assemble(shown.model, [shown.path], store=shown.store, clock=RecordingClock()).judge
    resolved = resolve(shown.path)
    fitted = bind(shown.model.interface, resolved.parsed, resolved.profiles).fitted
    return warm(judge, part.device, shown.plant, fitted, START - part.warm * SECOND, part.warm)
