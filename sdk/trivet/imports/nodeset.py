"""The variables of one object type of an OPC UA NodeSet2 file as an OPC UA profile.

Paths, data types, states and units are those of the file: of the type, of the types it derives from, and of the
objects in it, as far as the file has them. A unit that the file leaves open, and how many there are of what recurs,
are for the author to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from trivet.errors import DataError, DocumentError
from trivet.imports import OPEN, Wish
from trivet.imports.names import quoted, snake
from trivet.imports.nodes import (
    COMPONENT,
    ORDERED,
    ORGANIZES,
    PROPERTY,
    BrowseName,
    Node,
    Nodes,
    nodes,
)
from trivet.imports.variables import WORDS, Facts

DEEPEST = 8
MOST_VISITS = 500_000
MOST_POINTS = 2_000
MOST_NAMED = 60
PLACEHOLDER = "<No.>"
RULES = ("i=78", "i=80", "i=11508", "i=11510")
"""Mandatory, optional, and the two of placeholders; instances need not have what has no modelling rule."""


class Found(NamedTuple):
    """One variable.

    Attributes:
        path: Browse names from the device on.
        node: The variable itself.
        property: Whether it is a property of an object rather than a component.
    """

    path: tuple[BrowseName, ...]
    node: Node
    property: bool


def draft(path: Path, wish: Wish) -> str:
    """The draft.

    Raises:
        DataError: The file cannot be read, is no plain NodeSet2, or its types have too many members.
        DocumentError: It has no such object type, or the type has no variables.
    """
    model = nodes(path)
    kind = _kind(model, wish.type, path)
    drawn = _Draft(model, kind, str(path))
    points = list(drawn.points())
    if not drawn.taken:
        message = f"`{kind.name.text}` has no variables in this file"
        raise DocumentError(message, where=str(path), hint="import the file that declares its members")
    date = model.date if re.fullmatch(r"\d{4}-\d\d-\d\d", model.date) else f"{wish.today:%Y-%m-%d}"
    document = f"{path.name} {model.version}".strip()
    prefixes = ", ".join(f"{prefix}: {quoted(uri)}" for uri, prefix in drawn.prefixes.items())
    head = [
        f"# A draft: fill in every {quoted(OPEN)}, keep the points that matter, then run `trivet lint`.",
        "kind: profile",
        "format: 0",
        f"id: {wish.id}",
        "version: 0.1.0",
        f"title: {{en: {quoted(OPEN)}}}",
        "adapter: opcua",
        f"source: {{document: {quoted(document)}, date: '{date}', confidence: manual}}",
        "settings:",
        f"  namespace: {quoted(kind.name.namespace)}",
        f"  type: {quoted(kind.name.text)}",
        f"  namespaces: {{{prefixes}}}",
        *_missing(model, kind),
        "points:",
    ]
    return "\n".join([*head, *points, ""])


def _kind(model: Nodes, wanted: str, path: Path) -> Node:
    """The object type of a name."""
    found = [node for node in model.of_kind("ObjectType") if node.name.text and wanted in (node.name.text, node.id)]
    if len(found) == 1:
        return found[0]
    names = sorted(node.name.text for node in found or model.of_kind("ObjectType"))
    listed = ", ".join(quoted(name)[1:-1] for name in names[:MOST_NAMED]) or "none"
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    if not wanted:
        raise DocumentError("a profile is of one object type", where=str(path), hint=f"--type NAME, of: {listed}{more}")
    message = f"the file has {len(found) or 'no'} object type{'s' * bool(found)} {quoted(wanted)}"
    hint = f"give the NodeId of one: {', '.join(node.id for node in found)}" if found else f"it has: {listed}{more}"
    raise DocumentError(message, where=str(path), hint=hint)


def _missing(model: Nodes, kind: Node) -> Iterator[str]:
    """A comment when the type derives from one of another file."""
    last = list(model.ancestry(kind))[-1]
    if last.up and last.up != "i=58":
        above = f"{quoted(last.name.text)} derives from {quoted(last.up)}"
        yield f"# {above}, which is in another file, as are the members that it gives."


class _Draft:
    """The walk through one type, and the names that it has given."""

    def __init__(self, model: Nodes, kind: Node, where: str) -> None:
        self.taken: dict[str, None] = {}
        self.prefixes = _prefixes(model, kind.name.namespace)
        self._model, self._kind, self._where = model, kind, where
        self._facts = Facts(model)
        self._visits = 0

    def points(self) -> Iterator[str]:
        """The points, and comments for what is left out."""
        seen: set[tuple[BrowseName, ...]] = set()
        for found in self._members(self._kind, ()):
            if found.path not in seen:
                seen.add(found.path)
                if found.node.rule not in RULES:
                    yield f"  # left out, instances need not have it: {_shown(found)}"
                elif (path := self._path(found.path)) is None:
                    yield f"  # left out, a profile cannot say its path: {_shown(found)}"
                elif found.node.kind == "Variable":
                    yield self._point(found, path)

    def _members(self, node: Node, path: tuple[BrowseName, ...]) -> Iterator[Found]:
        """All that hangs below a type or a node, the node's own before what its types have.

        Properties of variables say something about them and are no values of a device.
        """
        for owner in self._model.ancestry(node):
            self._visits += 1 + len(owner.down)
            if self._visits > MOST_VISITS or len(self.taken) > MOST_POINTS:
                hint = "choose a smaller type, or one of its parts"
                raise DataError(f"`{self._kind.name.text}` has too many members", where=self._where, hint=hint)
            if len(path) == DEEPEST:
                return
            kinds = (COMPONENT, ORDERED) if owner.kind.startswith("Variable") else (COMPONENT, ORDERED, ORGANIZES)
            yield from self._below(owner, path, kinds, of_object=False)
            if not owner.kind.startswith("Variable"):
                yield from self._below(owner, path, (PROPERTY,), of_object=True)

    def _below(
        self, owner: Node, path: tuple[BrowseName, ...], kinds: tuple[str, ...], *, of_object: bool
    ) -> Iterator[Found]:
        for child in self._model.below(owner, *kinds):
            if child.kind in ("Variable", "Object"):
                here = (*path, child.name)
                yield Found(here, child, of_object)
                if child.rule in RULES and self._path(here) is not None:
                    yield from self._members(child, here)
                    if child.type in self._model.by_id:
                        yield from self._members(self._model.by_id[child.type], here)

    def _point(self, found: Found, path: str) -> str:
        data = self._facts.data(found.node)
        if data is None:
            return f"  # left out, neither one number nor a state or text: {_shown(found)}"
        name = self._named(found.path)
        parts = [f"at: {{path: {quoted(path)}{f', data: {data}' if data else ''}}}"]
        states, remark = self._facts.states(found.node), ""
        if states:
            told = ", ".join(f"'{code}': {quoted(state)}" for code, state in states.items())
            parts.append(f"enumeration: {{{told}}}")
        elif data not in WORDS:
            unit, remark = self._facts.unit(found.node)
            parts += [f"unit: {quoted(unit or OPEN)}", *self._range(found.node)]
        if PLACEHOLDER in found.path[-1].text:
            parts.append(f"repeat: {{max: {quoted(OPEN)}}}")
        if found.property:
            parts.append("poll: static")
        parts.append(f"label: {{en: {quoted(found.node.label or found.path[-1].text)}}}")
        return f"  {name}: {{{', '.join(parts)}}}" + (f"  # the file says {quoted(remark)}" if remark else "")

    def _range(self, node: Node) -> list[str]:
        known = self._facts.range(node)
        return [f"range: [{known[0]!r}, {known[1]!r}]"] if known else []

    def _named(self, path: tuple[BrowseName, ...]) -> str:
        """A name after the variable; after its object too where another has it already."""
        words = [name.text.replace(PLACEHOLDER, "") for name in path]
        name = snake(words[-1])
        if name in self.taken:
            name = snake(" ".join(words[-2:]), self.taken)
        self.taken[name] = None
        return name

    def _path(self, path: tuple[BrowseName, ...]) -> str | None:
        """As a profile writes it, or None when it cannot."""
        made = []
        for name in path:
            own = name.namespace == self._kind.name.namespace
            if (
                not name.text
                or "/" in name.text
                or "<" in name.text.replace(PLACEHOLDER, "")
                or (own and ":" in name.text)
            ):
                return None
            if not own and name.namespace not in self.prefixes:
                return None
            made.append(name.text if own else f"{self.prefixes[name.namespace]}:{name.text}")
        return "/".join(made)


def _prefixes(model: Nodes, own: str) -> dict[str, str]:
    """Namespace URI to prefix, of all but the type's own."""
    made: dict[str, str] = {}
    for uri in model.namespaces[:MOST_NAMED]:
        if uri and uri != own and uri not in made:
            last = re.sub(r"[^A-Za-z0-9]+", " ", uri).split()[-1:] or ["names"]
            made[uri] = snake(last[0], made.values())
    return made


def _shown(found: Found) -> str:
    return quoted("/".join(name.text for name in found.path))
