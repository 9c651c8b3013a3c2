"""The scenarios that servers, the demo and `trivet simulate` offer."""

from importlib.metadata import entry_points

import pytest
import yaml

from trivet.signals import SECOND
from trivet_reference.plant.faults import FAULTS
from trivet_reference.scenarios import Plant, dishwasher, oven
from trivet_reference.states import COOKING_STATES, DISHWASHER_STATES

START = 1_780_000_000 * SECOND
INTERFACES = "schemas/trivet_schemas/interfaces"


def signals(interface: str) -> dict[str, dict[str, object]]:
    from pathlib import Path

    path = Path(__file__).parents[1] / INTERFACES / f"{interface}.v0.yaml"
    tree = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506
    return dict(tree["signals"])


def test_both_scenarios_are_offered_by_entry_point() -> None:
    offered = {point.name: point.load() for point in entry_points(group="trivet.scenarios")}
    assert offered["dishwasher"] is dishwasher
    assert offered["oven"] is oven


@pytest.mark.parametrize("scenario", [dishwasher, oven], ids=lambda scenario: scenario.name)
def test_every_value_is_a_signal_of_the_interface_and_in_its_range(scenario: object) -> None:
    known = signals(scenario.interface)  # type: ignore[attr-defined]
    plant: Plant = scenario.plant(3)  # type: ignore[attr-defined]
    for second in range(0, 1800, 60):
        for name, value in plant(START + second * SECOND).values.items():
            signal = known.get(name) or known[name.rsplit("_", 1)[0]]
            if isinstance(value, str):
                assert value in signal["enumeration"].values()  # type: ignore[attr-defined]
            else:
                low, high = (float(bound) for bound in signal["range"])  # type: ignore[attr-defined]
                assert low <= value <= high, name


@pytest.mark.parametrize(
    ("interface", "states"), [("commercial-dishwasher", DISHWASHER_STATES), ("cooking-appliance", COOKING_STATES)]
)
def test_state_names_are_those_of_the_interface(interface: str, states: dict[str, dict[int, str]]) -> None:
    for name, signal in signals(interface).items():
        if "enumeration" in signal:
            numbered = {int(code): state for code, state in signal["enumeration"].items()}  # type: ignore[attr-defined]
            assert states[name] == numbered


def test_faults_are_the_classes_of_the_interface() -> None:
    from pathlib import Path

    path = Path(__file__).parents[1] / INTERFACES / "commercial-dishwasher.v0.yaml"
    tree = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)  # noqa: S506
    classes = set(tree["outputs"]["fault"]["classes"]) - {"none", "unknown"}
    assert set(FAULTS) == classes == set(dishwasher.faults)


def test_the_same_seed_and_times_give_the_same_values_however_often_one_asks() -> None:
    often, seldom = dishwasher.plant(5), dishwasher.plant(5)
    for tenth in range(3000):
        last = often(START + tenth * SECOND // 10)
    seldom(START)
    assert seldom(START + 2999 * SECOND // 10) == last
    assert seldom(START) == last


def test_a_fault_grows_from_its_onset() -> None:
    plant = dishwasher.plant(2, fault="wash_pump_cavitation", severity=1.0, onset=600.0, ramp=300.0, pace=60.0)
    healthy = dishwasher.plant(2, pace=60.0)
    assert plant(START + 599 * SECOND).values == healthy(START + 599 * SECOND).values
    assert plant(START + 2400 * SECOND).values != healthy(START + 2400 * SECOND).values


def test_a_warm_plant_has_its_cycles_behind_it_and_is_ready() -> None:
    plant = dishwasher.plant(1, warm_cycles=3)
    values = plant(START).values
    assert values["rack_count"] == 3.0
    assert values["operation_mode"] in {"ready", "operation"}
    assert float(values["tank_temperature_1"]) > 50.0


def test_a_broken_sensor_raises_the_makers_code_as_an_alarm() -> None:
    plant = dishwasher.plant(1, fault="temperature_sensor_open", warm_cycles=1)
    plant(START)
    snapshot = plant(START + 60 * SECOND)
    assert float(snapshot.values["service_code"]) in {2.0, 3.0}
    (condition,) = snapshot.conditions
    assert condition.active
    assert condition.message.startswith("Fault code")


def test_a_scenario_without_the_fault_refuses_it() -> None:
    with pytest.raises(ValueError, match="scenario oven has no fault 'filter_clog'"):
        oven.plant(1, fault="filter_clog")
    with pytest.raises(ValueError, match="severity"):
        dishwasher.plant(1, fault="filter_clog", severity=2.0)
