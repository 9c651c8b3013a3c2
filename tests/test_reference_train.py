"""The training of the dishwasher model: masks, labels, and the committed package on machines nobody learnt from."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from trivet.build.session import FeatureSession
from trivet.interface.document import Interface
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet.package.admit import admit
from trivet.package.archive import open_package
from trivet.package.keys import read_public_key
from trivet.runtime.model import Model
from trivet.signals import Floats
from trivet.window.window import stack
from trivet_reference.evaluate.path import PACKAGES
from trivet_reference.plant import faults
from trivet_reference.train.dependence import columns_of, unknown
from trivet_reference.train.dishwasher_data import PATTERNS, Fleet, Memory, Table, cycles, simulate
from trivet_reference.train.dishwasher_features import COLUMNS, PARAMETERS
from trivet_reference.train.living import Truth
from trivet_reference.train.recording import windows
from trivet_reference.train.teaching import LABELS, Lesson, Teacher, held_out


@pytest.fixture(scope="module")
def interface() -> Interface:
    return read(find("interface", "commercial-dishwasher"), Interface).document


@pytest.fixture(scope="module")
def fleet(interface: Interface) -> Fleet:
    return simulate(interface, 5, 4, 3600)


def test_cycles_are_those_of_the_interface_window(interface: Interface, fleet: Fleet) -> None:
    found = cycles(interface, fleet, COLUMNS, range(4))
    spec = interface.windows["cycle"]
    assert found.values.shape[1:] == (spec.length, len(COLUMNS))
    assert len(found) > 20
    assert np.all(np.diff(found.order)[np.diff(found.machine) == 0] == 1)
    assert np.all((found.levels >= 0) & (found.levels <= 1))


def test_masked_features_are_those_of_a_plant_with_fewer_signals(interface: Interface, fleet: Fleet) -> None:
    teacher = Teacher(interface)
    session = FeatureSession(teacher.features, teacher.all)
    whole = cycles(interface, fleet, COLUMNS, range(4))
    memory = np.zeros((len(whole), teacher.memory), np.float32)
    complete = session.run(whole.values, whole.context, memory)[0]
    for fitted in (PATTERNS["A"], PATTERNS["AB"]):
        fewer = cycles(interface, fleet, fitted, range(4))
        made = session.run(fewer.values, fewer.context, memory)[0]
        expected = np.where(unknown(teacher.features, teacher.all, fitted, past=True), np.nan, complete)
        lost = np.isnan(made) & ~np.isnan(expected)
        invented = ~np.isnan(made) & np.isnan(expected)
        names = np.array(teacher.all)
        assert not lost.any(), names[lost.any(axis=0)]
        assert not invented.any(), names[invented.any(axis=0)]
        np.testing.assert_array_equal(made, expected.astype(np.float32))


def test_a_feature_depends_on_its_columns_and_those_of_its_conditions(interface: Interface) -> None:
    listed = Teacher(interface).features
    assert columns_of(listed, "rinse_slope") == {"rinse_temperature", "program_mode"}
    assert columns_of(listed, "power_mean") == {"active_power"}
    assert columns_of(listed, "rated_power") == frozenset()


def lesson(levels: Floats, features: int, lead: float = np.inf) -> Lesson:
    """Cycles of one machine with these severities, all of them as far from a stop by the first of its faults."""
    count = len(levels)
    zero, number = np.zeros(count), np.zeros(count, int)
    cycles = Table(np.zeros((count, features), np.float32), number, np.arange(count), levels, number, number, zero)
    kind = np.where(levels.max(axis=1) > 0, levels.argmax(axis=1), -1)
    truth = Truth(np.where(kind >= 0, lead, np.inf), kind, zero > 0, zero + 10.0, zero + 1.0, zero)
    return Lesson(cycles, truth)


def test_horizons_count_only_faults_that_the_signals_can_foresee(interface: Interface) -> None:
    teacher = Teacher(interface)
    levels = np.zeros((3, len(faults.FAULTS)))
    levels[1, faults.FAULTS.index("wash_arm_clog")] = 0.5
    levels[2, faults.FAULTS.index("tank_element_failed")] = 1.0
    source = lesson(levels, len(teacher.all), lead=6.0)
    everything = teacher.rows(source, "ABC", True, np.ones(3, bool))
    companion = teacher.rows(source, "A", True, np.ones(3, bool))
    assert everything.reach.tolist() == [3, 1, 1]
    assert companion.reach.tolist() == [3, 3, 1]
    np.testing.assert_allclose(everything.lead, np.log([500.0, 6.0, 6.0]))


def test_every_fourth_machine_with_the_same_fault_calibrates() -> None:
    kinds = np.array([3, -1, 3, 3, -1, 3, -1, -1, 5])
    held = held_out(kinds, np.repeat(np.arange(9), 2))
    assert np.flatnonzero(held).tolist() == [10, 11, 14, 15]


def test_a_new_part_of_a_life_forgets_the_slow_mean_and_keeps_the_baseline(interface: Interface) -> None:
    teacher = Teacher(interface)
    memory = Memory(teacher.features, 2)
    memory.keep(np.array([0, 1]), np.ones((2, teacher.memory), np.float32))
    first, second = memory.of(np.array([0, 1]), np.array([False, True]))
    assert (first == 1.0).all()
    assert second[0] == 50.0
    assert 0 < (second == 0.0).sum() < teacher.memory


def test_a_window_teaches_only_what_its_signals_can_show(interface: Interface) -> None:
    teacher = Teacher(interface)
    levels = np.zeros((4, len(faults.FAULTS)))
    levels[1, faults.FAULTS.index("wash_arm_clog")] = 0.9
    levels[2, faults.FAULTS.index("booster_phase_open")] = 1.0
    levels[3, faults.FAULTS.index("booster_phase_open")] = 0.2
    source = lesson(levels, len(teacher.all))
    everything = teacher.rows(source, "ABC", True, np.ones(4, bool)).label
    by_power = teacher.rows(source, "B", True, np.ones(4, bool)).label
    named = [LABELS.index("wash_arm_clog"), LABELS.index("booster_phase_open")]
    assert everything.tolist() == [0, *named, -1]
    assert by_power.tolist() == [0, -1, named[1], -1]


@pytest.fixture(scope="module")
def packages() -> list[Path]:
    return sorted(PACKAGES.glob("*.trivet"))


def test_the_committed_packages_verify_with_the_committed_key(packages: list[Path]) -> None:
    key = read_public_key(PACKAGES / "train.pub")
    assert {path.name.rsplit("-", 1)[0] for path in packages} == {"trivet-dishwasher", "trivet-cooking"}
    for path in packages:
        assert admit(open_package(path), (key,)).signer is not None


def test_the_packages_say_that_they_know_simulated_plants_only(packages: list[Path]) -> None:
    for path in packages:
        assert b"simulated" in bytes(open_package(path).members["evidence/data.json"])


ONSET = 5400.0
LATE, FIRST_DAY = ("booster_phase_open", "contactor_welded"), "booster_phase_open"


@pytest.fixture(scope="module")
def unseen(interface: Interface) -> Fleet:
    """Three machines each that lose a booster element or weld a contactor, and six that never had that element."""
    groups = (*LATE, FIRST_DAY, FIRST_DAY)
    kind = np.repeat([faults.FAULTS.index(name) for name in groups], 3)[None]
    onset = np.repeat([ONSET, ONSET, 0.0, 0.0], 3)[None]
    none, full = np.zeros((1, 12)), np.ones((1, 12))
    ills = faults.Faults(kind, onset, none, full, np.random.default_rng(1).random(12))
    return simulate(interface, 4711, 12, 8400, ills, pace=(150.0, 250.0))


@pytest.fixture(scope="module")
def dishwasher(tmp_path_factory: pytest.TempPathFactory) -> Model:
    (path,) = PACKAGES.glob("trivet-dishwasher-*.trivet")
    return Model.load(path, keys=(PACKAGES / "train.pub",), home=tmp_path_factory.mktemp("home"))


class Seen(NamedTuple):
    """What was said of one window: when it opened [s of the plant], its novelty, and its likeliest class."""

    opened: float
    novelty: float | None
    likeliest: str | None


def judged(model: Model, interface: Interface, fleet: Fleet, number: int, full_after: int | None = None) -> list[Seen]:
    """A machine's windows from companion nodes and a meter; the baseline may count as full after so many."""
    plate = fleet.machines.nameplate(number)
    known: dict[str, float | None] = {name: plate[name] for name in PARAMETERS}
    state = model.initial_state(1)
    made: list[Seen] = []
    for window in windows(fleet.recording, number, interface, "cycle", COLUMNS, PATTERNS["AB"], known):
        if len(made) == full_after and state is not None:
            state[:, 0] = Teacher(interface).features.baseline.windows
        said = model.predict(stack([window]), state)
        state = said.state
        values = next(iter(said)).values
        scores, novelty = values["fault"], values["novelty"]
        told = {name: p for name, p in scores.items() if p is not None} if isinstance(scores, dict) else {}
        opened = (window.span[0] - fleet.recording.times[0]) / 1e9
        likeliest = max(told, key=told.__getitem__) if told else None
        made.append(Seen(opened, novelty if isinstance(novelty, float) else None, likeliest))
    return made


def test_the_dishwasher_package_names_faults_on_unseen_machines(
    dishwasher: Model, interface: Interface, unseen: Fleet
) -> None:
    named, healthy = 0, []
    for number in range(6):
        seen = judged(dishwasher, interface, unseen, number)
        healthy += [one.novelty for one in seen if one.opened <= ONSET]
        later = [one.likeliest for one in seen if one.opened > ONSET and one.likeliest]
        named += LATE[number // 3] in later[:5]
    assert len(healthy) > 60
    assert sum(novelty is not None and novelty > 1.0 for novelty in healthy) <= 0.05 * len(healthy)
    assert named >= 5


def test_a_machine_that_is_worn_on_its_first_day_does_not_become_its_own_healthy(
    dishwasher: Model, interface: Interface, unseen: Fleet
) -> None:
    """Its baseline holds nothing but worn cycles; once it counts as full, the fault is still named."""
    before, after = [], []
    for number in range(6, 12):
        said = [one.likeliest for one in judged(dishwasher, interface, unseen, number, full_after=8)]
        before += said[:8]
        after += said[8:]
    assert len(after) > 60
    assert before.count(FIRST_DAY) > 0.5 * len(before)
    assert after.count(FIRST_DAY) > 0.5 * len(after)
