"""IDTA 02058, AIDataset: what the evidence says about the training data."""

from __future__ import annotations

from trivet.export.aasx.elements import PRODUCT, VERSION, Template, Tree
from trivet.export.parcel import Parcel

NAME = "AIDataset"
_AI = Template(NAME)
UNKNOWN = "not stated by the package"
"""Stands where a template demands what the evidence does not say."""


def dataset(parcel: Parcel) -> Tree:
    """The submodel, with the template's own spelling of its semantic ids."""
    known = parcel.evidence("data")
    elements = [
        _AI.property("URIOfTheProduct", PRODUCT, f"{parcel.urn}#training-data"),
        _AI.property("Version", VERSION, parcel.version),
        _AI.contact(parcel, "ContactInformation"),
        _AI.property("Storage", "Storage", str(known.get("source") or UNKNOWN)),
        *_labelled(parcel),
        _AI.collection("SizeInformation", "SizeInformation", _size(parcel)),
        _AI.collection("MetaData", "MetaData", _about(parcel)),
    ]
    if known.get("kind") == "simulated":
        text = str(known.get("note") or "simulated")
        synthetic = _AI.text("SyntheticData", "BoundaryConditions/SyntheticData", text)
        elements.append(_AI.collection("BoundaryConditions", "BoundaryConditions", [synthetic]))
    return _AI.submodel(parcel, NAME, elements)


def _labelled(parcel: Parcel) -> list[Tree]:
    """One classification for each output with classes; how many samples had a class is not in the evidence."""
    path = "labeled/Classification"
    found = []
    for number, port in enumerate(port for port in parcel.package.manifest.outputs if port.classes):
        names = [_label(f"Label{place}", name) for place, name in enumerate(port.classes)]
        count = _AI.property("NumberLables", f"{path}/NumberLabels", str(len(names)))
        labels = _AI.collection("Labels", f"{path}/Labels", names)
        found.append(_AI.collection(f"Classification{number}", "Labeled/Classification", [count, labels]))
    return [_AI.collection("Labeled", "labeled", found)] if found else []


def _label(short: str, name: str) -> Tree:
    path = "labeled/Classification/Labels/Label"
    return _AI.collection(short, path, [_AI.property("ClassName", f"{path}/ClassName", name)])


def _size(parcel: Parcel) -> list[Tree]:
    known, training = parcel.evidence("data"), parcel.evidence("training")
    rows = known.get("rows")
    found = [_AI.property("CompleteSize", "/SizeInformation/CompleteSize", str(rows) if rows is not None else UNKNOWN)]
    if isinstance(training.get("split"), str):
        found.append(_AI.property("SplitRatio", "SizeInformation/SplitRatio", training["split"]))
    return found


def _about(parcel: Parcel) -> list[Tree]:
    facts = parcel.facts("data")
    facts += [(f"material {one.role} {one.name}", f"sha256:{one.sha256}") for one in parcel.materials]
    found = [_AI.property("FileType", "MetaData/FileType", UNKNOWN)]
    if facts:
        more = _AI.facts("MetaData/AdditionalInformation/Info", facts)
        found.append(_AI.collection("AdditionalInformation", "MetaData/AdditionalInformation", more))
    return found
