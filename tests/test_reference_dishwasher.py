"""Physics and realism of the simulated dishwashers: what published figures say must come out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pytest

from trivet.signals import Floats, Ints
from trivet_reference.plant import faults, machine
from trivet_reference.plant.booster import Booster
from trivet_reference.plant.controller import RINSE, WAIT
from trivet_reference.plant.dishwasher import Dishwasher
from trivet_reference.plant.machine import Machines
from trivet_reference.plant.tank import Tank
from trivet_reference.plant.water import SPECIFIC_HEAT


def constant(machines: Machines, **values: float) -> Machines:
    count = len(machines)
    return replace(machines, **{name: np.full(count, value) for name, value in values.items()})


def busy(count: int, seed: int, warm: int = 5400, pace: float = 40.0, **values: float) -> Dishwasher:
    plant = Dishwasher(constant(machine.draw(seed, count), **values), seed, pace=pace)
    plant.advance(warm)
    return plant


def fault_from_now(plant: Dishwasher, fault: str, severity: float = 1.0, ramp: float = 0.0) -> None:
    plant.ills = faults.single(len(plant.machines), fault, severity, plant.elapsed, ramp)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Machines of a hall that have something in common; a fault strikes all of them at one second."""

    count: int
    pace: float = 40.0
    types: tuple[float, float, float] = machine.ONE_TANK
    fault: str | None = None
    onset: float = 0.0
    constants: Mapping[str, float] = field(default_factory=dict)


_SAME_RACKS = {"half_empty": 0.0, "other_programme": 0.0, "recovery": 0.0}
GROUPS = {
    "healthy": Group(count=30),
    "same racks": Group(count=30, pace=30.0, constants={"half_empty": 0.0, "rewash": 0.0}),
    "element lost": Group(
        count=20,
        fault="booster_phase_open",
        onset=6000,
        constants={**_SAME_RACKS, "inlet": 15.0, "interlocked": 0.0},
    ),
    "no detergent": Group(
        count=12, fault="detergent_empty", onset=3600, constants={"half_empty": 0.0, "recovery": 0.0}
    ),
    "tank element failed": Group(count=16, fault="tank_element_failed", onset=2700),
    "welded": Group(count=16, fault="contactor_welded", onset=2700),
    "cold inlet": Group(count=20, constants={"extends_wash": 0.0, "inlet": 8.0, "recovery": 0.0}),
    "conveyors": Group(count=20, pace=20.0, types=(0.0, 0.0, 1.0)),
    "washed again": Group(count=20, pace=120.0, constants={"rewash": 1.0}),
}


class Hall:
    """All groups in one plant, since a step costs little more for many machines than for one, and what it showed."""

    def __init__(self, seconds: int) -> None:
        drawn = [
            constant(machine.draw(seed, group.count, group.types), **group.constants)
            for seed, group in enumerate(GROUPS.values(), 3)
        ]
        self._machines = joined(drawn)
        pace = np.repeat([group.pace for group in GROUPS.values()], [group.count for group in GROUPS.values()])
        self._plant = Dishwasher(self._machines, 7, ills(), pace=pace)
        steps = [self._step() for _ in range(seconds)]
        self._seen = {name: np.stack([step[name] for step in steps]) for name in steps[0]}

    def _step(self) -> dict[str, Any]:
        self._plant.step()
        plant = self._plant
        tank, booster = plant.tank, plant.booster
        operation, programme = plant.controller.modes()
        return {
            "heat in": plant.heat_in.copy(),
            "stored": tank.energy + booster.energy,
            "gone": tank.loss + booster.loss + tank.ware_heat + tank.removed,
            "energy": plant.energy.copy(),
            "racks": plant.racks.copy(),
            "booster power": plant.loads.booster.sum(axis=0),
            "tank power": plant.loads.tank.sum(axis=0),
            "tank": tank.temperature,
            "booster": booster.temperature,
            "detergent": tank.detergent,
            "ware": tank.ware,
            "start": plant.operators.start,
            "fresh": plant.operators.fresh.copy(),
            "chosen": plant.operators.programme.copy(),
            "door": plant.operators.door_open,
            "code": plant.controller.service_code,
            "phase": plant.controller.phase,
            "paused": plant.controller.paused,
            "operation": operation,
            "programme": programme,
        }

    def machines(self, name: str) -> Machines:
        """The machines of a group."""
        return self._machines.some(_where(name))

    def seen(self, name: str, what: str, begin: int = 0, end: int | None = None) -> Any:
        """What a group showed after each second of a span, ``(seconds, machines)``."""
        return self._seen[what][begin:end, _where(name)]


