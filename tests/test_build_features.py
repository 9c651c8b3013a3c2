"""The three forms of every operator agree, on values worked out by hand."""

import numpy as np
import pytest

from trivet.build.arrays import evaluate
from trivet.build.derived import DERIVED
from trivet.build.features import DERIVED_OPERATORS, MASK_OPERATORS, Condition, Feature, FeatureList, Series
from trivet.build.operators import ENDS, EXTREMES, MOMENTS
from trivet.build.session import FeatureSession
from trivet.build.streaming import Stream
from trivet.errors import DocumentError

NAN = float("nan")
ON = (Condition("mode", states=(1, 2)),)
ROWS: list[tuple[float, float]] = [  # power, mode
    (10, 0),
    (20, 1),
    (NAN, 1),
    (40, 2),
    (30, 0),
    (50, NAN),
    (60, 1),
    (NAN, NAN),
]
SERIES = (
    Series("share", ("power",), over="rated"),
    Series("net", ("power", "mode"), minus=("share",)),
    Series("filled", ("power",), otherwise="mode"),
    Series("nothing", ("power",), over="zero"),
)
BY_HAND = [
    (3, Feature("known", "known", ("power",), ON)),
    (0, Feature("known_none", "known", ("lost",))),
    (40, Feature("mean", "mean", ("power",), ON)),
    (35, Feature("mean_all", "mean", ("power",))),
    (50, Feature("mean_rows", "mean", ("power",), ON, start=3, stop=7)),
    (20, Feature("mean_head", "mean", ("power",), (), stop=2, start=1)),
    (np.std([20, 40, 60]), Feature("std", "std", ("power",), ON)),
    (0, Feature("std_one", "std", ("power",), start=1, stop=2)),
    (20, Feature("min", "min", ("power",), ON)),
    (60, Feature("max", "max", ("power",), ON)),
    (20, Feature("first", "first", ("power",), ON)),
    (60, Feature("last", "last", ("power",), ON)),
    (40, Feature("rise", "rise", ("power",), ON)),
    (120, Feature("sum", "sum", ("power",), ON)),
    (np.polyfit([2, 6, 12], [20, 40, 60], 1)[0], Feature("slope", "slope", ("power",), ON)),
    (NAN, Feature("slope_one", "slope", ("power",), stop=1)),
    (8, Feature("duration", "duration", (), ON)),
    (4 / 6, Feature("share_on", "share", (), ON)),
    (6, Feature("max_run", "max_run", (), ON)),
    (1, Feature("starts", "starts", (), ON)),
    (2, Feature("onset", "onset", (), ON)),
    (2, Feature("onset_later", "onset", (), ON, start=5)),
    (NAN, Feature("onset_never", "onset", (), (Condition("power", above=99),))),
    (50, Feature("above", "max", ("power",), (Condition("power", above=30), Condition("power", below=60)))),
    (10, Feature("below", "max", ("power",), (Condition("power", below=20),))),
    (NAN, Feature("mean_never", "mean", ("power",), (Condition("power", above=99),))),
    (0, Feature("duration_never", "duration", (), (Condition("power", above=99),))),
    (NAN, Feature("duration_unknown", "duration", (), (Condition("lost", above=0),))),
    (NAN, Feature("max_unknown", "max", ("lost",))),
    (60 / 5, Feature("series_over", "max", ("share",))),
    (60 + 1 - 12, Feature("series_minus", "max", ("net",))),
    (7, Feature("series_otherwise", "known", ("filled",))),
    (0, Feature("series_over_zero", "known", ("nothing",))),
    (12, Feature("constant", "constant", value=12)),
    (40 / 35, Feature("ratio", "ratio", ("mean", "mean_all"))),
    (NAN, Feature("ratio_zero", "ratio", ("mean", "zero"))),
    (5, Feature("difference", "difference", ("mean", "mean_all"))),
    (200, Feature("product", "product", ("mean", "rated"))),
    (5, Feature("otherwise", "otherwise", ("max_unknown", "rated"))),
    (120, Feature("total", "total", ("min", "mean", "max"))),
    (60, Feature("largest", "largest", ("min", "max", "mean"))),
    (20, Feature("smallest", "smallest", ("max", "min", "mean"))),
    (NAN, Feature("largest_unknown", "largest", ("min", "max_unknown"))),
]


