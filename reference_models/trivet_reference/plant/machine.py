"""What differs from one dishwasher to the next: drawn once per machine, then constant.

The ranges are sampling priors of a simulator, taken from the published figures of undercounter,
hood-type and rack-conveyor machines; they describe no particular product.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from trivet.signals import Floats, Ints

Flags = NDArray[np.bool_]

NOMINAL_VOLTAGE = 230.0

TYPES = ("undercounter", "hood", "conveyor")
UNDERCOUNTER, HOOD, CONVEYOR = range(3)

ONE_TANK = (0.3, 0.7, 0.0)
"""Shares of ``TYPES`` in a fleet of machines that wash one rack at a time."""

HOOD_ONLY = (0.0, 1.0, 0.0)

_Range = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """Constants of a fleet, one entry a machine; shares are ``(3, machines)``, one row a phase.

    Attributes:
        type: Index into ``TYPES``.
        tank_volume: Water in the tank [L].
        tank_power: Rated power of the tank heater [W].
        tank_share: Part of it on each phase.
        tank_wall: Heat capacity of the tank's walls [J/K].
        tank_loss: Linear heat loss of the tank [W/K].
        tank_evaporation: Evaporation loss, door closed [W/kPa].
        tank_setpoint: Wash temperature [degC], a whole degree.
        booster_volume: Water in the booster [L].
        booster_power: Rated power of the booster heater [W].
        booster_share: Part of it on each phase.
        booster_loss: Linear heat loss of the booster [W/K].
        booster_setpoint: Rinse temperature [degC], a whole degree.
        hysteresis: Switching difference of both thermostats [K].
        interlocked: Whether the tank heater waits while the booster heats.
        pump_power: Rated input of the wash pump [W].
        pump_share: Part of it on each phase.
        pump_flow: Wash flow when clean [L/min].
        pump_pressure: Wash pressure when clean [bar].
        rinse_power: Input of the rinse pump [W].
        rinse_volume: Rinse water of a rack [L].
        rinse_time: Duration of the final rinse [s].
        rinse_pressure: Rinse pressure when clean [bar].
        wash_time: Duration of the normal wash [s].
        dwell_time: Shortest pause between wash and rinse [s].
        recovery_time: Steam recovery after the rinse [s]; 0 when there is none.
        recovery: Part of the gap to 50 degC by which recovery preheats the inlet; 0 when there is none.
        extends_wash: Whether it keeps washing while it waits for the booster; otherwise it stands still.
        valve_flow: Flow of the inlet valve [L/min].
        inlet: Mean temperature of the fresh water over a year [degC].
        season: By how much it is warmer in late summer and colder in late winter [K].
        day: Day of the year on which the plant starts.
        hardness: Of the fresh water [mmol/L]; how fast limescale grows without a softener.
        drain_flow: Flow of the drain pump [L/min].
        drain_power: Input of the drain pump [W].
        standby_power: Controller and lamps [W].
        dose: Detergent for a rack [mL].
        aid_dose: Rinse aid for a rack [mL].
        tap_conductivity: Conductivity without detergent [mS/cm].
        hygiene: Hygiene mode as the interface numbers it: 1 A0, 2 HUE.
        voltage: Mean mains voltage as a share of nominal.
        voltage_sd: Its slow variation, as a share.
        tank_bias: Error of the tank sensor [K].
        booster_bias: Error of the rinse sensor [K].
        sensor_lag: Time constant of both sensors [s].
        ambient: Room temperature [degC].
        ware: Mean mass of crockery in a rack [kg].
        half_empty: Probability that a rack is half empty.
        door_habit: Probability that the door stays open when no rack waits.
        other_programme: Probability that another programme than the normal one is chosen.
        night_drain: Whether it is drained at the end of the day.
        rewash: Probability that a rack was not soaked, comes out dirty and is washed once more, hot as it is.
        zone: Racks under the wash jets at once; 1 but for conveyors.
        racks: Racks on a day.
    """

    type: Ints
    tank_volume: Floats
    tank_power: Floats
    tank_share: Floats
    tank_wall: Floats
    tank_loss: Floats
    tank_evaporation: Floats
    tank_setpoint: Floats
    booster_volume: Floats
    booster_power: Floats
    booster_share: Floats
    booster_loss: Floats
    booster_setpoint: Floats
    hysteresis: Floats
    interlocked: Floats
    pump_power: Floats
    pump_share: Floats
    pump_flow: Floats
    pump_pressure: Floats
    rinse_power: Floats
    rinse_volume: Floats
    rinse_time: Floats
    rinse_pressure: Floats
    wash_time: Floats
    dwell_time: Floats
    recovery_time: Floats
    recovery: Floats
    extends_wash: Floats
    valve_flow: Floats
    inlet: Floats
    drain_flow: Floats
    drain_power: Floats
    standby_power: Floats
    dose: Floats
    aid_dose: Floats
    tap_conductivity: Floats
    hygiene: Floats
    voltage: Floats
    voltage_sd: Floats
    tank_bias: Floats
    booster_bias: Floats
    sensor_lag: Floats
    ambient: Floats
    ware: Floats
    half_empty: Floats
    door_habit: Floats
    other_programme: Floats
    night_drain: Floats
    rewash: Floats
    season: Floats
    day: Floats
    hardness: Floats
    zone: Floats
    racks: Floats

    def __len__(self) -> int:
        return len(self.tank_volume)

    def some(self, which: Ints) -> Machines:
        """Those machines of the fleet, in this order."""
        return Machines(**{field.name: getattr(self, field.name)[..., which] for field in fields(self)})

    @property
    def belt(self) -> Flags:
        """Which of them are conveyors."""
        return np.asarray(self.type == CONVEYOR)

    @property
    def rated_power(self) -> Floats:
        """The largest power that can be drawn at nominal voltage [W]."""
        heaters = np.where(
            self.interlocked > 0, np.maximum(self.tank_power, self.booster_power), self.tank_power + self.booster_power
        )
        return np.asarray(heaters + self.pump_power + self.standby_power)

    def nameplate(self, machine: int) -> dict[str, float]:
        """The interface's parameters of one machine, rounded as a nameplate rounds them."""
        exact = {
            "rated_power": (self.rated_power, -1),
            "tank_heater_power": (self.tank_power, -1),
            "booster_heater_power": (self.booster_power, -1),
            "wash_pump_power": (self.pump_power, -1),
            "tank_volume": (self.tank_volume, 1),
            "booster_volume": (self.booster_volume, 1),
            "rinse_volume": (self.rinse_volume, 1),
        }
        plate = {name: round(float(values[machine]), digits) for name, (values, digits) in exact.items()}
        return {**plate, "voltage": NOMINAL_VOLTAGE}


