"""The cooking model: one thermal node that says when an appliance is ready, corrected by what simulated plants did.

It knows simulated ovens and pots only. Where no controller tells its mode the thermal
node answers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingRegressor

from trivet.build.assemble import OutputSpec
from trivet.build.features import FeatureList
from trivet.build.forests import ensemble
from trivet.build.novelty import Novelty, fit_novelty
from trivet.build.pack import Spec, pack
from trivet.build.session import FeatureSession
from trivet.interface.document import Interface
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet.interface.parsed import Parsed
from trivet.signals import Float32s, Floats
from trivet_reference.cooking.actions import ACTIONS
from trivet_reference.cooking.block import Corrected
from trivet_reference.cooking.data import PATTERNS, SESSIONS, Samples, Sessions, recorded, simulate
from trivet_reference.cooking.evidence import check_correction, cooking_evidence, figures
from trivet_reference.cooking.features import ENERGY, NOVELTY, READY, REMARKS, features
from trivet_reference.train.card import card
from trivet_reference.train.dependence import unknown
from trivet_reference.train.inventory import cooking_inventory
from trivet_reference.train.materials import simulated, training

NAME = "trivet-cooking"
VERSION = "0.1.0"
PLANTS, UNSEEN = 180, 50
"""Ovens, and pots, in each of two sessions: to learn from, and to judge by and make golden vectors of."""

TAUGHT = ("everything", "controller and meter", "controller")
"""Patterns that have a mode, and so a correction."""

MOST = 0.5
"""Largest correction: of the logarithm of a time, and in hours at rated power."""

_LEAST_TIME = 20.0
_SAMPLES = 400

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Learnt:
    """Fitted parts.

    Attributes:
        features: The feature list.
        ready: Estimators of the logarithm by which the node's time is wrong, one an action.
        energy: Estimators of the energy that the node misses, in hours at rated power.
        novelty: How unlike known plants a window is.
        rows: Number of training rows.
    """

    features: FeatureList
    ready: Mapping[str, Any]
    energy: Mapping[str, Any]
    novelty: Novelty
    rows: int

    def blocks(self) -> dict[str, Corrected]:
        """The corrected outputs."""
        return {
            "time_to_ready": _corrected(READY, self.ready, None),
            "energy": _corrected(ENERGY, self.energy, "rated_power"),
        }


def cooking_package(
    seed: int,
    say: Say = lambda _: None,
    plants: int = PLANTS,
    unseen: int = UNSEEN,
    sessions: Sessions = SESSIONS,
) -> bytes:
    """The unsigned cooking package; the same seed and numbers of plants give the same bytes.

    Args:
        seed: Of the simulated plants.
        say: Is told what is being done.
        plants: Ovens, and pots, in each session to learn from.
        unseen: The same to judge by.
        sessions: When plants are watched.
    """
    parsed = read(find("interface", "cooking-appliance"), Interface)
    say(f"simulating {4 * plants} ovens and pots")
    taught = simulate(parsed.document, 2 * seed, plants, sessions)
    say("fitting")
    learnt = learn(parsed.document, taught)
    say(f"simulating {4 * unseen} others")
    judged = simulate(parsed.document, 2 * seed + 1, unseen, sessions)
    say("packing")
    numbers = {"taught": 4 * plants, "judged": 4 * unseen}
    extracts = [simulated("taught", 2 * seed, taught)]
    known = {
        "croissant": cooking_inventory(parsed.document, extracts, learnt.features.columns),
        "provenance": training(parsed, extracts, {"seed": seed}, {**numbers, "rows": learnt.rows}),
    }
    return package(parsed, learnt, judged, seed, numbers, known)


def learn(interface: Interface, samples: Samples) -> Learnt:
    """Fits the corrections and novelty."""
    listed = features(interface.frame, interface.windows["recent"].length)
    session = FeatureSession(listed, (*REMARKS, *READY, *dict.fromkeys(ENERGY)))
    idle = samples.rows(samples.idle)
    tables = [session.run(inputs.window, inputs.context)[0] for inputs in map(idle.inputs, TAUGHT)]
    x = np.concatenate(tables)
    names = session.names
    remarks = x[:, : len(REMARKS)]
    rated = x[:, names.index("rated_power")].astype(np.float64)
    ready, energy = (np.concatenate([target] * len(TAUGHT)) for target in (idle.ready, idle.energy))
    late, more = {}, {}
    for action in ("off", "setback", "preheat"):
        number = ACTIONS.index(action)
        by_node, needed = (x[:, names.index(of[number])] for of in (READY, ENERGY))
        late[action] = _slower(remarks, by_node, ready[:, number])
        missed = (energy[:, number] - needed) / rated
        more[action] = _boosting().fit(remarks, np.clip(missed, -MOST, MOST))
    # A thermostat that keeps the set-point heats to it at full power, as a preheat does.
    late["hold"], more["hold"] = late["preheat"], more["preheat"]
    return Learnt(listed, late, more, novelty(listed, samples), len(x))


def _slower(remarks: Float32s, by_node: Float32s, ready: Floats) -> Any:
    """The estimator of the logarithm of a time over the node's; short times are all lag and rounding."""
    told = (by_node > _LEAST_TIME) & (ready > _LEAST_TIME)
    ratio = np.log(ready[told] / by_node[told])
    return _boosting().fit(remarks[told], np.clip(ratio, -MOST, MOST))


