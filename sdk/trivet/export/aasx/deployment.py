"""IDTA 02059, AIDeployment: the file, its inputs and outputs, and the latency that it promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trivet.export.aasx.elements import PRODUCT, VERSION, Template, Tree, to_submodel
from trivet.export.aasx.nameplate import NAME as NAMEPLATE
from trivet.export.parcel import Parcel, Tensor
from trivet.package.layout import MIMETYPE

NAME = "AIDeployment"
_AI = Template(NAME)
_TIME = "PerformanceInformation/InferenceTime"
_CPU = "0173-1#01-ACL481#008"


def deployment(parcel: Parcel, inside: str) -> Tree:
    """The submodel, with the template's own spelling of its semantic ids.

    Args:
        parcel: The package.
        inside: Where its file lies in the container.
    """
    storage = [
        _AI.property("Format", "Storage/Format", "trivet package with an ONNX graph"),
        _AI.file("DeployedModel", "Storage/DeployedModel", MIMETYPE.decode(), inside),
    ]
    budget = [_promised(number, row) for number, row in enumerate(parcel.package.manifest.budget)]
    elements = [
        _AI.property("URIOfTheProduct", PRODUCT, parcel.urn),
        _AI.property("Version", VERSION, parcel.version),
        _AI.contact(parcel, "Contactinformation"),
        _AI.reference("ModelNameplateRef", "ModelNameplateRef", to_submodel(parcel, NAMEPLATE)),
        _AI.collection("Storage", "Storage", storage),
        _AI.collection("Input", "Input", _ports("Input/InputProperty", parcel.inputs)),
        _AI.collection("Output", "Output", _ports("Output/OutputProperty", parcel.outputs)),
        _AI.collection("PerformanceInformation", "PerformanceInformation", budget),
    ]
    return _AI.submodel(parcel, NAME, elements)


def _ports(path: str, tensors: tuple[Tensor, ...]) -> list[Tree]:
    facts = [(one.name, f"{one.form}: {', '.join(one.meanings)}") for one in tensors]
    return _AI.facts(path, facts)


def _promised(number: int, row: Mapping[str, Any]) -> Tree:
    limit = f"at most {row['limit']:g} s at percentile {row['percentile']:g}; a promise, not a measurement"
    cpu = f"{row['architecture']}, {row['cpu']}, at least {row['cores']} cores"
    hardware = _AI.collection("Hardware", f"{_TIME}/Hardware", [_AI.property("CPU", _CPU, cpu)])
    return _AI.collection(f"InferenceTime{number}", _TIME, [_AI.text("Time", f"{_TIME}/Time", limit), hardware])
