"""JSON Schema (2020-12) of each kind of document, made from the dataclasses.

For editors and other languages. What a schema cannot say, such as that a name
exists, ``check`` says. The text is golden: ``schemas/trivet_schemas/*.schema.json``.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import re
import types
from collections.abc import Mapping
from typing import Any, Literal, Union, get_args, get_origin

from trivet.interface.load import fields
from trivet.interface.path import Json

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SCALARS: dict[Any, Json] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    types.NoneType: {"type": "null"},
    Any: {},
}
_NONE = re.compile(r"\bNone\b")
_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n      +\S.*)*)", re.MULTILINE)


def schema_text(kind: str, cls: type[Any]) -> str:
    """The schema of one kind of document, as the text that is kept golden."""
    definitions: dict[str, Json] = {}
    root = _object(cls, definitions)
    tree = {
        "$schema": DIALECT,
        "$id": f"urn:trivet:schema:{kind}:0",
        "title": f"trivet {kind} document",
        **root,
        "$defs": {name: definitions[name] for name in sorted(definitions)},
    }
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"


def _object(cls: Any, definitions: dict[str, Json]) -> Json:
    notes = _attributes(cls)
    properties = {}
    for name, (hint, required) in fields(cls).items():
        schema = dict(_schema(hint, definitions))
        if name in notes:
            schema["description"] = notes[name]
        default = None if required else _default(cls, name)
        if default is not None:
            schema["default"] = default
        properties[name] = schema
    return {
        "type": "object",
        "description": (inspect.getdoc(cls) or "").split("\n")[0],
        "properties": properties,
        "required": [name for name, (_, required) in fields(cls).items() if required],
        "additionalProperties": False,
    }


def _schema(hint: Any, definitions: dict[str, Json]) -> Json:
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in _SCALARS:
        return _SCALARS[hint]
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if hint.__name__ not in definitions:
            definitions[hint.__name__] = {}
            definitions[hint.__name__] = _object(hint, definitions)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if origin is Literal:
        return {"const": arguments[0]} if len(arguments) == 1 else {"enum": list(arguments)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema(argument, definitions) for argument in arguments]}
    if origin is tuple:
        return _array(arguments, definitions)
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": _schema(arguments[1], definitions)}
    raise TypeError(f"JSON Schema has no {hint}")


def _array(arguments: tuple[Any, ...], definitions: dict[str, Json]) -> Json:
    if arguments[-1] is Ellipsis:
        return {"type": "array", "items": _schema(arguments[0], definitions)}
    items = [_schema(argument, definitions) for argument in arguments]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _default(cls: Any, name: str) -> Json:
    """A field's default, where it is worth saying."""
    for field in dataclasses.fields(cls):
        if field.name == name and field.default is not dataclasses.MISSING and field.default not in ("", ()):
            return field.default
    return None


def _attributes(cls: Any) -> dict[str, str]:
    """What the docstring says about each field, on one line."""
    _, _, section = (inspect.getdoc(cls) or "").partition("Attributes:\n")
    return {
        name: _NONE.sub("null", " ".join(text.split()).replace("``", "`")) for name, text in _ATTRIBUTE.findall(section)
    }
