"""Operating regions of simulated dishwashers, and the loop from a report to better data."""

import numpy as np
import pytest

from trivet.interface.document import Interface
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet_reference.evaluate import resonance
from trivet_reference.evaluate.regional import AXES, POPULATION, attributes, drawn, together, within
from trivet_reference.plant.machine import HOOD, draw


def test_machines_of_a_region_lie_in_it() -> None:
    region = {"type": "conveyor", "inlet": "below 12 Cel", "tier": "A"}
    made = drawn(3, 10, lambda machines: within(machines, region))
    assert len(made.machines) == len(made.fault) == 10
    assert np.all(made.machines.inlet < 12)
    assert set(attributes(made.machines, np.arange(10), ["A"] * 10)["type"]) == {"conveyor"}


def test_every_axis_has_an_attribute_and_regions_part_the_population() -> None:
    machines = draw(1, 300, POPULATION)
    known = attributes(machines, np.arange(300), ["A"] * 300)
    assert set(known) == {axis.name for axis in AXES}
    for axis in AXES[:-1]:
        parts = {axis.part(value) for value in known[axis.name]}
        inside = [within(machines, {axis.name: part}) for part in parts]
        assert len(parts) > 1
        assert np.array_equal(np.sum(inside, axis=0), np.ones(300))


def test_draws_join_to_one_fleet() -> None:
    first, second = drawn(1, 4), drawn(2, 3, resonance.at_hand)
    joined = together([first, second])
    assert len(joined.machines) == 7
    assert np.array_equal(joined.machines.tank_share[:, 4:], second.machines.tank_share)
    assert np.all(joined.machines.type[4:] == HOOD)


@pytest.mark.soak
def test_the_plan_brings_more_than_more_of_the_same() -> None:
    interface = read(find("interface", "commercial-dishwasher"), Interface).document
    loop = resonance.run(interface, lambda _: None)
    gain, low, _ = loop.gain(loop.after)
    assert loop.diagnosis.findings
    assert low > 0
    assert gain > loop.gain(loop.control)[0]
    assert "simulated" in resonance.text(loop)
