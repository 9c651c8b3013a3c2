"""The cooking model: what actions do to simulated plants, identification, correction, package, recorded pots."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from kits.replay import data
from trivet.errors import DataError
from trivet.package.archive import read
from trivet.runtime.model import Model
from trivet.signals import Floats
from trivet.window.window import stack
from trivet_reference.cooking.actions import HORIZON, NEAR, Trial, moments, outcomes
from trivet_reference.cooking.features import COLUMNS
from trivet_reference.cooking.model import cooking_package
from trivet_reference.evaluate.pot import Key, heat_ups, pot
from trivet_reference.identify import ROOM, Run, Thermal, follow, identify
from trivet_reference.plant import cookers
from trivet_reference.plant.oven import ENERGY_SAVE, Oven
from trivet_reference.train.recording import record, windows

SESSIONS = ((9.4, 1200), (21.9, 900))


@cache
def package() -> bytes:
    """A package of few plants."""
    return cooking_package(3, plants=6, unseen=4, sessions=SESSIONS)


@pytest.fixture
def model(tmp_path: Path) -> Model:
    path = tmp_path / "cooking.trivet"
    path.write_bytes(package())
    return Model.load(path, unsigned=True, home=tmp_path)


def ovens(count: int, seconds: int) -> Oven:
    """Ovens that nobody uses, some time after they were switched on."""
    made = Oven(cookers.draw_ovens(31, count), 31, hour=11.5, pace=1e9)
    made.advance(seconds)
    return made


def test_a_trial_follows_the_plant() -> None:
    oven = ovens(30, 200)
    trial, before = Trial(moments(oven)), oven.energy.copy()
    trial.calling[:] = True
    trial.hold(900, oven.setpoint)
    oven.advance(900)
    assert np.all(np.abs(trial.reading - oven.reading) < 2 * oven.cookers.hysteresis + 1)
    used = oven.energy - before
    assert np.abs(trial.energy / used - 1).mean() < 0.03


def test_switching_off_or_setting_back_saves_and_delays() -> None:
    oven = ovens(30, 1150)
    assert not (oven.mode == ENERGY_SAVE).any()
    ready, energy = outcomes(moments(oven))
    off, setback, hold, preheat = ready.T
    assert np.all(off >= setback)
    assert np.all(setback >= preheat)
    assert np.all(hold <= preheat)
    assert np.all(hold[oven.setpoint - oven.reading <= NEAR] == 0)
    assert np.all(energy[:, 0] < energy[:, 1])
    assert np.all(energy[:, 1] < 1.08 * energy[:, 2])
    assert energy[:, 1].mean() < energy[:, 2].mean()
    assert np.all(energy[:, 2] > oven.cookers.fan_power * HORIZON / 3600)


def heated(thermal: Thermal, power: float, seconds: int, noise: float = 0.0) -> Run:
    """A simulated heat-up from 25 degC, one row in ten seconds."""
    times = np.arange(0.0, seconds + 1, 10.0)
    run = Run(times, np.full(len(times), 25.0), np.full(len(times), power))
    made = follow(thermal, run)
    return Run(times, made + noise * np.random.default_rng(1).standard_normal(len(times)), run.power)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_constants_are_found_again(noise: float) -> None:
    true = Thermal(6200.0, 0.1, 0.4)
    found = identify([heated(true, 100.0, 5400, noise), heated(true, 200.0, 2400, noise)])
    assert found.heat_capacity == pytest.approx(true.heat_capacity, rel=0.01)
    lost = [
        t.loss_coefficient * 60 + t.evaporation_coefficient * 44 for t in (true, found)
    ]  # about what a pot at 80 degC loses
    assert lost[1] == pytest.approx(lost[0], rel=0.03)


def test_no_constant_is_found_below_zero() -> None:
    found = identify([heated(Thermal(6200.0, 0.0, 0.0), power, 1500, 0.05) for power in (100.0, 200.0)])
    assert found.loss_coefficient >= 0
    assert found.evaporation_coefficient >= 0
    dry = identify([heated(Thermal(6200.0, 0.0, 0.4), 150.0, 3000)], wet=False)
    assert dry.evaporation_coefficient == 0
    assert dry.loss_coefficient > 0.1


def test_what_does_not_warm_up_identifies_nothing() -> None:
    flat = Run(np.arange(100.0), np.full(100, 60.0), np.full(100, 50.0))
    with pytest.raises(DataError, match="warms by less than"):
        identify([flat])
    cooled = Run(np.arange(100.0), 60 + np.linspace(0, 10, 100), np.full(100, -50.0))
    with pytest.raises(DataError, match="do not warm up"):
        identify([cooled])


@pytest.mark.soak
def test_the_same_seed_gives_the_same_package() -> None:
    assert cooking_package(3, plants=6, unseen=4, sessions=SESSIONS) == package()


def test_the_package_says_what_it_is_made_of() -> None:
    members = read(package()).members
    evidence = {name: json.loads(bytes(members[f"evidence/{name}.json"])) for name in ("data", "evaluation")}
    assert evidence["data"]["kind"] == evidence["evaluation"]["kind"] == "simulated"
    assert "Not validated" in evidence["data"]["note"]
    reports = json.loads(bytes(members["evidence/correction.json"]))
    assert sum(report.get("edges", 0) for report in reports) > 100
    assert max(report.get("largest_error", 0.0) for report in reports) < 1e-5
    assert max(report.get("largest_share", 0.0) for report in reports) < 1e-5


def said(model: Model, *fitted: str, **parameters: float) -> dict[str, Floats]:
    """What a package says about one oven while it heats up, at a plant with these signals."""
    constants = cookers.draw_ovens(41, 1)
    oven = Oven(constants, 41, hour=11.5, pace=1e9)
    kept = record(oven.step, oven.signals, model.interface, COLUMNS, 60, oven.second)
    known = {**constants.parameters(0), **parameters}
    names = {name: known[name] for name in model.manifest.context[2:]}
    made = windows(kept, 0, model.interface, "recent", COLUMNS, fitted or COLUMNS, names)
    return {name: np.asarray(array) for name, array in model.raw(stack(made[-1:])).items()}


def test_a_cold_oven_is_ready_late_when_off_and_early_when_it_warms_to_its_setback(model: Model) -> None:
    ready = said(model)["time_to_ready"][0]
    off, setback, hold, preheat = ready
    assert off > preheat == hold > setback > 0
    assert np.all(np.isfinite(said(model)["energy"]))


def test_without_a_controller_the_thermal_node_answers_alone(model: Model) -> None:
    bare = said(model, "chamber_temperature", "chamber_setpoint")
    warmer = said(model, "chamber_temperature", "chamber_setpoint", heat_capacity=50_000.0)
    assert np.all(warmer["time_to_ready"][0] > bare["time_to_ready"][0])


def test_nothing_is_said_without_a_setpoint_or_thermal_constants(model: Model) -> None:
    assert np.isnan(said(model, "chamber_temperature", "mode")["time_to_ready"]).all()
    assert np.isfinite(said(model, "chamber_temperature", "mode")["novelty"]).all()
    unknown = said(model, heat_capacity=float("nan"))
    assert np.isnan(unknown["time_to_ready"]).all()
    assert np.isnan(unknown["energy"]).all()


def test_what_the_heater_cannot_reach_is_not_said(model: Model) -> None:
    assert np.isnan(said(model, "chamber_temperature", "chamber_setpoint", rated_power=300.0)["time_to_ready"]).any()


def test_recorded_pots_are_ready_when_the_package_says(model: Model, tmp_path: Path) -> None:
    """Ten recorded heat-ups at five powers; eight of them unseen. 50 W stands apart: its replicates differ."""
    data("cooking_pot_thermal")
    result = pot(model, tmp_path)
    assert len(result.results) == 10
    assert len(result.unseen("wet")) == 8
    assert result.unseen("wet", 100, 150, 200, 250).mean() <= 0.8
    assert np.abs(result.unseen("node", 100, 150, 200)).max() <= 0.03
    assert np.abs(result.unseen("node", 250)).max() <= 0.05
    assert np.abs(result.unseen("first", 100, 150, 200, 250)).mean() <= 0.03
    assert result.unseen("wet").mean() < result.unseen("dry").mean()
    assert all(len(one.said.at) > 0 for one in result.results.values())
    assert "8 unseen" in result.text()


def test_steam_that_leaves_with_the_power_is_found_again() -> None:
    true = Thermal(6000.0, 0.0, 0.3, 0.12)
    found = identify([heated(true, 100.0, 5400), heated(true, 200.0, 2400)])
    assert found.steam_share == pytest.approx(true.steam_share, rel=0.1)
    assert found.evaporation_coefficient == pytest.approx(true.evaporation_coefficient, rel=0.1)


def test_a_recorded_run_ends_where_it_first_boils() -> None:
    runs = heat_ups(data("cooking_pot_thermal") / "heatup_1L_25_100C_50_250W.csv")
    assert runs[Key(250, "a")].seconds[-1] == 2060
    assert all(run.temperature[:-1].max() < 100 <= run.temperature[-1] for run in runs.values())
    assert ROOM == 22
