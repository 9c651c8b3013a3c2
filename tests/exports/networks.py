"""Small networks as exporters of deep-learning tools write them: ``python networks.py FOLDER``, needs onnx only.

Node by node as PyTorch's and Keras's exporters do it, in several operator sets: dense layers, convolutions with
normalisation and pooling, recurrent cells, residual blocks, attention over a fixed window.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

RANDOM = np.random.default_rng(20261120)
Shape = list[Any]


class Net:
    """A graph that grows by one node a call; tensors are named as exporters do."""

    def __init__(self, shape: Shape) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self.shape = shape
        self.last = "input.1"

    def weight(self, *shape: int) -> str:
        name = f"layer.{len(self.weights)}.weight"
        self.weights.append(numpy_helper.from_array(RANDOM.normal(0, 0.3, shape).astype(np.float32), name))
        return name

    def ints(self, *values: int) -> str:
        name = f"onnx::const_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def op(self, kind: str, *inputs: str, **attributes: Any) -> str:
        made = f"/{kind}_{len(self.nodes)}_output_0"
        self.nodes.append(helper.make_node(kind, list(inputs), [made], name=f"/{kind}_{len(self.nodes)}", **attributes))
        return made

    def then(self, kind: str, *more: str, **attributes: Any) -> Net:
        self.last = self.op(kind, self.last, *more, **attributes)
        return self

    def dense(self, width: int, to: int, activation: str) -> Net:
        self.then("Gemm", self.weight(to, width), self.weight(to), transB=1)
        return self.then(activation) if activation else self

    def save(self, path: Path, shape: Shape, opset: int, ir: int) -> None:
        self.nodes[-1].output[0] = "output.1"
        graph = helper.make_graph(
            self.nodes,
            "main_graph",
            [helper.make_tensor_value_info("input.1", TensorProto.FLOAT, self.shape)],
            [helper.make_tensor_value_info("output.1", TensorProto.FLOAT, shape)],
            self.weights,
        )
        model = helper.make_model(
            graph, producer_name="networks", opset_imports=[helper.make_opsetid("", opset)], ir_version=ir
        )
        checker.check_model(model, full_check=True)
        path.write_bytes(model.SerializeToString())


def perceptron(activation: str) -> Net:
    return (
        Net(["batch", 12]).dense(12, 32, activation).dense(32, 16, activation).dense(16, 3, "").then("Softmax", axis=-1)
    )


def convolution() -> Net:
    net = Net(["batch", 3, 64])
    for wide, to in ((3, 8), (8, 16)):
        net.then("Conv", net.weight(to, wide, 5), net.weight(to), kernel_shape=[5], pads=[2, 2], strides=[1])
        scale = [net.weight(to) for _ in range(3)]
        variance = numpy_helper.from_array(np.ones(to, np.float32), f"var.{to}")
        net.weights.append(variance)
        net.then("BatchNormalization", *scale, variance.name, epsilon=1e-5, momentum=0.9)
        net.then("Relu").then("MaxPool", kernel_shape=[2], strides=[2])
    return net.then("GlobalAveragePool").then("Flatten", axis=1).dense(16, 4, "")


def picture() -> Net:
    net = Net(["batch", 1, 28, 28])
    net.then("Conv", net.weight(6, 1, 5, 5), kernel_shape=[5, 5], auto_pad="SAME_UPPER").then("Tanh")
    net.then("AveragePool", kernel_shape=[2, 2], strides=[2, 2])
    net.then("Conv", net.weight(12, 6, 3, 3), kernel_shape=[3, 3], pads=[0, 0, 0, 0], group=1).then("LeakyRelu")
    net.then("Reshape", net.ints(0, -1))
    return net.dense(12 * 12 * 12, 10, "").then("LogSoftmax", axis=1)


def residual() -> Net:
    net = Net(["batch", 20])
    for _ in range(3):
        start = net.last
        net.dense(20, 20, "Relu").dense(20, 20, "")
        net.last = net.op("Add", start, net.last)
        net.then("LayerNormalization", net.weight(20), net.weight(20), axis=-1)
    return net.dense(20, 1, "Sigmoid")


def recurrent(kind: str, gates: int) -> Net:
    net = Net(["batch", 30, 5])
    net.then("Transpose", perm=[1, 0, 2])
    net.then(
        kind, net.weight(1, gates * 8, 5), net.weight(1, gates * 8, 8), net.weight(1, 2 * gates * 8), hidden_size=8
    )
    net.then("Squeeze", net.ints(1)).then("Gather", net.ints(-1), axis=0).then("Squeeze", net.ints(0))
    return net.dense(8, 2, "")


def attention() -> Net:
    net = Net(["batch", 16, 8])
    query, key, value = (net.op("MatMul", "input.1", net.weight(8, 8)) for _ in range(3))
    scores = net.op("MatMul", query, net.op("Transpose", key, perm=[0, 2, 1]))
    net.last = net.op("MatMul", net.op("Softmax", scores, axis=-1), value)
    return net.then("ReduceMean", axes=[1], keepdims=0).dense(8, 3, "")


def autoencoder() -> Net:
    net = Net(["batch", 40])
    for width, to in ((40, 16), (16, 4), (4, 16)):
        net.dense(width, to, "Elu")
    net.dense(16, 40, "")
    net.last = net.op("Sub", "input.1", net.last)
    net.then("Mul", net.last)
    return net.then("ReduceMean", axes=[1], keepdims=1).then("Sqrt")


def shaped() -> Net:
    """Shapes that are measured and put together again, as tracing exporters write them."""
    net = Net(["batch", 6, 10])
    rows = net.op("Gather", net.op("Shape", "input.1"), net.ints(0), axis=0)
    target = net.op("Concat", rows, net.ints(-1), axis=0)
    net.last = net.op("Reshape", "input.1", target)
    return net.dense(60, 5, "Softplus")


def padded() -> Net:
    net = Net(["batch", 2, 50])
    net.then("Pad", net.ints(0, 0, 3, 0, 0, 3)).then("Conv", net.weight(4, 2, 7), kernel_shape=[7], strides=[2])
    net.then("PRelu", net.weight(4, 1)).then("GlobalMaxPool").then("Flatten")
    return net.dense(4, 1, "")


def main() -> None:
    folder = Path(sys.argv[1])
    nets: dict[str, tuple[Net, Shape]] = {
        **{
            f"perceptron-{kind.lower()}": (perceptron(kind), ["batch", 3])
            for kind in ("Relu", "Tanh", "Sigmoid", "Elu")
        },
        "convolution": (convolution(), ["batch", 4]),
        "picture": (picture(), ["batch", 10]),
        "residual": (residual(), ["batch", 1]),
        "lstm": (recurrent("LSTM", 4), ["batch", 2]),
        "gru": (recurrent("GRU", 3), ["batch", 2]),
        "attention": (attention(), ["batch", 3]),
        "autoencoder": (autoencoder(), ["batch", 1]),
        "shaped": (shaped(), ["batch", 5]),
        "padded": (padded(), ["batch", 1]),
    }
    for number, (name, (net, shape)) in enumerate(nets.items()):
        net.save(folder / f"network-{name}.onnx", shape, 17, (8, 9, 10)[number % 3])


if __name__ == "__main__":
    main()