def draw(seed: int, machines: int, types: tuple[float, float, float] = ONE_TANK) -> Machines:
    """A fleet; the same for the same seed.

    Args:
        seed: Of everything that is drawn.
        machines: Size of the fleet.
        types: Shares of ``TYPES``, which sum to one.
    """
    rng = np.random.default_rng((seed, 1))
    kind = np.minimum(np.searchsorted(np.cumsum(types), rng.random(machines), side="right"), CONVEYOR)
    return Machines(
        type=kind,
        **_water(rng, kind),
        **_heaters(rng, kind),
        **_pumps(rng, kind),
        **_programme(rng, kind),
        **_chemistry(rng, kind),
        **_measurement(rng, machines),
        **_operation(rng, kind),
        **_circumstances(rng, kind),
    )


def _between(rng: np.random.Generator, kind: Ints, under: _Range, hood: _Range, conveyor: _Range) -> Floats:
    """Uniform in one of three ranges, by machine type."""
    low, high = np.array([under, hood, conveyor]).T
    return np.asarray(low[kind] + rng.random(len(kind)) * (high - low)[kind])


def _share(rng: np.random.Generator, three: Flags) -> Floats:
    """Equal parts on three phases where told, otherwise all on one drawn phase; ``(3, machines)``."""
    single = np.eye(3)[rng.integers(3, size=len(three))].T
    return np.where(three, 1.0 / 3.0, single)


def _water(rng: np.random.Generator, kind: Ints) -> dict[str, Floats]:
    cold = rng.random(len(kind)) < 0.7
    return {
        "tank_volume": _between(rng, kind, (8, 15), (15, 40), (60, 120)),
        "booster_volume": _between(rng, kind, (5, 8), (6, 12), (12, 20)),
        "rinse_volume": _between(rng, kind, (2.0, 3.0), (2.2, 3.2), (1.0, 2.0)),
        "valve_flow": _between(rng, kind, (3.0, 6.0), (4.0, 8.0), (10.0, 18.0)),
        "inlet": np.where(cold, rng.uniform(8, 20, len(kind)), rng.uniform(40, 58, len(kind))),
        "drain_flow": _between(rng, kind, (12, 20), (15, 28), (25, 45)),
    }


def _heaters(rng: np.random.Generator, kind: Ints) -> dict[str, Floats]:
    tank = np.round(_between(rng, kind, (800, 3000), (2000, 4500), (9000, 18_000)), -2)
    booster = np.round(_between(rng, kind, (2000, 6000), (6000, 9000), (12_000, 27_000)), -2)
    setpoint = np.round(rng.uniform(58, 65, len(kind)))
    rinse = np.round(rng.uniform(80, 85, len(kind)))
    idle = _between(rng, kind, (200, 700), (300, 1000), (1200, 2600))
    ambient = rng.uniform(20, 30, len(kind))
    # Idle loss is split 35 % walls, 40 % evaporation and 25 % booster, at 62 degC in a room of 25 degC.
    return {
        "tank_power": tank,
        "tank_share": _share(rng, tank > 2800),
        "tank_wall": _between(rng, kind, (4000, 7000), (6000, 14_000), (20_000, 40_000)),
        "tank_loss": 0.35 * idle / 37.0,
        "tank_evaporation": 0.40 * idle / 20.3,
        "tank_setpoint": setpoint,
        "booster_power": booster,
        "booster_share": _share(rng, booster > 3400),
        "booster_loss": 0.25 * idle / 58.0,
        "booster_setpoint": rinse,
        "hysteresis": rng.uniform(0.6, 1.5, len(kind)),
        "interlocked": ((rng.random(len(kind)) < 0.35) & (kind != CONVEYOR)).astype(float),
        "ambient": ambient,
    }


