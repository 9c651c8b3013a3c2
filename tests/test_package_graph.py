"""The walk over real models: its facts agree with onnx's own reader, and harmless models pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest, RandomForestRegressor

import tinypackage as tiny
from trivet.errors import GraphError
from trivet.package import archive
from trivet.package.graph import GraphFacts, Port, check_contract, walk
from trivet.package.operators import OPERATORS

OPSETS = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]


def _model(nodes: list[Any], weights: list[Any] | None = None, width: int = 1) -> bytes:
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 5])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", width])],
        weights or [],
    )
    return bytes(helper.make_model(graph, opset_imports=OPSETS, ir_version=8).SerializeToString())


def _ensemble(estimator: Any) -> bytes:
    from trivet.build.forests import ensemble
    from trivet.build.nodes import Graph

    graph, trees = Graph(), ensemble(estimator)
    return graph.model([("x", ("batch", 5))], {"y": (trees.emit(graph, "x"), ("batch", trees.targets))})


def test_the_facts_of_a_model() -> None:
    package = archive.read(archive.write(*tiny.counting()))
    facts = walk(package.members["model.onnx"])
    assert facts == GraphFacts(
        ir=8,
        opset=17,
        ml=3,
        inputs=(Port("window", 1, ("batch", 4, 2)), Port("context", 1, ("batch", 2)), Port("state", 1, ("batch", 1))),
        outputs=(Port("score", 1, ("batch", 1)), Port("next_state", 1, ("batch", 1))),
        operators={"Add": 1, "Gemm": 1, "MatMul": 1, "Squeeze": 1},
        nodes=4,
        weights=8,
    )
    check_contract(facts, package.manifest)
    with pytest.raises(GraphError, match="state"):
        check_contract(facts, archive.read(tiny.package()).manifest)


def test_real_tree_ensembles_pass() -> None:
    random = np.random.default_rng(7)
    table = random.normal(size=(400, 5)).astype(np.float32)
    table[random.random(table.shape) < 0.2] = np.nan
    label = (np.nan_to_num(table[:, 0]) > 0).astype(int) + np.isnan(table[:, 1])
    for estimator in (
        HistGradientBoostingClassifier(max_iter=20, random_state=0),
        RandomForestRegressor(20, random_state=0),
        IsolationForest(n_estimators=20, random_state=0),
    ):
        clean = isinstance(estimator, IsolationForest)
        model = _ensemble(estimator.fit(np.nan_to_num(table) if clean else table, label))
        facts = walk(model)
        assert facts.operators["ai.onnx.ml:TreeEnsembleRegressor"] == 1
        onnx.checker.check_model(model, full_check=True)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int64", "int32", "int8", "uint8", "bool"])
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3, 4)])
def test_all_weights_of_allowed_types_are_read(dtype: str, shape: tuple[int, ...]) -> None:
    values = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    raw = numpy_helper.from_array(values, "w")
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    typed = helper.make_tensor("v", kind, shape, values.flatten().tolist())
    assert walk(_model([helper.make_node("Identity", ["x"], ["y"])], [raw, typed], 5)).weights == 2 * values.size


@pytest.mark.parametrize("dtype", ["float16", "uint16", "int16", "uint32", "uint64", "complex64"])
def test_weights_of_other_types_are_refused(dtype: str) -> None:
    weight = numpy_helper.from_array(np.zeros(2, dtype), "w")
    with pytest.raises(GraphError) as caught:
        walk(_model([helper.make_node("Identity", ["x"], ["y"])], [weight], 5))
    assert caught.value.rule == "TRV-P067"


def test_every_allowed_operator_exists_with_just_these_attributes() -> None:
    """The table agrees with the schemas of all operator sets that are allowed, so nothing is allowed by a slip."""
    letters = {1: "f", 2: "i", 3: "s", 4: "t", 6: "ff", 7: "ii", 8: "ss"}
    for domain, operators in OPERATORS.items():
        for name, attributes in operators.items():
            known: dict[str, str] = {}
            for version in (17, 18, 19, 20, 21) if domain == "" else (3,):
                schema = onnx.defs.get_schema(name, version, domain)
                assert schema.support_level == onnx.defs.OpSchema.SupportType.COMMON
                known |= {key: letters.get(int(a.type.value), "?") for key, a in schema.attributes.items()}
            assert {key: known.get(key) for key in attributes} == dict(attributes), name


def test_operators_that_make_texts_graphs_or_chance_are_absent() -> None:
    for domain, operators in OPERATORS.items():
        for name in operators:
            schema = onnx.defs.get_schema(name, 17 if domain == "" else 3, domain)
            assert not any(int(a.type.value) in (5, 10) for a in schema.attributes.values())
            assert schema.node_determinism != onnx.defs.OpSchema.NodeDeterminism.NonDeterministic


def test_numbers_survive_the_run_reader() -> None:
    """Values around every boundary of the encoding, packed and not, reach the checks as they were written."""
    edges = [0, 1, 127, 128, 16383, 16384, 2**31 - 1, 2**63 - 1, -1, -(2**63)]
    constant = helper.make_node("Constant", [], ["size"], value=helper.make_tensor("", 7, [len(edges)], edges))
    listed = helper.make_node("Constant", [], ["size2"], value_ints=edges)
    facts = walk(_model([constant, listed, helper.make_node("Identity", ["x"], ["y"])], width=5))
    assert facts.operators == {"Constant": 2, "Identity": 1}


def test_long_runs_cross_block_borders() -> None:
    for count in (15, 16, 17, 63, 64, 65, 80, 336, 65535, 65536, 65537, 140_000):
        floats = helper.make_node("Constant", [], ["f"], value_floats=[0.5] * count)
        ints = helper.make_node("Constant", [], ["i"], value_ints=list(range(count)))
        assert walk(_model([floats, ints, helper.make_node("Identity", ["x"], ["y"])], width=5)).nodes == 3
    bad = [0.5] * 70_000 + [float("nan")]
    with pytest.raises(GraphError, match="NaN"):
        walk(_model([helper.make_node("Constant", [], ["f"], value_floats=bad)], width=5))
