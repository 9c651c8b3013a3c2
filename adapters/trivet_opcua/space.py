"""The address space of a simulated server: the real companion nodesets, and one device built from a profile.

Objects are added with their type but without instantiating it: instantiation would add literal
placeholders and empty variables beside those that the plant shows.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import resources
from typing import Any

from asyncua import ua
from asyncua.common.xmlimporter import XmlImporter

from trivet.device.document import Profile
from trivet.errors import DocumentError
from trivet.units import unece_id
from trivet_opcua import companion
from trivet_opcua.points import BASE, DI, KITCHEN, PLACEHOLDER, Name
from trivet_opcua.show import Slot

OWN = "urn:trivet:simulator"
FAHRENHEIT = "[degF]"
ENUMERATION = ua.NodeId(ua.ObjectIds.Enumeration)


class _Importer(XmlImporter):  # type: ignore[misc]  # asyncua's classes are untyped here
    """Without the search for missing inverse references, which takes longer than all else; these files have them."""

    async def _add_missing_reverse_references(self, new_nodes: list[Any]) -> set[Any]:
        del new_nodes
        return set()


class Space:
    """What one server shows.

    Attributes:
        profile: What the controller offers.
        server: asyncua's server.
        units: Whether variables show EngineeringUnits.
        fahrenheit: Whether temperatures are shown in degF.
    """

    def __init__(self, profile: Profile, server: Any, *, units: bool = True, fahrenheit: bool = False) -> None:
        self.profile = profile
        self.server = server
        self.units = units
        self.fahrenheit = fahrenheit
        self._objects: dict[tuple[Name | None, tuple[Name, ...]], Any] = {}
        self._types: dict[Name, Any] = {}
        self._enumerations: dict[str, Any] = {}
        self._namespaces: dict[str, int] = {}

    async def load(self, fillers: Sequence[str]) -> None:
        """The namespaces, fillers first, and the companion models."""
        for uri in fillers:
            await self.index(uri)
        for file in companion.NODESETS:
            with resources.as_file(resources.files("trivet_opcua").joinpath("nodesets", file)) as path:
                await _Importer(self.server).import_xml(str(path))
        await self.index(OWN)
        for node in await self.server.get_node(ENUMERATION).get_children():
            self._enumerations[(await node.read_browse_name()).Name] = node.nodeid

    async def variable(self, slot: Slot) -> Any:
        """Adds the variable of a slot and gives its node id."""
        if slot.at.node is not None:
            uri, identifier = slot.at.node
            parent, name = self.server.nodes.objects.nodeid, Name(uri, slot.name)
            node_id = ua.NodeId.from_string(f"ns={await self.index(uri)};{identifier}")
        else:
            parent, name = await self._object(slot.at.type, slot.at.path[:-1]), slot.at.path[-1]
            node_id = self.own_id("/".join(part.text for part in slot.at.path))
        kind = getattr(ua.VariantType, slot.data)
        zero = False if slot.data == "Boolean" else 0.0 if slot.data in ("Float", "Double") else 0
        data = self._enumerations.get(slot.at.data)
        node = await self.server.get_node(parent).add_variable(node_id, await self._qualified(name), zero, kind, data)
        await self._engineering_units(node, slot)
        return node.nodeid

    async def literal(self) -> None:
        """Variables with a literal placeholder beside the real ones, as some stacks make them: 0, Good."""
        for key, parent in [(key, parent) for key, parent in self._objects.items() if key[1]]:
            for name in companion.devices()[key[0].text].points if key[0] and key[0].namespace == KITCHEN else ():
                path, _, last = name.rpartition("/")
                if PLACEHOLDER in last and path == "/".join(part.text for part in key[1]):
                    node_id = self.own_id(f"literal/{name}")
                    browse = await self._qualified(Name(KITCHEN, last))
                    await self.server.get_node(parent).add_variable(node_id, browse, 0.0)

    def own_id(self, path: str) -> Any:
        """A node id in the simulator's own namespace."""
        return ua.NodeId(path, self._namespaces[OWN])

    async def index(self, uri: str) -> int:
        """Index of a namespace, registered when it is new."""
        if uri == BASE:
            return 0
        if uri not in self._namespaces:
            self._namespaces[uri] = await self.server.register_namespace(uri)
        return self._namespaces[uri]

    async def _engineering_units(self, node: Any, slot: Slot) -> None:
        code = FAHRENHEIT if self.fahrenheit and slot.at.unit == "Cel" else slot.at.unit
        if not self.units or code in (None, "1") or slot.at.scale != 1.0 or slot.at.offset != 0.0:
            return
        try:
            number = unece_id(code or "")
        except DocumentError:
            return
        unit = ua.EUInformation(
            NamespaceUri=companion.UNIT_NAMESPACE,
            UnitId=number,
            DisplayName=ua.LocalizedText(code),
            Description=ua.LocalizedText(code),
        )
        await node.add_property(self.own_id(f"{node.nodeid.Identifier}/unit"), "0:EngineeringUnits", unit)

    async def _object(self, type_: Name | None, path: tuple[Name, ...]) -> Any:
        """Node id of the object at a path from the device, or from Objects; built with all above it when it is new."""
        key = (type_, path)
        if key not in self._objects:
            if path:
                parent = await self._object(type_, path[:-1])
                identifier = self.own_id("/".join(part.text for part in path))
                part = await self._part_type(type_, path)
                self._objects[key] = await self._add(parent, identifier, await self._qualified(path[-1]), part)
            elif type_ is None:
                self._objects[key] = self.server.nodes.objects.nodeid
            else:
                self._objects[key] = await self._device(type_)
        return self._objects[key]

    async def _device(self, type_: Name) -> Any:
        fact = companion.devices().get(type_.text) if type_.namespace == KITCHEN else None
        set_ = ua.NodeId(companion.DEVICE_SET, await self.index(DI))
        name = ua.QualifiedName(self.profile.id, self._namespaces[OWN])
        device = await self._add(set_, self.own_id("device"), name, await self._type(type_))
        node = self.server.get_node(device)
        title = self.profile.title.get("en", self.profile.id)
        plate = companion.nameplate(fact.device_class if fact else "", title, f"SIM-{self.profile.id}")
        for key, value in plate.items():
            text = ua.LocalizedText(str(value)) if key in ("Manufacturer", "Model") else value
            await node.add_property(self.own_id(key), ua.QualifiedName(key, await self.index(DI)), text)
        for key in ("ErrorConditions", "InformationConditions"):
            browse = ua.QualifiedName(key, await self.index(KITCHEN))
            await self._add(device, self.own_id(key), browse, ua.NodeId(ua.ObjectIds.BaseObjectType))
        return device

    async def _part_type(self, type_: Name | None, path: tuple[Name, ...]) -> Any:
        fact = companion.devices().get(type_.text) if type_ and type_.namespace == KITCHEN else None
        if fact is None or len(path) != 1:
            return ua.NodeId(ua.ObjectIds.BaseObjectType)
        for part, (_, number) in fact.parts.items():
            stem = part.removesuffix(PLACEHOLDER)
            if path[0].text == part or (stem != part and path[0].text.startswith(stem)):
                return ua.NodeId(number, await self.index(KITCHEN))
        return ua.NodeId(ua.ObjectIds.BaseObjectType)

    async def _type(self, name: Name) -> Any:
        """A device type's node id; one that is none of the companion model's is added below DI's DeviceType."""
        if name not in self._types:
            fact = companion.devices().get(name.text) if name.namespace == KITCHEN else None
            index = await self.index(name.namespace)
            if fact is not None:
                self._types[name] = ua.NodeId(fact.id, index)
            else:
                above = self.server.get_node(ua.NodeId(companion.DEVICE_TYPE, await self.index(DI)))
                added = await above.add_object_type(ua.NodeId(name.text, index), ua.QualifiedName(name.text, index))
                self._types[name] = added.nodeid
        return self._types[name]

    async def _add(self, parent: Any, node_id: Any, name: Any, type_: Any) -> Any:
        item = ua.AddNodesItem(
            ParentNodeId=parent,
            ReferenceTypeId=ua.NodeId(ua.ObjectIds.HasComponent),
            RequestedNewNodeId=node_id,
            BrowseName=name,
            NodeClass=ua.NodeClass.Object,
            NodeAttributes=ua.ObjectAttributes(DisplayName=ua.LocalizedText(name.Name)),
            TypeDefinition=type_,
        )
        (result,) = await self.server.iserver.isession.add_nodes([item])
        result.StatusCode.check()
        return result.AddedNodeId

    async def _qualified(self, name: Name) -> Any:
        return ua.QualifiedName(name.text, await self.index(name.namespace))
