"""A Triton model repository: ``config.pbtxt``, the graph and class labels.

The memory of a model that has one is an input and an output; the client carries it.
"""

from __future__ import annotations

from trivet.export.parcel import Parcel, Tensor

LARGEST_BATCH = 64
"""Rows do not know their batch, so any number would do; this one keeps latency in bounds."""


def files(parcel: Parcel) -> dict[str, bytes]:
    """The repository of one model in its first version."""
    labels = {port.name: port.classes for port in parcel.package.manifest.outputs if port.classes}
    return {
        f"{parcel.name}/config.pbtxt": _config(parcel, labels).encode(),
        f"{parcel.name}/1/model.onnx": parcel.package.member("model.onnx"),
        **{
            f"{parcel.name}/{name}.txt": "".join(f"{one}\n" for one in classes).encode()
            for name, classes in labels.items()
        },
    }


def _config(parcel: Parcel, labels: dict[str, tuple[str, ...]]) -> str:
    facts = {
        # The backend's own: trees are summed alike only on one thread.
        "intra_op_thread_count": "1",
        "trivet.package": f"sha256:{parcel.package.digest}",
        "trivet.version": parcel.version,
        "trivet.interface": f"{parcel.interface.id} {parcel.interface.version}",
        **{f"trivet.{tensor.name}": ", ".join(tensor.meanings) for tensor in (*parcel.inputs, *parcel.outputs)},
    }
    rows = [
        f"name: {_text(parcel.name)}",
        'backend: "onnxruntime"',
        'default_model_filename: "model.onnx"',
        f"max_batch_size: {LARGEST_BATCH}",
        *(f"input {{ {_port(tensor)} }}" for tensor in parcel.inputs),
        *(f"output {{ {_port(tensor)}{_label(tensor, labels)} }}" for tensor in parcel.outputs),
        "instance_group { kind: KIND_CPU count: 1 }",
        *(
            f"parameters {{ key: {_text(key)} value {{ string_value: {_text(value)} }} }}"
            for key, value in facts.items()
        ),
    ]
    return "".join(f"{row}\n" for row in rows)


def _port(tensor: Tensor) -> str:
    dims = ", ".join(map(str, tensor.shape[1:]))
    return f"name: {_text(tensor.name)} data_type: TYPE_FP32 dims: [ {dims} ]"


def _label(tensor: Tensor, labels: dict[str, tuple[str, ...]]) -> str:
    return f" label_filename: {_text(f'{tensor.name}.txt')}" if tensor.name in labels else ""


def _text(value: str) -> str:
    """A string of protobuf's text format: printable ASCII, all else as octal bytes."""
    return '"' + "".join(_escaped(byte) for byte in value.encode("utf-8", "replace")) + '"'


def _escaped(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\{byte:03o}"
