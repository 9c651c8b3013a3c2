"""An MLflow model folder with the flavours ``onnx`` and ``python_function``, and a signature of tensors."""

from __future__ import annotations

import json
from typing import Any

import yaml

from trivet.export.parcel import Parcel, Tensor

PYTHON = "3.11"
REQUIREMENTS = ("mlflow", "numpy>=1.26", "onnx>=1.21", "onnxruntime>=1.22")


def files(parcel: Parcel) -> dict[str, bytes]:
    """``MLmodel``, the graph, and what a Python that serves it needs."""
    conda = {
        "name": "mlflow-env",
        "channels": ["conda-forge"],
        "dependencies": [f"python={PYTHON}", "pip", {"pip": list(REQUIREMENTS)}],
    }
    environment = {"python": PYTHON, "build_dependencies": ["pip"], "dependencies": ["-r requirements.txt"]}
    return {
        f"{parcel.stem}/MLmodel": _yaml(_model(parcel)),
        f"{parcel.stem}/model.onnx": parcel.package.member("model.onnx"),
        f"{parcel.stem}/requirements.txt": "".join(f"{one}\n" for one in REQUIREMENTS).encode(),
        f"{parcel.stem}/conda.yaml": _yaml(conda),
        f"{parcel.stem}/python_env.yaml": _yaml(environment),
    }


def _model(parcel: Parcel) -> dict[str, Any]:
    manifest = parcel.package.manifest
    onnx = {
        "code": None,
        "data": "model.onnx",
        "providers": ["CPUExecutionProvider"],
        # As the runtime here does: trees are summed alike only on one thread.
        "onnx_session_options": {"intra_op_num_threads": 1, "inter_op_num_threads": 1},
    }
    function = {
        "loader_module": "mlflow.onnx",
        "data": "model.onnx",
        "python_version": PYTHON,
        "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
    }
    return {
        "flavors": {"onnx": onnx, "python_function": function},
        "signature": {"inputs": _signature(parcel.inputs), "outputs": _signature(parcel.outputs), "params": None},
        "model_uuid": parcel.uuid.replace("-", ""),
        "utc_time_created": parcel.time.replace("T", " ").replace("Z", ".000000"),
        "metadata": {
            "trivet": {
                "package": f"{parcel.name} {parcel.version}",
                "digest": f"sha256:{parcel.package.digest}",
                "interface": f"{manifest.interface.id} {manifest.interface.version}",
                **{tensor.name: list(tensor.meanings) for tensor in (*parcel.inputs, *parcel.outputs)},
            }
        },
    }


def _signature(tensors: tuple[Tensor, ...]) -> str:
    """A tensor specification for each port, which MLflow keeps as JSON inside YAML."""
    specs = [
        {"name": one.name, "type": "tensor", "tensor-spec": {"dtype": "float32", "shape": list(one.shape)}}
        for one in tensors
    ]
    return json.dumps(specs)


def _yaml(tree: dict[str, Any]) -> bytes:
    return yaml.safe_dump(tree, sort_keys=True, width=10_000).encode()
