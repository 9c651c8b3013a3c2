"""Open Inference Protocol (KServe v2): the metadata of the model, as a server answers ``GET v2/models/NAME``."""

from __future__ import annotations

from trivet.export.line import text_of
from trivet.export.parcel import Parcel, Tensor

PLATFORM = "onnx_onnxv1"


def files(parcel: Parcel) -> dict[str, bytes]:
    """One answer; the protocol has no place for units."""
    metadata = {
        "name": parcel.name,
        "versions": [parcel.version],
        "platform": PLATFORM,
        "inputs": [_described(tensor) for tensor in parcel.inputs],
        "outputs": [_described(tensor) for tensor in parcel.outputs],
    }
    return {f"{parcel.stem}.metadata.json": text_of(metadata)}


def _described(tensor: Tensor) -> dict[str, object]:
    return {"name": tensor.name, "datatype": "FP32", "shape": list(tensor.shape)}
