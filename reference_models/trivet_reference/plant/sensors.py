"""What controller and meter show of a dishwasher, under the interface's signal names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trivet.signals import Float32s, Floats
from trivet_reference.plant.electrical import PUMP_POWER_FACTOR, total
from trivet_reference.plant.machine import NOMINAL_VOLTAGE, Machines
from trivet_reference.plant.resolution import rounded
from trivet_reference.plant.water import decay, toward

if TYPE_CHECKING:
    from trivet_reference.plant.dishwasher import Dishwasher

_A0_SETPOINT, _HUE_SETPOINT = 15.0, 3600.0
_DECADE = np.log(10.0)
_WARMEST, _YEAR = 230.0, 365.0
"""Day of the year on which mains water is warmest, and days in a year."""


class Sensors:
    """Sensors of a fleet, with their lag, error and faults.

    Attributes:
        tank_reading: Tank temperature as the controller has it [degC]; ``booster_reading`` likewise.
        door_open: What the door switch says.
        inlet: Temperature of the fresh water [degC].
        hygiene: Hygiene value of the rack; ``hygiene_setpoint`` is what it must reach.
    """

    def __init__(self, machines: Machines, rng: np.random.Generator, seed: int) -> None:
        count = len(machines)
        self._machines = machines
        self._rng = rng
        self._seed = seed
        self._left = decay(machines.sensor_lag)
        self._phases = np.where(machines.pump_share.max(axis=0) < 0.5, 3.0, 1.0)
        self._a0 = machines.hygiene == 1.0
        self._tank_lagged = machines.ambient.copy()
        self._booster_lagged = machines.ambient.copy()
        self.tank_reading = machines.ambient.copy()
        self.booster_reading = machines.ambient.copy()
        self.door_open = np.zeros(count, dtype=bool)
        self.inlet = machines.inlet.copy()
        self._season = machines.inlet
        self.hygiene_setpoint = np.where(self._a0, _A0_SETPOINT, _HUE_SETPOINT)
        self.hygiene = np.zeros(count)
        self._loose = np.zeros(count, dtype=bool)
        self._bounce = np.zeros(count)
        self._inlet_wander = np.zeros(count)

    def step(self, plant: Dishwasher) -> None:
        """One second."""
        m, noise = self._machines, plant.noise
        variant = plant.ills.variant
        self._tank_lagged = toward(self._tank_lagged, plant.tank.temperature, self._left)
        self._booster_lagged = toward(self._booster_lagged, plant.booster.temperature, self._left)
        drift = plant.level("temperature_sensor_drift") * 7.0 * np.where(variant % 0.5 < 0.25, 1.0, -1.0)
        on_tank = variant < 0.5
        tank = self._tank_lagged + m.tank_bias + drift * on_tank + 0.05 * noise[7]
        booster = self._booster_lagged + m.booster_bias + drift * ~on_tank + 0.05 * noise[8]
        self._contact(plant.level("temperature_sensor_open"))
        rail = np.where(variant % 0.25 < 0.2, 0.0, 120.0)
        self.tank_reading = np.where(self._loose & on_tank, rail, np.clip(tank, 0.0, 120.0))
        self.booster_reading = np.where(self._loose & ~on_tank, rail, np.clip(booster, 0.0, 120.0))
        self._inlet_wander = 0.9995 * self._inlet_wander + 0.03 * noise[9]
        if plant.elapsed % 600 == 0:
            day = m.day + plant.second / 86_400.0
            self._season = m.inlet + m.season * np.cos(2.0 * np.pi * (day - _WARMEST) / _YEAR)
        self.inlet = np.clip(self._season + self._inlet_wander, 3.0, 70.0)
        self._door(plant)
        self._hygiene(plant)

    def _contact(self, level: Floats) -> None:
        """A broken wire; below full severity it makes contact now and then."""
        if level.any():
            flips = self._rng.random(len(level)) < np.where(self._loose, 0.05 * (1.0 - level), 0.05 * level)
            self._loose = np.where(level >= 1.0, True, self._loose ^ flips) & (level > 0.0)

    def _door(self, plant: Dishwasher) -> None:
        """A worn switch opens for some seconds while the pump shakes it."""
        level = plant.level("door_switch")
        self._bounce -= 1.0
        if level.any():
            hit = plant.controller.in_cycle & (self._rng.random(len(level)) < 0.04 * level)
            self._bounce = np.where(hit, self._rng.uniform(2.0, 9.0, len(level)), self._bounce)
        self.door_open = plant.operators.door_open | (self._bounce > 0.0)

    def _hygiene(self, plant: Dishwasher) -> None:
        """A0 from the rinse water, HUE from the surface of the crockery; reset at the start of a rack.

        HUE rate: 10^((T - 61.67)/4.81) per second; A0: 10^((T - 80)/10) from 65 degC on.
        """
        spraying = plant.controller.rinsing
        water = plant.booster.temperature
        exponent = np.where(self._a0, (water - 80.0) / 10.0, (np.minimum(plant.tank.ware, 90.0) - 61.67) / 4.81)
        counts = np.where(self._a0, spraying & (water >= 65.0), plant.controller.in_cycle)
        self.hygiene += np.exp(_DECADE * exponent) * counts
        self.hygiene = np.where(plant.operators.start, 0.0, np.minimum(self.hygiene, 65_535.0))

    def signals(self, plant: Dishwasher) -> dict[str, Floats]:
        """Every signal of the interface, in its unit; states as their codes; ``(machines,)`` each.

        The noise of meters and probes follows from seed and second alone, so that looking changes nothing.
        """
        bits = np.random.Philox(key=self._seed, counter=plant.elapsed << 64)
        noise = np.random.Generator(bits).standard_normal((9, len(self._machines)), np.float32)
        meter, process = self._meter(plant, noise[:3]), self._process(plant, noise[3:])
        return {**self._companion(plant), **meter, **process, **self._counters(plant)}

    def _companion(self, plant: Dishwasher) -> dict[str, Floats]:
        """Tier A: whole degrees, as the companion specification has them."""
        m = self._machines
        operation, programme = plant.controller.modes()
        return {
            "tank_temperature_1": np.rint(self.tank_reading),
            "tank_setpoint_1": m.tank_setpoint,
            "rinse_temperature": np.rint(self.booster_reading),
            "rinse_setpoint": m.booster_setpoint,
            "tank_count": np.ones(len(m)),
            "operation_mode": operation,
            "program_mode": programme,
            "hygiene_mode": m.hygiene,
            "hygiene_value": np.rint(self.hygiene),
            "hygiene_setpoint": self.hygiene_setpoint,
        }

    def _meter(self, plant: Dishwasher, noise: Float32s) -> dict[str, Floats]:
        """Tier B: a meter with 0.1 % noise and a resolution of 0.1 W."""
        error = 1.0 + 0.001 * noise
        power = rounded(plant.loads.power() * error, 1)
        current = rounded(plant.loads.current(plant.mains.voltage) * error, 3)
        voltage = rounded(plant.mains.voltage * NOMINAL_VOLTAGE, 1)
        signals = {"active_power": rounded(total(power), 1), "active_energy": np.floor(plant.energy)}
        for phase in range(3):
            signals[f"power_l{phase + 1}"] = power[phase]
            signals[f"current_l{phase + 1}"] = current[phase]
            signals[f"voltage_l{phase + 1}"] = voltage[phase]
        return signals

    def _process(self, plant: Dishwasher, noise: Float32s) -> dict[str, Floats]:
        """Tier C: pumps, water, chemistry, commands."""
        m, controller = self._machines, plant.controller
        pump = total(plant.loads.motors) * controller.washing
        volt = NOMINAL_VOLTAGE * PUMP_POWER_FACTOR * total(plant.mains.voltage) / 3.0
        ampere = pump / (self._phases * volt)
        conductivity = m.tap_conductivity + 0.75 * plant.tank.detergent
        return {
            "wash_pump_current": rounded(ampere * (1.0 + 0.003 * noise[0]), 2),
            "wash_pressure": rounded(np.maximum(plant.wash.pressure * controller.washing + 0.002 * noise[1], 0), 3),
            "wash_flow": rounded(plant.wash.flow * controller.washing, 1),
            "rinse_pressure": rounded(np.maximum(plant.rinse.pressure * controller.rinsing + 0.003 * noise[2], 0), 3),
            "rinse_flow": rounded(plant.rinse.flow * controller.rinsing, 2),
            "tank_level": rounded(np.clip(100.0 * plant.tank.level + 0.3 * noise[3], 0, 120), 1),
            "tank_conductivity": rounded(np.maximum(conductivity + 0.02 * noise[4], 0), 2),
            "inlet_temperature": rounded(self.inlet + 0.05 * noise[5], 1),
            "ambient_temperature": rounded(m.ambient, 1),
            "door_open": self.door_open.astype(float),
            "fill_valve": (controller.fill_booster | controller.fill_tank).astype(float),
            "drain_pump": controller.draining.astype(float),
            "tank_heater": controller.tank_heater.astype(float),
            "booster_heater": controller.booster_heater.astype(float),
        }

    def _counters(self, plant: Dishwasher) -> dict[str, Floats]:
        """Counters and the maker's own judgement."""
        code = plant.controller.service_code
        return {
            "water_volume": rounded(plant.water, 2),
            "detergent_volume": rounded(plant.detergent, 1),
            "rinse_aid_volume": rounded(plant.aid, 2),
            "rack_count": plant.racks.copy(),
            "service_code": code.copy(),
            "condition_count": (code > 0).astype(float),
        }
