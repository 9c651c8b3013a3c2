"""Heating and cooling of one thermal node, each operator as numpy and as graph.

``C dT/dt = P - L(T)`` with the loss ``L(T) = U (T - Ta) + k (ps(T) - ps(Ta))``: linear loss to the room,
and evaporation driven by vapour pressure. Temperatures in degC, powers in W, times in s, C in J/K,
U in W/K, k in W/kPa. Both integrals are taken by quadrature, so the operators have no loop.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trivet.build.nodes import Graph
from trivet.signals import Floats

MAGNUS = (0.61094, 17.625, 243.04)
"""Saturation pressure of water [kPa]: coefficients of Alduchov and Eskridge (1996)."""

BOILING = 100.0
"""Above it pressure no longer drives the loss [degC]."""

LEAST_LOSS = 1e-6
"""Loss per kelvin below which an appliance counts as perfectly insulated [W/K]."""

SAME = 0.01
"""Temperatures closer than this are equal [K]."""

_ROOTS, _WEIGHTS = np.polynomial.legendre.leggauss(32)
X = (_ROOTS + 1) / 2
W = _WEIGHTS / 2
"""Points and weights of a 32-point Gauss-Legendre rule on (0, 1)."""

CELLS = 128
FOLDS = 6.0
STEP = FOLDS / CELLS
"""Cooling is followed over ``FOLDS`` e-foldings of the distance to the room, in ``CELLS`` cells."""

MIDDLES = np.exp(-STEP * (np.arange(CELLS) + 0.5))
"""Share of the first distance to the room that is left in the middle of each cell."""


def vapour_pressure(temperature: Floats) -> Floats:
    """Saturation pressure of water [kPa] at a temperature [degC], held at its value at 100 degC."""
    a, b, c = MAGNUS
    bounded = np.minimum(temperature, BOILING)
    return np.asarray(a * np.exp(b * bounded / (bounded + c)))


def loss(at: Floats, ambient: Floats, linear: Floats, evaporation: Floats) -> Floats:
    """Heat lost to the room [W]."""
    pressure = vapour_pressure(at) - vapour_pressure(ambient)
    return np.asarray(linear * (at - ambient) + evaporation * pressure)


def hold_power(at: Floats, ambient: Floats, linear: Floats, evaporation: Floats) -> Floats:
    """Power that holds a temperature [W]; 0 below the room's."""
    lost = loss(at, ambient, linear, evaporation)
    return np.asarray(np.where(lost < 0, 0.0, lost))


def heat_up_time(
    start: Floats,
    target: Floats,
    power: Floats,
    ambient: Floats,
    capacity: Floats,
    linear: Floats,
    evaporation: Floats,
) -> Floats:
    """Time [s] from one temperature to another at constant power; 0 when it is there, NaN when it never gets there."""
    span = np.asarray(target - start)
    at = np.asarray(start)[..., None] + span[..., None] * X
    net = np.asarray(power)[..., None] - loss(at, *(np.asarray(v)[..., None] for v in (ambient, linear, evaporation)))
    with np.errstate(divide="ignore", over="ignore"):
        time = capacity * span * (W / net).sum(-1)
    time = np.where((net <= 0).any(-1), np.nan, time)
    return np.asarray(np.where(span <= 0, 0.0, time))


def cool_time(
    start: Floats, target: Floats, ambient: Floats, capacity: Floats, linear: Floats, evaporation: Floats
) -> Floats:
    """Time [s] to cool from one temperature to another; 0 when it is there, NaN when the room is too warm."""
    first, last = np.asarray(start - ambient), np.asarray(target - ambient)
    reachable = (last > 0) & (first > last)
    folds = np.log(np.where(reachable, first, 1.0) / np.where(reachable, last, 1.0))
    above = first[..., None] * np.exp(-folds[..., None] * X)
    time = capacity * folds * (W / _per_kelvin(above, ambient, linear, evaporation)).sum(-1)
    return np.asarray(np.where(first <= last, 0.0, np.where(reachable, time, np.nan)))


def cool_down(
    start: Floats, seconds: Floats, ambient: Floats, capacity: Floats, linear: Floats, evaporation: Floats
) -> Floats:
    """Temperature [degC] after a time without heating."""
    first = np.asarray(start - ambient)
    lost = _per_kelvin(first[..., None] * MIDDLES, ambient, linear, evaporation)
    cells = STEP * np.asarray(capacity)[..., None] / lost
    before = np.cumsum(cells, -1) - cells
    spent = np.clip((np.asarray(seconds)[..., None] - before) / cells, 0, 1).sum(-1)
    at = ambient + first * np.exp(-STEP * spent)
    return np.asarray(np.where(np.abs(first) < SAME, start, at))


def _per_kelvin(above: Floats, ambient: Floats, linear: Floats, evaporation: Floats) -> Floats:
    """Loss for each kelvin above the room [W/K]; ``above`` has one axis more than the others."""
    room, u, k = (np.asarray(v)[..., None] for v in (ambient, linear, evaporation))
    with np.errstate(divide="ignore", invalid="ignore"):
        value = u + k * (vapour_pressure(room + above) - vapour_pressure(room)) / above
    return np.asarray(np.where(value < LEAST_LOSS, LEAST_LOSS, value))


def _pressure_node(g: Graph, temperature: str) -> str:
    a, b, c = MAGNUS
    bounded = g.op("Min", temperature, g.floats(BOILING))
    exponent = g.op("Div", g.op("Mul", bounded, g.floats(b)), g.op("Add", bounded, g.floats(c)))
    return g.op("Mul", g.op("Exp", exponent), g.floats(a))


