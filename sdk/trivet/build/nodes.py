"""A writer of ONNX graphs: equal nodes are written once, unused ones never, and the bytes repeat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from trivet.build import missing

try:
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    raise missing("onnx") from error

OPSET = 17
ML_OPSET = 3
IR = 8

ML_DOMAIN = "ai.onnx.ml"

Array = NDArray[Any]
Port = tuple[str, tuple[int | str, ...]]


class _Node(NamedTuple):
    kind: str
    domain: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any]


class Graph:
    """A graph under construction; tensors are named by the text that ``op`` and ``constant`` return."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Node] = {}
        self._constants: dict[str, Array] = {}
        self._names: dict[Any, str] = {}

    def op(self, kind: str, *inputs: str, domain: str = "", **attributes: Any) -> str:
        """One node with one output; the same node asked for again is not written again."""
        key = (kind, inputs, domain, tuple(sorted((name, repr(value)) for name, value in attributes.items())))
        if key not in self._names:
            self._names[key] = self._write(kind, domain, inputs, attributes, 1)[0]
        return self._names[key]

    def split(self, tensor: str, sizes: Sequence[int], axis: int) -> list[str]:
        """A tensor cut into pieces of these sizes."""
        if len(sizes) == 1:
            return [tensor]
        return self._write("Split", "", (tensor, self.ints(list(sizes))), {"axis": axis}, len(sizes))

    def _write(
        self, kind: str, domain: str, inputs: tuple[str, ...], attributes: Mapping[str, Any], outputs: int
    ) -> list[str]:
        names = [f"t.{len(self._nodes) + n}" for n in range(outputs)]
        node = _Node(kind, domain, inputs, tuple(names), attributes)
        self._nodes.update(dict.fromkeys(names, node))
        return names

    def constant(self, value: Array) -> str:
        """A constant tensor of the array's own type."""
        key = (value.dtype.str, value.shape, value.tobytes())
        if key not in self._names:
            self._names[key] = f"c.{len(self._constants)}"
            self._constants[self._names[key]] = value
        return self._names[key]

    def floats(self, values: Any) -> str:
        """A float32 constant."""
        return self.constant(np.asarray(values, np.float32))

    def ints(self, values: Any) -> str:
        """An int64 constant."""
        return self.constant(np.asarray(values, np.int64))

    def gather(self, tensor: str, index: Sequence[int], axis: int) -> str:
        """Chosen slices along an axis, in the order given."""
        return self.op("Gather", tensor, self.ints(list(index)), axis=axis)

    def concat(self, tensors: Sequence[str], axis: int) -> str:
        """Tensors side by side; a single one is left alone."""
        return self.op("Concat", *tensors, axis=axis) if len(tensors) > 1 else tensors[0]

    def transpose(self, tensor: str) -> str:
        """The last two of three axes exchanged."""
        return self.op("Transpose", tensor, perm=(0, 2, 1))

    def mix(self, weights: Array, tensor: str) -> str:
        """``weights @ tensor`` for weights ``(m, n)`` and a tensor ``(batch, n, k)``.

        A constant on the left keeps one product of one shape a row, so that a row's
        bits do not depend on the batch that it travels in; ``ReduceSum`` and a
        constant on the right do not promise that.
        """
        return self.op("MatMul", self.floats(weights), tensor)

    def nan_where(self, condition: str, tensor: str) -> str:
        """NaN where a condition holds, else the tensor."""
        return self.op("Where", condition, self.floats(np.nan), tensor)

    def known_or(self, tensor: str, other: str) -> str:
        """The tensor, with another in the places where it is NaN."""
        return self.op("Where", self.op("IsNaN", tensor), other, tensor)

    def model(self, inputs: Sequence[Port], outputs: Mapping[str, tuple[str, tuple[int | str, ...]]]) -> bytes:
        """The finished model, as bytes.

        Args:
            inputs: Names and shapes; all are float32.
            outputs: Output name to the tensor that it is and its shape.
        """
        final = self._renamed(outputs)
        used = self._used([tensor for tensor, _ in outputs.values()])
        written = {id(self._nodes[name]): self._nodes[name] for name in self._nodes if name in used}
        nodes = [_proto(node, final) for node in written.values()]
        nodes += self._copies(outputs, final)
        constants = [numpy_helper.from_array(self._constants[name], name) for name in self._constants if name in used]
        graph = helper.make_graph(
            nodes,
            "trivet",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, s) for name, (_, s) in outputs.items()],
            constants,
        )
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML_DOMAIN, ML_OPSET)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=IR)
        return bytes(model.SerializeToString(deterministic=True))

    def _renamed(self, outputs: Mapping[str, tuple[str, tuple[int | str, ...]]]) -> dict[str, str]:
        """Inner tensor names to the output names that they carry; the first output wins."""
        names: dict[str, str] = {}
        for name, (tensor, _) in outputs.items():
            if tensor in self._nodes:
                names.setdefault(tensor, name)
        return names

    def _copies(self, outputs: Mapping[str, tuple[str, tuple[int | str, ...]]], final: Mapping[str, str]) -> list[Any]:
        return [
            helper.make_node("Identity", [final.get(tensor, tensor)], [name])
            for name, (tensor, _) in outputs.items()
            if final.get(tensor) != name
        ]

    def _used(self, wanted: list[str]) -> set[str]:
        used: set[str] = set()
        while wanted:
            name = wanted.pop()
            if name not in used:
                used.add(name)
                wanted.extend(self._nodes[name].inputs if name in self._nodes else ())
        return used


def _proto(node: _Node, final: Mapping[str, str]) -> Any:
    sources = [final.get(source, source) for source in node.inputs]
    made = [final.get(name, name) for name in node.outputs]
    return helper.make_node(node.kind, sources, made, domain=node.domain or None, **node.attributes)
