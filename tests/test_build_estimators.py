"""Every supported kind of estimator answers through its graph as it does itself, or is refused."""

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, PoissonRegressor, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, PowerTransformer, RobustScaler, StandardScaler

from trivet.build.blocks import Known
from trivet.build.estimators import block_of
from trivet.build.fidelity import check_block
from trivet.build.gates import BATCHES
from trivet.build.nodes import Graph
from trivet.errors import FidelityError, GraphError
from trivet.package.graph import walk
from trivet.runtime.session import Session
from trivet.signals import Float32s

FEATURES = ("volts", "watts", "seconds", "share")


def data(seed: int = 0, rows: int = 400) -> tuple[Float32s, Any]:
    """Features far from zero and of unlike sizes, and three classes."""
    rng = np.random.default_rng(seed)
    x = rng.normal([230, 6000, 90, 0.5], [3, 400, 8, 0.1], (rows, 4)).astype(np.float32)
    label = (x[:, 0] + x[:, 3] * 20 > 240).astype(int) + (x[:, 1] > 6100)
    return x, np.where(rng.random(rows) < 0.05, rng.integers(0, 3, rows), label)


def logistic() -> Any:
    return LogisticRegression(max_iter=200)


def mlp(kind: Any, activation: str = "relu") -> Any:
    return make_pipeline(
        StandardScaler(), kind(hidden_layer_sizes=(9, 5), activation=activation, max_iter=40, random_state=0)
    )


CLASSIFIERS: dict[str, Any] = {
    "gradient": GradientBoostingClassifier(n_estimators=12, random_state=0),
    "gradient_subsampled": GradientBoostingClassifier(n_estimators=12, subsample=0.5, init="zero", random_state=0),
    "logistic": make_pipeline(StandardScaler(), logistic()),
    "logistic_robust": make_pipeline(RobustScaler(), logistic()),
    "logistic_range": make_pipeline(MinMaxScaler((-1, 1)), logistic()),
    "logistic_filled": make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), logistic()),
    "logistic_filled_later": make_pipeline(StandardScaler(), SimpleImputer(), MaxAbsScaler(), logistic()),
    "network": mlp(MLPClassifier),
    "network_tanh": mlp(MLPClassifier, "tanh"),
    "scaled_forest": make_pipeline(StandardScaler(), RandomForestClassifier(9, random_state=0)),
    "scaled_extra": make_pipeline(RobustScaler(), MinMaxScaler(), ExtraTreesClassifier(9, random_state=0)),
    "scaled_histogram": make_pipeline(StandardScaler(), HistGradientBoostingClassifier(max_iter=9, random_state=0)),
    "sigmoid": CalibratedClassifierCV(HistGradientBoostingClassifier(max_iter=9, random_state=0), cv=3),
    "sigmoid_forest": CalibratedClassifierCV(RandomForestClassifier(9, random_state=0), cv=2),
    "isotonic": CalibratedClassifierCV(RandomForestClassifier(9, random_state=0), method="isotonic", cv=2),
}
REGRESSORS: dict[str, Any] = {
    "gradient": GradientBoostingRegressor(n_estimators=12, random_state=0),
    "gradient_quantile": GradientBoostingRegressor(n_estimators=12, loss="quantile", alpha=0.9, random_state=0),
    "linear": LinearRegression(),
    "ridge": make_pipeline(StandardScaler(), Ridge()),
    "lasso": make_pipeline(StandardScaler(), Lasso(0.01)),
    "poisson": make_pipeline(StandardScaler(), PoissonRegressor()),
    "network": mlp(MLPRegressor, "logistic"),
}


def unknown(x: Float32s, seed: int) -> Float32s:
    return np.where(np.random.default_rng(seed).random(x.shape) < 0.1, np.float32(np.nan), x).astype(np.float32)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_no_label_flips(name: str, classes: int) -> None:
    x, label = data()
    estimator = CLASSIFIERS[name].fit(x, np.minimum(label, classes - 1))
    unseen = unknown(data(1, 3000)[0], 2)
    report = check_block(name, estimator, block_of(estimator, FEATURES, rows=x), unseen)
    assert report.label_flips == 0
    assert report.largest_error < 1e-5


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", REGRESSORS)
def test_numbers_agree(name: str) -> None:
    x, label = data()
    estimator = REGRESSORS[name].fit(x, label + x[:, 3])
    unseen = unknown(data(1, 3000)[0], 2)
    assert check_block(name, estimator, block_of(estimator, FEATURES, rows=x), unseen).largest_error < 1e-5


