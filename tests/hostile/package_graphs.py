"""Hostile models: names, wiring, sizes, and ports that the manifest does not promise."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import onnxwire as wire
import tinypackage as tiny
from hostile.package_cases import Case
from hostile.package_models import INF, NAN, case, model, ports, using, weight
from hostile.package_tensors import chain, classifier, trees

BIDI = "w\N{RIGHT-TO-LEFT OVERRIDE}x"
NAMES: list[Case] = [
    case("name-bidi", "TRV-P066", lambda: weight([1], wire.floats([1.0]), name=BIDI)),
    case(
        "name-look-alike-weight",
        "TRV-P066",
        lambda: weight([1], wire.floats([1.0]), name="wind\N{CYRILLIC SMALL LETTER O}w"),
    ),
    case("name-zero-width", "TRV-P066", lambda: weight([1], wire.floats([1.0]), name="window\N{ZERO WIDTH SPACE}")),
    case("name-control", "TRV-P066", lambda: weight([1], wire.floats([1.0]), name="a\x1b[31m")),
    case("name-space", "TRV-P066", lambda: weight([1], wire.floats([1.0]), name="window ")),
    case("name-nul", "TRV-P066", lambda: weight([1], wire.floats([1.0]), name="window\0")),
    case("name-empty-weight", "TRV-P066", lambda: weight([1], wire.floats([1.0]), name="")),
    case("name-long-weight", "TRV-P066", lambda: weight([1], wire.floats([1.0]), name="w" * 300)),
    case("name-of-node", "TRV-P066", lambda: using("Abs", more=wire.block(3, BIDI))),
    case("name-of-node-output", "TRV-P066", lambda: model([wire.node("Abs", ["window"], [BIDI])])),
    case("name-of-metadata", "TRV-P066", lambda: model(more=wire.block(14, wire.block(1, BIDI)))),
    case("name-twin-by-case", "TRV-P066", lambda: weight([1], wire.floats([1.0]), name="Window")),
    case("name-twin-by-digit", "TRV-P066", lambda: weight([1], wire.floats([1.0]), name="w1ndow")),
    case("name-twin-of-output", "TRV-P066", lambda: model([wire.node("Abs", ["window"], ["sc0re"])])),
    case("name-twin-of-node-output", "TRV-P066", lambda: model([wire.node("Abs", ["window"], ["vvindow"])])),
    case("name-of-dimension", "TRV-P066", lambda: ports(inputs=tiny.inputs(BIDI))),
]

WIRING: list[Case] = [
    case("weight-twice", "TRV-P070", lambda: model(weights=[wire.tensor("w", 1, [1], wire.floats([1.0]))] * 2)),
    case("weight-shadows-input", "TRV-P070", lambda: weight([1], wire.floats([1.0]), name="window")),
    case("node-shadows-input", "TRV-P070", lambda: model([wire.node("Abs", ["context"], ["window"])])),
    case("node-shadows-weight", "TRV-P070", lambda: model([wire.node("Abs", ["window"], ["weights"])])),
    case("output-defined-twice", "TRV-P070", lambda: model([wire.node("Abs", ["window"], ["score"])])),
    case("input-undefined", "TRV-P070", lambda: model([wire.node("Abs", ["nowhere"], ["y"])])),
    case(
        "nodes-unordered",
        "TRV-P070",
        lambda: model([wire.node("Abs", ["b"], ["a"]), wire.node("Abs", ["window"], ["b"])]),
    ),
    case("nodes-cyclic", "TRV-P070", lambda: model([wire.node("Abs", ["b"], ["a"]), wire.node("Abs", ["a"], ["b"])])),
    case("node-feeds-itself", "TRV-P070", lambda: model([wire.node("Abs", ["a"], ["a"])])),
    case("output-nowhere", "TRV-P070", lambda: ports(outputs=[wire.value("other", ["batch", 1])])),
    case("output-twice", "TRV-P070", lambda: ports(outputs=tiny.outputs() * 2)),
    case("output-none", "TRV-P070", lambda: ports(outputs=[])),
    case("input-twice", "TRV-P070", lambda: model(inputs=tiny.inputs()[:1])),
    case("value-twice", "TRV-P070", lambda: model(graph_more=wire.block(13, wire.value("sums", [1])) * 2)),
    case("values-too-many", "TRV-P061", lambda: model(graph_more=wire.block(13, b"") * 20_001)),
    case("nodes-too-many", "TRV-P061", lambda: model([wire.node("Abs", ["window"], [f"t{n}"]) for n in range(20_001)])),
    case(
        "weights-too-many",
        "TRV-P061",
        lambda: model(weights=[wire.tensor(f"t{n}", 1, [], wire.floats([1.0])) for n in range(20_001)]),
    ),
]


def _expand(sizes: Sequence[int]) -> bytes:
    tensor = wire.tensor("size", wire.INT64, [len(sizes)], wire.int64s(sizes))
    return model([wire.node("Expand", ["window", "size"], ["big"])], [tensor])


def _expand_by(*nodes: bytes) -> bytes:
    two = wire.tensor("many", wire.INT64, [1], wire.int64s([1000]))
    return model([*nodes, wire.node("Expand", ["window", "size"], ["big"])], [two])


def _wide(count: int) -> bytes:
    """A weight of shape (count, 1)."""
    return wire.tensor("wide", wire.FLOAT, [count, 1], wire.floats([1.0] * count))


def _doubled(times: int) -> bytes:
    """A value joined with itself over and over."""
    names = ["window", *(f"t{n}" for n in range(times))]
    return model([wire.node("Concat", [old, old], [new], axis=1) for old, new in itertools.pairwise(names)])


def _rows_by_rows() -> bytes:
    """A table of every row against every other: it grows with the square of the batch."""
    swap = wire.node("Transpose", ["means"], ["turned"], perm=[1, 0])
    return model([swap, wire.node("MatMul", ["means", "turned"], ["pairs"])])


def _outer_products() -> bytes:
    nodes = [
        wire.node("Unsqueeze", ["window", "last"], ["column"]),
        wire.node("Mul", ["column", "wide_row"], ["large"]),
        wire.node("Unsqueeze", ["large", "last"], ["larger"]),
        wire.node("Mul", ["larger", "wide_row"], ["largest"]),
    ]
    last = wire.tensor("last", wire.INT64, [1], wire.int64s([-1]))
    return model(nodes, [last, wire.tensor("wide_row", wire.FLOAT, [2000], wire.floats([1.0] * 2000))])


def _gather_all() -> bytes:
    index = wire.tensor("index", wire.INT64, [9_000], wire.int64s([0] * 9_000))
    first = wire.node("Gather", ["window", "index"], ["long"], axis=1)
    return model([first, wire.node("Gather", ["long", "index"], ["big"], axis=2)], [index])


def _all_together() -> bytes:
    size = wire.tensor("size", wire.INT64, [3], wire.int64s([1, 1_000_000, 1]))
    column = wire.node("ReduceMax", ["window"], ["column"], axes=[1, 2], keepdims=1)
    return model([column, *(wire.node("Expand", ["column", "size"], [f"t{n}"]) for n in range(20))], [size])


SIZES: list[Case] = [
    case("expand-bomb", "TRV-P072", lambda: _expand([100_000, 100_000])),
    case("expand-negative-bomb", "TRV-P072", lambda: _expand([-100_000, -100_000])),
    case(
        "expand-by-input",
        "TRV-P072",
        lambda: model(
            [wire.node("Cast", ["context"], ["size"], to=7), wire.node("Expand", ["window", "size"], ["big"])]
        ),
    ),
    case("expand-computed", "TRV-P072", lambda: _expand_by(wire.node("Mul", ["many", "many"], ["size"]))),
    case("expand-chain", "TRV-P072", lambda: _expand_by(wire.node("Concat", ["many"] * 3, ["size"], axis=0))),
    case(
        "expand-measured-twice",
        "TRV-P072",
        lambda: _expand_by(wire.node("Shape", ["window"], ["s"]), wire.node("Concat", ["s", "s"], ["size"], axis=0)),
    ),
    case(
        "expand-constant-list",
        "TRV-P072",
        lambda: _expand_by(wire.node("Constant", [], ["size"], value_ints=[1 << 20, 1 << 20])),
    ),
    case("expand-one-input", "TRV-P072", lambda: model([wire.node("Expand", ["window"], ["big"])])),
    case("concat-doubled", "TRV-P072", lambda: _doubled(40)),
    case("matmul-outer", "TRV-P072", lambda: model([wire.node("MatMul", ["wide", "wider"], ["big"])], _outer(3000))),
    case("broadcast-outer", "TRV-P072", lambda: model([wire.node("Add", ["wide", "wider"], ["big"])], _outer(3000))),
    case("broadcast-chain", "TRV-P072", _outer_products),
    case("where-outer", "TRV-P072", lambda: model([wire.node("Max", ["wide", "wider"], ["big"])], _outer(2100))),
    case("gather-bomb", "TRV-P072", _gather_all),
    case("rows-by-rows", "TRV-P072", _rows_by_rows),
    case("values-together", "TRV-P072", _all_together),
]


def _outer(count: int) -> list[bytes]:
    return [_wide(count), wire.tensor("wider", wire.FLOAT, [1, count], wire.floats([1.0] * count))]


def _typed(name: str, kind: bytes) -> bytes:
    return wire.block(1, name) + wire.block(2, kind)


DOUBLE = 11
SCORE = [wire.value("score", ["batch", 1])]
WINDOW, BESIDE = tiny.inputs()

CONTRACT: list[Case] = [
    case("port-sequence", "TRV-P065", lambda: ports(outputs=[_typed("score", wire.block(4, wire.block(1, b"")))])),
    case("port-map", "TRV-P065", lambda: ports(outputs=[_typed("score", wire.block(5, wire.number(1, 7)))])),
    case("port-optional", "TRV-P065", lambda: ports(outputs=[_typed("score", wire.block(9, b""))])),
    case("port-sparse", "TRV-P065", lambda: ports(outputs=[_typed("score", wire.block(8, b""))])),
    case(
        "port-two-types",
        "TRV-P065",
        lambda: ports(outputs=[_typed("score", wire.block(1, wire.number(1, 1)) + wire.block(4, b""))]),
    ),
    case("port-untyped", "TRV-P065", lambda: ports(outputs=[wire.block(1, "score")])),
    case("port-text", "TRV-P067", lambda: ports(outputs=[wire.value("score", ["batch", 1], wire.STRING)])),
    case("port-dimension-negative", "TRV-P067", lambda: ports(outputs=[wire.value("score", ["batch", -1])])),
    case("port-dimension-huge", "TRV-P067", lambda: ports(outputs=[wire.value("score", ["batch", 1 << 40])])),
    case("input-missing", "TRV-P073", lambda: ports(inputs=[WINDOW])),
    case("input-extra", "TRV-P073", lambda: model(inputs=[wire.value("backdoor", ["batch", 1])])),
    case("input-double", "TRV-P073", lambda: ports(inputs=[WINDOW, wire.value("context", ["batch", 2], DOUBLE)])),
    case("input-longer", "TRV-P073", lambda: ports(inputs=[wire.value("window", ["batch", 5, 2]), BESIDE])),
    case("input-other-columns", "TRV-P073", lambda: ports(inputs=[wire.value("window", ["batch", 4, 3]), BESIDE])),
    case("input-dynamic-length", "TRV-P073", lambda: ports(inputs=[wire.value("window", ["batch", "n", 2]), BESIDE])),
    case("input-fixed-batch", "TRV-P073", lambda: ports(inputs=[wire.value("window", [1, 4, 2]), BESIDE])),
    case(
        "input-no-shape", "TRV-P073", lambda: ports(inputs=[_typed("window", wire.block(1, wire.number(1, 1))), BESIDE])
    ),
    case(
        "output-extra",
        "TRV-P073",
        lambda: model([wire.node("Abs", ["window"], ["more"])], outputs=[wire.value("more", ["batch", 1])]),
    ),
    case("output-other-width", "TRV-P073", lambda: ports(outputs=[wire.value("score", ["batch", 2])])),
    case("output-integer", "TRV-P073", lambda: ports(outputs=[wire.value("score", ["batch", 1], wire.INT64)])),
    case("opset-not-of-manifest", "TRV-P073", lambda: model(opsets=wire.opset("", 18) + wire.opset("ai.onnx.ml", 3))),
    case("state-not-in-manifest", "TRV-P073", tiny.counting_model),
]

CASES: list[Case] = [*NAMES, *WIRING, *SIZES, *CONTRACT]

SHAPED = [wire.node("Shape", ["window"], ["s"]), wire.node("Gather", ["s", "zero"], ["rows"], axis=0)]
ZERO = wire.tensor("zero", wire.INT64, [1], wire.int64s([0]))
FOUR = wire.tensor("four", wire.INT64, [2], wire.int64s([4, 2]))

HARMLESS: dict[str, Callable[[], bytes]] = {
    "plain": model,
    "stump": trees,
    "stump-with-infinite-threshold": lambda: trees(nodes_values=[INF, 0.0, 0.0]),
    "classifier": classifier,
    "deep-enough-chain": lambda: chain(400),
    "nan-scalar": lambda: weight([], wire.floats([NAN])),
    "minus-infinity-scalar": lambda: using("Constant", value_float=-INF),
    "typed-data": lambda: weight([2], b"", 1, wire.block(4, wire.floats([1.0, 2.0]))),
    "unpacked-integers": lambda: weight([2], b"", 7, wire.numbers(7, [-1, 1 << 62])),
    "bools": lambda: weight([2], b"\0\1", 9),
    "empty-tensor": lambda: weight([0], b""),
    "described-values": lambda: model(graph_more=wire.block(13, wire.value("sums", ["batch", 1, 2]))),
    "metadata": lambda: model(
        more=wire.block(14, wire.block(1, "author") + wire.block(2, "\N{GREEK SMALL LETTER ALPHA}"))
    ),
    "second-domain-name": lambda: model(opsets=wire.opset("ai.onnx", 17)),
    "doc-strings": lambda: model(more=wire.block(6, "Any text \N{SNOWMAN}"), graph_more=wire.block(10, "x" * 100_000)),
    "expand-like-window": lambda: model([SHAPED[0], wire.node("Expand", ["window", "s"], ["e"])]),
    "expand-by-rows": lambda: model(
        [*SHAPED, wire.node("Concat", ["rows", "four"], ["to"], axis=0), wire.node("Expand", ["window", "to"], ["e"])],
        [ZERO, FOUR],
    ),
}