def joined(parts: Sequence[Machines]) -> Machines:
    return Machines(**{f.name: np.concatenate([getattr(p, f.name) for p in parts], axis=-1) for f in fields(Machines)})


def ills() -> faults.Faults:
    """The fault of each group at each of its machines."""
    groups = list(GROUPS.values())
    counts = [group.count for group in groups]
    kind = [-1 if group.fault is None else faults.FAULTS.index(group.fault) for group in groups]
    onset = np.repeat([group.onset for group in groups], counts)[None]
    variant = np.random.default_rng(5).random(sum(counts))
    return faults.Faults(np.repeat(kind, counts)[None], onset, 0.0 * onset, 1.0 + 0.0 * onset, variant)


def _where(name: str) -> Ints:
    before = 0
    for known, group in GROUPS.items():
        if known == name:
            return np.arange(before, before + group.count)
        before += group.count
    raise KeyError(name)


@pytest.fixture(scope="module")
def hall() -> Hall:
    return Hall(9900)


def test_heat_is_conserved(hall: Hall) -> None:
    for name in ("healthy", "conveyors", "welded"):
        supplied, stored, gone = (hall.seen(name, what, 1800, 5400) for what in ("heat in", "stored", "gone"))
        left = supplied - stored - gone
        assert np.all(np.abs(left[-1] - left[0]) < 0.01 * (supplied[-1] - supplied[0]))


def test_a_rinse_of_2_5_l_from_15_to_82_degc_takes_117_s_at_6_kw() -> None:
    machines = constant(
        machine.draw(1, 1), booster_power=6000, booster_volume=8, booster_loss=0, booster_setpoint=82, sensor_lag=0.1
    )
    booster = Booster(machines)
    booster.temperature, booster.element = np.full(1, 82.0), np.full(1, 82.0)
    nothing, power = np.zeros(1), np.full(1, 6000.0)
    drawn = 12
    for _ in range(drawn):
        booster.step(power, np.full(1, 2.5 / 12), np.full(1, 15.0), np.full(1, 2.5 / 12))
    while booster.temperature[0] < 82.0:
        drawn += 1
        booster.step(power, nothing, np.full(1, 15.0), nothing)
    # Water that leaves while cold water enters is below 82 degC, so a little less heat is needed.
    assert 100 < drawn <= 117 + 3
    assert pytest.approx(117, abs=0.5) == 2.5 * SPECIFIC_HEAT * (82 - 15) / 6000


def heating_a_rack(hall: Hall, name: str, begin: int, end: int) -> Floats:
    """Seconds with booster power for each rack washed."""
    on = (hall.seen(name, "booster power", begin, end) > 0).sum(axis=0)
    racks = hall.seen(name, "racks", begin, end)
    return np.asarray(on / (racks[-1] - racks[0]))


def test_a_lost_booster_element_lengthens_heating_by_half(hall: Hall) -> None:
    healthy, lost = (heating_a_rack(hall, "element lost", begin, begin + 3000) for begin in (3000, 6900))
    assert np.median(lost / healthy) == pytest.approx(1.5, abs=0.08)


def test_limescale_costs_no_energy_but_dead_time_and_overshoot() -> None:
    machines = constant(machine.draw(1, 2), booster_power=6000, booster_volume=8, booster_loss=0)
    booster = Booster(machines)
    booster.scale = np.array([0.0, 1.5])
    booster.temperature, booster.element = np.full(2, 60.0), np.full(2, 60.0)
    before, nothing = booster.energy, np.zeros(2)
    late, peak = np.zeros(2), np.zeros(2)
    for second in range(400):
        booster.step(np.full(2, 6000.0 if second < 60 else 0.0), nothing, nothing, nothing)
        late += booster.temperature < 61.0
        peak = np.maximum(peak, booster.temperature)
        if second == 59:
            at_switch_off = booster.temperature.copy()
    assert booster.energy - before == pytest.approx(np.full(2, 360_000.0), rel=1e-9)
    assert late[1] > late[0] + 8
    assert (peak - at_switch_off)[1] > (peak - at_switch_off)[0] + 2.0


def test_detergent_falls_along_the_dilution_law(hall: Hall) -> None:
    machines = hall.machines("no detergent")
    detergent, racks = (hall.seen("no detergent", what, 3620, 6020) for what in ("detergent", "racks"))
    share = machines.rinse_volume / machines.tank_volume
    expected = detergent[0] * (1.0 - share) ** (racks[-1] - racks[0])
    assert np.median(detergent[-1] / expected) == pytest.approx(1.0, abs=0.05)


