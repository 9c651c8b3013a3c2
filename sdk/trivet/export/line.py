"""JSON Schema of the lines and frames of one interface: what ``line.schema.json`` says of all, made exact."""

from __future__ import annotations

import copy
import json
from importlib.resources import files as resources
from typing import Any

from trivet.export import Subject
from trivet.interface.columns import class_order, columns
from trivet.interface.document import Output, Signal

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"


def line_schema(subject: Subject) -> Schema:
    """The schema of a line about this interface."""
    text = (resources("trivet_schemas") / "line.schema.json").read_text(encoding="utf-8")
    general: Schema = json.loads(text)
    schema = copy.deepcopy(general)
    schema["$id"] = f"urn:trivet:line:{subject.interface.id}:{subject.interface.version}"
    schema["title"] = f"A line about {subject.interface.id} {subject.interface.version}"
    schema["properties"]["interface"] = {"const": subject.digest, "description": "SHA-256 of the interface document"}
    for kind in schema["oneOf"]:
        properties = kind["properties"]
        if properties["kind"]["const"] == "prediction":
            properties["outputs"] = outputs_schema(subject)
        if properties["kind"]["const"] == "decision" and subject.interface.decisions:
            properties["rule"] = {"enum": sorted(subject.interface.decisions)}
    return schema


def outputs_schema(subject: Subject) -> Schema:
    """Outputs by name; a package gives some of them, and null where it withholds."""
    made = {name: _output(subject, name, spec) for name, spec in sorted(subject.interface.outputs.items())}
    return {
        "type": "object",
        "description": "Null where withheld; never NaN",
        "properties": made,
        "additionalProperties": False,
    }


def _output(subject: Subject, name: str, spec: Output) -> Schema:
    number: Schema = {"type": ["number", "null"]}
    if spec.range is not None:
        number |= {"minimum": spec.range[0], "maximum": spec.range[1]}
    about = {"title": subject.label(spec.label, name), "x-ucum": spec.unit}
    classes = class_order(subject.interface, name)
    if not classes:
        return {**number, **about}
    each = dict.fromkeys(classes, number)
    return {**about, "type": ["object", "null"], "properties": each, "additionalProperties": False}


def frame_schema(subject: Subject) -> Schema:
    """The schema of one frame: column to number or state name, null when not known."""
    made = {name: column_schema(subject, name, signal) for name, signal in sorted(columns(subject.interface).items())}
    return {
        "$schema": DIALECT,
        "$id": f"urn:trivet:frame:{subject.interface.id}:{subject.interface.version}",
        "title": f"A frame of {subject.interface.id} {subject.interface.version}",
        "description": f"The values of {subject.interface.frame:g} s; the time is its end",
        "type": "object",
        "required": ["time"],
        "properties": {"time": {"type": "string", "format": "date-time"}, **made},
        "additionalProperties": False,
    }


def column_schema(subject: Subject, name: str, signal: Signal) -> Schema:
    """The schema of one column."""
    about = {"title": subject.label(signal.label, name), "x-ucum": signal.unit, "x-max-age": signal.max_age}
    if signal.enumeration:
        return {**about, "enum": [*sorted(signal.enumeration.values()), None]}
    low, high = signal.range
    return {**about, "type": ["number", "null"], "minimum": low, "maximum": high}


def text_of(tree: Any) -> bytes:
    """A JSON tree as people read it."""
    return (json.dumps(tree, indent=2, ensure_ascii=False) + "\n").encode("utf-8")
