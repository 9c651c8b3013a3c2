"""Estimator against graph over a million rows with a tenth of the cells unknown; isolation forest against skl2onnx.

For every supported kind of scikit-learn estimator: label flips (rows whose two best
classes differ by less than 1e-6 in the estimator are ties, counted apart) and the
largest difference as a share of the output's scale: 1 for probabilities and scores, the
standard deviation for regressions. Where the estimator refuses unknown values, the
graph must say nothing; those rows are counted as withheld.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from typing import Any, NamedTuple

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from trivet.build.blocks import Block
from trivet.build.estimators import block_of
from trivet.build.fidelity import TIE, expected
from trivet.build.nodes import Graph
from trivet.runtime.session import Session
from trivet.signals import Float32s

WIDTH, CLASSES, TRAINING, CHUNK = 20, 5, 6_000, 50_000
NAMES = tuple(f"f{n}" for n in range(WIDTH))


def filled(last: Any) -> Any:
    """A pipeline that fills unknown values in and scales."""
    return make_pipeline(SimpleImputer(), StandardScaler(), last)


class Case(NamedTuple):
    """An estimator, and whether it is trained on classes or on a number."""

    estimator: Any
    classifies: bool
    unknown: bool = True


def cases() -> dict[str, Case]:
    """All kinds; `unknown` says whether rows with unknown values can be trained on."""
    seed = {"random_state": 0}
    return {
        "HistGradientBoostingClassifier": Case(HistGradientBoostingClassifier(max_iter=40, **seed), True),
        "HistGradientBoostingRegressor": Case(HistGradientBoostingRegressor(max_iter=60, **seed), False),
        "GradientBoostingClassifier": Case(GradientBoostingClassifier(n_estimators=30, **seed), True, False),
        "GradientBoostingRegressor": Case(GradientBoostingRegressor(n_estimators=60, **seed), False, False),
        "RandomForestClassifier": Case(RandomForestClassifier(40, max_depth=10, **seed), True),
        "RandomForestRegressor": Case(RandomForestRegressor(40, max_depth=10, **seed), False),
        "ExtraTreesClassifier": Case(ExtraTreesClassifier(40, max_depth=10, **seed), True),
        "ExtraTreesRegressor": Case(ExtraTreesRegressor(40, max_depth=10, **seed), False),
        "IsolationForest": Case(IsolationForest(n_estimators=100, **seed), False),
        "scaler + RandomForestClassifier": Case(
            make_pipeline(StandardScaler(), RandomForestClassifier(40, max_depth=10, **seed)), True
        ),
        "imputer + scaler + LogisticRegression": Case(filled(LogisticRegression(max_iter=300)), True),
        "imputer + scaler + Ridge": Case(filled(Ridge()), False),
        "imputer + scaler + MLPClassifier": Case(filled(MLPClassifier((24, 12), max_iter=60, **seed)), True),
        "imputer + scaler + MLPRegressor": Case(
            filled(MLPRegressor(hidden_layer_sizes=(24, 12), max_iter=60, **seed)), False
        ),
        "calibrated (sigmoid) HistGradientBoosting": Case(
            CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=20, **seed), cv=2), True
        ),
        "calibrated (isotonic) RandomForest": Case(
            CalibratedClassifierCV(RandomForestClassifier(20, max_depth=8, **seed), method="isotonic", cv=2), True
        ),
    }


def data(seed: int, rows: int) -> tuple[Float32s, Any, Any]:
    """Features of unlike sizes, some in whole degrees; a class and a number that follow them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (rows, WIDTH)) * np.geomspace(0.01, 5000, WIDTH) + np.linspace(-50, 300, WIDTH)
    x[:, ::4] = x[:, ::4].round()
    z = (x - np.linspace(-50, 300, WIDTH)) / np.geomspace(0.01, 5000, WIDTH)
    drive = z[:, 1] + 0.5 * z[:, 9] * z[:, 14] + 0.3 * z[:, 5]
    label = np.digitize(drive + rng.normal(0, 0.2, rows), [-1, -0.3, 0.3, 1])
    return x.astype(np.float32), label, drive * 40 + 100


