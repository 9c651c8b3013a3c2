"""IDTA 02060, AIModelNameplate: the model's tensors, how it was trained and how well it did."""

from __future__ import annotations

from trivet.export.aasx.dataset import NAME as DATASET
from trivet.export.aasx.dataset import UNKNOWN
from trivet.export.aasx.elements import PRODUCT, VERSION, Template, Tree, to_submodel
from trivet.export.parcel import Parcel

NAME = "AIModelNameplate"
_AI = Template(NAME)
_TYPE = "AITypeSpecificInformation"


def nameplate(parcel: Parcel) -> Tree:
    """The submodel, with the template's own spelling of its semantic ids."""
    manifest = parcel.package.manifest
    details = [
        _AI.property("FileExtension", "Details/DataEnding", "onnx"),
        _AI.property("AIFramework", "Details/AIFramework", f"ONNX, opset {manifest.opset}"),
        _AI.property("ProgramLanguage", "Details/ProgramLanguage", "none: a graph"),
    ]
    reference = _AI.reference("AIDatasetReference", "AIDataset/DatasetReference", to_submodel(parcel, DATASET))
    results = _AI.facts("TrainingResults/Result", parcel.facts("evaluation"))
    elements = [
        _AI.property("URIOfTheProduct", PRODUCT, parcel.urn),
        _AI.property("Version", VERSION, parcel.version),
        _AI.contact(parcel, "Contactinformation"),
        _AI.property("Storage", "Storage", f"sha256:{parcel.package.digest}"),
        _AI.text("KindOfLearning", "KindOfLearning", str(parcel.evidence("training").get("method") or UNKNOWN)),
        _AI.collection("Inputs", "Inputs", _inputs(parcel)),
        _AI.collection("Outputs", "Outputs", _outputs(parcel)),
        _AI.collection("TrainingResults", "TrainingResults", results),
        _AI.collection("Details", "Details", details),
        _AI.collection("AIDataset", "AIDataset", [reference]),
        _AI.collection(_TYPE, _TYPE, _kind(parcel)),
    ]
    return _AI.submodel(parcel, NAME, elements, model=True)


def _inputs(parcel: Parcel) -> list[Tree]:
    """The kind of input, then one dimension for each axis but the batch."""
    path = "Inputs/DimensionN"
    found = [_AI.property("KindOfInput", "Inputs/KindOfInput", "float32 windows of signals; NaN is not known")]
    for tensor in parcel.inputs:
        axes = [*((size, "frames") for size in tensor.shape[1:-1]), (tensor.shape[-1], ", ".join(tensor.meanings))]
        for size, about in axes:
            parts = [
                _AI.property("Size", f"{path}/Size", str(size)),
                _AI.property("Information", f"{path}/Information", f"{tensor.name}: {about}"),
            ]
            found.append(_AI.collection(f"Dimension{len(found)}", path, parts))
    return found


def _outputs(parcel: Parcel) -> list[Tree]:
    path, found = "Outputs/DimensionN", []
    for number, tensor in enumerate(parcel.outputs, 1):
        parts = [
            _AI.property("Size", f"{path}/Size", str(tensor.shape[-1])),
            _AI.text("Result", f"{path}/Result", f"{tensor.name}: {', '.join(tensor.meanings)}"),
        ]
        found.append(_AI.collection(f"Dimension{number}", path, parts))
    return found


def _kind(parcel: Parcel) -> list[Tree]:
    facts = _AI.facts(f"{_TYPE}/Hyperparameter/LearningRate", parcel.facts("training"))
    more = [_AI.collection("Hyperparameter", f"{_TYPE}/Hyperparameter", facts)] if facts else []
    return [*more, _AI.text("Type", f"{_TYPE}/Type", str(parcel.evidence("training").get("method") or UNKNOWN))]
