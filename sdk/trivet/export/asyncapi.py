"""AsyncAPI 3.0: the lines of a run as messages, one channel an appliance and kind of line."""

from __future__ import annotations

from trivet.export import Subject
from trivet.export.identifiers import pascal
from trivet.export.line import Schema, line_schema, text_of

KINDS = {
    "prediction": "What the model says of one window",
    "decision": "A change of a decision's state",
    "sensor_faults": "What is wrong with sensors",
    "gap": "Data that are missing, with the reason",
    "no_window": "Silence for longer than expected",
}


def files(subject: Subject) -> dict[str, bytes]:
    """The description."""
    return {f"{subject.stem}.asyncapi.json": text_of(description(subject))}


def description(subject: Subject) -> Schema:
    """The AsyncAPI tree."""
    interface = subject.interface
    names = {kind: pascal(kind) for kind in KINDS}
    messages = {name: _message(subject, kind, name) for kind, name in names.items()}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": subject.label(interface.title, interface.id),
            "version": interface.version,
            "description": "Canonical JSON, one object a message; a window's decision comes before its prediction.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "lines": {
                "address": "trivet/{site}/{appliance}/lines",
                "description": "All lines about one appliance, in their order",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names.values()},
                "parameters": {
                    "site": {"description": "As the device document names it"},
                    "appliance": {"description": "As the device document names it"},
                },
            }
        },
        "operations": {"sendLine": {"action": "send", "channel": {"$ref": "#/channels/lines"}}},
        "components": {"messages": messages},
    }


def _message(subject: Subject, kind: str, name: str) -> Schema:
    """One kind of line, with what all lines have."""
    whole = line_schema(subject)
    (own,) = [part for part in whole["oneOf"] if part["properties"]["kind"]["const"] == kind]
    payload = {
        "type": "object",
        "properties": {**whole["properties"], **own["properties"]},
        "required": [*whole["required"], *whole["else"]["required"], *own["required"]],
    }
    return {
        "name": name,
        "title": KINDS[kind],
        "payload": _inlined(payload, whole),
    }


def _inlined(node: object, whole: Schema) -> object:
    """A schema with the few definitions of lines put where they are used; there is no recursion among them."""
    if isinstance(node, dict):
        if str(node.get("$ref", "")).startswith("#/$defs/"):
            beside = {key: value for key, value in node.items() if key != "$ref"}
            return {**whole["$defs"][node["$ref"].removeprefix("#/$defs/")], **beside}
        return {key: _inlined(value, whole) for key, value in node.items()}
    return [_inlined(item, whole) for item in node] if isinstance(node, list) else node
