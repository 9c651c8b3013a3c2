"""Models as scikit-learn users export them: ``python skl.py FOLDER``, in an environment with skl2onnx and onnxmltools.

Writes ``NAME.onnx`` for each estimator and exporter. Options are those of the exporters' documentation for plain
tensors (``zipmap`` off); a few keep the defaults, whose maps and texts are outside what a device can use.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import (
    cluster,
    decomposition,
    discriminant_analysis,
    ensemble,
    gaussian_process,
    linear_model,
    naive_bayes,
    neighbors,
    neural_network,
    pipeline,
    preprocessing,
    svm,
    tree,
)

# These are in an environment of their own, so that no type checker finds them here.
lightgbm: Any = import_module("lightgbm")
onnxmltools: Any = import_module("onnxmltools")
to_onnx: Callable[..., Any] = import_module("skl2onnx").to_onnx
ToolsFloat: Any = import_module("onnxmltools.convert.common.data_types").FloatTensorType

RANDOM = np.random.default_rng(20261120)
X = RANDOM.normal(size=(300, 6)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] * X[:, 2] > 0).astype(np.int64) + (X[:, 3] > 1)
Z = (X @ np.arange(6) + X[:, 0] ** 2).astype(np.float32)

CLASSIFIERS: dict[str, Any] = {
    "logistic": linear_model.LogisticRegression(max_iter=500),
    "ridge-classifier": linear_model.RidgeClassifier(),
    "perceptron": linear_model.Perceptron(),
    "sgd-classifier": linear_model.SGDClassifier(loss="log_loss"),
    "lda": discriminant_analysis.LinearDiscriminantAnalysis(),
    "qda": discriminant_analysis.QuadraticDiscriminantAnalysis(),
    "gaussian-nb": naive_bayes.GaussianNB(),
    "bernoulli-nb": naive_bayes.BernoulliNB(),
    "tree-classifier": tree.DecisionTreeClassifier(max_depth=6),
    "forest-classifier": ensemble.RandomForestClassifier(20, max_depth=6),
    "extra-trees-classifier": ensemble.ExtraTreesClassifier(20, max_depth=6),
    "gradient-boosting-classifier": ensemble.GradientBoostingClassifier(n_estimators=10),
    "ada-boost-classifier": ensemble.AdaBoostClassifier(n_estimators=5),
    "bagging-classifier": ensemble.BaggingClassifier(n_estimators=4),
    "voting-classifier": ensemble.VotingClassifier(
        [("a", linear_model.LogisticRegression(max_iter=500)), ("b", tree.DecisionTreeClassifier(max_depth=3))],
        voting="soft",
        flatten_transform=False,
    ),
    "mlp-classifier": neural_network.MLPClassifier(hidden_layer_sizes=(16, 8), max_iter=60),
    "scaled-logistic": pipeline.make_pipeline(
        preprocessing.StandardScaler(), linear_model.LogisticRegression(max_iter=500)
    ),
    "linear-svc": svm.LinearSVC(),
    "svc": svm.SVC(probability=False),
    "knn-classifier": neighbors.KNeighborsClassifier(5),
}

REGRESSORS: dict[str, Any] = {
    "linear": linear_model.LinearRegression(),
    "ridge": linear_model.Ridge(),
    "lasso": linear_model.Lasso(),
    "elastic-net": linear_model.ElasticNet(),
    "huber": linear_model.HuberRegressor(max_iter=1000),
    "bayesian-ridge": linear_model.BayesianRidge(),
    "poisson": linear_model.TweedieRegressor(power=0),
    "tree-regressor": tree.DecisionTreeRegressor(max_depth=6),
    "forest-regressor": ensemble.RandomForestRegressor(20, max_depth=6),
    "extra-trees-regressor": ensemble.ExtraTreesRegressor(20, max_depth=6),
    "gradient-boosting-regressor": ensemble.GradientBoostingRegressor(n_estimators=10),
    "hist-gradient-boosting-regressor": ensemble.HistGradientBoostingRegressor(max_iter=10),
    "mlp-regressor": neural_network.MLPRegressor(hidden_layer_sizes=(16, 8), max_iter=60),
    "svr": svm.SVR(),
    "knn-regressor": neighbors.KNeighborsRegressor(5),
    "gaussian-process": gaussian_process.GaussianProcessRegressor(),
}

TRANSFORMERS: dict[str, Any] = {
    "standard-scaler": preprocessing.StandardScaler(),
    "min-max-scaler": preprocessing.MinMaxScaler(),
    "robust-scaler": preprocessing.RobustScaler(),
    "max-abs-scaler": preprocessing.MaxAbsScaler(),
    "normalizer": preprocessing.Normalizer(),
    "binarizer": preprocessing.Binarizer(),
    "polynomial": preprocessing.PolynomialFeatures(2),
    "power-transformer": preprocessing.PowerTransformer(),
    "k-bins": preprocessing.KBinsDiscretizer(4, encode="ordinal", quantile_method="averaged_inverted_cdf"),
    "pca": decomposition.PCA(3),
    "truncated-svd": decomposition.TruncatedSVD(3),
    "k-means": cluster.KMeans(4, n_init=2),
    "isolation-forest": ensemble.IsolationForest(n_estimators=20),
    "scaler-pca": pipeline.make_pipeline(preprocessing.StandardScaler(), decomposition.PCA(2)),
}

OPSETS = {"": 17, "ai.onnx.ml": 3}


def _models() -> Iterator[tuple[str, Callable[[], Any]]]:
    for name, estimator in CLASSIFIERS.items():
        estimator.fit(X, Y)
        options = {} if name in ("linear-svc", "ridge-classifier") else {"zipmap": False}
        yield name, partial(to_onnx, estimator, X[:1], options=options, target_opset=OPSETS)
    for name, estimator in REGRESSORS.items():
        estimator.fit(X, Z)
        yield name, partial(to_onnx, estimator, X[:1], target_opset=OPSETS)
    for name, estimator in TRANSFORMERS.items():
        estimator.fit(X)
        yield name, partial(to_onnx, estimator, X[:1], target_opset=OPSETS)
    yield "forest-newest", lambda: to_onnx(REGRESSORS["forest-regressor"], X[:1])
    yield "linear-newest", lambda: to_onnx(REGRESSORS["linear"], X[:1])
    yield "logistic-zipmap", lambda: to_onnx(CLASSIFIERS["logistic"], X[:1], target_opset=OPSETS)
    yield "logistic-texts", _texts
    yield from _tools()


def _texts() -> Any:
    fitted = linear_model.LogisticRegression(max_iter=500).fit(X, np.array(["ok", "watch", "act"])[Y])
    return to_onnx(fitted, X[:1], options={"zipmap": False}, target_opset=OPSETS)


def _tools() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Through onnxmltools: LightGBM, and scikit-learn by its own front end."""
    kind = [("input", ToolsFloat([None, 6]))]
    gbm: dict[str, Any] = {"n_estimators": 10, "verbose": -1}
    regressor = lightgbm.LGBMRegressor(**gbm).fit(X, Z)
    classifier = lightgbm.LGBMClassifier(**gbm).fit(X, Y)
    binary = lightgbm.LGBMClassifier(**gbm).fit(X, (Y > 0).astype(int))
    yield "lightgbm-regressor", lambda: onnxmltools.convert_lightgbm(regressor, initial_types=kind, target_opset=15)
    for name, fitted in (("lightgbm-classifier", classifier), ("lightgbm-binary", binary)):
        yield (
            name,
            partial(onnxmltools.convert_lightgbm, fitted, initial_types=kind, zipmap=False, target_opset=15),
        )


def main() -> None:
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1])
    for name, export in _models():
        try:
            model = export()
        except Exception as error:
            print(f"{name}: its exporter fails ({type(error).__name__}: {str(error).splitlines()[0][:80]})")
            continue
        (folder / f"{name}.onnx").write_bytes(model.SerializeToString())


if __name__ == "__main__":
    main()
