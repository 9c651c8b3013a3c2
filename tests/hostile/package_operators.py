"""Hostile models: operators, attributes, functions and versions that are not on the list, and data elsewhere."""

from __future__ import annotations

import functools

import onnxwire as wire
from hostile.package_cases import Case
from hostile.package_models import FUNCTION, INNER, case, external, model, other_attribute, outside, using, weight

EXTERNAL: list[Case] = [
    case("external-parent", "TRV-P064", lambda: outside("../secret")),
    case("external-behind-folder", "TRV-P064", lambda: outside("sub/../../secret")),
    case("external-absolute", "TRV-P064", lambda: outside("/etc/passwd")),
    case("external-nul", "TRV-P064", lambda: outside("a\0b")),
    case("external-own-file", "TRV-P064", lambda: outside("model.onnx", offset="0", length="16")),
    case("external-memory-marker", "TRV-P064", lambda: outside("*/_ORT_MEM_ADDR_/*", offset="4096", length="16")),
    case("external-huge-length", "TRV-P064", lambda: outside("w", length=str(1 << 62))),
    case("external-negative-offset", "TRV-P064", lambda: outside("w", offset="-1")),
    case("external-attribute-keys", "TRV-P064", lambda: outside("w", __class__="x")),
    case("external-with-data-too", "TRV-P064", lambda: weight([1], wire.floats([1.0]), more=external("w"))),
    case("external-flag-only", "TRV-P064", lambda: weight([1], wire.floats([1.0]), more=wire.number(14, 1))),
    case(
        "external-in-constant",
        "TRV-P064",
        lambda: using("Constant", value=wire.numbers(1, [4]) + wire.number(2, 1) + external("../x")),
    ),
    case(
        "external-in-graph-attribute",
        "TRV-P065",
        lambda: model([wire.node("Abs", ["window"], ["y"], more=other_attribute(5, 6, wire.block(5, external("x"))))]),
    ),
    case("external-in-sparse", "TRV-P065", lambda: model(graph_more=wire.block(15, wire.block(1, external("x"))))),
]

REFUSED = (
    "ReduceSum",
    "ReduceMean",
    "RandomNormal",
    "RandomUniformLike",
    "Multinomial",
    "Bernoulli",
    "Dropout",
    "Pad",
    "Tile",
    "ConstantOfShape",
    "Range",
    "NonZero",
    "Loop",
    "If",
    "Scan",
    "SequenceConstruct",
    "SequenceMap",
    "Optional",
    "StringNormalizer",
    "Conv",
    "Resize",
    "Einsum",
    "QuantizeLinear",
    "LSTM",
    "EPContext",
    "PyOp",
    "matmul",
    "",
)

