"""Variants of the tiny model, one change at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import onnxwire as wire
import tinypackage as tiny
from hostile.package_cases import Case, plain

NAN, INF = float("nan"), float("inf")


def model(
    nodes: Sequence[bytes] = (),
    weights: Sequence[bytes] = (),
    inputs: Sequence[bytes] = (),
    outputs: Sequence[bytes] = (),
    graph_more: bytes = b"",
    more: bytes = b"",
    ir: int = 8,
    opsets: bytes = wire.OPSETS,
) -> bytes:
    """The tiny model with further nodes, weights, ports and fields."""
    body = wire.graph(
        [*tiny.score_nodes(), *nodes],
        [*tiny.inputs(), *inputs],
        [*tiny.outputs(), *outputs],
        [*tiny.score_weights(), *weights],
        graph_more,
    )
    return wire.model(body, ir, opsets, more)


def ports(inputs: Sequence[bytes] | None = None, outputs: Sequence[bytes] | None = None) -> bytes:
    """The tiny model with other declared inputs or outputs."""
    given = tiny.inputs() if inputs is None else inputs
    return wire.model(
        wire.graph(tiny.score_nodes(), given, tiny.outputs() if outputs is None else outputs, tiny.score_weights())
    )


def case(name: str, rule: str, build: Callable[[], bytes]) -> Case:
    """A package around a hostile model."""
    return plain(name, rule, lambda: tiny.with_model(build()))


def using(operator: str, domain: str = "", more: bytes = b"", **attributes: Any) -> bytes:
    """The tiny model with a node beside it whose result nobody uses."""
    return model([wire.node(operator, ["window"], ["unused"], domain, more, **attributes)])


def weight(dims: Sequence[int], raw: bytes, kind: int = wire.FLOAT, more: bytes = b"", name: str = "w") -> bytes:
    """The tiny model with one more weight."""
    return model(weights=[wire.tensor(name, kind, dims, raw, more)])


def external(location: str, **facts: str) -> bytes:
    """Fields of a tensor that say its data are elsewhere."""
    pairs = {"location": location, **facts}
    return wire.number(14, 1) + b"".join(wire.block(13, wire.block(1, k) + wire.block(2, v)) for k, v in pairs.items())


def outside(location: str, **facts: str) -> bytes:
    """The tiny model with a weight outside the file."""
    tensor = wire.numbers(1, [4]) + wire.number(2, 1) + wire.block(8, "w") + external(location, **facts)
    return model(weights=[tensor])


INNER = wire.graph([], [], [wire.value("x", [1])], [wire.tensor("x", 1, [1], wire.floats([1.0]))])
FUNCTION = wire.block(1, "MatMul") + wire.block(10, "") + wire.block(7, wire.node("Identity", ["a"], ["b"]))


def other_attribute(kind: int, field: int, payload: bytes) -> bytes:
    """An attribute field of a node with a value of a type that ``wire.attribute`` does not write."""
    return wire.block(5, wire.block(1, "body") + wire.block(field, payload) + wire.number(20, kind))
