"""The JSON Schemas are golden and say what the dataclasses say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import HERE, Golden
from trivet.device.document import Device, EventRecord, Profile
from trivet.interface.document import Interface
from trivet.interface.schema import DIALECT, schema_text
from trivet.interface.site import Site

SCHEMAS = HERE.parent / "schemas" / "trivet_schemas"
KINDS: dict[str, type[Any]] = {
    "interface": Interface,
    "profile": Profile,
    "device": Device,
    "site": Site,
    "event": EventRecord,
}


@pytest.mark.parametrize("kind", KINDS)
def test_schema_is_golden(kind: str, golden: Golden) -> None:
    golden.check(SCHEMAS / f"{kind}.schema.json", schema_text(kind, KINDS[kind]))


def test_no_schema_is_left_over() -> None:
    found = {path.name for path in Path(SCHEMAS).glob("*.schema.json")}
    assert {f"{kind}.schema.json" for kind in KINDS} <= found


@pytest.mark.parametrize("kind", KINDS)
def test_references_resolve_and_unknown_keys_are_refused(kind: str) -> None:
    schema = json.loads(schema_text(kind, KINDS[kind]))
    assert schema["$schema"] == DIALECT
    for part in [schema, *schema["$defs"].values()]:
        assert part["additionalProperties"] is False
        assert set(part["required"]) <= set(part["properties"])
    for reference in _references(schema):
        assert reference.removeprefix("#/$defs/") in schema["$defs"]


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in _references(value)]
    return [found for value in node for found in _references(value)] if isinstance(node, list) else []
