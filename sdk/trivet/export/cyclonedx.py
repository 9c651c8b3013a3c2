"""CycloneDX 1.6 ML-BOM: the package as a machine-learning model with its model card, its members and its data."""

from __future__ import annotations

from typing import Any

from trivet.export.line import text_of
from trivet.export.parcel import Parcel, Tensor, flat
from trivet.package.manifest import Member
from trivet.package.provenance import Material

Tree = dict[str, Any]
_KINDS = {"simulator": "application", "interface": "file", "code": "file"}
_HINTS = {"interface": "configuration", "features": "configuration", "golden": "dataset", "evidence": "other"}


def files(parcel: Parcel) -> dict[str, bytes]:
    """One document."""
    return {f"{parcel.stem}.cdx.json": text_of(_document(parcel))}


def _document(parcel: Parcel) -> Tree:
    data = "trivet:training-data"
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{parcel.uuid}",
        "version": 1,
        "metadata": {"timestamp": parcel.time, "component": _model(parcel, data)},
        "components": [
            _data(parcel, data),
            *(_member(one) for one in parcel.package.manifest.members),
            *(_material(one) for one in parcel.materials),
        ],
        "dependencies": [
            {"ref": parcel.urn, "dependsOn": [data, *(member.path for member in parcel.package.manifest.members)]},
            {"ref": data, "dependsOn": [_reference(one) for one in parcel.materials]},
        ],
    }


def _model(parcel: Parcel, data: str) -> Tree:
    manifest = parcel.package.manifest
    supplier = {"supplier": {"name": parcel.supplier}} if parcel.supplier else {}
    return {
        "type": "machine-learning-model",
        "bom-ref": parcel.urn,
        **supplier,
        "name": parcel.name,
        "version": parcel.version,
        "description": _description(parcel),
        "hashes": [_hash(parcel.package.digest)],
        "modelCard": _card(parcel, data),
        "properties": [
            _property("format", str(manifest.format)),
            _property("digest", f"sha256:{parcel.package.digest}"),
            _property("interface", f"{manifest.interface.id} {manifest.interface.version}"),
            _property("interface.digest", f"sha256:{manifest.interface.digest}"),
            _property("window", f"{manifest.window}, {manifest.length} frames"),
            _property("opset", str(manifest.opset)),
            *(_property(f"budget.{number}", _budget(row)) for number, row in enumerate(manifest.budget)),
            *(_property(f"training.{path}", text) for path, text in parcel.facts("training")),
            *(one for port in (*parcel.inputs, *parcel.outputs) for one in _meanings(port)),
        ],
    }


def _description(parcel: Parcel) -> str:
    title = parcel.interface.title
    return title.get("en") or next(iter(title.values()), parcel.interface.id)


def _card(parcel: Parcel, data: str) -> Tree:
    metrics = [{"type": path, "value": text} for path, text in parcel.facts("evaluation")]
    note = parcel.evidence("data").get("note")
    limits = {"considerations": {"technicalLimitations": [note]}} if isinstance(note, str) else {}
    return {
        "bom-ref": f"{parcel.urn}#card",
        "modelParameters": {
            "task": ", ".join(parcel.kinds),
            "datasets": [
                {"ref": data},
                *({"ref": _reference(one)} for one in parcel.materials if one.role == "extract"),
            ],
            "inputs": [{"format": f"{port.name} {port.form}"} for port in parcel.inputs],
            "outputs": [{"format": f"{port.name} {port.form}"} for port in parcel.outputs],
        },
        **({"quantitativeAnalysis": {"performanceMetrics": metrics}} if metrics else {}),
        **limits,
    }


def _data(parcel: Parcel, ref: str) -> Tree:
    """What the model was trained on, as far as the evidence says it."""
    known = parcel.evidence("data")
    contents = {"properties": [_property(f"data.{path}", text) for path, text in parcel.facts("data")]}
    about: Tree = {"bom-ref": f"{ref}#contents", "type": "dataset", "name": "training data", "contents": contents}
    if isinstance(known.get("note"), str):
        about["description"] = known["note"]
    return {"type": "data", "bom-ref": ref, "name": str(known.get("source") or "training data"), "data": [about]}


def _member(member: Member) -> Tree:
    hint = _HINTS.get(member.role)
    kind = {"type": "data", "data": [{"type": hint, "name": member.path}]} if hint else {"type": "file"}
    return {
        **kind,
        "bom-ref": member.path,
        "name": member.path,
        "hashes": [_hash(member.sha256)],
        "properties": [_property("role", member.role), _property("size", str(member.size))],
    }


def _meanings(port: Tensor) -> list[Tree]:
    return [_property(f"{port.name}.{number}", meaning) for number, meaning in enumerate(port.meanings)]


def _material(material: Material) -> Tree:
    """One thing that training was done with, down to its digest."""
    extract = {"type": "data", "data": [{"type": "dataset", "name": material.name}]}
    return {
        **(extract if material.role == "extract" else {"type": _KINDS[material.role]}),
        "bom-ref": _reference(material),
        "name": material.name,
        "hashes": [_hash(material.sha256)],
        "properties": [_property(f"material.{path}", text) for path, text in flat(material.descriptor["annotations"])],
    }


def _reference(material: Material) -> str:
    return f"trivet:material:{material.role}:{material.name}"


def _budget(row: Any) -> str:
    place = f"{row['architecture']}, {row['cpu']}, {row['cores']} cores"
    return f"p{row['percentile']:g} of {row['stage']} within {row['limit']:g} s on {place}"


def _hash(digest: str) -> Tree:
    return {"alg": "SHA-256", "content": digest}


def _property(name: str, value: str) -> Tree:
    return {"name": f"trivet:{name}", "value": value}
