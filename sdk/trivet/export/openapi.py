"""OpenAPI 3.1: a receiver of lines, such as a fleet service, as webhooks that a run's owner posts to."""

from __future__ import annotations

from trivet.export import Subject
from trivet.export.line import Schema, frame_schema, line_schema, text_of


def files(subject: Subject) -> dict[str, bytes]:
    """The description."""
    return {f"{subject.stem}.openapi.json": text_of(description(subject))}


def description(subject: Subject) -> Schema:
    """The OpenAPI tree."""
    interface = subject.interface
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
        "info": {
            "title": subject.label(interface.title, interface.id),
            "version": interface.version,
            "summary": "Lines of trivet run, for a service that receives them",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {},
        "webhooks": {"line": {"post": _post("line", "One line of a run", "Line")}},
        "components": {"schemas": schemas(subject)},
    }


def schemas(subject: Subject) -> Schema:
    """Line and frame as components, without headers of their own."""
    line, frame = line_schema(subject), frame_schema(subject)
    return {"Line": _placed(line, "Line"), "Frame": _placed(frame, "Frame")}


def _placed(schema: Schema, name: str) -> Schema:
    """A schema with its own definitions, referred to from where it stands now."""

    def moved(node: object) -> object:
        if isinstance(node, dict):
            return {key: _reference(value, name) if key == "$ref" else moved(value) for key, value in node.items()}
        return [moved(item) for item in node] if isinstance(node, list) else node

    return {key: moved(value) for key, value in schema.items() if key not in {"$schema", "$id"}}


def _reference(target: str, name: str) -> str:
    return target.replace("#/", f"#/components/schemas/{name}/", 1)


def _post(name: str, summary: str, schema: str) -> Schema:
    return {
        "operationId": f"receive_{name}",
        "summary": summary,
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
        },
        "responses": {"204": {"description": "Taken"}, "400": {"description": "Not a line of this interface"}},
    }
