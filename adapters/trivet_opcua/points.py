"""Points of an OPC UA profile: by namespace URI, device type and browse path, never by node id.

``Point.at`` has ``path``, browse names from the device on, separated by ``/``, and
``type``, the browse name of the device's type (an empty one: the path starts at the
Objects folder); or ``node`` (``nsu=URI;s=...``) where a vendor has nothing better.
``namespace`` is the URI of the names. ``settings.type`` and ``settings.namespace`` are
the defaults of both, ``settings.namespaces`` gives prefixes for names of other
namespaces (``di:Model``). ``data`` is the OPC UA data type, for servers.
Needs no OPC UA library.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from trivet.device.document import Endpoint, Point, Profile
from trivet.errors import DocumentError, Message
from trivet.signals import Json

BASE = "http://opcfoundation.org/UA/"
DI = "http://opcfoundation.org/UA/DI/"
KITCHEN = "http://opcfoundation.org/UA/CommercialKitchenEquipment/"

PLACEHOLDER = "<No.>"
KEYS = frozenset({"type", "path", "namespace", "node", "data"})
PROFILE_KEYS = frozenset({"type", "namespace", "namespaces"})
INTEGERS = frozenset({"SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64"})
DATA_TYPES = INTEGERS | {"Boolean", "Float", "Double", "String", "LocalizedText", "DateTime"}

_PLAIN = "/:;=?@!$'()*+,"
"""Signs that stand for themselves in the query of a URL; ``#``, ``&``, ``%`` and all that is not ASCII are escaped."""

_RESERVED = re.compile(r"([/.<>:#!&])")
_NODE = re.compile(r"nsu=(?P<uri>[^;]+);(?P<id>[isgb]=.+)", re.DOTALL)


class Name(NamedTuple):
    """A browse name with the URI of its namespace."""

    namespace: str
    text: str


@dataclass(frozen=True, slots=True)
class OpcPoint:
    """Where one value is and how it is read.

    Attributes:
        type: Type of the device that holds it, or None when the path starts at the Objects folder.
        path: Browse names from the device on; empty with ``node``.
        node: Namespace URI and identifier (``s=...``), or None.
        data: OPC UA data type, or the name of an enumeration; empty when not declared.
        unit: UCUM code of the value after ``scale`` and ``offset``, or None.
        scale: Factor on the raw number.
        offset: Added after ``scale``.
        sentinels: Raw numbers that mean "not available".
        poll: How often it is worth confirming: ``fast``, ``normal``, ``slow`` or ``static``.
        most: Most instances that a placeholder may have; 0 when it does not repeat.
        count: Point that says how many instances there are, or empty.
    """

    type: Name | None
    path: tuple[Name, ...]
    node: tuple[str, str] | None
    data: str
    unit: str | None
    scale: float
    offset: float
    sentinels: tuple[float, ...]
    poll: str
    most: int
    count: str = ""

    def form(self, endpoint: Endpoint, number: int = 0) -> dict[str, Json]:
        """Its terms in the OPC UA binding of OPC 10101 (``uav``); see ``Described``.

        A path that starts at a device, which a client finds by its type, is relative; ``trivet:type`` names that type.
        """
        terms: dict[str, Json] = {
            "href": endpoint.url,
            "op": ["readproperty", "observeproperty"],
            "contentType": "application/octet-stream",
        }
        if self.node is not None:
            uri, identifier = self.node
            node = quote(f"nsu={_escaped(uri)};{identifier}", safe=_PLAIN)
            return {**terms, "href": f"{endpoint.url.rstrip('/')}/?id={node}"}
        spec = expand("", self, endpoint.instances)[f"_{number}" if self.most else ""]
        path = "/".join(map(_segment, spec.path))
        if self.type is None:
            return {**terms, "uav:browsePath": f"/Objects/{path}"}
        return {**terms, "uav:browsePath": path, "trivet:type": _segment(self.type)}

    def payload(self) -> dict[str, Json]:
        """The data schema of its data type; empty when the profile does not declare it. See ``Described``."""
        known = {"Boolean": "boolean", "Float": "number", "Double": "number"}
        if self.data in INTEGERS or self.data.endswith("Enumeration"):
            return {"type": "integer"}
        return {"type": known.get(self.data, "string")} if self.data else {}


def point(spec: Point, profile: Profile) -> OpcPoint:
    """The typed form of one profile point.

    Raises:
        DocumentError: A key of ``at`` is unknown, malformed, missing or names a namespace by index.
    """
    where = f"{profile.id}/{_name_of(spec, profile)}"
    _known(spec.at, KEYS, where)
    _known(profile.settings, PROFILE_KEYS, f"{profile.id}/settings")
    node = _node(spec.at, where)
    path = () if node else _path(spec, profile, where)
    kind = _text({"type": profile.settings.get("type", ""), **spec.at}, "type", where)
    return OpcPoint(
        type=_qualified(kind, spec, profile, where) if kind and not node else None,
        path=path,
        node=node,
        data=_data(spec, where),
        unit=spec.unit,
        scale=spec.scale,
        offset=spec.offset,
        sentinels=spec.sentinels,
        poll=spec.poll,
        most=spec.repeat.max if spec.repeat else 0,
        count=(spec.repeat.count or "") if spec.repeat else "",
    )


