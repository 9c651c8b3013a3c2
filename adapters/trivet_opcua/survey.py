"""What a server is and what stands in it: models, limits, devices with their nameplates; for people, not for runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trivet_opcua.browse import DEVICE_TYPE, lineage, objects
from trivet_opcua.client import AsyncuaTransport
from trivet_opcua.companion import HEALTH, NAMEPLATE
from trivet_opcua.points import DI, KITCHEN, Name
from trivet_opcua.provenance import plain, texts
from trivet_opcua.transport import Child, Node, Value

SERVER_FACTS: Mapping[str, str] = {
    "product": "i=2262",
    "manufacturer": "i=2263",
    "version": "i=2264",
    "started": "i=2257",
}
LIMITS: Mapping[str, str] = {
    "nodes_per_read": "i=11705",
    "nodes_per_browse": "i=11710",
    "paths_per_translate": "i=11712",
    "monitored_items_per_call": "i=11714",
    "browse_continuation_points": "i=2735",
    "fastest_sampling_ms": "i=2272",
}


@dataclass(frozen=True, slots=True)
class Appliance:
    """A device that a server shows.

    Attributes:
        child: Its node, browse name and type.
        types: Browse names of its type and of all that it derives from, the nearest first.
        plate: DI's nameplate, and DeviceHealth as ``device_health``, as far as they are shown.
        parts: Browse names of the objects below it.
    """

    child: Child
    types: tuple[Name, ...]
    plate: Mapping[str, str]
    parts: tuple[str, ...]


class Survey(AsyncuaTransport):
    """A client that looks around; it subscribes to nothing unless told to."""

    async def appliances(self, known: set[Name]) -> list[Appliance]:
        """All devices by type, subtypes included.

        Args:
            known: Types that count as devices, beside DI's DeviceType.
        """
        table = {uri: index for index, uri in reversed(list(enumerate(self.namespaces)))}
        everything = await objects(self, table)
        above = await lineage(self, {child.type for child in everything})
        wanted = known | {DEVICE_TYPE}
        found = [child for child in everything if wanted & set(above.get(child.type, ()))]
        plates = await self._plates([child.node for child in found], table)
        below = await self.children([child.node for child in found]) if found else []
        parts = [tuple(sorted(each.name for each in children if "<" not in each.name)) for children in below]
        return [
            Appliance(child, above[child.type], plate, part)
            for child, plate, part in zip(found, plates, parts, strict=True)
        ]

    async def facts(self) -> dict[str, Any]:
        """Product, versions and limits, as the server states them."""
        asked = {**SERVER_FACTS, **LIMITS}
        values = await self.read([self.node(0, node) for node in asked.values()])
        shown = {name: plain(value) for name, value in zip(asked, values, strict=True)}
        return {
            **{name: shown[name] for name in SERVER_FACTS if shown[name] is not None},
            "limits": {name: shown[name] for name in LIMITS if shown[name]},
        }

    async def enumerations(self, nodes: Sequence[Node]) -> list[tuple[str, dict[int, str]]]:
        """Data type of each variable by name, and its names by number where it is an enumeration."""
        types = await self.types(nodes)
        known = list({type_ for type_ in types if type_ is not None})
        names = dict(zip(known, await self.names(known), strict=True)) if known else {}
        paths = [(type_, ((0, part),)) for type_ in known for part in ("EnumStrings", "EnumValues")]
        ends = await self.translate(paths) if paths else []
        there = [end for end in ends if end is not None]
        values = dict(zip(there, await self.read(there), strict=True)) if there else {}
        codes = {
            type_: _codes(values.get(ends[2 * row])) or _codes(values.get(ends[2 * row + 1]))
            for row, type_ in enumerate(known)
        }
        return [((names.get(type_) or (0, ""))[1], codes.get(type_, {})) for type_ in types]

    async def _plates(self, nodes: Sequence[Node], table: Mapping[str, int]) -> list[dict[str, str]]:
        """DI's identification of each device, all in one call each for paths and values."""
        spaces = [table[uri] for uri in (DI, KITCHEN) if uri in table]
        keys = [*((space, key) for space in spaces for key in (*NAMEPLATE, "DeviceHealth", "DeviceLocationName"))]
        ends = await self.translate([(node, (key,)) for node in nodes for key in keys]) if nodes and keys else []
        shown_texts = await texts(self, ends)
        plates = []
        for row in range(len(nodes)):
            shown = shown_texts[row * len(keys) : (row + 1) * len(keys)] if keys else []
            plate = {key: text for (_, key), text in zip(keys, shown, strict=True) if text}
            health = plate.pop("DeviceHealth", "")
            if health.isdigit() and int(health) < len(HEALTH):
                plate["DeviceHealth"] = HEALTH[int(health)]
            plates.append(plate)
        return plates


def _codes(value: Value | None) -> dict[int, str]:
    """Names by number, out of EnumStrings (a list of texts) or EnumValues (a list of number and text)."""
    if value is None or value.status >> 30 or not isinstance(value.raw, list):
        return {}
    found = {}
    for position, entry in enumerate(value.raw):
        text = getattr(entry, "DisplayName", entry)
        found[int(getattr(entry, "Value", position))] = str(getattr(text, "Text", "") or "")
    return found
