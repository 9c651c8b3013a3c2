"""The operators that a model may use, with their attributes: a table, nothing else.

Each computes with bounded time and memory from its inputs alone, is defined in
opset 17 to 21 or ``ai.onnx.ml`` 3, and carries no graph, text or random number.
``ReduceSum`` and ``ReduceMean`` are absent because their rows differ with the
size of the batch; a sum over time is a ``MatMul`` with a constant row. A model
that is in no package may use more, in ``ELSEWHERE``.

An attribute's type is ``f`` float, ``i`` integer, ``s`` text, ``t`` tensor; doubled for lists.
"""

from __future__ import annotations

from collections.abc import Mapping

_PLAIN = """
    Abs Add And Ceil Clip Cos Div Equal Erf Exp Expand Floor Greater GreaterOrEqual Identity IsNaN Less LessOrEqual
    Log MatMul Max Min Mul Neg Not Or Pow Reciprocal Relu Round Sigmoid Sign Sin Slice Softplus Sqrt Squeeze Sub Tanh
    Unsqueeze Where Xor
"""

_WITH_ATTRIBUTES = """
    ArgMax axis:i keepdims:i select_last_index:i
    ArgMin axis:i keepdims:i select_last_index:i
    Cast to:i saturate:i
    Concat axis:i
    Constant value:t value_float:f value_floats:ff value_int:i value_ints:ii
    CumSum exclusive:i reverse:i
    Elu alpha:f
    Flatten axis:i
    Gather axis:i
    GatherElements axis:i
    Gemm alpha:f beta:f transA:i transB:i
    IsInf detect_negative:i detect_positive:i
    LeakyRelu alpha:f
    LogSoftmax axis:i
    Mod fmod:i
    ReduceMax axes:ii keepdims:i noop_with_empty_axes:i
    ReduceMin axes:ii keepdims:i noop_with_empty_axes:i
    Reshape allowzero:i
    Shape start:i end:i
    Softmax axis:i
    Split axis:i num_outputs:i
    Transpose perm:ii
"""

_NODES = """
    nodes_falsenodeids:ii nodes_featureids:ii nodes_hitrates:ff nodes_hitrates_as_tensor:t
    nodes_missing_value_tracks_true:ii nodes_modes:ss nodes_nodeids:ii nodes_treeids:ii nodes_truenodeids:ii
    nodes_values:ff nodes_values_as_tensor:t base_values:ff base_values_as_tensor:t post_transform:s
""".replace("\n", " ")

_ML = f"""
    LinearClassifier classlabels_ints:ii coefficients:ff intercepts:ff multi_class:i post_transform:s
    LinearRegressor coefficients:ff intercepts:ff post_transform:s targets:i
    Normalizer norm:s
    Scaler offset:ff scale:ff
    TreeEnsembleClassifier {_NODES} class_ids:ii class_nodeids:ii class_treeids:ii class_weights:ff class_weights_as_tensor:t classlabels_int64s:ii
    TreeEnsembleRegressor {_NODES} aggregate_function:s n_targets:i target_ids:ii target_nodeids:ii target_treeids:ii target_weights:ff target_weights_as_tensor:t
"""  # noqa: E501 - one line an operator


_ELSEWHERE = """
    Acos Acosh Asin Asinh Atan Atanh Cosh HardSwish IsInf Mean Mish PRelu Sinh Size Softsign Sum Tan
"""

_ELSEWHERE_WITH_ATTRIBUTES = """
    AveragePool auto_pad:s ceil_mode:i count_include_pad:i dilations:ii kernel_shape:ii pads:ii strides:ii
    BatchNormalization epsilon:f momentum:f training_mode:i
    Cast to:i saturate:i round_mode:s
    Celu alpha:f
    Clip min:f max:f
    ConstantOfShape value:t
    Conv auto_pad:s dilations:ii group:i kernel_shape:ii pads:ii strides:ii
    GRU activation_alpha:ff activation_beta:ff activations:ss clip:f direction:s hidden_size:i layout:i linear_before_reset:i
    Gelu approximate:s
    GlobalAveragePool
    GlobalMaxPool
    HardSigmoid alpha:f beta:f
    LSTM activation_alpha:ff activation_beta:ff activations:ss clip:f direction:s hidden_size:i input_forget:i layout:i
    LayerNormalization axis:i epsilon:f stash_type:i
    MaxPool auto_pad:s ceil_mode:i dilations:ii kernel_shape:ii pads:ii storage_order:i strides:ii
    Pad mode:s pads:ii value:f
    RNN activation_alpha:ff activation_beta:ff activations:ss clip:f direction:s hidden_size:i layout:i
    Selu alpha:f gamma:f
    Slice axes:ii ends:ii starts:ii
    Split axis:i num_outputs:i split:ii
    Squeeze axes:ii
    ThresholdedRelu alpha:f
    Tile
    TopK axis:i k:i largest:i sorted:i
    Unsqueeze axes:ii
"""  # noqa: E501 - one line an operator

_REDUCING = "\n".join(
    f"Reduce{word} axes:ii keepdims:i noop_with_empty_axes:i"
    for word in ("L1", "L2", "LogSum", "LogSumExp", "Max", "Mean", "Min", "Prod", "Sum", "SumSquare")
)

_ML_ELSEWHERE = """
    ArrayFeatureExtractor
    Binarizer threshold:f
    Imputer imputed_value_floats:ff replaced_value_float:f
    LabelEncoder default_float:f default_int64:i keys_floats:ff keys_int64s:ii values_floats:ff values_int64s:ii
"""


def _table(text: str) -> dict[str, dict[str, str]]:
    lines = [line.split() for line in text.splitlines() if line.strip()]
    return {line[0]: dict(word.split(":") for word in line[1:]) for line in lines}


Operators = Mapping[str, Mapping[str, Mapping[str, str]]]

OPERATORS: Operators = {
    "": _table("\n".join(_PLAIN.split())) | _table(_WITH_ATTRIBUTES),
    "ai.onnx.ml": _table(_ML),
}
"""Domain to operator to attribute to type; ``ai.onnx`` is the domain with the empty name."""

_MORE = "\n".join((*_ELSEWHERE.split(), _ELSEWHERE_WITH_ATTRIBUTES, _REDUCING))

ELSEWHERE: Operators = {
    "": {**OPERATORS[""], **_table(_MORE)},
    "ai.onnx.ml": {**OPERATORS["ai.onnx.ml"], **_table(_ML_ELSEWHERE)},
}
"""What a model that is in no package may use: bounded as well, but rows may know their batch."""

ALIASES = {"ai.onnx": ""}
"""Second names of domains."""