@pytest.fixture(scope="module")
def features() -> FeatureList:
    return FeatureList(
        frame=2,
        length=len(ROWS),
        columns=("power", "mode", "lost"),
        context=("frames", "elapsed", "rated", "zero"),
        features=tuple(feature for _, feature in BY_HAND),
        series=SERIES,
    )


WINDOW = np.array([[(power, mode, NAN) for power, mode in ROWS]], np.float32)
CONTEXT = np.array([[7, NAN, 5, 0]], np.float32)
EXPECTED = {feature.name: value for value, feature in BY_HAND}


def test_graph(features: FeatureList) -> None:
    made, state = FeatureSession(features).run(WINDOW, CONTEXT)
    assert state is None
    assert dict(zip(features.names, made[0].tolist(), strict=True)) == pytest.approx(EXPECTED, rel=1e-6, nan_ok=True)


def test_arrays(features: FeatureList) -> None:
    made = evaluate(features, WINDOW.astype(float), CONTEXT.astype(float))
    assert {n: float(made[n][0]) for n in EXPECTED} == pytest.approx(EXPECTED, rel=1e-12, nan_ok=True)


def test_one_pass(features: FeatureList) -> None:
    stream = Stream(features, CONTEXT[0].tolist())
    for row in WINDOW[0].tolist():
        stream.update(row)
    made = stream.values()
    assert {n: made[n] for n in EXPECTED} == pytest.approx(EXPECTED, rel=1e-12, nan_ok=True)


def test_every_operator_is_tried_by_hand() -> None:
    thermal = {"hold_power", "cool_down", "cool_time", "heat_up_time"}
    window = {*MOMENTS, *EXTREMES, *ENDS, *MASK_OPERATORS}
    assert {feature.operator for _, feature in BY_HAND} | thermal == window | set(DERIVED)
    assert set(DERIVED) == set(DERIVED_OPERATORS)


def test_tree_and_back(features: FeatureList) -> None:
    tree = features.to_tree()
    assert FeatureList.from_tree(tree) == features
    assert "when" not in next(f for f in tree["features"] if f["name"] == "mean_all")


@pytest.mark.parametrize(
    ("feature", "place"),
    [
        (Feature("f", "median", ("power",)), "f"),
        (Feature("f", "mean", ("flow",)), "f"),
        (Feature("f", "mean"), "f"),
        (Feature("frames", "mean", ("power",)), "frames"),
        (Feature("f", "duration"), "f"),
        (Feature("f", "mean", ("power",), (Condition("mode", states=(1,), above=2),)), "f"),
        (Feature("f", "mean", ("power",), (Condition("mode"),)), "f"),
        (Feature("f", "mean", ("power",), (Condition("mode", states=(1.5,)),)), "f"),
        (Feature("f", "mean", ("power",), start=9), "f"),
        (Feature("f", "ratio", ("frames",)), "f"),
        (Feature("f", "ratio", ("frames", "later")), "f"),
        (Feature("f", "constant"), "f"),
        (Feature("f", "z", ("frames",)), "f"),
    ],
)
def test_refused(feature: Feature, place: str) -> None:
    with pytest.raises(DocumentError) as error:
        FeatureList(frame=2, length=8, columns=("power", "mode"), context=("frames",), features=(feature,))
    assert error.value.where == f"features.json: {place}"


def test_memory_of_memory_is_refused() -> None:
    twice = (Feature("a", "ewma", ("frames",)), Feature("b", "ewma", ("a",)))
    with pytest.raises(DocumentError):
        FeatureList(frame=2, length=8, columns=("power",), context=("frames",), features=twice)


@pytest.mark.parametrize("tree", [{}, {"format": 7}, {"format": 0}, {"format": 0, "features": [{"label": 1}]}])
def test_malformed_tree(tree: dict[str, object]) -> None:
    with pytest.raises(DocumentError):
        FeatureList.from_tree(tree)