def _boosting() -> HistGradientBoostingRegressor:
    return HistGradientBoostingRegressor(
        max_iter=60,
        learning_rate=0.1,
        max_leaf_nodes=15,
        min_samples_leaf=100,
        l2_regularization=1.0,
        max_features=0.5,
        early_stopping=False,
        random_state=0,
    )


def novelty(listed: FeatureList, samples: Samples) -> Novelty:
    """Novelty against every window of the plants, with food and without, for each set of signals."""
    session = FeatureSession(listed, NOVELTY)
    inputs = samples.inputs()
    x = session.run(inputs.window, inputs.context)[0].astype(np.float64)
    lacking = [unknown(listed, NOVELTY, fitted, past=False) for fitted in PATTERNS.values()]
    patterns = [[name for name, gone in zip(NOVELTY, lost, strict=True) if not gone] for lost in lacking]
    return fit_novelty(NOVELTY, x, patterns, false_alarms=0.004)


def _corrected(answers: tuple[str, ...], estimators: Mapping[str, Any], scale: str | None) -> Corrected:
    trees = tuple(ensemble(estimators[action]) for action in ACTIONS)
    return Corrected(answers, REMARKS, trees, scale, "sighted")


def outputs(learnt: Learnt) -> tuple[OutputSpec, ...]:
    """The package's outputs."""
    corrected = [OutputSpec(name, block, ACTIONS) for name, block in learnt.blocks().items()]
    return (OutputSpec("novelty", learnt.novelty), *corrected)


def package(
    parsed: Parsed[Interface],
    learnt: Learnt,
    judged: Samples,
    seed: int,
    plants: Mapping[str, int],
    known: Mapping[str, Any],
) -> bytes:
    """The unsigned package; ``known`` is further evidence, such as the provenance of its training.

    Raises:
        FidelityError: The graph does not answer as its estimators do.
    """
    interface = parsed.document
    specs = outputs(learnt)
    chosen = np.unique(np.linspace(0, len(judged) - 1, _SAMPLES).astype(np.int64))
    samples = judged.rows(np.random.default_rng(seed).permutation(chosen)).inputs()
    estimators = {"time_to_ready": learnt.ready, "energy": learnt.energy}
    evidence = {
        **cooking_evidence(seed, plants, learnt.rows),
        "correction": check_correction(interface, learnt.features, specs, estimators, samples),
        "evaluation": figures(interface, learnt.features, specs, judged),
        **known,
    }
    evidence["card"] = card(interface, NAME, VERSION, [spec.name for spec in specs], evidence)
    return pack(
        Spec(
            name=NAME,
            version=VERSION,
            interface=parsed.tree,
            window="recent",
            features=learnt.features,
            outputs=specs,
            samples=samples,
            recorded=[recorded(interface, seed)],
            evidence=evidence,
        )
    )