def test_rinse_carries_heat_and_water_into_the_tank() -> None:
    machines = machine.draw(2, 1)
    tank = Tank(machines)
    tank.volume, tank.temperature = machines.tank_volume - 2.5, np.full(1, 60.0)
    before, capacity = tank.temperature.copy(), tank.energy / tank.temperature
    tank.rinse(np.full(1, 2.5), np.full(1, 82.0), np.zeros(1))
    given = tank.ware_heat
    mixed = (capacity * before + 2.5 * SPECIFIC_HEAT * 82.0 - given) / (capacity + 2.5 * SPECIFIC_HEAT)
    assert tank.temperature == pytest.approx(mixed)
    assert tank.level == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("fault", "flow", "pressure"),
    [("filter_clog", -1, -1), ("wash_arm_clog", -1, 1), ("wash_pump_cavitation", -1, -1)],
)
def test_clogs_and_air_move_flow_and_pressure_as_in_a_real_circuit(fault: str, flow: int, pressure: int) -> None:
    plant = busy(6, 4, warm=60)
    healthy = plant.wash
    fault_from_now(plant, fault, 0.7)
    plant.advance(11)
    assert np.all(flow * (plant.wash.flow - healthy.flow) > 0)
    assert np.all(pressure * (plant.wash.pressure - healthy.pressure) > 0)
    assert np.all(plant.wash.load < healthy.load)


def test_a_failed_tank_element_cools_the_tank_and_a_welded_contactor_cooks_it(hall: Hall) -> None:
    cooled = hall.seen("tank element failed", "tank", 2699, 4500)
    assert np.all(hall.seen("tank element failed", "tank power", 2710, 4500) == 0)
    assert np.median(cooled[0] - cooled[-1]) > 1.5
    machines = hall.machines("welded")
    tank, booster = (hall.seen("welded", what, 0, 4500)[-1] for what in ("tank", "booster"))
    assert np.all(tank < 95)
    assert np.all(booster < 99)
    assert np.mean(np.maximum(tank - machines.tank_setpoint, booster - machines.booster_setpoint) > 2.0) > 0.7


def test_every_fault_changes_what_the_machine_shows() -> None:
    """At full severity each fault moves the mean of at least one signal, against the same machines in health."""
    each = 6
    count = each * len(faults.FAULTS)
    machines = machine.draw(8, count)
    zero = np.zeros((1, count))
    variant = np.random.default_rng(8).random(count)
    kind = np.repeat(np.arange(len(faults.FAULTS)), each)[None]
    ills = faults.Faults(kind, zero, zero, zero + 1.0, variant)
    sums: list[dict[str, Floats]] = []
    for plant in (Dishwasher(machines, 8, pace=60.0), Dishwasher(machines, 8, ills, pace=60.0)):
        plant.advance(4000)
        total: dict[str, Floats] = {}
        for _ in range(600):
            plant.step()
            for signal, value in plant.sensors.signals(plant).items():
                total[signal] = total.get(signal, np.zeros(count)) + value
        sums.append(total)
    healthy, sick = sums
    moved = np.max([np.abs(sick[k] - healthy[k]) / (np.abs(healthy[k]) + 600 * 0.01) for k in healthy], axis=0)
    for index, name in enumerate(faults.FAULTS):
        assert np.max(moved[index * each : (index + 1) * each]) > 0.05, name


def between_starts(hall: Hall, name: str, values: Floats, begin: int) -> list[Floats]:
    """What was counted from one start of a rack to the next, for each machine."""
    starts = hall.seen(name, "start", begin)
    return [np.diff(values[np.flatnonzero(starts[:, i]), i]) for i in range(starts.shape[1])]


def spread(cycles: Sequence[Floats]) -> Floats:
    """Coefficient of variation of each machine that washed more than fifteen racks."""
    return np.array([np.std(each) / np.mean(each) for each in cycles if len(each) > 15])


def test_heater_power_repeats_within_the_band_of_measured_machines(hall: Hall) -> None:
    """Measured: 0.6 to 1.5 % between cycles of one machine; here: simulated."""
    power = hall.seen("healthy", "booster power", 2700)
    joules = between_starts(hall, "healthy", np.cumsum(power, axis=0), 2700)
    seconds = between_starts(hall, "healthy", np.cumsum(power > 0, axis=0), 2700)
    means = [(j / np.maximum(s, 1))[s > 0] for j, s in zip(joules, seconds, strict=True)]
    assert 0.006 <= np.median(spread(means)) <= 0.015
    assert max(spread(means)) < 0.025


