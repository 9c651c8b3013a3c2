"""Graphs that must not be packed: rows that know their batch, numbers made of nothing."""

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

import small
import smallmodel
from trivet.build.assemble import OutputSpec, assemble
from trivet.build.blocks import Chosen
from trivet.build.features import FeatureList
from trivet.build.gates import check_batches, check_unknown
from trivet.build.inputs import Inputs, Runner, blanked, fitted_patterns
from trivet.errors import GraphError
from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.package.graph import walk
from trivet.package.manifest import OutputPort

PLAIN = small.manifest(state=False)._replace(outputs=(OutputPort("novelty", ()),), length=40)


def graph(*nodes: Any, **constants: Any) -> bytes:
    """A graph of ``window`` (40 frames, 3 columns) to ``novelty``."""
    made = helper.make_graph(
        list(nodes),
        "g",
        [
            helper.make_tensor_value_info("window", TensorProto.FLOAT, ("batch", 40, 3)),
            helper.make_tensor_value_info("context", TensorProto.FLOAT, ("batch", 2)),
        ],
        [helper.make_tensor_value_info("novelty", TensorProto.FLOAT, ("batch", 1))],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17)]
    return bytes(helper.make_model(made, opset_imports=opsets, ir_version=8).SerializeToString())


def inputs(rows: int = 200, width: int = 2) -> Inputs:
    rng = np.random.default_rng(0)
    window = rng.normal(100, 50, (rows, 40, 3)).astype(np.float32)
    return Inputs(window, np.ones((rows, width), np.float32))


NODE = helper.make_node


def test_rows_that_know_their_batch_are_refused() -> None:
    model = graph(
        NODE("Gather", ["context", "first"], ["one"], axis=1),
        NODE("ReduceMax", ["window"], ["peak"], axes=[0, 1, 2], keepdims=0),
        NODE("Mul", ["one", "peak"], ["novelty"]),
        first=np.array([0], np.int64),
    )
    with pytest.raises(GraphError, match="differ between a batch of 1") as error:
        check_batches(Runner(model, ["novelty"]), inputs())
    assert error.value.rule == "TRV-P080"


@pytest.mark.parametrize("kind", ["ReduceSum", "ReduceMean"])
def test_reductions_are_refused(kind: str) -> None:
    """Whether their rows differ depends on CPU and shape, so the walk refuses them whatever the gate sees."""
    axes: dict[str, Any] = {} if kind == "ReduceSum" else {"axes": [1]}
    names = ["window", "time"] if kind == "ReduceSum" else ["window"]
    model = graph(
        NODE(kind, names, ["sums"], keepdims=0, **axes),
        NODE("Gather", ["sums", "first"], ["novelty"], axis=1),
        time=np.array([1], np.int64),
        first=np.array([0], np.int64),
    )
    with pytest.raises(GraphError, match=kind):
        walk(model)


def test_constant_row_passes() -> None:
    model = graph(
        NODE("MatMul", ["row", "window"], ["sums"]),
        NODE("Gather", ["sums", "first"], ["novelty"], axis=2),
        row=np.ones((1, 40), np.float32),
        first=np.array(0, np.int64),
    )
    assert check_batches(Runner(model, ["novelty"]), inputs()) == 200


def test_few_rows_are_repeated() -> None:
    model = graph(NODE("Gather", ["context", "first"], ["novelty"], axis=1), first=np.array([0], np.int64))
    assert check_batches(Runner(model, ["novelty"]), inputs(3)) == 130


def test_number_made_of_nothing_is_refused() -> None:
    model = graph(NODE("Gather", ["context", "first"], ["novelty"], axis=1), first=np.array([0], np.int64))
    with pytest.raises(GraphError, match="none of its sets of needs") as error:
        check_unknown(Runner(model, ["novelty"]), inputs(), small.interface(), PLAIN)
    assert error.value.rule == "TRV-P082"


def test_blocks_are_silenced_by_the_needs() -> None:
    """The block itself always has a number; the assembled graph has not."""
    features = FeatureList(frame=2, length=40, columns=small.COLUMNS, context=("frames", "elapsed"), features=())
    model = assemble(small.interface(), features, [OutputSpec("novelty", Chosen(("frames",)))])
    runner = Runner(model, ["novelty"])
    assert check_unknown(runner, inputs(), small.interface(), PLAIN) == 8
    lacking = runner.run(blanked(inputs(4), small.COLUMNS, frozenset({"mode", "pressure"})))
    assert np.isnan(lacking["novelty"]).all()


def test_every_pattern_of_the_small_model() -> None:
    interface = load(smallmodel.tree(), Interface)
    spec = smallmodel.spec()
    model = assemble(interface, spec.features, spec.outputs)
    names = ("novelty", "health", "fault")
    runner = Runner(model, names)
    columns, rows = small.COLUMNS, spec.samples.rows(slice(0, 20)).with_state(9)
    for pattern in fitted_patterns(interface, columns, names):
        part = blanked(rows, columns, pattern)
        known = np.asarray(np.isfinite(part.window).any(axis=1))
        made = runner.run(part)
        assert np.isnan(made["novelty"][~known[:, 0]]).all()
        assert np.isnan(made["fault"][~known[:, 0]][:, [0, 1, 3]]).all()
        assert np.isnan(made["fault"][~known[:, 2], 2]).all()
        assert np.isfinite(made["fault"][known[:, 2], 2]).all()
        assert np.isfinite(made["fault"][known[:, 0]][:, [0, 1, 3]]).all()
        assert np.isnan(made["health"][~(known[:, 0] & known[:, 1]) & ~known[:, 2]]).all()


def test_needs_outside_the_package_can_never_be_met() -> None:
    features = FeatureList(frame=2, length=40, columns=("mode", "pressure"), context=("frames", "elapsed"), features=())
    model = assemble(small.interface(), features, [OutputSpec("novelty", Chosen(("frames",)))])
    given = inputs(5)
    made = Runner(model, ["novelty"]).run(Inputs(given.window[:, :, 1:], given.context))
    assert np.isnan(made["novelty"]).all()


def test_output_without_needs_is_refused() -> None:
    tree = small.tree()
    del tree["outputs"]["novelty"]["needs"]
    features = FeatureList(frame=2, length=40, columns=small.COLUMNS, context=("frames", "elapsed"), features=())
    with pytest.raises(GraphError, match="names no needs"):
        assemble(load(tree, Interface), features, [OutputSpec("novelty", Chosen(("frames",)))])


@pytest.mark.parametrize(
    ("output", "match"),
    [
        (OutputSpec("wear", Chosen(("frames",))), "no output"),
        (OutputSpec("fault", Chosen(("frames",)), ("none", "clog")), "gives 1 columns"),
        (OutputSpec("fault", Chosen(("frames",)), ("rust",)), "no class"),
    ],
)
def test_outputs_fit_the_interface(output: OutputSpec, match: str) -> None:
    features = FeatureList(frame=2, length=40, columns=small.COLUMNS, context=("frames", "elapsed"), features=())
    with pytest.raises(GraphError, match=match):
        assemble(small.interface(), features, [output])
