"""AASX: the package inside an Asset Administration Shell with the submodels IDTA 02058, 02059 and 02060.

The container is OPC (ECMA-376 part 2) with the relationships of the AASX specification; the
environment is JSON of the AAS metamodel 3.0. The .trivet file goes in whole, so its signatures hold.
"""

from __future__ import annotations

from typing import Any

from trivet.export.aasx.dataset import dataset
from trivet.export.aasx.deployment import deployment
from trivet.export.aasx.nameplate import nameplate
from trivet.export.line import text_of
from trivet.export.parcel import Parcel
from trivet.package.archive import file_name
from trivet.package.container import join
from trivet.package.layout import MIMETYPE

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_KINDS = "http://admin-shell.io/aasx/relationships/"


def files(parcel: Parcel) -> dict[str, bytes]:
    """One container."""
    inside = f"/aasx/files/{file_name(parcel.package.manifest)}"
    entries = [
        ("[Content_Types].xml", _content_types()),
        ("_rels/.rels", _relation("aasx-origin", "/aasx/aasx-origin")),
        ("aasx/_rels/aasx-origin.rels", _relation("aas-spec", "/aasx/data.json")),
        ("aasx/_rels/data.json.rels", _relation("aas-suppl", inside)),
        ("aasx/aasx-origin", b"Intentionally empty."),
        ("aasx/data.json", text_of(_environment(parcel, inside))),
        (inside.lstrip("/"), parcel.package.data),
    ]
    return {f"{parcel.stem}.aasx": join(entries)}


def _environment(parcel: Parcel, inside: str) -> dict[str, Any]:
    submodels = [dataset(parcel), nameplate(parcel), deployment(parcel, inside)]
    references = [
        {"type": "ModelReference", "keys": [{"type": "Submodel", "value": submodel["id"]}]} for submodel in submodels
    ]
    shell = {
        "modelType": "AssetAdministrationShell",
        "id": f"{parcel.urn}#shell",
        "idShort": "Model",
        "assetInformation": {"assetKind": "Type", "globalAssetId": parcel.urn},
        "submodels": references,
    }
    return {"assetAdministrationShells": [shell], "submodels": submodels}


def _content_types() -> bytes:
    kinds = {
        "rels": "application/vnd.openxmlformats-package.relationships+xml",
        "json": "application/json",
        "trivet": MIMETYPE.decode(),
    }
    rows = "".join(f'<Default Extension="{name}" ContentType="{kind}"/>' for name, kind in kinds.items())
    rows += '<Override PartName="/aasx/aasx-origin" ContentType="text/plain"/>'
    return f'{_HEAD}<Types xmlns="{_TYPES}">{rows}</Types>'.encode()


def _relation(kind: str, target: str) -> bytes:
    """One relationship; targets are made of names that need no escape."""
    row = f'<Relationship Type="{_KINDS}{kind}" Target="{target}" Id="R1"/>'
    return f'{_HEAD}<Relationships xmlns="{_RELATIONS}">{row}</Relationships>'.encode()
