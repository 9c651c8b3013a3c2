"""The controller of a dishwasher: phases of a rack cycle, thermostats, valves, the maker's own time-outs."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivet.signals import Floats
from trivet_reference.plant.machine import Flags, Machines

OFF, FILL, HEAT, READY, WASH, WAIT, PAUSE, RINSE, RECOVERY, DRAIN = range(10)

# Codes of the interface: machine_off, filling, heating, ready, operation ..., self_cleaning.
_OPERATION = np.array([1.0, 2, 4, 6, 7, 7, 7, 7, 7, 10])
# off ... cleaning_1, waiting_time, draining_pause, final_rinse, heat_recovery, draining.
_PROGRAMME = np.array([0.0, 0, 0, 0, 2, 8, 5, 7, 9, 6])

_WAIT_LIMIT, _DRAIN_LIMIT, _FILL_LIMIT, _BOOSTER_LIMIT, _TANK_LIMIT = 600.0, 180.0, 900.0, 600.0, 900.0


class _Stall:
    """For how long a commanded heater has brought no rise of one kelvin [s].

    Where the temperature falls between two rises because water is drawn, the rise counts from the lowest value.
    """

    def __init__(self, machines: int, drawn: bool) -> None:
        self.seconds = np.zeros(machines)
        self._reference = np.zeros(machines)
        self._drawn = drawn

    def step(self, heating: Flags, temperature: Floats) -> None:
        """Counts one second on."""
        fresh = ~heating | (temperature >= self._reference + 1.0)
        self.seconds = np.where(fresh, 0.0, self.seconds + 1.0)
        kept = np.minimum(self._reference, temperature) if self._drawn else self._reference
        self._reference = np.where(fresh, temperature, kept)


class Controller:
    """Phases and commands of a fleet.

    Attributes:
        phase: One of ``OFF`` to ``DRAIN``.
        timer: Time in the phase, pauses left out [s].
        extended: Whether the wash goes on only to wait for the booster.
        paused: Whether an open door interrupts the cycle.
        in_cycle: Whether a rack is being washed.
        washing: Whether the wash pump is told to run; on a conveyor it runs while the belt does.
        rinsing: Whether the rinse pump is told to run.
        draining: Whether the drain pump is told to run; a conveyor overflows.
        tank_heater: Command; likewise ``booster_heater``, ``fill_tank``, ``fill_booster``.
        programme: Length of the chosen wash as a share of the normal one; the operators set it.
        done: Whether a rack was finished in this second.
        service_code: The maker's own fault code, 0 for none.
    """

    def __init__(self, machines: Machines) -> None:
        count = len(machines)
        off: Any = np.zeros(count, dtype=bool)
        self._machines = machines
        self._belt = machines.belt
        self.phase = np.full(count, OFF)
        self.timer = np.zeros(count)
        self.extended, self.paused = off.copy(), off.copy()
        self.tank_heater, self.booster_heater = off.copy(), off.copy()
        self.fill_tank, self.fill_booster = off.copy(), off.copy()
        self.in_cycle, self.washing, self.rinsing, self.draining = off, off, off, off
        self.done = off.copy()
        self.programme = np.ones(count)
        self.service_code = np.zeros(count)
        self._waited = np.zeros(count)
        self._drained = np.where(self._belt, 2.0, 1.0 - machines.rinse_volume / machines.tank_volume)
        self._tank_stall, self._booster_stall = _Stall(count, drawn=False), _Stall(count, drawn=True)

    @property
    def ready(self) -> Flags:
        """Whether a rack may be started: the machine is ready, or the belt has room for the next."""
        room = self._belt & (self.phase == RINSE) & (self.timer >= self._machines.rinse_time - 1.0)
        return np.asarray((self.phase == READY) | room)

    def modes(self) -> tuple[Floats, Floats]:
        """Operation mode and programme mode as the interface numbers them."""
        operation = _OPERATION[self.phase]
        operation = np.where((self.phase == FILL) & self.tank_heater, 3.0, operation)
        programme = np.where(self.extended, 3.0, _PROGRAMME[self.phase])
        return np.where(self.paused, 8.0, operation), programme

    def step(
        self, on: Flags, start: Flags, door: Flags, tank: Floats, booster: Floats, level: Floats, full: Floats
    ) -> None:
        """One second.

        Args:
            on: Whether the machine is switched on.
            start: Whether the operator starts a rack.
            door: Whether the door switch reads open.
            tank: Measured tank temperature [degC].
            booster: Measured rinse temperature [degC].
            level: Tank level, share of full.
            full: Booster level, share of full.
        """
        self.paused = self.in_cycle & door & (self.phase != RECOVERY)
        self.timer += ~self.paused
        self._advance(on, start, booster, tank, level, full)
        self._pumps()
        self._thermostats(tank, booster, level, full)
        self._valves(level, full)
        self._time_outs(tank, booster)

    def _advance(self, on: Flags, start: Flags, booster: Floats, tank: Floats, level: Floats, full: Floats) -> None:
        """Moves each machine to its next phase when the present one is over."""
        m, phase, timer = self._machines, self.phase, self.timer
        late = self._waited > _WAIT_LIMIT
        hot = ((booster >= m.booster_setpoint - m.hysteresis - 1.0) & (full > 0.97)) | late
        warm = (tank >= m.tank_setpoint - 2.0) & (booster >= m.booster_setpoint - 3.0)
        washed = (phase == WASH) & (timer >= self._wash_time())
        wait = washed & ~hot
        self.extended = wait & (m.extends_wash > 0)
        self._waited = np.where(wait | (phase == WAIT), self._waited + 1.0, 0.0)
        drained = (level <= self._drained) | (timer >= _DRAIN_LIMIT)
        ended = (phase == RINSE) & (timer >= m.rinse_time)
        after = (phase == RECOVERY) & (timer >= m.recovery_time)
        self.done = ended
        moves = (
            ((phase == OFF) & on, np.where(level < 0.9, FILL, HEAT)),
            ((phase == FILL) & (level >= 0.98), HEAT),
            ((phase == HEAT) & (warm | (timer > 2400.0)), READY),
            ((phase == READY) & start, WASH),
            (wait & ~self.extended, WAIT),
            ((washed | (phase == WAIT)) & hot, PAUSE),
            ((phase == PAUSE) & (timer >= m.dwell_time) & drained, RINSE),
            (ended & (m.recovery_time > 0), RECOVERY),
            (ended & (m.recovery_time <= 0) | after, READY),
            (ended & self._belt & start, WASH),
            ((phase == READY) & ~on, np.where(m.night_drain > 0, DRAIN, OFF)),
            ((phase == DRAIN) & ((level < 0.05) | (timer >= 600.0)), OFF),
        )
        following = phase.copy()
        for when, target in moves:
            np.copyto(following, target, where=when)
        self.timer[following != phase] = 0.0
        self.phase = following

    def _wash_time(self) -> Floats:
        return np.asarray(self._machines.wash_time * self.programme)

    def _pumps(self) -> None:
        """What the phase tells the pumps; asked for so often in one second that it is kept."""
        phase, runs = self.phase, ~self.paused
        self.in_cycle = (phase >= WASH) & (phase <= RECOVERY)
        self.washing = ((phase == WASH) | self._belt & self.in_cycle) & runs
        self.rinsing = (phase == RINSE) & runs
        self.draining = (phase == PAUSE) & runs & ~self._belt | (phase == DRAIN)

    def _thermostats(self, tank: Floats, booster: Floats, level: Floats, full: Floats) -> None:
        """Two-point control; a sensor at the end of its scale stops its heater."""
        m = self._machines
        powered = (self.phase != OFF) & (self.phase != DRAIN)
        valid = (booster > 2.0) & (booster < 115.0)
        called = np.where(booster < m.booster_setpoint - m.hysteresis, True, self.booster_heater)
        self.booster_heater = called & (booster < m.booster_setpoint) & powered & (full > 0.5) & valid
        valid = (tank > 2.0) & (tank < 115.0)
        called = np.where(tank < m.tank_setpoint - m.hysteresis, True, self.tank_heater)
        blocked = (m.interlocked > 0) & self.booster_heater
        self.tank_heater = called & (tank < m.tank_setpoint) & powered & (level > 0.6) & valid & ~blocked

    def _valves(self, level: Floats, full: Floats) -> None:
        """The booster is refilled from the rinse on; the tank is topped up outside a cycle."""
        powered = (self.phase != OFF) & (self.phase != DRAIN)
        self.fill_booster = powered & ((full < 0.97) | (self.fill_booster & (full < 1.0)))
        idle = (self.phase == READY) | (self.phase == HEAT)
        filling = np.where(level < 0.93, True, self.fill_tank) & (level < 0.99)
        self.fill_tank = ((self.phase == FILL) | (idle & filling)) & powered

    def _time_outs(self, tank: Floats, booster: Floats) -> None:
        """The maker's own thresholds, the baseline that a model has to beat."""
        self._tank_stall.step(self.tank_heater, tank)
        self._booster_stall.step(self.booster_heater, booster)
        powered = self.phase != OFF
        codes = (
            ((self.phase == PAUSE) & (self.timer >= _DRAIN_LIMIT - 1.0), 6.0),
            ((self.phase == FILL) & (self.timer >= _FILL_LIMIT), 13.0),
            (self._tank_stall.seconds > _TANK_LIMIT, 8.0),
            ((self._booster_stall.seconds > _BOOSTER_LIMIT) | (self._waited >= _WAIT_LIMIT), 7.0),
            (powered & ((booster < 2.0) | (booster > 115.0)), 3.0),
            (powered & ((tank < 2.0) | (tank > 115.0)), 2.0),
        )
        self.service_code = np.zeros(len(self._machines))
        for when, code in codes:
            self.service_code[when] = code