def _loss_node(g: Graph, at: str, ambient: str, linear: str, evaporation: str) -> str:
    pressure = g.op("Sub", _pressure_node(g, at), _pressure_node(g, ambient))
    return g.op("Add", g.op("Mul", linear, g.op("Sub", at, ambient)), g.op("Mul", evaporation, pressure))


def hold_power_node(g: Graph, sources: Sequence[str]) -> str:
    """``hold_power`` over sources ``(batch, n)``."""
    lost = _loss_node(g, *sources)
    return g.op("Where", g.op("Less", lost, g.floats(0)), g.floats(0), lost)


def heat_up_time_node(g: Graph, sources: Sequence[str]) -> str:
    """``heat_up_time`` over sources ``(batch, n)``."""
    start, target, power, ambient, capacity, linear, evaporation = (_upright(g, s) for s in sources)
    span = g.op("Sub", target, start)
    at = g.op("Add", start, g.op("Mul", span, _column(g, X)))
    net = g.op("Sub", power, _loss_node(g, at, ambient, linear, evaporation))
    time = g.op("Mul", g.op("Mul", capacity, span), _slowness(g, net))
    least = g.op("ReduceMin", net, axes=[1], keepdims=1)
    time = g.nan_where(g.op("LessOrEqual", least, g.floats(0)), time)
    return _flat(g, g.op("Where", g.op("LessOrEqual", span, g.floats(0)), g.floats(0), time))


def cool_time_node(g: Graph, sources: Sequence[str]) -> str:
    """``cool_time`` over sources ``(batch, n)``."""
    start, target, ambient, capacity, linear, evaporation = (_upright(g, s) for s in sources)
    first, last = g.op("Sub", start, ambient), g.op("Sub", target, ambient)
    zero, one = g.floats(0), g.floats(1)
    reachable = g.op("And", g.op("Greater", last, zero), g.op("Greater", first, last))
    quotient = g.op("Div", g.op("Where", reachable, first, one), g.op("Where", reachable, last, one))
    folds = _logarithm(g, quotient)
    left = g.op("Exp", g.op("Mul", folds, _column(g, -X)))
    slowness = _slowness(g, _per_kelvin_node(g, g.op("Mul", first, left), ambient, linear, evaporation))
    time = g.op("Mul", g.op("Mul", capacity, folds), slowness)
    time = g.op("Where", reachable, time, g.floats(np.nan))
    return _flat(g, g.op("Where", g.op("LessOrEqual", first, last), zero, time))


def cool_down_node(g: Graph, sources: Sequence[str]) -> str:
    """``cool_down`` over sources ``(batch, n)``."""
    start, seconds, ambient, capacity, linear, evaporation = (_upright(g, s) for s in sources)
    first = g.op("Sub", start, ambient)
    lost = _per_kelvin_node(g, g.op("Mul", first, _column(g, MIDDLES)), ambient, linear, evaporation)
    cells = g.op("Div", g.op("Mul", capacity, g.floats(STEP)), lost)
    before = g.mix(np.tri(CELLS, k=-1), cells)
    spent = g.op("Div", g.op("Sub", seconds, before), cells)
    whole = g.mix(np.ones((1, CELLS)), g.op("Clip", spent, g.floats(0), g.floats(1)))
    at = g.op("Add", ambient, g.op("Mul", first, g.op("Exp", g.op("Mul", whole, g.floats(-STEP)))))
    # Clip does not promise to hand NaN on, a sum does.
    at = g.nan_where(g.op("IsNaN", g.mix(np.ones((1, CELLS)), spent)), at)
    return _flat(g, g.op("Where", g.op("Less", g.op("Abs", first), g.floats(SAME)), start, at))


def _per_kelvin_node(g: Graph, above: str, ambient: str, linear: str, evaporation: str) -> str:
    pressure = g.op("Sub", _pressure_node(g, g.op("Add", ambient, above)), _pressure_node(g, ambient))
    value = g.op("Add", linear, g.op("Div", g.op("Mul", evaporation, pressure), above))
    return g.op("Where", g.op("Less", value, g.floats(LEAST_LOSS)), g.floats(LEAST_LOSS), value)


def _logarithm(g: Graph, x: str) -> str:
    """Natural logarithm over ``(batch, 1, n)``, as the integral of ``1 / x`` up to the fourth root.

    The operator ``Log`` rounds the last cells of a tensor in another way, so its rows know their batch.
    """
    beyond = g.op("Sub", g.op("Sqrt", g.op("Sqrt", x)), g.floats(1))
    nodes = g.op("Add", g.op("Mul", beyond, _column(g, X)), g.floats(1))
    return g.op("Mul", g.op("Mul", beyond, g.floats(4)), _slowness(g, nodes))


def _slowness(g: Graph, net: str) -> str:
    """Weighted mean of ``1 / net`` over the quadrature points, ``(batch, 1, n)``."""
    return g.mix(W[None, :], g.op("Div", g.floats(1), net))


def _column(g: Graph, values: Floats) -> str:
    return g.floats(values[:, None])


def _upright(g: Graph, source: str) -> str:
    """``(batch, n)`` as ``(batch, 1, n)``, so that quadrature points go down the middle axis."""
    return g.op("Unsqueeze", source, g.ints([1]))


def _flat(g: Graph, tensor: str) -> str:
    return g.op("Squeeze", tensor, g.ints([1]))