def _pumps(rng: np.random.Generator, kind: Ints) -> dict[str, Floats]:
    return {
        "pump_power": np.round(_between(rng, kind, (500, 800), (700, 1100), (1100, 3000)), -1),
        "pump_share": _share(rng, (kind == CONVEYOR) | ((kind == HOOD) & (rng.random(len(kind)) < 0.5))),
        "pump_flow": _between(rng, kind, (150, 350), (300, 600), (600, 1200)),
        "pump_pressure": _between(rng, kind, (0.2, 0.5), (0.3, 0.7), (0.3, 0.7)),
        "rinse_power": np.round(_between(rng, kind, (90, 180), (150, 300), (150, 400)), -1),
        "rinse_pressure": _between(rng, kind, (0.4, 0.8), (0.5, 1.0), (0.5, 1.0)),
        "drain_power": np.round(_between(rng, kind, (30, 50), (40, 80), (60, 120))),
        "standby_power": _between(rng, kind, (8, 18), (12, 30), (30, 80)),
    }


def _programme(rng: np.random.Generator, kind: Ints) -> dict[str, Floats]:
    """Times of a rack; on a conveyor they are the belt's, for 60 to 200 racks an hour."""
    recovers = (kind == HOOD) & (rng.random(len(kind)) < 0.3)
    wash = np.round(_between(rng, kind, (70, 150), (42, 110), (7, 34)))
    dwell, rinse = np.round(rng.uniform(3, 6, len(kind))), np.round(_between(rng, kind, (10, 16), (9, 15), (9, 20)))
    recovery, effect = np.round(rng.uniform(15, 25, len(kind))), rng.uniform(0.4, 0.7, len(kind))
    extends, offers = rng.random(len(kind)) < 0.5, rng.random(len(kind)) < 0.5
    belt = kind == CONVEYOR
    return {
        "wash_time": wash,
        "dwell_time": np.where(belt, 2.0, dwell),
        "rinse_time": rinse,
        "recovery_time": np.where(recovers, recovery, 0.0),
        "recovery": np.where(recovers, effect, 0.0),
        "extends_wash": (extends & ~belt).astype(float),
        "other_programme": np.where(offers & ~belt, rng.uniform(0.02, 0.15, len(kind)), 0.0),
    }


def _chemistry(rng: np.random.Generator, kind: Ints) -> dict[str, Floats]:
    machines = len(kind)
    return {
        "dose": _between(rng, kind, (5, 8), (5, 8), (1.5, 3.5)),
        "aid_dose": rng.uniform(0.6, 1.2, machines),
        "tap_conductivity": rng.uniform(0.2, 0.6, machines),
        "hygiene": np.where(rng.random(machines) < 0.4, 1.0, 2.0),
    }


def _measurement(rng: np.random.Generator, machines: int) -> dict[str, Floats]:
    low = rng.random(machines) < 0.05
    # The slow part of the voltage is 0.3 to 0.75 %, so that heater power repeats within 0.6 to 1.5 %.
    return {
        "voltage": np.where(low, 0.94, rng.normal(1.0, 0.012, machines)),
        "voltage_sd": rng.uniform(0.003, 0.0075, machines),
        "tank_bias": rng.normal(0, 0.5, machines),
        "booster_bias": rng.normal(0, 0.5, machines),
        "sensor_lag": rng.uniform(2, 8, machines),
    }


def _operation(rng: np.random.Generator, kind: Ints) -> dict[str, Floats]:
    machines = len(kind)
    return {
        "ware": rng.uniform(3.5, 7.0, machines),
        "half_empty": rng.uniform(0.0, 0.2, machines),
        "door_habit": np.where(rng.random(machines) < 0.3, rng.uniform(0.2, 0.9, machines), 0.05),
        "night_drain": (rng.random(machines) < 0.8).astype(float),
        "racks": _between(rng, kind, (30, 150), (100, 400), (300, 1500)),
    }


def _circumstances(rng: np.random.Generator, kind: Ints) -> dict[str, Floats]:
    """Season, soaking, water, and how many racks a conveyor holds."""
    machines = len(kind)
    return {
        "season": rng.uniform(0.0, 6.0, machines),
        "day": np.floor(rng.uniform(0.0, 365.0, machines)),
        "rewash": np.where(rng.random(machines) < 0.5, rng.uniform(0.0, 0.08, machines), 0.0),
        "zone": np.where(kind == CONVEYOR, rng.uniform(2.0, 3.5, machines), 1.0),
        "hardness": rng.uniform(0.5, 4.5, machines),
    }
