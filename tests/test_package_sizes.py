"""Bounds on the size of values: never below what onnxruntime makes, and tight where sizes are fixed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from trivet.errors import GraphError
from trivet.package.extent import ONE, Bound, broadcast, extent, reshaped, unknown
from trivet.package.operators import ELSEWHERE
from trivet.package.shapes import RULES
from trivet.package.sizes import Sizes
from trivet.package.tensor import Tensor

BATCH = Bound(1, 1)
MOST = 1 << 22
ROWS, LENGTH, COLUMNS = 3, 6, 4
KERNEL = np.ones((5, LENGTH, 3), np.float32)

# operator, other inputs as constants, attributes, opset; the first input is (rows, 6, 4)
NODES: list[tuple[str, list[Any], dict[str, Any], int]] = [
    ("Add", [np.ones((2, LENGTH, 1), np.float32)[:1]], {}, 17),
    ("Where", [], {}, 17),
    ("MatMul", [np.ones((COLUMNS, 7), np.float32)], {}, 17),
    ("Concat", [np.ones((ROWS, LENGTH, 2), np.float32)], {"axis": 2}, 17),
    ("Split", [np.array([1, 3])], {"axis": 2}, 17),
    ("Split", [], {"axis": 1, "num_outputs": 2}, 18),
    ("Slice", [np.array([1]), np.array([5]), np.array([1]), np.array([2])], {}, 17),
    ("Slice", [np.array([-2]), np.array([2**62]), np.array([2])], {}, 17),
    ("Slice", [np.array([0, 4]), np.array([2**62, 0]), np.array([0, 1]), np.array([1, -1])], {}, 17),
    ("Gather", [np.array([[0, 1, 1]])], {"axis": 2}, 17),
    ("GatherElements", [np.zeros((ROWS, 2, 1), np.int64)], {"axis": 1}, 17),
    ("Reshape", [np.array([0, -1])], {}, 17),
    ("Reshape", [np.array([-1, 2, 3])], {}, 17),
    ("Flatten", [], {"axis": 2}, 17),
    ("Unsqueeze", [np.array([0, 2])], {}, 17),
    ("Transpose", [], {"perm": [2, 0, 1]}, 17),
    ("Transpose", [], {}, 17),
    ("Expand", [np.array([5, 1, 1, 1])], {}, 17),
    ("Tile", [np.array([1, 2, 3])], {}, 17),
    ("Pad", [np.array([0, 1, 0, 0, 2, 3])], {}, 17),
    ("TopK", [np.array([2])], {"axis": 1}, 17),
    ("Shape", [], {}, 17),
    ("Size", [], {}, 17),
    ("ArgMax", [], {"axis": 1, "keepdims": 0}, 17),
    ("ArgMin", [], {"axis": -1}, 17),
    ("ReduceSum", [np.array([1, 2])], {"keepdims": 0}, 17),
    ("ReduceSum", [], {"keepdims": 0}, 17),
    ("ReduceMean", [], {"axes": [1]}, 17),
    ("ReduceL2", [], {"axes": [-1], "keepdims": 0}, 17),
    ("Conv", [KERNEL], {"pads": [1, 2], "strides": [2]}, 17),
    ("Conv", [KERNEL], {"auto_pad": "SAME_UPPER"}, 17),
    ("MaxPool", [], {"kernel_shape": [2], "strides": [3], "ceil_mode": 1, "pads": [1, 1]}, 17),
    ("AveragePool", [], {"kernel_shape": [3]}, 17),
    ("GlobalAveragePool", [], {}, 17),
    ("Softmax", [], {}, 17),
    ("CumSum", [np.array(1)], {}, 17),
    ("LayerNormalization", [np.ones(COLUMNS, np.float32)], {}, 17),
    ("LSTM", [np.ones((1, 20, COLUMNS), np.float32), np.ones((1, 20, 5), np.float32)], {"hidden_size": 5}, 17),
    ("GRU", [np.ones((1, 15, COLUMNS), np.float32), np.ones((1, 15, 5), np.float32)], {"hidden_size": 5}, 17),
]
OUTPUTS = {"Split": 2, "TopK": 2, "LSTM": 3, "GRU": 2}


def _run(operator: str, others: list[Any], attributes: dict[str, Any], opset: int) -> list[Any]:
    names = [f"c{n}" for n in range(len(others))]
    inputs = ["x", *names] if operator != "Where" else ["m", "x", "x"]
    outputs = [f"y{n}" for n in range(OUTPUTS.get(operator, 1))]
    values = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, LENGTH, COLUMNS])]
    nodes = [helper.make_node("IsNaN", ["x"], ["m"]), helper.make_node(operator, inputs, outputs, **attributes)]
    weights = [numpy_helper.from_array(value, name) for value, name in zip(others, names, strict=True)]
    graph = helper.make_graph(nodes, "g", values, [onnx.ValueInfoProto(name=name) for name in outputs], weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    found: list[Any] = session.run(None, {"x": np.ones((ROWS, LENGTH, COLUMNS), np.float32)})
    return found


def _followed(operator: str, others: Sequence[Any], attributes: dict[str, Any]) -> Sizes:
    sizes = Sizes(MOST)
    sizes.port("x", ("batch", LENGTH, COLUMNS))
    sizes.follow("IsNaN", ["x"], ["m"], {}, "")
    for n, value in enumerate(others):
        array = np.asarray(value)
        few = tuple(int(v) for v in array.flatten()) if array.dtype == np.int64 else None
        sizes.constant(f"c{n}", Tensor(f"c{n}", 7, array.shape, few))
    inputs = ["x", *(f"c{n}" for n in range(len(others)))] if operator != "Where" else ["m", "x", "x"]
    sizes.follow(operator, inputs, [f"y{n}" for n in range(OUTPUTS.get(operator, 1))], attributes, "")
    return sizes


@pytest.mark.parametrize(("operator", "others", "attributes", "opset"), NODES)
def test_no_value_is_larger_than_its_bound(
    operator: str, others: list[Any], attributes: dict[str, Any], opset: int
) -> None:
    sizes = _followed(operator, others, attributes)
    for n, made in enumerate(_run(operator, others, attributes, opset)):
        bound = sizes.extents[f"y{n}"]
        assert made.size <= bound.total.factor * ROWS**bound.total.degree
        assert bound.dims is not None
        assert len(bound.dims) == made.ndim
        for size, dim in zip(made.shape, bound.dims, strict=True):
            at_most = dim.factor * ROWS**dim.degree
            assert size == at_most if dim.exact else size <= at_most


def test_every_operator_with_a_rule_is_allowed_somewhere() -> None:
    assert set(RULES) <= {name for operators in ELSEWHERE.values() for name in operators}


def test_joining_grows_and_is_stopped() -> None:
    sizes = Sizes(MOST)
    sizes.port("x0", ("batch", 8))
    for n in range(19):
        sizes.follow("Concat", [f"x{n}", f"x{n}"], [f"x{n + 1}"], {"axis": 1}, f"node {n}")
    with pytest.raises(GraphError, match="elements a row") as caught:
        sizes.follow("Concat", ["x19", "x19"], ["x20"], {"axis": 1}, "node 19")
    assert (caught.value.rule, caught.value.where) == ("TRV-P072", "node 19")


def test_values_together_are_stopped() -> None:
    sizes = Sizes(1000)
    sizes.port("x", ("batch", 900))
    for n in range(3):
        sizes.follow("Abs", ["x"], [f"y{n}"], {}, f"node {n}")
    with pytest.raises(GraphError, match="together"):
        sizes.follow("Abs", ["x"], ["y3"], {}, "node 3")


@pytest.mark.parametrize("operator", ["Expand", "ConstantOfShape", "Tile", "Pad"])
def test_sizes_out_of_data_are_refused(operator: str) -> None:
    sizes = Sizes(MOST)
    sizes.port("x", ("batch", 8))
    inputs = ["x", "x"] if operator != "ConstantOfShape" else ["x"]
    with pytest.raises(GraphError, match="computed from data"):
        sizes.follow(operator, inputs, ["y"], {}, "node 0")


def test_a_value_may_not_grow_faster_than_the_batch() -> None:
    sizes = Sizes(MOST)
    sizes.port("x", ("batch", 8))
    sizes.follow("Transpose", ["x"], ["t"], {"perm": [1, 0]}, "node 0")
    with pytest.raises(GraphError, match="faster than the batch"):
        sizes.follow("MatMul", ["x", "t"], ["y"], {}, "node 1")


def test_measured_sizes_are_followed() -> None:
    sizes = Sizes(MOST)
    sizes.port("x", ("batch", 8))
    sizes.follow("Shape", ["x"], ["s"], {}, "")
    sizes.constant("zero", Tensor("zero", 7, (1,), (0,)))
    sizes.constant("two", Tensor("two", 7, (1,), (2,)))
    sizes.follow("Gather", ["s", "zero"], ["rows"], {"axis": 0}, "")
    sizes.follow("Concat", ["rows", "two", "two"], ["wanted"], {"axis": 0}, "")
    sizes.follow("ConstantOfShape", ["wanted"], ["made"], {}, "")
    sizes.follow("Reshape", ["x", "wanted"], ["cut"], {}, "")
    assert sizes.extents["made"] == extent((BATCH, Bound(2), Bound(2)))
    assert sizes.extents["cut"].total == Bound(8, 1)
    assert sizes.width("cut") == 2


def test_bounds_join_and_multiply() -> None:
    assert broadcast([extent((BATCH, Bound(4))), extent((Bound(4),))]) == extent((BATCH, Bound(4)))
    assert broadcast([extent((Bound(3), ONE)), extent((Bound(5),))]).total == Bound(15)
    assert broadcast([unknown(Bound(6)), extent((Bound(5),))]).total == Bound(30, 0, False)
    assert reshaped(extent((BATCH, Bound(12))), (Bound(0), Bound(3), Bound(-1)), False).dims == (
        BATCH,
        Bound(3),
        Bound(4),
    )
