"""What differs from one cooking appliance to the next: drawn once, then constant.

A single thermal node: ``C dT/dt = u P - UA (T - Ta) - (k + s u P / 101.325) (ps(T) - ps(Ta)) - load - door``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from trivet.signals import Floats
from trivet_reference.plant.pot import ATMOSPHERE
from trivet_reference.plant.water import evaporation


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookers:
    """Constants of a fleet of cooking appliances, ``(appliances,)`` each.

    Attributes:
        power: Rated heating power [W].
        capacity: Heat capacity of appliance and fixed contents [J/K].
        loss: Linear heat loss [W/K].
        evaporation: Evaporation loss in moist air at saturation [W/kPa].
        steam: Share of the heating power that leaves as steam at boiling.
        moist: Humidity share outside of steam modes: 1 for a pot, small for an oven.
        setpoint: Usual set-point [degC].
        setback: Set-point while it saves energy [degC].
        hysteresis: Switching difference of the thermostat [K].
        fan_power: Fan, lamp and controller while it is on [W].
        standby_power: While it is off [W].
        three_phase: 1 when the heater is spread over three phases.
        voltage: Mean mains voltage as a share of nominal; power goes with its square.
        door_loss: Part of the stored heat that an open door loses in a second.
        lag: Time constant of the sensor [s].
        bias: Error of the sensor [K].
        ambient: Room temperature [degC].
        exchange: Heat that a kilogram of food takes for each kelvin that it is colder [W/(kg K)].
        pans: Loads it takes at once.
        orders: Loads on a day.
        saves: Whether it lowers its set-point by itself after 20 idle minutes.
    """

    power: Floats
    capacity: Floats
    loss: Floats
    evaporation: Floats
    steam: Floats
    moist: Floats
    setpoint: Floats
    setback: Floats
    hysteresis: Floats
    fan_power: Floats
    standby_power: Floats
    three_phase: Floats
    voltage: Floats
    door_loss: Floats
    lag: Floats
    bias: Floats
    ambient: Floats
    exchange: Floats
    pans: Floats
    orders: Floats
    saves: Floats

    def __len__(self) -> int:
        return len(self.power)

    def losses(self, temperature: Floats, humidity: Floats, heater: Floats | float = 0.0) -> Floats:
        """Heat lost to the room [W], by temperature [degC], humidity (share of saturation) and heating power [W]."""
        linear = self.loss * (temperature - self.ambient)
        vapour = self.evaporation * humidity + self.steam * heater / ATMOSPHERE
        return np.asarray(linear + vapour * evaporation(temperature, self.ambient))

    def parameters(self, appliance: int) -> dict[str, float]:
        """The interface's parameters of one appliance."""
        exact = {
            "rated_power": self.power,
            "heat_capacity": self.capacity,
            "loss_coefficient": self.loss,
            "evaporation_coefficient": self.evaporation * self.moist,
            "setback_temperature": self.setback,
            "steam_share": self.steam,
        }
        return {name: round(float(values[appliance]), 3) for name, values in exact.items()}


def draw_ovens(seed: int, count: int) -> Cookers:
    """Combi ovens of 6 to 20 pans.

    Idle losses follow the published limits of electric combi ovens: 0.080 P + 0.5 kW dry at
    177 degC and 0.133 P + 0.64 kW with steam, of which good machines use 60 to 100 %.
    """
    rng = np.random.default_rng((seed, 11))
    pans = rng.choice([6.0, 10.0, 20.0], count, p=[0.4, 0.4, 0.2])
    quality = rng.uniform(0.6, 1.0, count)
    loss = quality * (80.0 * pans + 500.0) / (177.0 - 24.0)
    steam = quality * (133.0 * pans + 640.0)
    ambient = rng.uniform(20, 30, count)
    setpoint = np.round(rng.uniform(150, 200, count) / 5) * 5
    return Cookers(
        power=np.round((900.0 * pans + 4000.0) * rng.uniform(0.85, 1.25, count), -2),
        capacity=(2400.0 * pans + 9000.0) * rng.uniform(0.8, 1.3, count),
        loss=loss,
        evaporation=np.maximum(steam - loss * 76.0, 100.0) / 99.0,
        steam=np.zeros(count),
        moist=rng.uniform(0.01, 0.04, count),
        setpoint=setpoint,
        setback=np.round(setpoint * rng.uniform(0.6, 0.75, count) / 5) * 5,
        hysteresis=rng.uniform(1.0, 4.0, count),
        fan_power=rng.uniform(150, 450, count),
        standby_power=rng.uniform(5, 20, count),
        three_phase=np.ones(count),
        voltage=rng.normal(1.0, 0.012, count),
        door_loss=rng.uniform(0.3, 0.9, count) * 0.008,
        lag=rng.uniform(3, 15, count),
        bias=rng.normal(0, 0.7, count),
        ambient=ambient,
        exchange=np.full(count, 25.0),
        pans=pans,
        orders=rng.uniform(8, 30, count),
        saves=(rng.random(count) < 0.4).astype(float),
    )


def draw_pots(seed: int, count: int) -> Cookers:
    """Pots and kettles with 0.7 to 40 litres of water, sized so that they boil within 8 to 90 minutes."""
    rng = np.random.default_rng((seed, 12))
    litres = np.exp(rng.uniform(np.log(0.7), np.log(40.0), count))
    capacity = litres * 4186.0 * rng.uniform(1.1, 1.6, count)
    surface = litres ** (2.0 / 3.0)
    wet = 0.4 * surface * rng.uniform(0.3, 2.0, count)
    losses = 60.0 * wet
    power = capacity * 75.0 / (60.0 * np.exp(rng.uniform(np.log(8.0), np.log(90.0), count))) + losses
    setpoint = np.round(rng.uniform(85, 99, count))
    ambient = rng.uniform(18, 30, count)
    return Cookers(
        power=np.maximum(np.round(power, -1), 30.0),
        capacity=capacity,
        loss=0.25 * surface * rng.uniform(0.05, 2.0, count),
        evaporation=wet,
        steam=np.random.default_rng((seed, 14)).uniform(0.0, 0.2, count),
        moist=np.ones(count),
        setpoint=setpoint,
        setback=np.round(setpoint - rng.uniform(15, 30, count)),
        hysteresis=rng.uniform(0.3, 1.5, count),
        fan_power=rng.uniform(0, 4, count),
        standby_power=rng.uniform(0, 2, count),
        three_phase=(power > 3600).astype(float),
        voltage=rng.normal(1.0, 0.012, count),
        door_loss=np.full(count, 0.0002),
        lag=rng.uniform(2, 20, count),
        bias=rng.normal(0, 0.5, count),
        ambient=ambient,
        exchange=np.full(count, 25.0),
        pans=np.ones(count),
        orders=rng.uniform(4, 15, count),
        saves=np.zeros(count),
    )
