"""Graph, arrays and one pass agree on any pattern of unknown values, at any batch size."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trivet.build.arrays import evaluate, next_state
from trivet.build.baseline import fields
from trivet.build.features import Baseline, Condition, Feature, FeatureList, Series
from trivet.build.session import FeatureSession
from trivet.build.streaming import Stream
from trivet.signals import Float32s

LENGTH = 12
WHEN = {
    "always": (),
    "in": (Condition("mode", states=(1, 2, 5)),),
    "hot": (Condition("power", above=50), Condition("mode", below=4)),
    "made": (Condition("net", above=0),),
}
SERIES = ("known", "mean", "std", "min", "max", "first", "last", "sum", "slope", "rise")
MASK = ("duration", "share", "max_run", "starts", "onset")
BOUNDS = {"": (0, None), "_inner": (2, 10)}

WINDOWED = tuple(
    Feature(f"{operator}_{key}{rows}", operator, (column,) if operator in SERIES else (), when, start, stop)
    for operator in (*SERIES, *MASK)
    for key, when in WHEN.items()
    for rows, (start, stop) in BOUNDS.items()
    for column in (("net",) if key == "made" else ("power",))
    if operator in SERIES or when
)
DERIVED = (
    Feature("ratio", "ratio", ("mean_always", "std_in")),
    Feature("spread", "difference", ("max_always", "min_always")),
    Feature("far", "largest", ("mean_in", "mean_hot", "rated")),
    Feature("filled", "otherwise", ("mean_hot", "mean_always")),
    Feature("z_mean", "z", ("mean_always",), value=0.5),
    Feature("residual_run", "residual", ("max_run_in",)),
    Feature("slow_mean", "ewma", ("mean_hot",)),
    Feature("drift_mean", "drift", ("mean_always",), value=0.5),
    Feature("twice", "product", ("drift_mean", "rated")),
)
FEATURES = FeatureList(
    frame=2,
    length=LENGTH,
    columns=("power", "mode", "other"),
    context=("frames", "elapsed", "rated"),
    features=(*WINDOWED, *DERIVED),
    series=(Series("net", ("power",), ("other",), over="rated", otherwise="power"),),
    baseline=Baseline(windows=4, least=2, slow=5),
)
SESSION = FeatureSession(FEATURES)

power = st.one_of(st.just(float("nan")), st.floats(-100, 6000, width=32).map(lambda x: round(x, 2)))
mode = st.one_of(st.just(float("nan")), st.integers(0, 6).map(float))
rows = st.lists(st.tuples(power, mode, power), min_size=LENGTH, max_size=LENGTH)
windows = st.lists(rows, min_size=1, max_size=6)
rated = st.sampled_from([float("nan"), 0.0, 1.0, 750.0])


def scale(window: Float32s, context: Float32s) -> float:
    """The largest number that goes in: single precision cannot do better than a share of it."""
    divisor = context[2] if np.isfinite(context[2]) and context[2] not in (0, 1) else 1.0
    return float(max(1.0, np.nanmax(np.abs(np.append(window, 1.0))) / min(divisor, 1.0)))


@given(windows, rated)
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_forms_agree(values: list[list[tuple[float, float, float]]], parameter: float) -> None:
    window = np.array(values, np.float32)
    context = np.tile(np.array([LENGTH, np.nan, parameter], np.float32), (len(window), 1))
    state = np.zeros((1, len(fields(FEATURES))), np.float32)
    for number in range(len(window)):
        one, ctx = window[number : number + 1], context[number : number + 1]
        graph, following = SESSION.run(one, ctx, state)
        arrays = evaluate(FEATURES, one.astype(float), ctx.astype(float), state.astype(float))
        stream = Stream(FEATURES, ctx[0].tolist())
        for row in one[0].tolist():
            stream.update(row)
        passed = stream.values(state[0].tolist())
        limit = 1e-5 * scale(one, ctx[0])
        for column, feature in enumerate(FEATURES.features):
            expected = float(arrays[feature.name][0])
            allowed = limit * {"sum": LENGTH, "ratio": 1e3, "z": 10, "drift": 10, "product": 1e4}.get(
                feature.operator, 1
            )
            assert passed[feature.name] == pytest.approx(expected, abs=allowed, rel=1e-5, nan_ok=True), feature
            assert graph[0, column] == pytest.approx(expected, abs=allowed, rel=1e-5, nan_ok=True), feature
        assert following is not None
        assert np.isfinite(following).all()
        wide = next_state(FEATURES, arrays, state.astype(float))[0]
        narrow = stream.next_state(passed, state[0].tolist())
        np.testing.assert_allclose(narrow, wide, rtol=1e-9, atol=1e-6)
        np.testing.assert_allclose(following[0], wide, rtol=1e-4, atol=limit * limit)
        state = following


@given(windows, rated)
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_rows_do_not_know_their_batch(values: list[list[tuple[float, float, float]]], parameter: float) -> None:
    window = np.array(values, np.float32)
    context = np.tile(np.array([LENGTH, np.nan, parameter], np.float32), (len(window), 1))
    state = np.abs(np.tile(window[:, 0, :1], (1, len(fields(FEATURES)))))
    state = np.nan_to_num(state)
    together = SESSION.run(window, context, state)
    for number in range(len(window)):
        rows = slice(number, number + 1)
        alone = SESSION.run(window[rows], context[rows], state[rows])
        for whole, part in zip(together, alone, strict=True):
            assert whole is not None
            assert part is not None
            assert whole[rows].tobytes() == part.tobytes()
