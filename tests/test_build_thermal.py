"""Heating and cooling: quadrature against closed forms and small steps, arrays against graph."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from trivet.build import thermal
from trivet.build.arrays import evaluate
from trivet.build.features import Feature, FeatureList
from trivet.build.nodes import Graph
from trivet.build.session import FeatureSession
from trivet.build.streaming import Stream
from trivet.runtime.session import Session
from trivet.signals import Floats

AMBIENT, CAPACITY, LINEAR, WET = 22.0, 6161.0, 0.39, 0.457
FORMS: dict[str, tuple[Callable[..., Floats], Callable[[Graph, Sequence[str]], str], int]] = {
    "hold_power": (thermal.hold_power, thermal.hold_power_node, 4),
    "heat_up_time": (thermal.heat_up_time, thermal.heat_up_time_node, 7),
    "cool_time": (thermal.cool_time, thermal.cool_time_node, 6),
    "cool_down": (thermal.cool_down, thermal.cool_down_node, 6),
}


def arguments(name: str, rows: int = 400) -> list[Floats]:
    rng = np.random.default_rng(0)
    start, target = rng.uniform(0, 200, rows), rng.uniform(20, 230, rows)
    power, ambient = rng.uniform(50, 20000, rows), rng.uniform(10, 35, rows)
    capacity, linear = rng.uniform(3000, 80000, rows), rng.uniform(0, 15, rows)
    wet, seconds = rng.choice([0, 0.4, 5.0], rows), rng.uniform(0, 7200, rows)
    start[:20], linear[20:30], wet[20:30] = ambient[:20], 0, 0
    made = {
        "hold_power": [start, ambient, linear, wet],
        "heat_up_time": [start, target, power, ambient, capacity, linear, wet],
        "cool_time": [start, target, ambient, capacity, linear, wet],
        "cool_down": [start, seconds, ambient, capacity, linear, wet],
    }[name]
    for number, column in enumerate(made):
        column[40 + 5 * number : 45 + 5 * number] = np.nan
    return [column.astype(np.float32).astype(np.float64) for column in made]


@pytest.mark.parametrize("name", FORMS)
def test_forms_agree(name: str) -> None:
    array, node, arity = FORMS[name]
    given = arguments(name)
    assert len(given) == arity
    made = graph(node, given)
    np.testing.assert_allclose(made, array(*given), rtol=2e-4, atol=2e-3)


def graph(node: Callable[[Graph, Sequence[str]], str], given: Sequence[Floats]) -> Floats:
    g = Graph()
    names = [f"s{n}" for n in range(len(given))]
    model = g.model([(name, ("batch", 1)) for name in names], {"y": (node(g, names), ("batch", 1))})
    columns = {name: column[:, None].astype(np.float32) for name, column in zip(names, given, strict=True)}
    session = Session(model, ["y"])
    made = session.run(columns)[0]
    alone = [session.run({name: column[n : n + 1] for name, column in columns.items()})[0] for n in range(len(made))]
    assert np.concatenate(alone).tobytes() == made.tobytes()
    return made[:, 0].astype(np.float64)


def test_linear_loss_has_a_closed_form() -> None:
    start, target, power = 25.0, 95.0, 100.0
    tau = CAPACITY / LINEAR
    closed = -tau * np.log(1 - (target - start) * LINEAR / (power - LINEAR * (start - AMBIENT)))
    made = thermal.heat_up_time(*map(np.asarray, (start, target, power, AMBIENT, CAPACITY, LINEAR, 0.0)))
    assert made == pytest.approx(closed, rel=1e-9)
    cooled = thermal.cool_down(*map(np.asarray, (90.0, 1800.0, AMBIENT, CAPACITY, LINEAR, 0.0)))
    assert cooled == pytest.approx(AMBIENT + 68 * np.exp(-1800 / tau), abs=0.01)
    time = thermal.cool_time(*map(np.asarray, (90.0, 50.0, AMBIENT, CAPACITY, LINEAR, 0.0)))
    assert time == pytest.approx(tau * np.log(68 / 28), rel=1e-9)


def test_evaporation_against_small_steps() -> None:
    at, seconds = 25.0, 0.0
    while at < 98.0:
        net = 100.0 - thermal.loss(*map(np.asarray, (at, AMBIENT, LINEAR / 10, WET)))
        at, seconds = at + float(net) / CAPACITY, seconds + 1
    made = thermal.heat_up_time(*map(np.asarray, (25.0, 98.0, 100.0, AMBIENT, CAPACITY, LINEAR / 10, WET)))
    assert made == pytest.approx(seconds, rel=1e-3)
    for _ in range(3600):
        at -= float(thermal.loss(*map(np.asarray, (at, AMBIENT, LINEAR / 10, WET)))) / CAPACITY
    cooled = thermal.cool_down(*map(np.asarray, (98.0, 3600.0, AMBIENT, CAPACITY, LINEAR / 10, WET)))
    assert cooled == pytest.approx(at, abs=0.1)


def test_what_cannot_be_reached() -> None:
    def heat(start: float, target: float, power: float) -> float:
        given = (start, target, power, AMBIENT, CAPACITY, LINEAR, WET)
        return float(thermal.heat_up_time(*map(np.asarray, given)))

    assert np.isnan(heat(25, 98, 20))
    assert heat(98, 60, 20) == 0
    assert np.isnan(heat(float("nan"), 60, 200))
    assert np.isnan(thermal.cool_time(*map(np.asarray, (60.0, 20.0, AMBIENT, CAPACITY, LINEAR, WET))))
    assert thermal.cool_time(*map(np.asarray, (60.0, 70.0, AMBIENT, CAPACITY, LINEAR, WET))) == 0
    assert thermal.hold_power(*map(np.asarray, (10.0, AMBIENT, LINEAR, WET))) == 0


def test_vapour_pressure() -> None:
    assert thermal.vapour_pressure(np.array([20.0, 100.0, 250.0])) == pytest.approx([2.333, 104.1, 104.1], rel=1e-3)


def test_as_features() -> None:
    """Advice for a pot: ready again after half an hour off, in all three forms."""
    parameters = ("capacity", "linear", "wet", "power")
    features = FeatureList(
        frame=10,
        length=6,
        columns=("temperature", "setpoint", "room"),
        context=("frames", "elapsed", *parameters),
        features=(
            Feature("now", "last", ("temperature",), unit="Cel"),
            Feature("target", "last", ("setpoint",), unit="Cel"),
            Feature("seen_room", "last", ("room",), unit="Cel"),
            Feature("usual_room", "constant", value=22, unit="Cel"),
            Feature("half_hour", "constant", value=1800, unit="s"),
            Feature("ambient", "otherwise", ("seen_room", "usual_room"), unit="Cel"),
            Feature("later", "cool_down", ("now", "half_hour", "ambient", *parameters[:3]), unit="Cel"),
            Feature("ready", "heat_up_time", ("later", "target", "power", "ambient", *parameters[:3]), unit="s"),
            Feature("held", "hold_power", ("target", "ambient", "linear", "wet"), unit="W"),
            Feature("fallen", "cool_time", ("now", "later", "ambient", *parameters[:3]), unit="s"),
        ),
    )
    window = np.tile(np.array([[[80, 90, np.nan]], [[60, 90, 25]], [[60, np.nan, 25]]], np.float32), (1, 6, 1))
    context = np.tile(np.array([6, np.nan, CAPACITY, LINEAR, WET, 200], np.float32), (3, 1))
    graph, _ = FeatureSession(features).run(window, context)
    arrays = evaluate(features, window.astype(float), context.astype(float))
    for row in range(3):
        stream = Stream(features, context[row].tolist())
        for values in window[row].tolist():
            stream.update(values)
        passed = stream.values()
        for column, name in enumerate(features.names):
            expected = float(arrays[name][row])
            assert passed[name] == pytest.approx(expected, rel=1e-9, nan_ok=True)
            assert graph[row, column] == pytest.approx(expected, rel=1e-4, nan_ok=True), name
    assert arrays["fallen"][:2] == pytest.approx(1800, rel=1e-3)
    assert np.isnan(arrays["ready"][2])
    assert np.isfinite(arrays["later"]).all()
