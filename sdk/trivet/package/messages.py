"""The messages of onnx.proto that a model may consist of, by field number.

Fields that no model here may use are named too, so that a refusal can say what
was found: they stand in ``FORBIDDEN``. All others are unknown and refused as such.
"""

from __future__ import annotations

from trivet.package.protobuf import Field, Schema

MODEL: Schema = {
    1: Field("ir_version", "int"),
    2: Field("producer_name", "text"),
    3: Field("producer_version", "text"),
    4: Field("domain", "text"),
    5: Field("model_version", "int"),
    6: Field("doc_string", "text"),
    7: Field("graph", "message"),
    8: Field("opset_import", "message", repeated=True),
    14: Field("metadata_props", "message", repeated=True),
    20: Field("training_info", "message", repeated=True),
    25: Field("functions", "message", repeated=True),
    26: Field("configuration", "message", repeated=True),
}

GRAPH: Schema = {
    1: Field("node", "message", repeated=True),
    2: Field("name", "text"),
    5: Field("initializer", "message", repeated=True),
    10: Field("doc_string", "text"),
    11: Field("input", "message", repeated=True),
    12: Field("output", "message", repeated=True),
    13: Field("value_info", "message", repeated=True),
    14: Field("quantization_annotation", "message", repeated=True),
    15: Field("sparse_initializer", "message", repeated=True),
    16: Field("metadata_props", "message", repeated=True),
}

NODE: Schema = {
    1: Field("input", "text", repeated=True),
    2: Field("output", "text", repeated=True),
    3: Field("name", "text"),
    4: Field("op_type", "text"),
    5: Field("attribute", "message", repeated=True),
    6: Field("doc_string", "text"),
    7: Field("domain", "text"),
    8: Field("overload", "text"),
    9: Field("metadata_props", "message", repeated=True),
    10: Field("device_configurations", "message", repeated=True),
}

ATTRIBUTE: Schema = {
    1: Field("name", "text"),
    2: Field("f", "float"),
    3: Field("i", "int"),
    4: Field("s", "bytes"),
    5: Field("t", "message"),
    6: Field("g", "message"),
    7: Field("floats", "float", repeated=True),
    8: Field("ints", "int", repeated=True),
    9: Field("strings", "bytes", repeated=True),
    10: Field("tensors", "message", repeated=True),
    11: Field("graphs", "message", repeated=True),
    13: Field("doc_string", "text"),
    14: Field("tp", "message"),
    15: Field("type_protos", "message", repeated=True),
    20: Field("type", "int"),
    21: Field("ref_attr_name", "text"),
    22: Field("sparse_tensor", "message"),
    23: Field("sparse_tensors", "message", repeated=True),
}

TENSOR: Schema = {
    1: Field("dims", "int", repeated=True),
    2: Field("data_type", "int"),
    3: Field("segment", "message"),
    4: Field("float_data", "float", repeated=True),
    5: Field("int32_data", "int", repeated=True),
    6: Field("string_data", "bytes", repeated=True),
    7: Field("int64_data", "int", repeated=True),
    8: Field("name", "text"),
    9: Field("raw_data", "view"),
    10: Field("double_data", "double", repeated=True),
    11: Field("uint64_data", "int", repeated=True),
    12: Field("doc_string", "text"),
    13: Field("external_data", "message", repeated=True),
    14: Field("data_location", "int"),
    16: Field("metadata_props", "message", repeated=True),
}

VALUE: Schema = {
    1: Field("name", "text"),
    2: Field("type", "message"),
    3: Field("doc_string", "text"),
    4: Field("metadata_props", "message", repeated=True),
}

TYPE: Schema = {
    1: Field("tensor_type", "message"),
    4: Field("sequence_type", "message"),
    5: Field("map_type", "message"),
    6: Field("denotation", "text"),
    7: Field("opaque_type", "message"),
    8: Field("sparse_tensor_type", "message"),
    9: Field("optional_type", "message"),
}

TENSOR_TYPE: Schema = {1: Field("elem_type", "int"), 2: Field("shape", "message")}

SHAPE: Schema = {1: Field("dim", "message", repeated=True)}

DIMENSION: Schema = {1: Field("dim_value", "int"), 2: Field("dim_param", "text"), 3: Field("denotation", "text")}

OPSET: Schema = {1: Field("domain", "text"), 2: Field("version", "int")}

ENTRY: Schema = {1: Field("key", "text"), 2: Field("value", "text")}

FORBIDDEN = {
    "training_info": "training steps",
    "functions": "functions of its own, which can shadow operators",
    "configuration": "a device configuration",
    "device_configurations": "a device configuration",
    "quantization_annotation": "quantization annotations",
    "sparse_initializer": "sparse tensors",
    "sparse_tensor": "sparse tensors",
    "sparse_tensors": "sparse tensors",
    "overload": "an overloaded operator",
    "g": "a graph inside a graph",
    "graphs": "graphs inside a graph",
    "tensors": "lists of tensors",
    "tp": "types as attributes",
    "type_protos": "types as attributes",
    "ref_attr_name": "a reference to an attribute of a function",
    "segment": "a tensor in segments",
    "string_data": "texts as tensors",
    "uint64_data": "tensors of unsigned 64-bit numbers",
    "external_data": "data outside the file",
    "sequence_type": "a sequence",
    "map_type": "a map",
    "opaque_type": "an opaque type",
    "sparse_tensor_type": "a sparse tensor",
    "optional_type": "an optional value",
}
