"""What a NodeSet2 file declares: device types with their variables, rules and units, and enumerations; pure.

For the generator of profiles and tables; nothing at run time reads XML with this.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources

NODESET = "{http://opcfoundation.org/UA/2011/03/UANodeSet.xsd}"
TYPES = "{http://opcfoundation.org/UA/2008/02/Types.xsd}"
ANALOG_ITEM = "i=2368"
COMPONENTS = frozenset({"HasComponent", "HasProperty"})
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
        text = resources.files("trivet_opcua").joinpath("nodesets", file).read_bytes()
        root = ET.fromstring(text)  # noqa: S314  # the file ships with this package
        model = next(root.iter(f"{NODESET}Model"))
        self.version = model.get("Version", "")
        self.date = model.get("PublicationDate", "")[:10]
        self._nodes = {node.get("NodeId", ""): node for node in root if node.get("NodeId")}
        self._names = {alias.text: alias.get("Alias", "") for alias in root.iter(f"{NODESET}Alias")}

    def subtypes(self, name: str) -> dict[str, int]:
        """Object types that derive directly from one of this file, by name, with their numbers."""
        (above,) = [id_ for id_, node in self._nodes.items() if _name(node) == name]
        found = {
            _name(node): _number(id_)
            for id_, node in self._nodes.items()
            if node.tag == f"{NODESET}UAObjectType" and ("HasSubtype", False, above) in _references(node)
        }
        return dict(sorted(found.items(), key=lambda item: item[1]))

    def number(self, name: str) -> int:
        """The numeric node id of a type."""
        (found,) = [id_ for id_, node in self._nodes.items() if _name(node) == name and not node.get("ParentNodeId")]
        return _number(found)

    def enumerations(self) -> dict[str, dict[int, str]]:
        """Enumerations of the file: data type to number to name."""
        return {
            _name(node): {int(field.get("Value", "0")): field.get("Name", "") for field in node.iter(f"{NODESET}Field")}
            for node in self._nodes.values()
            if node.tag == f"{NODESET}UADataType"
        }

    def parts(self, type_name: str) -> dict[str, str]:
        """Objects of a device type that have a type of this file: browse name to type name."""
        return {
            _name(node): _name(self._nodes[type_])
            for node in self._components(self._type(type_name))
            if node.tag == f"{NODESET}UAObject" and (type_ := _target(node, "HasTypeDefinition")) in self._nodes
        }

    def declared(self, type_name: str) -> list[Declared]:
        """All variables of a device type: its own, and those of the types of its objects, each once."""
        found: dict[str, Declared] = {}
        for node in self._components(self._type(type_name)):
            if node.tag == f"{NODESET}UAVariable":
                found.setdefault(_name(node), self._variable(node, ""))
            elif (type_ := _target(node, "HasTypeDefinition")) in self._nodes:
                for inner in (*self._below(type_), *self._variables(node)):
                    declared = self._variable(inner, f"{_name(node)}/")
                    found.setdefault(declared.path, declared)
        return sorted(found.values(), key=lambda declared: declared.path)

    def _type(self, name: str) -> ET.Element:
        return next(node for node in self._nodes.values() if _name(node) == name)

    def _below(self, type_id: str) -> Iterator[ET.Element]:
        """Variables of a type and of all that it derives from."""
        at: str | None = type_id
        while at in self._nodes:
            yield from self._variables(self._nodes[at])
            at = next((to for kind, forward, to in _references(self._nodes[at]) if kind == "HasSubtype"), None)

    def _variables(self, node: ET.Element) -> Iterator[ET.Element]:
        return (child for child in self._components(node) if child.tag == f"{NODESET}UAVariable")

    def _components(self, node: ET.Element) -> Iterator[ET.Element]:
        for kind, forward, to in _references(node):
            if forward and kind in COMPONENTS and to in self._nodes:
                yield self._nodes[to]

    def _variable(self, node: ET.Element, prefix: str) -> Declared:
        data = node.get("DataType", "")
        name = _name(self._nodes[data]) if data in self._nodes else self._names.get(data, data)
        rule = RULES[_target(node, "HasModellingRule")]
        analog = _target(node, "HasTypeDefinition") == ANALOG_ITEM
        return Declared(prefix + _name(node), name, analog, self._unit(node), rule, not prefix)

    def _unit(self, node: ET.Element) -> int | None:
        for child in self._components(node):
            for unit in child.iter(f"{TYPES}UnitId"):
                return int(unit.text or 0) or None
        return None


def _name(node: ET.Element) -> str:
    return node.get("BrowseName", "").rpartition(":")[2]


def _number(node_id: str) -> int:
    return int(node_id.rpartition("=")[2])


def _references(node: ET.Element) -> list[tuple[str, bool, str]]:
    found = node.iter(f"{NODESET}Reference")
    return [(each.get("ReferenceType", ""), each.get("IsForward") != "false", each.text or "") for each in found]


def _target(node: ET.Element, kind: str) -> str:
    return next((to for reference, forward, to in _references(node) if reference == kind and forward), "")
