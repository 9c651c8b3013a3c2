"""An OPC UA NodeSet2 vendor extension: a type that shows what trivet says of one appliance.

One object type in a namespace of its own, with a variable for each output, its
EngineeringUnits (UNECE id) and range, beside whatever companion model the server has.
Class outputs show the likeliest class and its probability, actions a quantity each.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from trivet import units
from trivet.errors import DocumentError
from trivet.export import Subject
from trivet.export.identifiers import pascal
from trivet.interface.columns import class_order
from trivet.interface.document import Output

SCHEMA = "http://opcfoundation.org/UA/2011/03/UANodeSet.xsd"
TYPES = "http://opcfoundation.org/UA/2008/02/Types.xsd"
UNECE = "http://www.opcfoundation.org/UA/units/un/cefact"
BASE_DATE = "2025-01-08T00:00:00Z"

ALIASES = {
    "Double": "i=11",
    "String": "i=12",
    "HasSubtype": "i=45",
    "HasProperty": "i=46",
    "HasComponent": "i=47",
    "HasTypeDefinition": "i=40",
    "HasModellingRule": "i=37",
}
ANALOG, PLAIN, PROPERTY = "i=17497", "i=63", "i=68"
OPTIONAL, MANDATORY = "i=80", "i=78"
FIRST = 1000


def files(subject: Subject) -> dict[str, bytes]:
    """The nodeset."""
    return {f"{subject.stem}.NodeSet2.xml": nodeset(subject)}


def namespace(subject: Subject) -> str:
    """URI of the extension's namespace."""
    return f"urn:trivet:nodeset:{subject.interface.id}"


def nodeset(subject: Subject) -> bytes:
    """The XML text."""
    interface = subject.interface
    root = Element("UANodeSet", {"xmlns": SCHEMA})
    SubElement(SubElement(root, "NamespaceUris"), "Uri").text = namespace(subject)
    models = SubElement(root, "Models")
    own = {"ModelUri": namespace(subject), "Version": interface.version, "PublicationDate": "2026-01-01T00:00:00Z"}
    model = SubElement(models, "Model", own)
    SubElement(model, "RequiredModel", {"ModelUri": "http://opcfoundation.org/UA/", "PublicationDate": BASE_DATE})
    aliases = SubElement(root, "Aliases")
    for name, identifier in ALIASES.items():
        SubElement(aliases, "Alias", {"Alias": name}).text = identifier
    _Writer(subject, root).write()
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


class _Writer:
    """Numbers nodes in their order and writes them."""

    def __init__(self, subject: Subject, root: Element) -> None:
        self._subject = subject
        self._root = root
        self._next = FIRST

    def write(self) -> None:
        """The type and all that it has."""
        interface = self._subject.interface
        name = f"{pascal(interface.id)}PredictionType"
        title = self._subject.label(interface.title, interface.id)
        kind = self._node("UAObjectType", name, title, {})
        _reference(kind, "HasSubtype", "i=58", forward=False)
        identifier = kind.attrib["NodeId"]
        for output, spec in sorted(interface.outputs.items()):
            self._output(identifier, output, spec)

    def _output(self, parent: str, name: str, spec: Output) -> None:
        title = self._subject.label(spec.label, name)
        if spec.kind == "actions":
            for action in class_order(self._subject.interface, name):
                self._analog(parent, f"{pascal(name)}{pascal(action)}", f"{title}: {action}", spec)
            return
        if self._subject.interface.classes(name):
            self._variable(parent, f"{pascal(name)}Class", f"{title}: likeliest class", "String", PLAIN)
            self._variable(parent, f"{pascal(name)}Probability", f"{title}: its probability", "Double", PLAIN)
            return
        self._analog(parent, pascal(name), title, spec)

    def _analog(self, parent: str, name: str, title: str, spec: Output) -> None:
        """A quantity with its unit and range."""
        variable = self._variable(parent, name, title, "Double", ANALOG)
        if spec.range is not None:
            self._property(variable, "EURange", "i=884", _range(*spec.range))
        self._property(variable, "EngineeringUnits", "i=887", _unit(spec.unit))

    def _variable(self, parent: str, name: str, title: str, data: str, kind: str) -> str:
        made = self._node("UAVariable", name, title, {"ParentNodeId": parent, "DataType": data})
        _reference(made, "HasTypeDefinition", kind)
        _reference(made, "HasModellingRule", OPTIONAL)
        _reference(made, "HasComponent", parent, forward=False)
        return made.attrib["NodeId"]

    def _property(self, parent: str, name: str, data: str, value: Element) -> None:
        made = self._node("UAVariable", name, name, {"ParentNodeId": parent, "DataType": data}, own=False)
        _reference(made, "HasTypeDefinition", PROPERTY)
        _reference(made, "HasModellingRule", MANDATORY)
        _reference(made, "HasProperty", parent, forward=False)
        SubElement(made, "Value").append(value)

    def _node(self, kind: str, name: str, title: str, more: dict[str, str], *, own: bool = True) -> Element:
        """One node; names that the standard gives keep its namespace."""
        browse = f"1:{name}" if own else name
        made = SubElement(self._root, kind, {"NodeId": f"ns=1;i={self._next}", "BrowseName": browse, **more})
        self._next += 1
        SubElement(made, "DisplayName").text = _plain(title if own else name)
        SubElement(made, "References")
        return made


def _reference(node: Element, kind: str, target: str, *, forward: bool = True) -> None:
    attributes = {"ReferenceType": kind} if forward else {"ReferenceType": kind, "IsForward": "false"}
    references = node.find("References")
    if references is not None:
        SubElement(references, "Reference", attributes).text = target


def _extension(identifier: str, body: Element) -> Element:
    outer = Element("ExtensionObject", {"xmlns": TYPES})
    SubElement(SubElement(outer, "TypeId"), "Identifier").text = identifier
    SubElement(outer, "Body").append(body)
    return outer


def _range(low: float, high: float) -> Element:
    body = Element("Range")
    SubElement(body, "Low").text = f"{low!r}"
    SubElement(body, "High").text = f"{high!r}"
    return _extension("i=885", body)


def _unit(code: str) -> Element:
    """EUInformation; a unit that UNECE has no code for keeps its UCUM code as display name and the id -1."""
    try:
        identifier = units.unece_id(code)
    except DocumentError:
        identifier = -1
    body = Element("EUInformation")
    SubElement(body, "NamespaceUri").text = UNECE
    SubElement(body, "UnitId").text = str(identifier)
    for part in ("DisplayName", "Description"):
        SubElement(SubElement(body, part), "Text").text = code
    return _extension("i=888", body)


def _plain(text: str) -> str:
    """Text without characters that XML cannot carry."""
    return "".join(_allowed(text))


def _allowed(text: str) -> Iterator[str]:
    for sign in text:
        yield sign if sign.isprintable() else " "
