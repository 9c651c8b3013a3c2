"""What a NodeSet2 file says of one variable: data type, states, unit and range, as a profile says them.

What is read once is kept, since a file may have one property in many places.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from xml.etree.ElementTree import Element

from trivet import units
from trivet.errors import DocumentError
from trivet.imports.names import snake
from trivet.imports.nodes import PROPERTY, SPACE, TYPES, Node, Nodes

MOST_STATES = 256
ENUMERATION = "i=29"
NUMBERS: Mapping[str, str] = {
    "i=2": "SByte",
    "i=3": "Byte",
    "i=4": "Int16",
    "i=5": "UInt16",
    "i=6": "Int32",
    "i=7": "UInt32",
    "i=8": "Int64",
    "i=9": "UInt64",
    "i=10": "Float",
    "i=11": "Double",
    "i=290": "Double",
}
TEXTS: Mapping[str, str] = {
    "i=1": "Boolean",
    "i=12": "String",
    "i=13": "DateTime",
    "i=21": "LocalizedText",
    "i=294": "DateTime",
    "i=295": "String",
}
ABSTRACT = frozenset({"i=24", "i=26", "i=27", "i=28"})
"""BaseDataType and the kinds of numbers: what a server sends is not said."""

WORDS = frozenset(TEXTS.values())
"""Data types without a unit."""

States = dict[int, str]


class Facts:
    """The variables of one file."""

    def __init__(self, model: Nodes) -> None:
        self._model = model
        self._states: dict[str, States] = {}
        self._units: dict[str, tuple[str | None, str]] = {}
        self._ranges: dict[str, tuple[float, float] | None] = {}

    def data(self, node: Node) -> str | None:
        """The data type as profiles name it; empty when the file does not tell, None for what is no single value."""
        if not node.element.get("ValueRank", "-1").startswith("-"):
            return None
        own = self._model.by_id.get(node.data)
        chain = [node.data, *(above.up for above in self._model.ancestry(own))] if own else [node.data]
        known = next((found for at in chain if (found := NUMBERS.get(at) or TEXTS.get(at))), None)
        if known is not None:
            return known
        if ENUMERATION in chain:
            name = own.name.text if own else ""
            return name if name.isidentifier() and name.endswith("Enumeration") else "Int32"
        return "" if chain[-1] in ABSTRACT or not chain[-1].startswith("i=") else None

    def states(self, node: Node) -> States:
        """Code to state, of the variable itself or of its data type; empty when it has none."""
        own = self._kept(node)
        kind = self._model.by_id.get(node.data)
        return own or (self._kept(kind) if kind is not None else {})

    def unit(self, node: Node) -> tuple[str | None, str]:
        """The UCUM code of its EngineeringUnits, or None; and what the file calls a unit that has none."""
        found = self._property(node, "EngineeringUnits")
        if found is None:
            return None, ""
        if found.id not in self._units:
            self._units[found.id] = _unit(found.element)
        return self._units[found.id]

    def range(self, node: Node) -> tuple[float, float] | None:
        """Its EURange, when the file has a value for it."""
        found = self._property(node, "EURange")
        if found is None:
            return None
        if found.id not in self._ranges:
            self._ranges[found.id] = _range(found.element)
        return self._ranges[found.id]

    def _kept(self, node: Node) -> States:
        if node.id not in self._states:
            self._states[node.id] = self._read(node)
        return self._states[node.id]

    def _read(self, node: Node) -> States:
        strings, values = self._property(node, "EnumStrings"), self._property(node, "EnumValues")
        if strings is not None and (found := _named(_strings(strings.element))):
            return found
        if values is not None and (found := _named(_values(values.element))):
            return found
        return _named((each.get("Value", ""), each.get("Name", "")) for each in node.element.iter(f"{SPACE}Field"))

    def _property(self, node: Node, name: str) -> Node | None:
        return next((each for each in self._model.below(node, PROPERTY) if each.name.text == name), None)


def _strings(element: Element) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(element.iter(f"{TYPES}LocalizedText")):
        yield str(number), text.findtext(f"{TYPES}Text") or ""


def _values(element: Element) -> Iterator[tuple[str, str]]:
    for each in element.iter(f"{TYPES}EnumValueType"):
        yield each.findtext(f"{TYPES}Value") or "", each.findtext(f"{TYPES}DisplayName/{TYPES}Text") or ""


def _named(pairs: Iterator[tuple[str, str]]) -> States:
    """States by their codes, each with a name of its own; nothing where there are too many, or a code is no number."""
    made: States = {}
    for code, text in islice(pairs, MOST_STATES + 1):
        if not re.fullmatch(r"-?[0-9]{1,10}", code):
            return {}
        made[int(code)] = snake(text, made.values())
    return made if len(made) <= MOST_STATES else {}


def _unit(element: Element) -> tuple[str | None, str]:
    told = next((text for each in element.iter(f"{TYPES}DisplayName") if (text := each.findtext(f"{TYPES}Text"))), "")
    for each in element.iter(f"{TYPES}UnitId"):
        try:
            return units.unece(int(each.text or "0")), ""
        except (ValueError, DocumentError):
            return None, told.strip()[:60]
    return None, told.strip()[:60]


def _range(element: Element) -> tuple[float, float] | None:
    try:
        low, high = (
            next(float(each.text or "") for each in element.iter(f"{TYPES}{name}")) for name in ("Low", "High")
        )
    except (ValueError, StopIteration, RuntimeError):
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None
