"""What a simulated appliance really does when it is switched off, set back, held or preheated."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trivet.signals import Floats, Ints
from trivet_reference.plant.cookers import Cookers
from trivet_reference.plant.machine import Flags
from trivet_reference.plant.oven import Oven
from trivet_reference.plant.water import relax

ACTIONS = ("off", "setback", "hold", "preheat")
"""In the order of the interface's class ids."""

HORIZON = 1800
"""How long an action is kept [s]."""

NEAR = 3.0
"""An appliance at most so far below its set-point counts as being there [K]."""

LONGEST = 20_000
"""Heat-up times above it are not waited for [s]."""


@dataclass(frozen=True, slots=True)
class Moments:
    """Appliances at the moment at which an action is chosen, one row each, ``(rows,)``.

    Attributes:
        cookers: Their constants.
        temperature: Chamber, or water [degC].
        reading: The same as the controller has it.
        setpoint: As the controller shows it [degC].
        humidity: Share of saturation in the chamber.
    """

    cookers: Cookers
    temperature: Floats
    reading: Floats
    setpoint: Floats
    humidity: Floats

    def __len__(self) -> int:
        return len(self.temperature)


class Outcome(NamedTuple):
    """What came of each action, ``(rows, actions)`` each.

    Attributes:
        ready: Time to the set-point [s]; infinite where full power does not get there.
        energy: Over the horizon and until it is ready again [Wh].
    """

    ready: Floats
    energy: Floats


def taken(cookers: Cookers, rows: Ints | Flags) -> Cookers:
    """Some appliances of a fleet."""
    return Cookers(**{field.name: getattr(cookers, field.name)[rows] for field in fields(Cookers)})


def moments(oven: Oven) -> Moments:
    """A whole fleet as it is now."""
    now = (oven.temperature, oven.reading, oven.setpoint, oven.humidity)
    return Moments(oven.cookers, *(value.copy() for value in now))


def joined(parts: list[Moments]) -> Moments:
    """Rows below one another."""
    cookers = {f.name: np.concatenate([getattr(p.cookers, f.name) for p in parts]) for f in fields(Cookers)}
    rest = [f.name for f in fields(Moments) if f.name != "cookers"]
    return Moments(Cookers(**cookers), *(np.concatenate([getattr(p, name) for p in parts]) for name in rest))


def outcomes(start: Moments) -> Outcome:
    """Follows the plant's own equations, with the door closed, no food and mains at their mean.

    Each action is kept for the horizon, then full power heats to the set-point, so that all of them
    end with the same heat stored. ``hold`` leaves the thermostat alone and is ready at once within
    ``NEAR`` of the set-point; ``preheat`` heats at full power from now on and then holds.
    """
    now, off, setback, hold, preheat = (Trial(start) for _ in range(5))
    heating = now.heat_up(start.setpoint)
    off.rest(HORIZON)
    setback.hold(HORIZON, np.minimum(start.cookers.setback, start.setpoint))
    hold.hold(HORIZON, start.setpoint)
    preheat.calling[:] = True
    preheat.hold(HORIZON, start.setpoint)
    after = [trial.heat_up(start.setpoint) for trial in (off, setback, hold, preheat)]
    near = start.reading >= start.setpoint - NEAR
    ready = np.stack([after[0], after[1], np.where(near, 0.0, heating), heating], axis=1)
    return Outcome(ready, np.stack([trial.energy for trial in (off, setback, hold, preheat)], axis=1))


class Trial:
    """Copies of appliances, followed apart from the plant that they were taken from.

    Attributes:
        temperature: [degC].
        reading: [degC].
        humidity: Share of saturation.
        calling: Whether the thermostat asks for heat.
        energy: So far [Wh].
    """

    def __init__(self, start: Moments) -> None:
        self._cookers = start.cookers
        self.temperature, self.reading = start.temperature.copy(), start.reading.copy()
        self.humidity = start.humidity.copy()
        self.calling: NDArray[np.bool_] = np.zeros(len(start), np.bool_)
        self.energy = np.zeros(len(start))

    def rest(self, seconds: int) -> None:
        """Switched off."""
        nobody = np.zeros(len(self.energy), np.bool_)
        for _ in range(seconds):
            self._step(nobody, self._cookers.standby_power)

    def hold(self, seconds: int, setpoint: Floats) -> None:
        """Under the thermostat."""
        c = self._cookers
        for _ in range(seconds):
            cold = self.reading < setpoint - c.hysteresis
            self.calling = (self.calling | cold) & (self.reading < setpoint)
            self._step(self.calling, c.fan_power)

    def heat_up(self, setpoint: Floats) -> Floats:
        """At full power until the reading is at the set-point; the time that took [s], infinite where it never is."""
        c = self._cookers
        time = np.zeros(len(self.energy))
        cold = self.reading < setpoint
        full = c.power * c.voltage**2
        never = cold & (full <= c.losses(setpoint - c.bias, c.moist, full))
        active = cold & ~never
        while active.any() and time.max() < LONGEST:
            before = self.energy.copy()
            self._step(active, c.fan_power)
            self.energy = np.where(active, self.energy, before)
            time += active
            active &= self.reading < setpoint
        return np.where(active | never, np.inf, time)

    def _step(self, heating: Flags, base: Floats) -> None:
        """One second of ``trivet_reference.plant.oven`` without door, food and fluctuation of the mains."""
        c = self._cookers
        self.humidity = relax(self.humidity, c.moist, 60.0)
        heater = c.power * heating * c.voltage**2
        lost = c.losses(self.temperature, self.humidity, heater)
        self.temperature = self.temperature + (heater - lost) / c.capacity
        self.reading = relax(self.reading, self.temperature + c.bias, c.lag)
        self.energy = self.energy + (heater + base) / 3600.0
