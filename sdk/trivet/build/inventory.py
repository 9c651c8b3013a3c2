"""The inventory of training data as Croissant 1.1 JSON-LD with the fields of its RAI extension 1.0.

Written by hand from the published vocabulary, since the library that reads it weighs 343 MB; an
interop test has that library read what is written here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from trivet.interface.columns import columns as columns_of
from trivet.interface.document import Interface
from trivet.package.provenance import Material

CROISSANT, RAI = "http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"

NEEDED = (
    "dataCollection",
    "dataBiases",
    "dataLimitations",
    "dataUseCases",
    "dataSocialImpact",
    "personalSensitiveInformation",
    "dataReleaseMaintenancePlan",
)
"""Questions of the RAI extension that an inventory has to answer."""

_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

_FIELDS = {"column": "sc:Text", "unit": "sc:Text", "low": "sc:Float", "high": "sc:Float", "meaning": "sc:Text"}


def croissant(
    name: str,
    description: str,
    *,
    version: str,
    extracts: Iterable[Material],
    interface: Interface,
    columns: Sequence[str],
    answers: Mapping[str, str],
    simulated: bool,
    licence: str = "https://spdx.org/licenses/Apache-2.0.html",
    url: str = "urn:trivet:training-data",
) -> dict[str, Any]:
    """The inventory of what a model was taught.

    Args:
        name: Of the data set.
        description: What it is, in some sentences.
        version: Semantic version of what it was made by.
        extracts: Its files as ``provenance.extract`` or ``provenance.recording`` describe them.
        interface: Names, units and ranges of the columns.
        columns: Those that the model was taught with.
        answers: To each of ``NEEDED``, one text.
        simulated: Whether no appliance was measured for it.
        licence: URL of the licence of the data.
        url: Where to ask for them.

    Raises:
        ValueError: A question of ``NEEDED`` has no answer.
    """
    missing = [question for question in NEEDED if not answers.get(question, "").strip()]
    if missing:
        raise ValueError(f"the inventory of {name!r} does not answer {', '.join(missing)}")
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": name,
        "description": description,
        "conformsTo": [CROISSANT, RAI],
        "version": version,
        "license": licence,
        "url": url,
        "distribution": [_file(one) for one in extracts],
        "recordSet": [_columns(interface, columns)],
        "rai:hasSyntheticData": simulated,
        **{f"rai:{question}": answers[question] for question in sorted(answers)},
    }


def _file(extract: Material) -> dict[str, Any]:
    facts = ", ".join(f"{key} {value}" for key, value in sorted(extract.facts.items()))
    return {
        "@type": "cr:FileObject",
        "@id": extract.name,
        "name": extract.name,
        "description": f"Arrays in the order of their names, each after a line of canonical JSON. {facts}".strip(),
        "contentUrl": f"{extract.name}.bin",
        "encodingFormat": "application/octet-stream",
        "sha256": extract.sha256,
    }


def _columns(interface: Interface, chosen: Sequence[str]) -> dict[str, Any]:
    """Units and ranges of the columns, as records of their own."""
    known = columns_of(interface)
    rows = [
        {
            "columns/column": name,
            "columns/unit": known[name].unit,
            "columns/low": known[name].range[0],
            "columns/high": known[name].range[1],
            "columns/meaning": known[name].label.get("en", name),
        }
        for name in chosen
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": "columns",
        "name": "columns",
        "description": f"Columns of interface {interface.id} {interface.version}, UCUM units.",
        "key": {"@id": "columns/column"},
        "field": [
            {"@type": "cr:Field", "@id": f"columns/{name}", "name": f"columns/{name}", "dataType": kind}
            for name, kind in _FIELDS.items()
        ],
        "data": rows,
    }
