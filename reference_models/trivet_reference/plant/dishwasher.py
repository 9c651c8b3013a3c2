"""A fleet of simulated dishwashers, in one-second steps.

``Dishwasher`` joins tank, booster, pumps, mains, controller, operators and faults;
``sensors`` makes of it what controller and meter show.
"""

from __future__ import annotations

import numpy as np

from trivet.signals import Floats
from trivet_reference.plant import faults, hydraulics
from trivet_reference.plant.booster import Booster
from trivet_reference.plant.controller import FILL, HEAT, RINSE, WASH, Controller
from trivet_reference.plant.electrical import Elements, Loads, Mains, total
from trivet_reference.plant.faults import FAULTS, Ills
from trivet_reference.plant.machine import Machines
from trivet_reference.plant.operators import CLOSES, OPENS, RUNNING, Operators
from trivet_reference.plant.sensors import Sensors
from trivet_reference.plant.tank import Tank

_INDEX = {name: position for position, name in enumerate(FAULTS)}
_LEVEL_PERIOD = 10
_PUMP_HEAT = 0.7
"""Part of the wash pump's input that ends as heat in the water."""


class Dishwasher:
    """Dishwashers of a fleet.

    Attributes:
        machines: Their constants.
        second: The plant's own time of day, running on over days [s].
        elapsed: Seconds since the plant was made; fault onsets count in these.
        ills: Their faults.
        levels: Present severity of every fault, ``(len(FAULTS), machines)``.
        tank: Likewise ``booster``, ``mains``, ``controller``, ``operators``, ``sensors``.
        loads: What drew power in the last second.
        racks: Racks washed.
        energy: Electrical energy [Wh]; ``water`` [L], ``detergent`` and ``aid`` [mL] count likewise.
        heat_in: Heat into water from heaters, pump and fresh water, above 0 degC [J].
    """

    def __init__(
        self,
        machines: Machines,
        seed: int = 0,
        ills: Ills | None = None,
        pace: Floats | float | None = None,
        hour: float = 9.4,
    ) -> None:
        count = len(machines)
        self._rng = np.random.default_rng((seed, 3))
        self.machines = machines
        self.second = round(hour * 3600)
        self.elapsed = 0
        self.tank, self.booster = Tank(machines), Booster(machines)
        self.mains, self._elements = Mains(machines, self._rng), Elements(machines)
        self.controller = Controller(machines)
        self.operators = Operators(machines, self._rng, pace)
        self.sensors = Sensors(machines, self._rng, seed)
        self.ills: Ills = ills or faults.healthy(count, seed)
        self.levels = np.zeros((len(FAULTS), count))
        nothing = np.zeros((3, count))
        self.loads = Loads(nothing, nothing, nothing, nothing)
        self.racks, self.energy, self.water = np.zeros(count), np.zeros(count), np.zeros(count)
        self.detergent, self.aid, self.heat_in = np.zeros(count), np.zeros(count), np.zeros(count)
        quiet = np.zeros(count)
        self._pumps = machines.pump_power * machines.pump_share
        self._standby = np.stack([machines.standby_power, quiet, quiet])
        self.wash = hydraulics.wash(machines, quiet, quiet, quiet, quiet)
        self.rinse = hydraulics.rinse(machines, quiet, quiet)
        self._softener_scale = np.zeros(count)
        self._welded = np.zeros(count, dtype=bool)
        self._commanded = np.zeros(count, dtype=bool)
        self._dosed = np.zeros(count, dtype=bool)
        self.noise = np.zeros((10, count))

    def level(self, fault: str) -> Floats:
        """Present severity of a fault, 0 to 1."""
        return np.asarray(self.levels[_INDEX[fault]])

    def advance(self, seconds: int) -> None:
        """Runs on."""
        for _ in range(seconds):
            self.step()

    def step(self) -> None:
        """One second: control, then electricity, then water and heat."""
        if self.elapsed % _LEVEL_PERIOD == 0:
            self.levels = self.ills.levels(self.elapsed)
            self._grow_scale()
        self.noise = self._rng.standard_normal(self.noise.shape, np.float32).astype(np.float64)
        self._control()
        self._pump()
        self._electricity()
        self._water()
        self._dosing()
        self.sensors.step(self)
        self.second += 1
        self.elapsed += 1

    def _grow_scale(self) -> None:
        """Limescale is up to 2.5 mm thick; in water of 2.5 mmol/L it grows to that within about 500 racks."""
        hard = self.machines.hardness / 2.5
        self._softener_scale += self.level("softener_exhausted") * hard * _LEVEL_PERIOD * 2.5 / 60_000.0
        self.booster.scale = np.minimum(2.5 * self.level("booster_scale") + self._softener_scale, 2.5)

    def _control(self) -> None:
        """Operators and controller, each on what it sees."""
        controller, operators, sensors = self.controller, self.operators, self.sensors
        hour = self.second % 86_400 / 3600.0
        on = np.full(len(self.machines), operators.pace is not None or OPENS <= hour < CLOSES)
        operators.step(self.second, controller.ready, controller.in_cycle)
        began = operators.state == RUNNING
        self.tank.load(operators.start & began & operators.fresh, self.machines.ambient + 5.0)
        controller.programme = operators.programme
        controller.step(
            on,
            operators.start,
            sensors.door_open,
            sensors.tank_reading,
            sensors.booster_reading,
            self.tank.level,
            self.booster.full,
        )

    def _pump(self) -> None:
        """Hydraulics of this second."""
        m, noise = self.machines, self.noise
        clog = self.level("filter_clog")
        jets = np.minimum(self.level("rinse_jets_blocked") + 0.04 * self.booster.scale, 1.0)
        self.wash = hydraulics.wash(m, clog, self.level("wash_arm_clog"), self.level("wash_pump_cavitation"), noise[0])
        self.rinse = hydraulics.rinse(m, jets, noise[1])

    def _electricity(self) -> None:
        """Power by phase; welded contacts carry current whether commanded or not."""
        m, controller = self.machines, self.controller
        self.mains.step(self.noise[2], self.noise[3:6])
        tank, booster = self._elements.power(self.mains.voltage, self.level("booster_phase_open"), self.ills.variant)
        on = self._contacts()
        tank = tank * (on[0] * self.tank.limited() * (1.0 - self.level("tank_element_failed")))
        booster = booster * (on[1] * self.booster.limited())
        bearing = self.level("wash_pump_bearing")
        friction = 1.0 + bearing * (0.09 + 0.02 * self.noise[6])
        starting = 1.0 + (controller.timer <= 1.0) * (1.2 + 0.8 * bearing)
        washing = controller.washing * self.wash.load * friction * starting
        drain = 1.0 + 0.4 * self.level("drain_blockage")
        others = m.rinse_power * controller.rinsing * self.rinse.load + m.drain_power * controller.draining * drain
        motors = self._pumps * washing
        motors[0] += others
        self.loads = Loads(tank, booster, motors, self._standby)
        self.energy += total(self.loads.power()) / 3600.0

    def _contacts(self) -> Floats:
        """1 where a heater's contactor is closed, ``(2, machines)``: tank, booster.

        The tank's contact may weld at the moment it should open, with the fault's severity as
        probability; it then stays closed until it is commanded on again, at full severity always.
        """
        commanded = self.controller.tank_heater
        level = self.level("contactor_welded")
        if level.any():
            sticks = self._commanded & ~commanded & (self._rng.random(len(level)) < level)
            self._welded = ((self._welded | sticks) & ~commanded & (level > 0.0)) | (level >= 1.0)
        self._commanded = commanded
        return np.stack([commanded | self._welded, self.controller.booster_heater]).astype(float)

    def _water(self) -> None:
        """Flows and heat of this second."""
        m, controller, tank, booster = self.machines, self.controller, self.tank, self.booster
        inlet = self._inlet_after_recovery()
        valve = m.valve_flow / 60.0 * (1.0 - 0.75 * self.level("inlet_valve_slow"))
        leak = self.level("inlet_valve_leak") * 0.5 / 60.0
        refill = np.minimum(valve * controller.fill_booster, np.maximum(m.booster_volume - booster.volume, 0.0))
        spray = np.minimum(self.rinse.flow / 60.0 * controller.rinsing, 0.6 * booster.volume)
        top_up = valve * controller.fill_tank * ~controller.fill_booster
        mass, flow = self.operators.ware, self.wash.relative * controller.washing
        power = total(self.loads.tank) + total(self.loads.motors) * controller.washing * _PUMP_HEAT
        boost = total(self.loads.booster)
        self.heat_in += power + boost
        self.heat_in += (refill * inlet + (leak + top_up) * self.sensors.inlet) * 4186.0
        tank.heat(power, self.operators.door_open, flow)
        tank.wash(flow, mass)
        tank.rinse(spray, booster.temperature, mass)
        booster.step(boost, refill, inlet, spray)
        tank.fill(leak + top_up, self.sensors.inlet)
        tank.take(self._leaving())
        self.water += refill + leak + top_up

    def _inlet_after_recovery(self) -> Floats:
        """Temperature of the water that reaches the booster [degC]."""
        effect = self.machines.recovery * (1.0 - self.level("heat_recovery_fouled"))
        inlet = self.sensors.inlet
        return np.asarray(inlet + effect * np.maximum(50.0 - inlet, 0.0))

    def _leaving(self) -> Floats:
        """Water that leaves the tank in this second: drain, a leaking seal, and what crockery carries out [L]."""
        m, controller = self.machines, self.controller
        drain = m.drain_flow / 60.0 * (1.0 - 0.85 * self.level("drain_blockage")) * controller.draining
        seal = self.level("wash_pump_seal_leak") * np.where(controller.washing, 0.35, 0.12) / 60.0
        return np.asarray(drain + seal + 0.12 * controller.done)

    def _dosing(self) -> None:
        """Detergent and rinse aid for each rack, and detergent for a fresh tank."""
        m, controller = self.machines, self.controller
        washing = (controller.phase == WASH) & (controller.timer == 1.0) & ~controller.paused
        rinsing = (controller.phase == RINSE) & (controller.timer == 1.0) & ~controller.paused
        fresh = (controller.phase == HEAT) & ~self._dosed
        self._dosed = (self._dosed | fresh) & (controller.phase != FILL)
        commanded = m.dose * washing + m.dose * (m.tank_volume / m.rinse_volume) * fresh
        self.tank.dose(commanded * (1.0 - self.level("detergent_empty")))
        self.detergent += commanded
        self.aid += m.aid_dose * rinsing * (1.0 - self.level("rinse_aid_empty"))
        self.racks += controller.done
