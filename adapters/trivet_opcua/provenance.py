"""Where a session's values come from, as texts by name: server, certificate, models, nameplate, mapping."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from trivet_opcua.companion import NAMEPLATE
from trivet_opcua.points import DI, OpcPoint
from trivet_opcua.settings import Settings
from trivet_opcua.transport import Node, Path, Transport, Value

NAMESPACES = "i=11715"
SERVER_URI = "i=2254"
VERSION_PARTS = ("NamespaceVersion", "NamespacePublicationDate")


class Plan(Protocol):
    """What of a session's plan the mapping is made of."""

    @property
    def points(self) -> Mapping[str, OpcPoint]:
        """Point name to point."""
        ...

    @property
    def instances(self) -> Mapping[str, str | int]:
        """Which device, where there are several."""
        ...

    @property
    def settings(self) -> Settings:
        """How the endpoint is talked to."""
        ...


def paths(transport: Transport, devices: Sequence[Node]) -> dict[str, tuple[Node, Path]]:
    """Browse paths of what a server says about itself, for the call that resolves the points.

    Args:
        transport: Open.
        devices: The devices that the points belong to.
    """
    root, spaces = transport.node(0, NAMESPACES), list(transport.namespaces)
    found: dict[str, tuple[Node, Path]] = {}
    for index, uri in enumerate(spaces):
        for part in VERSION_PARTS:
            found[f"{part} {uri}"] = (root, ((index, uri), (0, part)))
    if DI in spaces:
        for number, device in enumerate(devices):
            for key in NAMEPLATE:
                found[f"{key} {number}"] = (device, ((spaces.index(DI), key),))
    return found


async def provenance(transport: Transport, asked: Plan, told: Mapping[str, Node]) -> dict[str, str]:
    """What one session's values come from; one call to the server.

    Args:
        transport: Open.
        asked: What is read.
        told: Where the paths of ``paths`` ended.
    """
    uri, *shown = await texts(transport, [transport.node(0, SERVER_URI), *told.values()])
    said = dict(zip(told, shown, strict=True))
    found = {"endpoint": asked.settings.url, **_secured(transport), "mapping": mapping(asked)}
    found |= {"server": uri} if uri else {}
    for name in transport.namespaces:
        version = [said.get(f"{part} {name}", "")[:10] for part in VERSION_PARTS]
        if any(version):
            found[f"model {name}"] = " ".join(text for text in version if text)
    for key in NAMEPLATE:
        values = sorted({text for name, text in said.items() if text and name.startswith(f"{key} ")})
        if values:
            found[key] = ", ".join(values)
    return found


def mapping(asked: Plan) -> str:
    """SHA-256 of all that decides which node a point is and how it is read."""
    rows = [repr((name, point)) for name, point in sorted(asked.points.items())]
    more = [repr(sorted((key, str(value)) for key, value in asked.instances.items()))]
    more.append(repr(sorted(asked.settings.units.items())))
    return hashlib.sha256("\n".join([*rows, *more]).encode()).hexdigest()


async def models(transport: Transport) -> dict[str, dict[str, str]]:
    """Namespace to version and publication date, where the server states them (OPC 10000-5, 6.3.14)."""
    asked = paths(transport, ())
    shown = dict(zip(asked, await texts(transport, await transport.translate(list(asked.values()))), strict=True))
    return {
        uri: {
            name: shown[f"{part} {uri}"][:10]
            for name, part in zip(("version", "date"), VERSION_PARTS, strict=True)
            if shown[f"{part} {uri}"]
        }
        for uri in transport.namespaces
    }


async def texts(transport: Transport, nodes: Sequence[Node | None]) -> list[str]:
    """Values as text, empty where there is no node or no Good value."""
    there = [node for node in nodes if node is not None]
    values = iter(await transport.read(there)) if there else iter(())
    return [str(shown) if node is not None and (shown := plain(next(values))) is not None else "" for node in nodes]


def plain(value: Value) -> Any:
    """A Good value as a number or text, the first of several, else None."""
    raw = value.raw[0] if isinstance(value.raw, list) and value.raw else value.raw
    if value.status >> 30 or raw is None:
        return None
    text = getattr(raw, "Text", raw)
    return text if isinstance(text, (int, float, str, type(None))) else str(text)


def _secured(transport: Transport) -> dict[str, str]:
    used = getattr(transport, "secured", None)
    if used is None:
        return {"policy": "none"}
    print_ = hashlib.sha1(used.server, usedforsecurity=False).hexdigest().upper()
    return {"policy": used.policy, "protection": used.protection, "server_certificate": print_}
