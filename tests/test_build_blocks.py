"""Blocks: affine, chosen, linked, novelty; as arrays and as graph."""

import numpy as np
import pytest

from trivet.build.blocks import Affine, Block, Chosen, Linked
from trivet.build.nodes import Graph
from trivet.build.novelty import Novelty, fit_novelty
from trivet.errors import GraphError
from trivet.runtime.session import Session
from trivet.signals import Float32s, Floats

NAMES = ("a", "b", "c", "d")


def run(block: Block, x: Floats) -> Float32s:
    g = Graph()
    model = g.model([("x", ("batch", x.shape[1]))], {"y": (block.emit(g, "x"), ("batch", block.width))})
    session = Session(model, ["y"])
    made = session.run({"x": x.astype(np.float32)})[0]
    for row in range(0, len(x), 17):
        assert session.run({"x": x[row : row + 1].astype(np.float32)})[0].tobytes() == made[row : row + 1].tobytes()
    return made


def healthy(rows: int = 400, seed: int = 0) -> Floats:
    """Rows in which the second feature follows the first."""
    rng = np.random.default_rng(seed)
    x = rng.normal([50, 0, 1, 6000], [2, 0, 0.1, 90], (rows, 4))
    x[:, 1] = 3 * x[:, 0] + rng.normal(0, 0.3, rows)
    return x


def test_affine_fills_or_hands_on() -> None:
    x = np.array([[1.0, np.nan], [1.0, 2.0]])
    weights, offset = np.array([[1.0, 10.0], [0.0, 1.0]]), np.array([0.5, 0.0])
    filled = run(Affine(("a", "b"), weights, offset, fill=np.array([0.0, 3.0])), x)
    np.testing.assert_allclose(filled, [[31.5, 3], [21.5, 2]])
    handed = run(Affine(("a", "b"), weights, offset), x)
    np.testing.assert_allclose(handed, [[np.nan, np.nan], [21.5, 2]])


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("identity", [[0.0, 2.0]]),
        ("sigmoid", [[0.5, 1 / (1 + np.exp(-2))]]),
        ("softmax", [[1 / (1 + np.exp(2)), 1 / (1 + np.exp(-2))]]),
        ("exp", [[1.0, np.exp(2)]]),
        ("decay", [[1.0, np.exp(-2)]]),
        ("power_of_two", [[1.0, 0.25]]),
    ],
)
def test_links(link: str, expected: list[list[float]]) -> None:
    np.testing.assert_allclose(run(Linked(Chosen(("a", "b")), link), np.array([[0.0, 2.0]])), expected, rtol=1e-6)


def test_unknown_link() -> None:
    with pytest.raises(GraphError, match="closed set"):
        run(Linked(Chosen(("a",)), "relu"), np.array([[0.0]]))


@pytest.mark.parametrize("variance", [0.0, 0.6])
def test_novelty_forms_agree(variance: float) -> None:
    block = fit_novelty(NAMES, healthy(), [("a", "b"), ("d",)], variance=variance)
    rng = np.random.default_rng(1)
    x = healthy(300, seed=2) * rng.choice([1, 1, 1.5], (300, 4))
    x[rng.random(x.shape) < 0.3] = np.nan
    x[0] = np.nan
    x[1] = [1e30, np.nan, np.nan, np.nan]
    expected = block.value(x.astype(np.float32).astype(float))
    np.testing.assert_allclose(run(block, x)[:, 0], expected, rtol=1e-5, atol=1e-5)
    assert np.isnan(block.value(x)[0])


def test_novelty_keeps_its_false_alarms_in_each_tier() -> None:
    block = fit_novelty(NAMES, healthy(2000), [("a", "b"), ("d",)], false_alarms=0.01, margin=1.0)
    for known in (NAMES, ("a", "b"), ("d",)):
        unseen = np.where(np.isin(NAMES, known), healthy(2000, seed=3), np.nan)
        assert (block.value(unseen) > 1).mean() < 0.025


def test_novelty_beside_the_axes_sees_a_broken_relation() -> None:
    block = fit_novelty(NAMES, healthy(2000), variance=0.4)
    usual, broken = healthy(1, seed=4), healthy(1, seed=4)
    broken[0, 1] -= 12.0
    assert block.value(usual)[0] < 1
    assert block.value(broken)[0] > 1
    assert np.abs((broken - block.center) / block.scale).max() < 5


def test_novelty_needs_data() -> None:
    with pytest.raises(GraphError, match="at least 20"):
        fit_novelty(NAMES, healthy(5))
    x = healthy()
    x[:, 2] = np.nan
    with pytest.raises(GraphError, match="'c' is never known"):
        fit_novelty(NAMES, x)


def test_constant_feature_has_a_scale() -> None:
    x = healthy()
    x[:, 2] = 5.0
    block = fit_novelty(NAMES, x)
    assert (block.scale > 0).all()
    assert isinstance(block, Novelty)
    floored = fit_novelty(NAMES, x, floors=np.array([0, 0, 0.5, 0.0]))
    assert floored.scale[2] == 0.5