OPERATORS: list[Case] = [
    *(
        case(
            f"operator-{name.lower() if name != 'matmul' else 'lower-case'}", "TRV-P063", functools.partial(using, name)
        )
        for name in REFUSED
    ),
    case("operator-custom-domain", "TRV-P063", lambda: model(opsets=wire.OPSETS + wire.opset("evil", 1))),
    case("operator-microsoft-domain", "TRV-P063", lambda: using("FusedMatMul", "com.microsoft")),
    case("operator-training-domain", "TRV-P063", lambda: using("Gradient", "ai.onnx.preview.training")),
    case("operator-undeclared-domain", "TRV-P063", lambda: using("Evil", "evil.ops")),
    case("operator-ml-not-imported", "TRV-P063", lambda: _without_ml()),
    case("operator-svm", "TRV-P063", lambda: using("SVMClassifier", "ai.onnx.ml")),
    case("operator-zip-map", "TRV-P063", lambda: using("ZipMap", "ai.onnx.ml")),
    case("operator-in-wrong-domain", "TRV-P063", lambda: using("MatMul", "ai.onnx.ml")),
    case("operator-look-alike", "TRV-P063", lambda: using("MatMu\N{CYRILLIC SMALL LETTER PALOCHKA}")),
    case("operator-overload", "TRV-P065", lambda: using("Abs", more=wire.block(8, "evil"))),
    case(
        "graph-attribute",
        "TRV-P065",
        lambda: model([wire.node("Abs", ["window"], ["y"], more=other_attribute(5, 6, INNER))]),
    ),
    case(
        "graphs-attribute",
        "TRV-P065",
        lambda: model([wire.node("Abs", ["window"], ["y"], more=other_attribute(10, 11, INNER))]),
    ),
    case("tensor-segment-empty", "TRV-P065", lambda: weight([1], wire.floats([1.0]), 1, wire.block(3, b""))),
    case("function-shadows", "TRV-P065", lambda: model(more=wire.block(25, FUNCTION))),
    case("functions-many", "TRV-P065", lambda: model(more=wire.block(25, FUNCTION) * 30)),
    case("training-info", "TRV-P065", lambda: model(more=wire.block(20, wire.block(1, INNER)))),
    case("device-configuration", "TRV-P065", lambda: model(more=wire.block(26, wire.block(1, "gpu")))),
    case("quantization-annotation", "TRV-P065", lambda: model(graph_more=wire.block(14, wire.block(1, "w")))),
    case(
        "metadata-twice", "TRV-P065", lambda: model(more=(wire.block(14, wire.block(1, "k") + wire.block(2, "v"))) * 2)
    ),
    case("node-metadata-broken", "TRV-P060", lambda: using("Abs", more=wire.block(9, "window"))),
    case("node-metadata-twice", "TRV-P065", lambda: using("Abs", more=wire.block(9, wire.block(1, "k")) * 2)),
    case("tensor-metadata-broken", "TRV-P060", lambda: weight([1], wire.floats([1.0]), 1, wire.block(16, "window"))),
    case("attribute-unknown", "TRV-P069", lambda: using("Abs", evil=1)),
    case("attribute-other-type", "TRV-P069", lambda: using("Softmax", axis=1.0)),
    case("attribute-text", "TRV-P069", lambda: using("Constant", value_string="x")),
    case(
        "attribute-twice", "TRV-P069", lambda: using("Softmax", more=wire.block(5, wire.attribute("axis", 1)), axis=1)
    ),
    case(
        "attribute-untyped",
        "TRV-P069",
        lambda: using("Softmax", more=wire.block(5, wire.block(1, "axis") + wire.number(3, 1))),
    ),
    case(
        "attribute-two-values",
        "TRV-P069",
        lambda: using("Softmax", more=wire.block(5, wire.attribute("axis", 1, wire.real(2, 1.0)))),
    ),
    case(
        "attribute-reference",
        "TRV-P065",
        lambda: using("Softmax", more=wire.block(5, wire.block(1, "axis") + wire.number(20, 2) + wire.block(21, "a"))),
    ),
    case(
        "attribute-sparse",
        "TRV-P065",
        lambda: model([wire.node("Abs", ["window"], ["y"], more=other_attribute(11, 22, b""))]),
    ),
    case(
        "attribute-type-proto",
        "TRV-P065",
        lambda: model([wire.node("Abs", ["window"], ["y"], more=other_attribute(13, 14, wire.block(1, b"")))]),
    ),
    case("cast-to-text", "TRV-P069", lambda: using("Cast", to=8)),
    case("cast-to-half", "TRV-P069", lambda: using("Cast", to=10)),
    case("constant-empty", "TRV-P069", lambda: using("Constant")),
    case("constant-two-values", "TRV-P069", lambda: using("Constant", value_float=1.0, value_int=1)),
    case("linear-too-few", "TRV-P069", lambda: using("LinearRegressor", "ai.onnx.ml", coefficients=[1.0], targets=2)),
    case(
        "linear-other-table",
        "TRV-P069",
        lambda: model(
            [wire.node("LinearRegressor", ["means"], ["y"], "ai.onnx.ml", coefficients=[1.0, 2.0, 3.0], targets=1)]
        ),
    ),
    case(
        "scaler-other-table",
        "TRV-P069",
        lambda: model([wire.node("Scaler", ["means"], ["y"], "ai.onnx.ml", offset=[0.0] * 9, scale=[1.0] * 9)]),
    ),
    case("operator-batch-normalization", "TRV-P063", lambda: using("BatchNormalization", training_mode=1)),
    case("linear-no-classes", "TRV-P069", lambda: using("LinearClassifier", "ai.onnx.ml", coefficients=[1.0])),
]


def _without_ml() -> bytes:
    return model([wire.node("Scaler", ["window"], ["y"], "ai.onnx.ml")], opsets=wire.opset("", 17))


VERSIONS: list[Case] = [
    case("ir-negative", "TRV-P062", lambda: model(ir=-1)),
    case("ir-old", "TRV-P062", lambda: model(ir=3)),
    case("ir-new", "TRV-P062", lambda: model(ir=14)),
    case("opset-16", "TRV-P062", lambda: model(opsets=wire.opset("", 16))),
    case("opset-22", "TRV-P062", lambda: model(opsets=wire.opset("", 22))),
    case("opset-9999-in-graph", "TRV-P062", lambda: model(opsets=wire.opset("", 9999))),
    case("opset-negative", "TRV-P062", lambda: model(opsets=wire.opset("", -17))),
    case("opset-none", "TRV-P062", lambda: model(opsets=b"")),
    case("opset-only-ml", "TRV-P062", lambda: model(opsets=wire.opset("ai.onnx.ml", 3))),
    case("opset-ml-4", "TRV-P062", lambda: model(opsets=wire.opset("", 17) + wire.opset("ai.onnx.ml", 4))),
    case("opset-three-times", "TRV-P062", lambda: model(opsets=b"".join(wire.opset("", v) for v in (17, 18, 19)))),
    case("opset-alias-twice", "TRV-P062", lambda: model(opsets=wire.opset("", 17) + wire.opset("ai.onnx", 18))),
]

CASES: list[Case] = [*EXTERNAL, *OPERATORS, *VERSIONS]
