"""No false alarm: what other exporters write passes ``trivet inspect``, but for what no device should be given.

``TRIVET_EXPORTERS`` names a Python with skl2onnx, onnxmltools and lightgbm; `make interop` makes one. The models are
made, judged and thrown away; the verdicts go to ``benchmarks/results/exports.txt``.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)

from trivet.errors import TrivetError
from trivet.package.archive import open_package
from trivet.runtime.worker import judge_model

HERE = Path(__file__).parent
RESULT = HERE.parent / "benchmarks" / "results" / "exports.txt"
PACKAGES = HERE.parent / "reference_models" / "trivet_reference" / "packages"
EXPORTERS = os.environ.get("TRIVET_EXPORTERS")

OUTSIDE = {
    "gaussian-process": "a loop (Scan)",
    "knn-classifier": "a loop (Scan)",
    "knn-regressor": "a loop (Scan)",
    "logistic-texts": "texts as class labels",
    "logistic-zipmap": "a sequence of maps (ZipMap)",
    "svc": "a support-vector machine, whose operators runtimes read out of bounds until 2026",
    "svr": "a support-vector machine, whose operators runtimes read out of bounds until 2026",
}
"""Models that are rightly refused, with what they hold."""

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(EXPORTERS is None, reason="set TRIVET_EXPORTERS to a Python with skl2onnx and onnxmltools"),
]


def _ours(folder: Path) -> None:
    """Models that trivet exports: ensembles through ``build``, and those of the reference packages."""
    from trivet.build.forests import ensemble
    from trivet.build.nodes import Graph

    random = np.random.default_rng(7)
    table = random.normal(size=(300, 6)).astype(np.float32)
    label = (table[:, 0] > 0).astype(int) + (table[:, 1] > 1)
    estimators: list[Any] = [
        HistGradientBoostingClassifier(max_iter=10),
        HistGradientBoostingRegressor(max_iter=10),
        RandomForestClassifier(10),
        RandomForestRegressor(10),
        ExtraTreesRegressor(10),
        IsolationForest(n_estimators=10),
    ]
    for estimator in estimators:
        graph, trees = Graph(), ensemble(estimator.fit(table, label))
        model = graph.model([("x", ("batch", 6))], {"y": (trees.emit(graph, "x"), ("batch", trees.targets))})
        (folder / f"trivet-{type(estimator).__name__}.onnx").write_bytes(model)
    for path in PACKAGES.glob("*.trivet"):
        (folder / f"{path.stem}.onnx").write_bytes(open_package(path).member("model.onnx"))


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A folder of models, and what the exporters could not do."""
    folder, told = tmp_path_factory.mktemp("models"), []
    for python, script in ((str(EXPORTERS), "skl.py"), (sys.executable, "networks.py")):
        words = [python, str(HERE / "exports" / script), str(folder)]
        told += subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()  # noqa: S603 - our own scripts
    _ours(folder)
    return folder, told


def test_real_models_pass_and_others_are_refused_for_what_they_hold(models: tuple[Path, list[str]]) -> None:
    folder, told = models
    passed: list[str] = []
    alarms: list[str] = []
    outside: list[str] = []
    for path in sorted(folder.glob("*.onnx")):
        try:
            judge_model(path.read_bytes())
            passed.append(path.stem)
        except TrivetError as error:
            (outside if path.stem in OUTSIDE else alarms).append(f"{path.stem}: {error}")
    reasons = [f"outside  {line.partition(':')[0]}: {OUTSIDE[line.partition(':')[0]]}" for line in outside]
    rows = [f"{len(passed)} models pass, {len(alarms)} false alarms, {len(outside)} are outside what a device is given"]
    rows += [*alarms, *reasons, *(f"not made {line}" for line in told), "", f"passed: {', '.join(passed)}"]
    _keep(rows)
    assert alarms == []
    assert {line.partition(":")[0] for line in outside} == set(OUTSIDE)
    assert len(passed) >= 50


def _keep(rows: list[str]) -> None:
    names = "skl2onnx", "onnxmltools", "lightgbm", "scikit-learn", "onnx"
    script = f"from importlib.metadata import version; print(', '.join(f'{{n}} {{version(n)}}' for n in {names}))"
    versions = subprocess.run([str(EXPORTERS), "-c", script], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - fixed words
    words = ("git", "rev-parse", "--short", "HEAD")
    commit = subprocess.run(words, capture_output=True, text=True, check=False, cwd=HERE).stdout.strip()  # noqa: S603 - fixed words
    head = f"commit {commit}, Python {platform.python_version()}; exporters: {versions}, trivet.build, onnx.helper"
    RESULT.write_text("\n".join([head, "", *rows, ""]), encoding="utf-8")