def test_cycle_energy_repeats_within_the_band_of_measured_machines(hall: Hall) -> None:
    """Measured: CV 2 to 6 % when the programme is known, here: simulated, stored heat accounted for."""
    used = hall.seen("same racks", "energy", 3000) - hall.seen("same racks", "stored", 3000) / 3600.0
    energies = between_starts(hall, "same racks", used, 3000)
    starts, chosen = hall.seen("same racks", "start", 3000), hall.seen("same racks", "chosen", 3000)
    normal = [chosen[starts[:, i], i][:-1] == 1.0 for i in range(chosen.shape[1])]
    spreads = spread([energy[usual] for energy, usual in zip(energies, normal, strict=True)])
    assert 0.02 <= np.median(spreads) <= 0.06


@pytest.mark.soak
def test_mean_load_over_a_day_is_that_of_measured_kitchens() -> None:
    """Measured: 10.8 % of the largest power at one restaurant dishwasher; simulated fleets must enclose it."""
    plant = Dishwasher(machine.draw(7, 40), 7)
    largest = np.zeros(40)
    for _ in range(int(13.5 * 3600)):
        plant.step()
        largest = np.maximum(largest, plant.loads.power().sum(axis=0))
    factor = plant.energy / 24.0 / largest
    under = plant.machines.type == machine.UNDERCOUNTER
    assert factor[under].min() < 0.108 < factor[under].max()
    assert 0.05 < np.median(factor) < 0.25
    # The smallest boosters on cold water work for most of the day.
    assert np.all((factor > 0.04) & (factor < 0.45))
    assert np.all(plant.racks > 20)


def test_waiting_for_the_booster_is_shown_as_such(hall: Hall) -> None:
    shown = {name: hall.seen("cold inlet", name, 1800) for name in ("operation", "programme", "phase", "paused")}
    waiting = (shown["phase"] == WAIT) & ~shown["paused"]
    assert waiting.any()
    assert np.all(shown["programme"][waiting] == 8)
    assert np.all(shown["operation"][waiting] == 7)
    assert np.all(shown["programme"][shown["phase"] == RINSE] == 7)


def test_the_same_seed_gives_the_same_plant() -> None:
    first, second = busy(3, 11, warm=900), busy(3, 11, warm=900)
    left, right = first.sensors.signals(first), second.sensors.signals(second)
    assert all(np.array_equal(left[name], right[name]) for name in left)


def test_nameplates_are_those_of_the_machine() -> None:
    machines = machine.draw(1, 3)
    plate = machines.nameplate(2)
    assert plate["booster_heater_power"] == machines.booster_power[2]
    assert plate["rated_power"] == pytest.approx(machines.rated_power[2], abs=5)
    assert set(plate) >= {"tank_volume", "rinse_volume", "voltage"}


def test_unknown_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="unknown fault 'rust'"):
        faults.single(1, "rust", 1.0, 0.0)
    with pytest.raises(ValueError, match="severity"):
        faults.single(1, "filter_clog", 1.5, 0.0)


def test_a_conveyor_washes_rack_after_rack_without_a_pause_and_stays_hot(hall: Hall) -> None:
    racks, tank, door, code = (hall.seen("conveyors", what, 5400, 7200) for what in ("racks", "tank", "door", "code"))
    assert not door.any()
    assert not code.any()
    washed = racks[-1] - racks[0]
    assert np.all((washed >= 25) & (washed <= 100))  # 60 to 200 racks an hour, asked 180
    assert np.median((tank - hall.machines("conveyors").tank_setpoint).min(axis=0)) > -3.0


def test_a_rack_that_was_not_soaked_is_washed_again_hot(hall: Hall) -> None:
    ware, start, fresh = (hall.seen("washed again", what, 2700) for what in ("ware", "start", "fresh"))
    repeated = (start & ~fresh)[1:]
    assert np.all((ware[1:] - hall.machines("washed again").ambient)[repeated] > 6.0)
    assert np.all(np.abs(np.diff(ware, axis=0))[repeated] < 5.0)
    assert repeated.sum() > 200


def test_mains_water_is_warmer_in_august_than_in_february() -> None:
    machines = constant(machine.draw(1, 4), inlet=14.0, season=5.0)
    seen = []
    for day in (45.0, 230.0):
        plant = Dishwasher(replace(machines, day=np.full(4, day)), 1)
        plant.advance(60)
        seen.append(plant.sensors.inlet.mean())
    assert seen[1] - seen[0] == pytest.approx(10.0, abs=0.5)


def test_looking_at_signals_changes_nothing() -> None:
    looked, left = busy(3, 2, warm=60), busy(3, 2, warm=60)
    for _ in range(300):
        looked.step()
        looked.sensors.signals(looked)
        left.step()
    assert np.array_equal(looked.energy, left.energy)
    shown, once = looked.sensors.signals(looked), left.sensors.signals(left)
    assert all(np.array_equal(shown[name], once[name]) for name in shown)