def unknown(x: Float32s, seed: int) -> Float32s:
    """A tenth of the cells unknown."""
    return np.where(np.random.default_rng(seed).random(x.shape) < 0.1, np.float32(np.nan), x).astype(np.float32)


def compiled(block: Block) -> Session:
    g = Graph()
    return Session(g.model([("x", ("batch", WIDTH))], {"y": (block.emit(g, "x"), ("batch", block.width))}), ["y"])


def compare(name: str, case: Case, rows: int) -> str:
    x, label, number = data(0, TRAINING)
    seen = unknown(x, 1) if case.unknown else x
    estimator = case.estimator.fit(seen, label if case.classifies else number)
    block = block_of(estimator, NAMES, rows=x)
    session = compiled(block)
    scale = 1.0 if case.classifies or name == "IsolationForest" else float(np.std(number))
    flips = ties = withheld = 0
    worst = 0.0
    for start in range(0, rows, CHUNK):
        part = unknown(data(start + 7, min(CHUNK, rows - start))[0], start + 8)
        made, wanted = session.run({"x": part})[0], expected(estimator, block, part)
        silent = np.isnan(wanted).any(axis=1)
        if not (np.isnan(made).any(axis=1) == silent).all():
            return f"{name:<44} answers other rows than the estimator does"
        withheld += int(silent.sum())
        made, wanted = made[~silent], wanted[~silent]
        worst = max(worst, float(np.abs(made - wanted).max(initial=0.0)) / scale)
        if case.classifies:
            best = made.argmax(1)
            differs = wanted.argmax(1) != best
            close = wanted.max(1) - wanted[np.arange(len(wanted)), best] < TIE
            flips, ties = flips + int((differs & ~close).sum()), ties + int((differs & close).sum())
    verdict = "reached" if not flips and worst <= 1e-6 else "NOT reached"
    return f"{name:<44}{flips:6} flips {ties:5} ties {worst:10.1e}  {withheld:9,} withheld  {verdict}"


def isolation(rounds: int = 9) -> str:
    """Time of one row through our single node and through the graph that skl2onnx writes."""
    try:
        from skl2onnx import to_onnx  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        return "isolation forest: skl2onnx is not installed, no comparison"
    import onnxruntime as ort

    x = data(0, TRAINING)[0]
    estimator = IsolationForest(n_estimators=100, random_state=0).fit(x)
    ours = compiled(block_of(estimator, NAMES))
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    peer = ort.InferenceSession(
        to_onnx(estimator, x[:1], target_opset={"": 17, "ai.onnx.ml": 3}).SerializeToString(),
        options,
        providers=["CPUExecutionProvider"],
    )
    row, (theirs,) = {"x": x[:1]}, (port.name for port in peer.get_inputs())
    pairs = [
        (timed(lambda: ours.run(row), 400), timed(lambda: peer.run(None, {theirs: x[:1]}), 40)) for _ in range(rounds)
    ]
    ratio = statistics.median(b / a for a, b in pairs)
    mine, other = (statistics.median(column) * 1e6 for column in zip(*pairs, strict=True))
    verdict = "reached" if ratio >= 100 else "NOT reached"
    return (
        f"isolation forest, one row: {mine:.1f} us, skl2onnx {other:.1f} us, ratio {ratio:.0f}x  target 100x  {verdict}"
    )


def timed(call: Any, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    warnings.simplefilter("ignore")
    print(
        f"{rows:,} rows, a tenth of the cells unknown; largest difference as a share of the output's scale, target 1e-6"
    )
    for name, case in cases().items():
        print(compare(name, case, rows), flush=True)
    print(isolation())


if __name__ == "__main__":
    main()
