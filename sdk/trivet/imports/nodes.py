"""The nodes of a NodeSet2 file and how they hang together (OPC 10000-6, Annex F); standard library only, bounded.

References are kept in one direction, whichever end states them, and by the number of their type in the standard's
namespace, whatever the file's alias for it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from trivet.errors import DataError

MOST_BYTES = 16 << 20
DEEPEST = 64
SPACE = "{http://opcfoundation.org/UA/2011/03/UANodeSet.xsd}"
TYPES = "{http://opcfoundation.org/UA/2008/02/Types.xsd}"
BASE = "http://opcfoundation.org/UA/"

ORGANIZES, RULE, TYPE, SUBTYPE, PROPERTY, COMPONENT = "i=35", "i=37", "i=40", "i=45", "i=46", "i=47"
ORDERED = "i=49"
NUMBERS = {
    "Organizes": ORGANIZES,
    "HasModellingRule": RULE,
    "HasTypeDefinition": TYPE,
    "HasSubtype": SUBTYPE,
    "HasProperty": PROPERTY,
    "HasComponent": COMPONENT,
    "HasOrderedComponent": ORDERED,
}
"""Names of reference types for files that use them without an alias."""


class BrowseName(NamedTuple):
    """A browse name with the URI of its namespace."""

    namespace: str
    text: str


@dataclass(slots=True)
class Node:
    """One node of the file.

    Attributes:
        id: As the file writes it.
        kind: ``Variable``, ``Object``, ``ObjectType``, ``DataType`` and so on.
        name: Its browse name.
        label: Its first display name.
        data: Node id of its data type; empty for what is no variable.
        element: Its XML, for values and definitions.
        down: Pairs of reference type and target, each once, in the order of the file.
        up: The node that it is a subtype of, or empty.
        type: Its type definition, or empty.
        rule: Its modelling rule, or empty.
    """

    id: str
    kind: str
    name: BrowseName
    label: str
    data: str
    element: Element
    down: dict[tuple[str, str], None] = field(default_factory=dict)
    up: str = ""
    type: str = ""
    rule: str = ""


class Nodes:
    """One parsed file.

    Attributes:
        namespaces: URIs by the index that the file gives them.
        version: As its first model states it.
        date: Publication date of that model, ``YYYY-MM-DD`` or empty.
        by_id: Its nodes.
    """

    def __init__(self, root: Element) -> None:
        self.namespaces = [BASE, *(uri.text or "" for uri in root.iterfind(f"{SPACE}NamespaceUris/{SPACE}Uri"))]
        model = root.find(f"{SPACE}Models/{SPACE}Model")
        self.version = model.get("Version", "") if model is not None else ""
        self.date = model.get("PublicationDate", "")[:10] if model is not None else ""
        aliases = root.iterfind(f"{SPACE}Aliases/{SPACE}Alias")
        self._aliases = NUMBERS | {alias.get("Alias", ""): (alias.text or "").strip() for alias in aliases}
        self._names = {to: name for name, to in self._aliases.items()}
        self.by_id = {made.id: made for made in map(self._node, root) if made.id}
        for node in self.by_id.values():
            for kind, forward, to in self._references(node.element):
                self._refer(node, kind, forward, to)

    def of_kind(self, kind: str) -> Iterator[Node]:
        """All nodes of a class, in the order of the file."""
        return (node for node in self.by_id.values() if node.kind == kind)

    def below(self, node: Node, *kinds: str) -> Iterator[Node]:
        """The nodes that it refers to in these ways, as far as the file has them."""
        return (self.by_id[to] for kind, to in node.down if kind in kinds and to in self.by_id)

    def data_name(self, node: Node) -> str:
        """What the file calls the data type of a variable: the type's own name, an alias, or its id."""
        own = self.by_id.get(node.data)
        return own.name.text if own else self._names.get(node.data, node.data)

    def ancestry(self, node: Node) -> Iterator[Node]:
        """The node, and the types that it derives from as far as the file has them."""
        at: Node | None = node
        for _ in range(DEEPEST):
            if at is None:
                return
            yield at
            at = self.by_id.get(at.up)

    def _node(self, element: Element) -> Node:
        kind = element.tag.rpartition("}")[2].removeprefix("UA")
        label = (element.findtext(f"{SPACE}DisplayName") or "").strip()
        data = element.get("DataType", "i=24") if kind in ("Variable", "VariableType") else ""
        return Node(element.get("NodeId", ""), kind, self._name(element), label, self._aliases.get(data, data), element)

    def _name(self, element: Element) -> BrowseName:
        written = element.get("BrowseName", "")
        index, colon, text = written.partition(":")
        if not (colon and index.isdecimal()):
            return BrowseName(BASE, written)
        known = len(index) < 6 and int(index) < len(self.namespaces)
        return BrowseName(self.namespaces[int(index)] if known else "", text)

    def _references(self, element: Element) -> Iterator[tuple[str, bool, str]]:
        for each in element.iterfind(f"{SPACE}References/{SPACE}Reference"):
            kind, to = each.get("ReferenceType", ""), (each.text or "").strip()
            yield self._aliases.get(kind, kind), each.get("IsForward") not in ("false", "0"), self._aliases.get(to, to)

    def _refer(self, node: Node, kind: str, forward: bool, to: str) -> None:
        if kind == SUBTYPE:
            lower, upper = (to, node.id) if forward else (node.id, to)
            if lower in self.by_id:
                self.by_id[lower].up = upper
            return
        start, end = (node, to) if forward else (self.by_id.get(to), node.id)
        if start is None:
            return
        if kind == TYPE:
            start.type = start.type or end
        elif kind == RULE:
            start.rule = start.rule or end
        else:
            start.down[kind, end] = None


def nodes(path: Path) -> Nodes:
    """The nodes of a file.

    Raises:
        DataError: It cannot be read, is too large, or no plain NodeSet2 in UTF-8.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=str(path), hint="check its name") from error
    return parsed(data, str(path))


def parsed(data: bytes, where: str) -> Nodes:
    """The nodes of a file's bytes; texts are decoded here, so that no encoding of its own hides an entity.

    Raises:
        DataError: It is too large, or no plain NodeSet2 in UTF-8.
    """
    hint = "export the NodeSet2 again, as XML in UTF-8 without a document type"
    if len(data) > MOST_BYTES:
        raise DataError(f"has more than {MOST_BYTES} bytes", where=where, hint="keep the model that matters")
    try:
        text = data.decode("utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text or "\0" in text:
            raise DataError("is no plain NodeSet2", where=where, hint=hint)
        root = ElementTree.fromstring(text)  # noqa: S314 # bounded, and without entities of its own
    except (UnicodeDecodeError, ElementTree.ParseError) as error:
        raise DataError("is no XML in UTF-8", where=where, hint=hint) from error
    if root.tag != f"{SPACE}UANodeSet":
        raise DataError("is no NodeSet2", where=where, hint=hint)
    return Nodes(root)
