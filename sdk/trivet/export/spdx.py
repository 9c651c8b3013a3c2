"""SPDX 3.0.1 with the AI and dataset profiles: the package, its members, and the data that it was trained on."""

from __future__ import annotations

import re
from typing import Any

from trivet.export.line import text_of
from trivet.export.parcel import Parcel, flat
from trivet.package.manifest import Member
from trivet.package.provenance import Material

Tree = dict[str, Any]
VERSION = "3.0.1"
_CREATION = "_:creation"
_PURPOSES = {"model": "model", "interface": "specification", "features": "configuration", "golden": "test"}
_MADE_WITH = {"extract": "data", "simulator": "application", "interface": "specification", "code": "source"}
_PERSONAL = {"none": "no", "no": "no", "yes": "yes"}


def files(parcel: Parcel) -> dict[str, bytes]:
    """One document."""
    graph = [_creation(parcel), *_elements(parcel)]
    made = {"@context": f"https://spdx.org/rdf/{VERSION}/spdx-context.jsonld", "@graph": graph}
    return {f"{parcel.stem}.spdx.json": text_of(made)}


def _creation(parcel: Parcel) -> Tree:
    return {
        "type": "CreationInfo",
        "@id": _CREATION,
        "specVersion": VERSION,
        "created": parcel.time,
        "createdBy": [_id(parcel, "supplier")],
    }


def _elements(parcel: Parcel) -> list[Tree]:
    members = parcel.package.manifest.members
    found = [
        _element("Agent", _id(parcel, "supplier"), parcel.supplier or "not stated by the package"),
        _model(parcel),
        _data(parcel),
        *(_file(parcel, member) for member in members),
        _relation(parcel, "contains", parcel.urn, [_id(parcel, member.path) for member in members]),
        *_lineage(parcel),
    ]
    document = {
        **_element("SpdxDocument", _id(parcel, "document"), parcel.stem),
        "profileConformance": ["core", "software", "ai", "dataset"],
        "rootElement": [parcel.urn],
        "element": [one["spdxId"] for one in found],
    }
    return [*found, document]


def _model(parcel: Parcel) -> Tree:
    data = parcel.evidence("data")
    thresholds = {name: spec.limit for name, spec in parcel.interface.outputs.items() if spec.limit is not None}
    promised = {port.name for port in parcel.package.manifest.outputs}
    training = {f"training.{path}": text for path, text in parcel.facts("training")}
    made = {
        **_package("ai_AIPackage", parcel.urn, parcel.name, parcel),
        "software_packageVersion": parcel.version,
        "software_primaryPurpose": "model",
        "verifiedUsing": [_hash(parcel.package.digest)],
        "ai_typeOfModel": parcel.kinds,
        "ai_domain": [parcel.interface.id],
        "ai_hyperparameter": _entries(training),
        "ai_metric": _entries(dict(parcel.facts("evaluation"))),
        "ai_metricDecisionThreshold": _entries(
            {name: f"{limit:g}" for name, limit in thresholds.items() if name in promised}
        ),
        "ai_informationAboutApplication": f"interface {parcel.interface.id} {parcel.interface.version}",
        "ai_useSensitivePersonalInformation": _personal(data),
    }
    if isinstance(note := data.get("note"), str):
        made["ai_limitation"] = note
    if isinstance(method := parcel.evidence("training").get("method"), str):
        made["ai_informationAboutTraining"] = method
    return made


def _data(parcel: Parcel) -> Tree:
    known = parcel.evidence("data")
    kinds = ["timeseries", "sensor", *(["syntactic"] if known.get("kind") == "simulated" else [])]
    made = {
        **_package("dataset_DatasetPackage", _id(parcel, "training-data"), "training data", parcel),
        "software_primaryPurpose": "data",
        "dataset_datasetType": kinds,
        "dataset_sensor": _entries(dict(parcel.columns)),
        "dataset_hasSensitivePersonalInformation": _personal(known),
        "description": "; ".join(f"{path}: {text}" for path, text in parcel.facts("data")) or "not described",
    }
    if isinstance(known.get("rows"), int):
        made["dataset_datasetSize"] = known["rows"]
    if isinstance(known.get("source"), str):
        made["dataset_dataCollectionProcess"] = known["source"]
    return made


def _package(kind: str, name: str, title: str, parcel: Parcel) -> Tree:
    """What SPDX's AI and dataset profiles ask of every package; the URN says that it names no place."""
    return {
        **_element(kind, name, title),
        "suppliedBy": _id(parcel, "supplier"),
        "releaseTime": parcel.time,
        "builtTime": parcel.time,
        "originatedBy": [_id(parcel, "supplier")],
        "software_downloadLocation": name,
    }


def _file(parcel: Parcel, member: Member) -> Tree:
    return {
        **_element("software_File", _id(parcel, member.path), member.path),
        "software_primaryPurpose": _PURPOSES.get(member.role, "evidence"),
        "verifiedUsing": [_hash(member.sha256)],
    }


def _lineage(parcel: Parcel) -> list[Tree]:
    """What training was done with, down to digests, and how one thing led to the other."""
    named = [(one, _id(parcel, f"material/{one.role}/{number}")) for number, one in enumerate(parcel.materials)]
    extracts = [name for one, name in named if one.role == "extract"]
    simulated = [name for one, name in named if one.role == "extract" and one.simulated]
    tools = [name for one, name in named if one.role == "code"]
    found = [_material(parcel, one, name) for one, name in named]
    found.append(_relation(parcel, "trainedOn", parcel.urn, [_id(parcel, "training-data"), *extracts]))
    if tools:
        found.append(_relation(parcel, "usesTool", parcel.urn, tools))
    simulators = [name for one, name in named if one.role == "simulator" and simulated]
    return found + [_relation(parcel, "generates", name, simulated) for name in simulators]


def _material(parcel: Parcel, material: Material, name: str) -> Tree:
    kind = _element("software_File", name, material.name)
    told: Tree = {"software_primaryPurpose": _MADE_WITH[material.role]}
    if material.role == "extract":
        kind = _package("dataset_DatasetPackage", name, material.name, parcel)
        told |= {"dataset_datasetType": ["timeseries", *(["syntactic"] if material.simulated else [])]}
    about = "; ".join(f"{path}: {text}" for path, text in flat(material.descriptor["annotations"]))
    return {**kind, **told, "description": about, "verifiedUsing": [_hash(material.sha256)]}


def _relation(parcel: Parcel, kind: str, source: str, targets: list[str]) -> Tree:
    made = _element("Relationship", f"{source}/{kind}" if "#" in source else _id(parcel, f"relationship/{kind}"))
    return {**made, "relationshipType": kind, "from": source, "to": targets}


def _element(kind: str, name: str, title: str = "") -> Tree:
    made = {"type": kind, "spdxId": name, "creationInfo": _CREATION}
    return {**made, "name": title} if title else made


def _entries(facts: dict[str, str]) -> list[Tree]:
    return [{"type": "DictionaryEntry", "key": key, "value": value} for key, value in facts.items()]


def _hash(digest: str) -> Tree:
    return {"type": "Hash", "algorithm": "sha256", "hashValue": digest}


def _personal(data: Tree) -> str:
    said = data.get("personal_data")
    return _PERSONAL.get(said, "noAssertion") if isinstance(said, str) else "noAssertion"


def _id(parcel: Parcel, part: str) -> str:
    return f"{parcel.urn}#{re.sub(r'[^A-Za-z0-9._/-]', '-', part)}"
