"""Hostile models: protobuf that two parsers read in two ways, or that costs time and memory."""

from __future__ import annotations

from collections.abc import Callable

import onnxwire as wire
import tinypackage as tiny
from hostile.package_cases import Case
from hostile.package_models import INNER, case, model, using, weight


def _raw_model(data: bytes) -> Callable[[], bytes]:
    return lambda: data


TINY = tiny.stateless_model()
BODY = wire.graph(tiny.score_nodes(), tiny.inputs(), tiny.outputs(), tiny.score_weights())

CASES: list[Case] = [
    case("protobuf-empty", "TRV-P062", _raw_model(b"")),
    case("protobuf-text", "TRV-P060", _raw_model(b"#!/usr/bin/env python\n")),
    case("protobuf-zeros", "TRV-P060", _raw_model(bytes(100))),
    case("protobuf-cut", "TRV-P060", _raw_model(TINY[:-3])),
    case("protobuf-trailing-zero", "TRV-P060", _raw_model(TINY + b"\0")),
    case("protobuf-trailing-text", "TRV-P060", _raw_model(TINY + b"import os")),
    case("protobuf-two-models", "TRV-P060", _raw_model(TINY + TINY)),
    case("protobuf-merged-graph", "TRV-P060", _raw_model(wire.model(BODY, more=wire.block(7, INNER)))),
    case("protobuf-ir-twice", "TRV-P060", _raw_model(wire.model(BODY, more=wire.number(1, 8)))),
    case("protobuf-graph-name-twice", "TRV-P060", lambda: model(graph_more=wire.block(2, "h"))),
    case("protobuf-node-type-twice", "TRV-P060", lambda: using("Abs", more=wire.block(4, "Evil"))),
    case(
        "protobuf-tensor-data-twice",
        "TRV-P060",
        lambda: weight([1], wire.floats([1.0]), more=wire.block(9, wire.floats([2.0]))),
    ),
    case(
        "protobuf-tensor-in-constant-merged",
        "TRV-P060",
        lambda: using(
            "Constant",
            more=wire.block(
                5, wire.attribute("value", wire.tensor("", 1, [1], wire.floats([1.0])), wire.block(5, b""))
            ),
        ),
    ),
    case("protobuf-unknown-field", "TRV-P060", lambda: model(more=wire.block(99, "x"))),
    case("protobuf-unknown-in-graph", "TRV-P060", lambda: model(graph_more=wire.number(3, 1))),
    case("protobuf-unknown-in-node", "TRV-P060", lambda: using("Abs", more=wire.block(77, "x"))),
    case("protobuf-field-zero", "TRV-P060", lambda: model(more=b"\x02\x00")),
    case("protobuf-group", "TRV-P060", lambda: model(more=b"\x33\x34")),
    case("protobuf-wrong-wire-type", "TRV-P060", lambda: model(more=wire.number(6, 1))),
    case("protobuf-long-tag", "TRV-P060", lambda: model(more=b"\xb2\x00\x00")),
    case("protobuf-long-number", "TRV-P060", lambda: model(more=b"\x28\x81\x80\x00")),
    case("protobuf-endless-number", "TRV-P060", lambda: model(more=b"\x28" + b"\xff" * 40)),
    case("protobuf-65-bits", "TRV-P060", lambda: model(more=b"\x28" + b"\xff" * 9 + b"\x02")),
    case("protobuf-length-outside", "TRV-P060", lambda: model(more=b"\x32\x7f")),
    case("protobuf-length-huge", "TRV-P060", lambda: model(more=b"\x32" + wire.varint(1 << 63))),
    case("protobuf-not-utf8", "TRV-P060", lambda: model(more=wire.block(6, b"\xff\xfe"))),
    case("protobuf-packed-cut", "TRV-P060", lambda: weight([1], b"", 7, wire.block(7, b"\xff"))),
    case("protobuf-packed-floats-cut", "TRV-P060", lambda: weight([1], b"", 1, wire.block(4, b"\0\0\0"))),
    case("protobuf-many-fields", "TRV-P060", lambda: model(more=wire.block(8, b"") * 600_000)),
    case(
        "protobuf-alternating-fields",
        "TRV-P060",
        lambda: using("Abs", more=wire.block(5, (wire.number(8, 1) + wire.real(7, 1.0)) * 400_000)),
    ),
    case(
        "protobuf-many-numbers",
        "TRV-P060",
        lambda: using("Abs", more=wire.block(5, wire.block(1, "x") + wire.block(8, b"\1" * 5_000_000))),
    ),
    case(
        "protobuf-many-texts",
        "TRV-P060",
        lambda: using("Abs", more=wire.block(5, wire.block(1, "x") + wire.block(9, "") * 5_000_000)),
    ),
    case("protobuf-no-graph", "TRV-P060", _raw_model(wire.number(1, 8) + wire.OPSETS)),
]
