"""Lives of simulated dishwashers: courses of faults, what stops a machine, the stretches that are stepped through."""

import numpy as np
import pytest

from trivet_reference.plant import lives, machine, stops
from trivet_reference.plant.faults import FAULTS
from trivet_reference.plant.lives import COURSES, SPAN, Lives, stretches

COUNT = 400


@pytest.fixture(scope="module")
def drawn() -> Lives:
    return lives.draw(3, machine.draw(3, COUNT))


def test_a_third_stays_healthy_and_a_tenth_of_the_others_has_two_faults(drawn: Lives) -> None:
    sick = drawn.present[0]
    assert 0.3 <= 1.0 - sick.mean() <= 0.4
    assert 0.05 <= drawn.present[1].sum() / sick.sum() <= 0.15
    assert set(np.unique(drawn.kind[0])) >= set(range(-1, len(FAULTS) - 3))
    assert not (drawn.present[1] & ~sick).any()


def test_only_machines_with_recovery_have_it_fouled() -> None:
    machines = machine.draw(5, COUNT)
    fouled = (lives.draw(5, machines).kind == FAULTS.index("heat_recovery_fouled")).any(axis=0)
    assert fouled.any()
    assert (machines.recovery[fouled] > 0).all()


def test_severity_is_nothing_before_the_onset_grows_until_the_stop_and_ends_with_the_repair(drawn: Lives) -> None:
    onset, failure = drawn.onset[0], np.where(drawn.present[0], drawn.failure[0], SPAN)
    assert (drawn.grown(onset - 0.01)[0] == 0.0).all()
    course = np.stack([drawn.grown(onset + share * (failure - onset))[0] for share in (0.1, 0.4, 0.7, 0.99)])
    alone = drawn.present[0]
    assert (np.diff(course[:, alone], axis=0) >= 0.0).all()
    assert (course[-1, alone] > 0.9).all()
    assert (drawn.grown(failure + drawn.repair[0] + 0.1)[0] == 0.0).all()


def test_what_stops_a_machine_earlier_shortens_its_lead(drawn: Lives) -> None:
    limit, never = np.full(COUNT, 0.5), np.full(COUNT, np.inf)
    earlier = lives.stopped(drawn, limit, never)
    slow = drawn.present[0] & (np.array([COURSES[FAULTS[kind]].start for kind in drawn.kind[0]]) < 0.5)
    assert (earlier.failure[0][slow] < drawn.failure[0][slow]).all()
    np.testing.assert_allclose(earlier.grown(earlier.failure[0] - 1e-9)[0][slow], 0.5, atol=1e-6)


def test_stretches_cover_the_life_and_their_weights_are_its_hours(drawn: Lives) -> None:
    parts = stretches([drawn], 1, 1000, 500, 5, worn=0.0)
    sick = drawn.present[0]
    assert parts.begin.tolist() == [0, 1000, 1500, 2000, 2500, 3000]
    np.testing.assert_allclose(parts.weight.sum(axis=0)[sick], drawn.failure[0][sick])
    np.testing.assert_allclose(parts.weight.sum(axis=0)[~sick], SPAN)
    assert (parts.hours[1][sick] < drawn.onset[0][sick]).all()
    assert (parts.hours[2:, sick] >= drawn.onset[0][sick]).all()
    assert (parts.truth(500.0).max(axis=0) == 0.0).all()


def test_a_worn_machine_is_first_seen_when_its_fault_has_begun(drawn: Lives) -> None:
    parts = stretches([drawn], 1, 1000, 500, 5, worn=1.0)
    sick = drawn.present[0]
    assert (parts.hours[0][sick] >= drawn.onset[0][sick]).all()


def test_an_exhausted_softener_is_felt_as_limescale_and_known_as_itself() -> None:
    machines = machine.draw(7, 20)
    drawn = lives.draw(7, machines, sick=1.0, second=0.0, names=("softener_exhausted",))
    parts = stretches([drawn], 1, 1000, 500, 5, worn=1.0)
    scale, softener = FAULTS.index("booster_scale"), FAULTS.index("softener_exhausted")
    np.testing.assert_array_equal(parts.levels(10.0)[scale], parts.truth(10.0)[softener])
    assert (parts.levels(10.0)[softener] == 0.0).all()


def test_another_life_has_other_faults(drawn: Lives) -> None:
    machines = machine.draw(3, COUNT)
    later = lives.again(53, machines, drawn)
    assert not (later.present[0] & (later.kind[0] == drawn.kind[0])).any()
    parts = stretches([drawn, later], 1, 1000, 500, 5)
    assert parts.number_of.tolist() == [0] * 6 + [1] * 5
    assert parts.hours.shape == parts.weight.shape == (11, COUNT)
    assert (parts.sick == (drawn.present[0] | later.present[0])).all()


def test_a_broken_sensor_stops_at_once_and_an_empty_rinse_aid_only_at_the_end() -> None:
    machines = machine.draw(9, 12)
    names = ("temperature_sensor_open", "rinse_aid_empty")
    found = stops.found(machines, lives.draw(9, machines, sick=1.0, second=0.0, names=names), 9)
    broken = found.lives.kind[0] == FAULTS.index("temperature_sensor_open")
    after = (found.lives.failure - found.lives.onset)[0]
    assert (found.reason[broken] == stops.TIME_OUT).all()
    assert (after[broken] < 0.1).all()
    assert (found.reason[~broken] == stops.DEAD).all()
    np.testing.assert_allclose(after[~broken], found.lives.lead[0][~broken])
