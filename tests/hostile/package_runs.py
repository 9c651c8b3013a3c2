"""Hostile runs: models that pass the walk, and take too much memory or time, or answer otherwise, when they run."""

from __future__ import annotations

from typing import Any

import onnxwire as wire
import tinypackage as tiny
from hostile.package_cases import Case, plain
from trivet import canonical
from trivet.package import archive

ZERO = wire.tensor("zero", wire.FLOAT, [], wire.floats([0.0]))


def _rows(count: int, model: bytes, cases: int = 1) -> bytes:
    """The package around a model, with a golden case of many rows, given several times."""
    described: dict[str, Any] = tiny.tree()
    case = described["golden"]["outputs"][0]
    case["window"]["shape"][0] = case["context"]["shape"][0] = case["expected"]["score"]["shape"][0] = count
    described["golden"]["outputs"] = [case] * cases
    content = tiny.members(model)
    content |= {path: data * count for path, data in content.items() if path.startswith("golden/")}
    return archive.write(described, content)


def _beside(nodes: list[bytes], last: str, weights: list[bytes]) -> bytes:
    """The tiny model, whose score gains nothing from a value of size (batch, n, m)."""
    base = tiny.score_nodes()
    base[-1] = wire.node("Gemm", ["means", "weights"], ["plain"])
    end = [
        wire.node("ReduceMax", [last], ["column"], axes=[2], keepdims=0),
        wire.node("ReduceMax", ["column"], ["cell"], axes=[1], keepdims=1),
        wire.node("Mul", ["cell", "zero"], ["nothing"]),
        wire.node("Add", ["plain", "nothing"], ["score"]),
    ]
    body = wire.graph([*base, *nodes, *end], tiny.inputs(), tiny.outputs(), [*tiny.score_weights(), ZERO, *weights])
    return wire.model(body)


def _square(side: int) -> tuple[bytes, bytes]:
    """A node and a weight that make a value of size (batch, side, side)."""
    size = wire.tensor("size", wire.INT64, [3], wire.int64s([1, side, side]))
    start = wire.node("ReduceMax", ["window"], ["most"], axes=[1, 2], keepdims=1)
    return start, size


def hungry() -> bytes:
    """Three values of 16 MiB a row that are alive together, for 60 rows."""
    start, size = _square(2000)
    nodes = [start, *(wire.node("Expand", ["most", "size"], [f"e{n}"]) for n in range(3))]
    nodes.append(wire.node("Max", ["e0", "e1", "e2"], ["large"]))
    return _rows(60, _beside(nodes, "large", [size]))


def busy() -> bytes:
    """Products of matrices of 1000 x 1000 on top of each other, for 20 rows and 20 times: some 10^13 operations."""
    start, size = _square(1000)
    nodes = [start, wire.node("Expand", ["most", "size"], ["m0"]), wire.node("Mul", ["m0", "zero"], ["z0"])]
    nodes += [wire.node("MatMul", [f"z{n}", f"z{n}"], [f"z{n + 1}"]) for n in range(12)]
    return _rows(20, _beside(nodes, "z12", [size]), 20)


def _other_answer() -> bytes:
    weights = [*tiny.score_weights()[:2], wire.tensor("weights", wire.FLOAT, [2, 1], wire.floats([0.5, 0.3]))]
    return tiny.with_model(wire.model(wire.graph(tiny.score_nodes(), tiny.inputs(), tiny.outputs(), weights)))


def _other_interface() -> bytes:
    """A member of role interface that is no interface, and named rightly in the manifest."""
    text = canonical.dumps({"kind": "interface"})
    described = tiny.tree()
    described["interface"]["digest"] = canonical.sha256(text)
    return archive.write(described, {**tiny.members(), "interface.json": text})


def _not_loadable() -> bytes:
    nodes = [*tiny.score_nodes(), wire.node("Cast", ["window"], ["cast"], to=9), wire.node("Add", ["cast"] * 2, ["y"])]
    return tiny.with_model(wire.model(wire.graph(nodes, tiny.inputs(), tiny.outputs(), tiny.score_weights())))


CASES: list[Case] = [
    plain("run-memory", "TRV-R011", hungry),
    plain("run-time", "TRV-R012", busy),
    plain("run-other-answer", "TRV-R010", _other_answer),
    plain("run-other-interface", "TRV-I011", _other_interface),
    plain("run-types-disagree", "TRV-R015", _not_loadable),
]