def expand(name: str, spec: OpcPoint, instances: Mapping[str, str | int]) -> dict[str, OpcPoint]:
    """A point under the names its values travel by, with every placeholder filled in.

    Args:
        name: Point name of the profile.
        spec: Its typed form.
        instances: From the device document; ``<No.>`` says which instance is meant where nothing repeats.
    """
    chosen = str(instances.get(PLACEHOLDER, 1))
    if not spec.most:
        return {name: _numbered(spec, chosen)}
    return {f"{name}_{n}": _numbered(_last_numbered(spec, str(n)), chosen) for n in range(1, spec.most + 1)}


def _segment(name: Name) -> str:
    """A browse name with its namespace URI, the reserved signs of a path escaped (OPC 10000-4, A.2)."""
    text = _RESERVED.sub(r"&\1", name.text)
    return f"nsu={_escaped(name.namespace)};{text}"


def _escaped(uri: str) -> str:
    """A namespace URI as it stands in a text before a semicolon."""
    return uri.replace("%", "%25").replace(";", "%3B")


def _last_numbered(spec: OpcPoint, number: str) -> OpcPoint:
    """With the last placeholder filled in: it is the one that repeats, those above it are chosen."""
    last = max(n for n, name in enumerate(spec.path) if PLACEHOLDER in name.text)
    name = spec.path[last]
    filled = Name(name.namespace, name.text.replace(PLACEHOLDER, number))
    return dataclasses.replace(spec, path=(*spec.path[:last], filled, *spec.path[last + 1 :]))


def _numbered(spec: OpcPoint, number: str) -> OpcPoint:
    if not any(PLACEHOLDER in name.text for name in spec.path):
        return spec
    path = tuple(Name(name.namespace, name.text.replace(PLACEHOLDER, number)) for name in spec.path)
    return dataclasses.replace(spec, path=path)


def _path(spec: Point, profile: Profile, where: str) -> tuple[Name, ...]:
    text = _text(spec.at, "path", where)
    if not text:
        raise DocumentError("an OPC UA point has a `path` or a `node`", where=where, hint="name the browse path")
    path = tuple(_qualified(part, spec, profile, where) for part in text.split("/"))
    if spec.repeat and PLACEHOLDER not in text:
        raise DocumentError(
            Message("a repeated point has {placeholder} in its path", placeholder=PLACEHOLDER),
            where=where,
            hint=Message("write {text}_{placeholder}", text=text, placeholder=PLACEHOLDER),
        )
    if any("<" in name.text.replace(PLACEHOLDER, "") for name in path):
        raise DocumentError(
            Message("the only placeholder in a path is {placeholder}", placeholder=PLACEHOLDER),
            where=where,
            hint=Message("got {value!r}", value=text),
        )
    return path


def _qualified(text: str, spec: Point, profile: Profile, where: str) -> Name:
    """A browse name with its namespace; ``prefix:name`` where the prefix is declared, else the default."""
    prefix, colon, rest = text.partition(":")
    prefixes = profile.settings.get("namespaces", {})
    if not isinstance(prefixes, Mapping):
        raise DocumentError(
            "`namespaces` gives URIs for prefixes", where=f"{profile.id}/settings", hint="write {di: URI}"
        )
    if colon and prefix in prefixes:
        return Name(_text(prefixes, prefix, f"{profile.id}/settings"), _filled(rest, where))
    if colon and prefix.isdigit():
        raise DocumentError(
            Message("{text!r} names its namespace by index, which changes when a server restarts", text=text),
            where=where,
            hint="declare the URI under `settings.namespaces` and use its prefix",
        )
    namespace = _text(spec.at, "namespace", where) or _text(profile.settings, "namespace", f"{profile.id}/settings")
    if not namespace:
        raise DocumentError("no namespace for this name", where=where, hint="set `settings.namespace` to its URI")
    return Name(namespace, _filled(text, where))


def _filled(text: str, where: str) -> str:
    if not text:
        raise DocumentError("a browse name is empty", where=where, hint="look for // in the path")
    return text


def _node(at: Mapping[str, Json], where: str) -> tuple[str, str] | None:
    text = _text(at, "node", where)
    if not text:
        return None
    found = _NODE.fullmatch(text)
    if not found:
        raise DocumentError(
            Message("{text!r} is not a node with its namespace URI", text=text),
            where=where,
            hint="write nsu=URI;s=NAME or nsu=URI;i=5",
        )
    kind, _, identifier = found["id"].partition("=")
    if kind == "i" and not identifier.isdigit():
        raise DocumentError(
            Message("{identifier!r} is not a numeric identifier", identifier=identifier), where=where, hint="write i=5"
        )
    return found["uri"], found["id"]


def _data(spec: Point, where: str) -> str:
    data = _text(spec.at, "data", where)
    if data and data not in DATA_TYPES and not data.endswith("Enumeration"):
        raise DocumentError(
            Message("{data!r} is not an OPC UA data type", data=data),
            where=where,
            hint=Message("use {names}", names=", ".join(sorted(DATA_TYPES))),
        )
    return data


def _known(given: Mapping[str, Json], keys: frozenset[str], where: str) -> None:
    unknown = sorted(set(given) - keys)
    if unknown:
        raise DocumentError(
            Message("OPC UA has no key {unknown!r} here", unknown=unknown[0]),
            where=where,
            hint=Message("use {names}", names=", ".join(sorted(keys))),
        )


def _text(at: Mapping[str, Json], key: str, where: str) -> str:
    value = at.get(key, "")
    if not isinstance(value, str):
        raise DocumentError(
            Message("`{key}` is text", key=key), where=where, hint=Message("got {value!r}", value=value)
        )
    return value


def _name_of(spec: Point, profile: Profile) -> str:
    return next((name for name, other in profile.points.items() if other is spec), "?")