@pytest.mark.parametrize("name", ["gradient", "logistic_filled", "network", "isotonic", "scaled_histogram"])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_bits_do_not_depend_on_the_batch(name: str) -> None:
    x, label = data()
    block = block_of(CLASSIFIERS[name].fit(x, label), FEATURES, rows=x)
    g = Graph()
    model = g.model([("x", ("batch", 4))], {"y": (block.emit(g, "x"), ("batch", block.width))})
    walk(model)
    session, rows = Session(model, ["y"]), unknown(data(3, 130)[0], 4)
    whole = session.run({"x": rows})[0]
    for size in BATCHES:
        parts = [session.run({"x": rows[n : n + size]})[0] for n in range(0, len(rows), size)]
        assert np.concatenate(parts).tobytes() == whole.tobytes()


def test_estimators_that_refuse_unknown_values_say_nothing_on_them() -> None:
    x, label = data()
    estimator = GradientBoostingClassifier(n_estimators=3).fit(x, label)
    block = block_of(estimator, FEATURES)
    assert isinstance(block, Known)
    with pytest.raises(FidelityError, match="estimator refuses"):
        check_block("careless", estimator, block.block, x)


def test_a_block_that_says_too_little_is_refused() -> None:
    x, label = data()
    estimator = HistGradientBoostingClassifier(max_iter=3).fit(x, label)
    with pytest.raises(FidelityError, match="withholds"):
        check_block("shy", estimator, Known(block_of(estimator, FEATURES)), x)


def test_steps_steeper_than_single_precision_are_refused() -> None:
    """Three trees say 1/3, whose nearest single-precision number lies behind this step."""
    x, label = data()
    forest = RandomForestClassifier(3, random_state=0)
    estimator = CalibratedClassifierCV(forest, method="isotonic", ensemble=False).fit(x, label > 0)
    (calibrator,) = estimator.calibrated_classifiers_[0].calibrators
    calibrator.X_thresholds_ = np.array([0.0, 1 / 3 - 4e-9, 1 / 3 + 4e-9, 1.0])
    calibrator.y_thresholds_ = np.array([0.0, 0.1, 0.9, 1.0])
    calibrator._build_f(calibrator.X_thresholds_, calibrator.y_thresholds_)
    with pytest.raises(FidelityError, match="off by"):
        check_block("steep", estimator, block_of(estimator, FEATURES), x)


def test_far_from_zero_without_a_scaler() -> None:
    """Products of features far from zero cancel; the centre keeps their digits."""
    x, label = data()
    x = x + np.array([40_000, 0, 0, 0], np.float32)
    estimator = LinearRegression().fit(x.astype(np.float64), x[:, 0] - 40_000 + label)
    centred = check_block("centred", estimator, block_of(estimator, FEATURES, rows=x), x).largest_error
    assert centred < 1e-4


def test_frozen_and_calibrated_apart() -> None:
    x, label = data()
    inner = IsolationForest(n_estimators=20, random_state=0).fit(x)
    assert check_block("isolation", inner, block_of(inner, FEATURES), x).largest_error < 1e-6
    base = HistGradientBoostingClassifier(max_iter=5, random_state=0).fit(x, label)
    estimator = CalibratedClassifierCV(FrozenEstimator(base), method="sigmoid").fit(*data(5))
    classes = ("2", "none", "0", "1")
    assert check_block("frozen", estimator, block_of(estimator, FEATURES, classes), x).label_flips == 0


@pytest.mark.parametrize(
    ("estimator", "match"),
    [
        (KNeighborsClassifier(), "KNeighborsClassifier has no exact form"),
        (make_pipeline(PowerTransformer(), LogisticRegression()), "PowerTransformer has no exact form"),
        (make_pipeline(MinMaxScaler(clip=True), LogisticRegression()), "MinMaxScaler has no exact form"),
        (make_pipeline(SimpleImputer(add_indicator=True), StandardScaler(), LogisticRegression()), "imputer"),
        (make_pipeline(SimpleImputer(), RandomForestClassifier(2)), "imputer before trees"),
        (make_pipeline(StandardScaler(), GradientBoostingClassifier(init=LogisticRegression())), "another estimator"),
        (MLPClassifier((1100, 1000), max_iter=1), "weights"),
    ],
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning", "ignore:overflow:RuntimeWarning")
def test_refused(estimator: Any, match: str) -> None:
    x, label = data(rows=60)
    if "indicator" in match or "imputer" in match:
        x[0, 0] = np.nan
    with pytest.raises(GraphError, match=match):
        block_of(estimator.fit(x, label), FEATURES)
