"""A whole small model: three columns, forty frames, three classes, novelty and a memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

import small
from trivet.build.assemble import OutputSpec
from trivet.build.blocks import Linked
from trivet.build.estimators import block_of
from trivet.build.features import Baseline, Condition, Feature, FeatureList
from trivet.build.golden import Recorded
from trivet.build.inputs import Inputs
from trivet.build.novelty import Novelty, fit_novelty
from trivet.build.pack import Spec
from trivet.build.session import FeatureSession
from trivet.signals import SECOND, Float32s, Readings

LENGTH, PRE = 40, 4
CLASSES = ("none", "unknown", "clog", "leak")
LEARNT = ("none", "clog", "leak")
BUSY = (Condition("mode", states=(1,)),)

FEATURES = FeatureList(
    frame=2,
    length=LENGTH,
    columns=small.COLUMNS,
    context=("frames", "elapsed", "rated_power"),
    features=(
        Feature("power_mean", "mean", ("power",), BUSY, unit="W"),
        Feature("power_std", "std", ("power",), BUSY, unit="W"),
        Feature("pressure_mean", "mean", ("pressure",), BUSY, unit="bar"),
        Feature("pressure_slope", "slope", ("pressure",), start=PRE, unit="bar/s"),
        Feature("busy", "duration", when=BUSY, unit="s"),
        Feature("load", "ratio", ("power_mean", "rated_power")),
        Feature("pressure_z", "z", ("pressure_mean",), value=0.01),
        Feature("power_drift", "drift", ("power_mean",), value=1.0),
    ),
    baseline=Baseline(windows=3, least=2, slow=10),
)

HEALTH = Novelty(("pressure_z", "power_drift"), np.zeros(2), np.ones(2), typical=4.0, single=6.0)


def tree() -> dict[str, Any]:
    """The interface: ``small`` with longer cycles and a parameter."""
    made = small.tree()
    busy = {"signal": "mode", "states": ["busy"]}
    idle = {"signal": "mode", "states": ["idle"], "hold": 4}
    made["windows"]["cycle"] |= {"length": LENGTH, "pre": PRE, "opens_when": [busy], "closes_when": [idle]}
    made["parameters"] = {"rated_power": {"unit": "W", "range": [1, 1000]}}
    return made


def simulate(count: int, seed: int) -> tuple[Inputs, list[str]]:
    """Cycles of machines that are well, clogged or leaking; some lack a signal."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(LEARNT, count, p=[0.5, 0.25, 0.25])
    window = np.full((count, LENGTH, 3), np.nan, np.float32)
    context = np.zeros((count, 3), np.float32)
    for row, label in enumerate(labels):
        frames = int(rng.integers(20, LENGTH - PRE + 1))
        window[row, : PRE + frames] = cycle(rng, str(label), frames)
        context[row] = (frames, rng.choice([np.nan, 60.0]), 500)
        window[row, :, rng.integers(0, 3)] *= np.nan if rng.random() < 0.3 else 1
    return Inputs(window, context), [str(label) for label in labels]


def cycle(rng: np.random.Generator, label: str, frames: int) -> Float32s:
    """One cycle, ``(pre + frames, columns)``."""
    mode = np.repeat([0.0, 1.0], [PRE, frames])
    level = {"none": 400, "clog": 330, "leak": 400}[label] * rng.normal(1, 0.02)
    power = np.where(mode == 1, level, 20) + rng.normal(0, 4, PRE + frames)
    fall = 0.2 * np.linspace(0, 1, PRE + frames) if label == "leak" else 0.0
    pressure = np.where(mode == 1, 1.5 + 0.3 * (label == "clog"), 0.0) - fall + rng.normal(0, 0.02, PRE + frames)
    return np.stack([power, mode, np.abs(pressure)], axis=1).round(3).astype(np.float32)


def recorded(seed: int = 5) -> list[Readings]:
    """The readings of one cycle and of the pause after it, one sample a frame."""
    rows = np.concatenate([cycle(np.random.default_rng(seed), "none", 25), np.tile([20, 0, 0.0], (6, 1))])
    times = (1_600_000_000 + 2 * np.arange(1, len(rows) + 1)) * SECOND
    column = np.tile(np.arange(3), len(rows))
    source = np.repeat(times, 3)
    good = np.zeros(len(source), np.uint32)
    return [Readings(small.COLUMNS, column, rows.reshape(-1), good, source, source, "meter")]


@lru_cache(maxsize=1)
def trained() -> tuple[Any, Novelty]:
    """The estimator and the novelty block; made once for all tests."""
    session = FeatureSession(FEATURES)
    inputs, labels = simulate(600, seed=1)
    sizes = np.array([5, 5, 5, 1, 400, 0.01, 9, 400, 1])
    state = np.abs(np.random.default_rng(2).normal(1, 1, (600, 9)) * sizes).astype(np.float32)
    x, _ = session.run(inputs.window, inputs.context, state)
    estimator = HistGradientBoostingClassifier(max_iter=20, max_leaf_nodes=6, random_state=0).fit(x, labels)
    healthy = x[np.array(labels) == "none"].astype(np.float64)
    return estimator, fit_novelty(FEATURES.names[:5], healthy[:, :5], [("power_mean",), ("pressure_mean", "busy")])


def spec(**changes: Any) -> Spec:
    """Everything that a package needs."""
    estimator, novelty = trained()
    samples, _ = simulate(150, seed=3)
    made: Mapping[str, Any] = {
        "name": "small-model",
        "version": "0.1.0",
        "interface": tree(),
        "window": "cycle",
        "features": FEATURES,
        "outputs": (
            OutputSpec("novelty", novelty),
            OutputSpec("health", Linked(HEALTH, "power_of_two")),
            OutputSpec("fault", block_of(estimator, FEATURES.names, CLASSES), CLASSES),
        ),
        "samples": samples,
        "estimators": {"fault": estimator},
        "recorded": [Recorded.of(recorded(), small.interface(), small.COLUMNS, {"rated_power": 500.0})],
        "evidence": {"data": {"simulated": True, "cycles": 600}, "training": {"seed": 1}},
    }
    return Spec(**{**made, **changes})
