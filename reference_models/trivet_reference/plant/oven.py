"""A fleet of simulated cooking appliances, in one-second steps; only combi ovens have steam programmes."""

from __future__ import annotations

import numpy as np

from trivet.signals import Floats
from trivet_reference.plant.cookers import Cookers
from trivet_reference.plant.kitchen import CLOSED, COOK, LOAD, UNLOAD, Kitchen
from trivet_reference.plant.resolution import rounded
from trivet_reference.plant.water import relax

OFF, PREHEAT, STANDBY, STEAMING, COMBI, HOT_AIR, LOADING, ENERGY_SAVE = 0.0, 2.0, 3.0, 4.0, 5.0, 6.0, 11.0, 12.0

_FOOD_HEAT = 3500.0
"""Of food [J/(kg K)]."""

_IDLE_LIMIT = 1200.0
"""Idle time after which an oven that saves energy lowers its set-point [s]."""


class Oven:
    """Cooking appliances of a fleet.

    Attributes:
        cookers: Their constants.
        second: The plant's own time of day, running on over days [s].
        temperature: Chamber, or water [degC].
        reading: The same as the controller has it.
        setpoint: [degC].
        humidity: Share of saturation in the chamber.
        food: Mean temperature of the load [degC]; ``core`` is its middle.
        mode: As the interface numbers it.
        heater: Heating power in the last second [W].
        heat_in: Electrical heat so far [J]; ``lost`` and ``taken`` (by food) likewise.
        energy: Electrical energy [Wh].
    """

    def __init__(
        self, cookers: Cookers, seed: int = 0, hour: float = 9.4, steams: bool = True, pace: float | None = None
    ) -> None:
        count = len(cookers)
        self._rng = np.random.default_rng((seed, 13))
        self._steams = steams
        self.cookers = cookers
        self.second = round(hour * 3600)
        self.kitchen = Kitchen(cookers, self._rng, pace, steams)
        self.temperature, self.reading = cookers.ambient.copy(), cookers.ambient.copy()
        self.setpoint = cookers.setpoint.copy()
        self.humidity = cookers.moist.copy()
        self.food, self.core = np.full(count, 8.0), np.full(count, 8.0)
        self.mode = np.full(count, OFF)
        self.heater = np.zeros(count)
        self.heat_in, self.lost, self.taken, self.energy = (np.zeros(count) for _ in range(4))
        self._calling = np.zeros(count, dtype=bool)
        self._was_ready = np.zeros(count, dtype=bool)
        self._voltage = np.zeros(count)
        self._noise = np.zeros((4, count))

    def advance(self, seconds: int) -> None:
        """Runs on."""
        for _ in range(seconds):
            self.step()

    def step(self) -> None:
        """One second."""
        self._noise = self._rng.standard_normal(self._noise.shape)
        near = self.temperature >= self.setpoint - 2.0 * self.cookers.hysteresis - 2.0
        self.kitchen.step(self.second, near, self.core)
        self._control()
        self._heat()
        self.second += 1

    def _control(self) -> None:
        """Mode, set-point and thermostat."""
        c, kitchen = self.cookers, self.kitchen
        on = kitchen.state != CLOSED
        idle = kitchen.idle > _IDLE_LIMIT
        saving = idle & (c.saves > 0)
        self.setpoint = np.where(saving, c.setback, kitchen.target)
        reached = self.reading >= self.setpoint - 2.0 * c.hysteresis
        self._was_ready = (self._was_ready | reached) & on
        self._calling = (self._calling | (self.reading < self.setpoint - c.hysteresis)) & (self.reading < self.setpoint)
        mode = np.where(self._was_ready, STANDBY, PREHEAT)
        mode = np.where(saving, ENERGY_SAVE, mode)
        cooking = np.where(kitchen.programme == 0, HOT_AIR, np.where(kitchen.programme == 1, COMBI, STEAMING))
        mode = np.where(kitchen.state == COOK, cooking, mode)
        mode = np.where((kitchen.state == LOAD) | (kitchen.state == UNLOAD), LOADING, mode)
        self.mode = np.where(on, mode, OFF)
        wet = (self.mode == STEAMING) * 0.95 + (self.mode == COMBI) * 0.5
        goal = np.maximum(c.moist, wet * self._steams)
        self.humidity = relax(self.humidity, np.where(kitchen.door_open, c.moist, goal), 60.0)

    def _heat(self) -> None:
        """The thermal node, its load and the sensor."""
        c, kitchen = self.cookers, self.kitchen
        self._voltage = 0.999 * self._voltage + 0.0003 * self._noise[0]
        closed = ~kitchen.door_open
        on = self._calling & closed & (kitchen.state != CLOSED)
        self.heater = c.power * on * (c.voltage + self._voltage) ** 2
        stored = c.capacity * (self.temperature - c.ambient)
        lost = c.losses(self.temperature, self.humidity, self.heater) + c.door_loss * stored * ~closed
        exchange = c.exchange * kitchen.mass * (0.6 + self.humidity) * (kitchen.state == COOK)
        taken = exchange * (self.temperature - self.food)
        self._warm_food(taken)
        self.temperature = self.temperature + (self.heater - lost - taken) / c.capacity
        self.reading = relax(self.reading, self.temperature + c.bias, c.lag)
        self.heat_in += self.heater
        self.lost += lost
        self.taken += taken
        self.energy += self.power() / 3600.0

    def _warm_food(self, taken: Floats) -> None:
        """Food warms to 98 degC, then it only dries; without food the probe hangs outside."""
        kitchen = self.kitchen
        warmed = self.food + taken / (_FOOD_HEAT * np.maximum(kitchen.mass, 0.1))
        self.food = np.where(kitchen.fresh, kitchen.cold, np.minimum(warmed, 98.0))
        around = np.where(kitchen.mass > 0.0, self.food, self.cookers.ambient)
        self.core = np.where(kitchen.fresh, kitchen.cold, relax(self.core, around, 180.0))

    def power(self) -> Floats:
        """Active power [W]."""
        on = self.kitchen.state != CLOSED
        return np.asarray(self.heater + np.where(on, self.cookers.fan_power, self.cookers.standby_power))

    def signals(self) -> dict[str, Floats]:
        """Every signal of the interface that an oven has, in its unit; states as their codes."""
        c, kitchen = self.cookers, self.kitchen
        error = 1.0 + 0.001 * self._noise[1]
        heater = np.where(c.three_phase > 0, self.heater / 3.0, self.heater)
        rest = self.power() - self.heater
        others = rounded(heater * c.three_phase * error, 1)
        first = rounded((heater + rest) * error, 1)
        saving = (self.mode == ENERGY_SAVE).astype(float)
        return {
            "chamber_temperature": rounded(self.reading + 0.05 * self._noise[2], 1),
            "chamber_setpoint": self.setpoint.copy(),
            "core_temperature_1": rounded(self.core, 1),
            "core_setpoint": np.full(len(c), 75.0),
            "humidity": np.rint(100.0 * self.humidity),
            "humidity_setpoint": np.where(kitchen.programme == 0, 10.0, np.where(kitchen.programme == 1, 50.0, 95.0)),
            "door_open": kitchen.door_open.astype(float),
            "mode": self.mode.copy(),
            "remaining_time": np.ceil(np.maximum(kitchen.remaining, 0.0)),
            "energy_saving": saving,
            "active_power": rounded(first + 2.0 * others, 1),
            "power_l1": first,
            "power_l2": others,
            "power_l3": others.copy(),
            "active_energy": np.floor(self.energy),
            "load_mass": rounded(kitchen.mass, 1),
            "demand": kitchen.forecast(self.second),
            "time_to_demand": kitchen.time_to_demand(),
            "ambient_temperature": rounded(c.ambient, 1),
            "condition_count": np.zeros(len(c)),
        }
