"""What a NodeSet2 file declares: device types with their variables, rules and units, and enumerations; pure.

For the generator of profiles and tables; nothing at run time reads XML with this.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

from trivet.imports.nodes import COMPONENT, PROPERTY, SPACE, TYPES, Node, parsed

ANALOG_ITEM = "i=2368"
RULES: Mapping[str, str] = {
    "i=78": "mandatory",
    "i=80": "optional",
    "i=11508": "optional_placeholder",
    "i=11510": "mandatory_placeholder",
}


@dataclass(frozen=True, slots=True)
class Declared:
    """One variable of a device type.

    Attributes:
        path: Browse names from the device on, joined by ``/``.
        data: Data type by name.
        analog: Whether it is an AnalogItem, which has EngineeringUnits.
        unit: UNECE id that the model fixes, or None.
        rule: Modelling rule of the variable; within an optional object it holds where the object exists.
        property: Whether it is a property of the device and no measurement.
    """

    path: str
    data: str
    analog: bool
    unit: int | None
    rule: str
    property: bool


class NodeSet:
    """One parsed file.

    Attributes:
        version: As its model states it.
        date: Publication date, ``YYYY-MM-DD``.
    """

    def __init__(self, file: str) -> None:
        self._model = parsed(resources.files("trivet_opcua").joinpath("nodesets", file).read_bytes(), file)
        self.version = self._model.version
        self.date = self._model.date
        self._types = {node.name.text: node for node in self._model.of_kind("ObjectType")}

    def subtypes(self, name: str) -> dict[str, int]:
        """Object types that derive directly from one of this file, by name, with their numbers."""
        above = self._types[name].id
        found = {each: _number(node.id) for each, node in self._types.items() if node.up == above}
        return dict(sorted(found.items(), key=lambda item: item[1]))

    def number(self, name: str) -> int:
        """The numeric node id of a type."""
        return _number(self._types[name].id)

    def enumerations(self) -> dict[str, dict[int, str]]:
        """Enumerations of the file: data type to number to name."""
        return {
            node.name.text: {
                int(field.get("Value", "0")): field.get("Name", "") for field in node.element.iter(f"{SPACE}Field")
            }
            for node in self._model.of_kind("DataType")
        }

    def parts(self, type_name: str) -> dict[str, str]:
        """Objects of a device type that have a type of this file: browse name to type name."""
        return {
            node.name.text: self._model.by_id[node.type].name.text
            for node in self._components(self._types[type_name])
            if node.kind == "Object" and node.type in self._model.by_id
        }

    def declared(self, type_name: str) -> list[Declared]:
        """All variables of a device type: its own, and those of the types of its objects, each once."""
        found: dict[str, Declared] = {}
        for node in self._components(self._types[type_name]):
            if node.kind == "Variable":
                found.setdefault(node.name.text, self._variable(node, ""))
            elif node.type in self._model.by_id:
                for inner in (*self._below(self._model.by_id[node.type]), *self._variables(node)):
                    declared = self._variable(inner, f"{node.name.text}/")
                    found.setdefault(declared.path, declared)
        return sorted(found.values(), key=lambda declared: declared.path)

    def _below(self, kind: Node) -> Iterator[Node]:
        """Variables of a type and of all that it derives from."""
        for each in self._model.ancestry(kind):
            yield from self._variables(each)

    def _variables(self, node: Node) -> Iterator[Node]:
        return (child for child in self._components(node) if child.kind == "Variable")

    def _components(self, node: Node) -> Iterator[Node]:
        return self._model.below(node, COMPONENT, PROPERTY)

    def _variable(self, node: Node, prefix: str) -> Declared:
        analog = node.type == ANALOG_ITEM
        data = self._model.data_name(node)
        return Declared(prefix + node.name.text, data, analog, self._unit(node), RULES[node.rule], not prefix)

    def _unit(self, node: Node) -> int | None:
        for child in self._components(node):
            for unit in child.element.iter(f"{TYPES}UnitId"):
                return int(unit.text or 0) or None
        return None


def _number(node_id: str) -> int:
    return int(node_id.rpartition("=")[2])
