"""Finding nodes: devices by type definition, points by browse path, all anew at every connect.

Namespace indexes belong to one session; a server that comes back may number them
otherwise, so nothing found here outlives the connection it was found on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from trivet_opcua import provenance
from trivet_opcua.loss import Lost
from trivet_opcua.points import BASE, DI, Name, OpcPoint
from trivet_opcua.transport import Child, Node, Path, Transport

OBJECTS = "i=85"
DEVICE_SET = "i=5001"
SERVER = Name(BASE, "Server")
DEVICE_TYPE = Name(DI, "DeviceType")
ENGINEERING_UNITS = (0, "EngineeringUnits")
DEPTH = 3
MOST_OBJECTS = 20_000
MOST_SUPERTYPES = 20


@dataclass(frozen=True, slots=True)
class Found:
    """Where the points of one session are.

    Attributes:
        nodes: Point name to node.
        units: Point name to its EngineeringUnits property, where there is one.
        missing: Names of points that the server has not. Of a repeated point, only those that its count promises.
        odd: Repeated point to what its count says and how many instances exist, where the two differ.
        told: What the server says about itself and the devices: its name in ``provenance.paths`` to its node.
        own: The devices that the points belong to.
        others: Devices of the server that are none of them.
    """

    nodes: Mapping[str, Node]
    units: Mapping[str, Node]
    missing: tuple[str, ...]
    odd: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    told: Mapping[str, Node] = field(default_factory=dict)
    own: frozenset[Node] = frozenset()
    others: frozenset[Node] = frozenset()


async def find(
    transport: Transport,
    points: Mapping[str, OpcPoint],
    repeated: frozenset[str],
    instances: Mapping[str, str | int],
) -> Found:
    """Resolves all points, browse paths in one TranslateBrowsePaths call.

    Args:
        transport: Open.
        points: Point name, repeats expanded, to point.
        repeated: Names out of repeated points, of which a server has as many as are fitted.
        instances: Device type to the browse name of the device that is meant, where there are several.

    Raises:
        Lost: A device is not there (``no_device``), or several are (``ambiguous``).
    """
    table = {uri: index for index, uri in reversed(list(enumerate(transport.namespaces)))}
    types = {point.type for point in points.values() if point.type is not None}
    devices, everybody = await _devices(transport, types, table, instances)
    nodes = _direct(transport, points, table)
    paths = {name: start for name, point in points.items() if (start := _start(transport, point, devices, table))}
    asides = provenance.paths(transport, list(devices.values()))
    with_units = ((node, (*path, ENGINEERING_UNITS)) for node, path in paths.values())
    ends = await transport.translate([*paths.values(), *with_units, *asides.values()])
    told = {name: end for name, end in zip(asides, ends[2 * len(paths) :], strict=True) if end is not None}
    nodes |= {name: end for name, end in zip(paths, ends, strict=False) if end is not None}
    units = {name: end for name, end in zip(paths, ends[len(paths) :], strict=False) if end is not None}
    missing = tuple(name for name in points if name not in nodes and name not in repeated)
    own = frozenset(devices.values())
    found = Found(nodes, units, missing, {}, told, own, everybody - own if own else frozenset())
    return await _counted(transport, points, repeated, found)


async def _counted(
    transport: Transport, points: Mapping[str, OpcPoint], repeated: frozenset[str], found: Found
) -> Found:
    """Instances beyond their count are not fitted, whatever their nodes show; those that it promises are missing."""
    counts = sorted({points[name].count for name in repeated if points[name].count in found.nodes})
    if not counts:
        return found
    values = dict(zip(counts, await transport.read([found.nodes[name] for name in counts]), strict=True))
    known = {n: v.raw for n, v in values.items() if v.status >> 30 == 0 and type(v.raw) is int and v.raw >= 0}
    nodes, missing, exist = dict(found.nodes), list(found.missing), dict[str, int]()
    for name in sorted(repeated):
        stem, _, number = name.rpartition("_")
        limit = known.get(points[name].count)
        exist[stem] = exist.get(stem, 0) + (name in nodes)
        if limit is not None and int(number) > limit:
            nodes.pop(name, None)
        elif limit is not None and name not in nodes:
            missing.append(name)
    counted = {name.rpartition("_")[0]: points[name].count for name in repeated}
    said = {stem: known[count] for stem, count in counted.items() if count in known}
    odd = {stem: (limit, exist[stem]) for stem, limit in said.items() if limit != exist[stem]}
    units = {name: node for name, node in found.units.items() if name in nodes}
    return replace(found, nodes=nodes, units=units, missing=tuple(missing), odd=odd)


def _direct(transport: Transport, points: Mapping[str, OpcPoint], table: Mapping[str, int]) -> dict[str, Node]:
    found = {}
    for name, point in points.items():
        if point.node is not None and point.node[0] in table:
            found[name] = transport.node(table[point.node[0]], point.node[1])
    return found


def _start(
    transport: Transport, point: OpcPoint, devices: Mapping[Name, Node], table: Mapping[str, int]
) -> tuple[Node, Path] | None:
    """Starting node and relative path of a point; None without a path, or when a namespace is not there."""
    if not point.path or not all(name.namespace in table for name in point.path):
        return None
    start = devices[point.type] if point.type is not None else transport.node(0, OBJECTS)
    return start, tuple((table[name.namespace], name.text) for name in point.path)


async def _devices(
    transport: Transport, types: set[Name], table: Mapping[str, int], instances: Mapping[str, str | int]
) -> tuple[dict[Name, Node], frozenset[Node]]:
    """The device of each type, and all devices that the server has."""
    if not types:
        return {}, frozenset()
    everything = await objects(transport, table)
    above = await lineage(transport, {child.type for child in everything})
    known = types | {DEVICE_TYPE}
    everybody = frozenset(child.node for child in everything if known & set(above.get(child.type, ())))
    return {type_: _chosen(type_, everything, above, instances) for type_ in types}, everybody


def _chosen(
    type_: Name,
    everything: Sequence[Child],
    above: Mapping[Node, tuple[Name, ...]],
    instances: Mapping[str, str | int],
) -> Node:
    found = {child.node: child.name for child in everything if type_ in above.get(child.type, ())}
    wanted = instances.get(type_.text)
    matching = [node for node, name in found.items() if wanted is None or name == str(wanted)]
    if len(matching) == 1:
        return matching[0]
    names = ", ".join(sorted(found.values())) or "none"
    if wanted is not None:
        raise Lost("no_device", f"no {type_.text} is called {wanted}; the server has: {names}")
    if not matching:
        raise Lost("no_device", f"the server has no {type_.text}; check the URL and the profile")
    raise Lost(
        "ambiguous",
        f"the server has several {type_.text}; choose with `instances: {{{type_.text}: NAME}}` out of: {names}",
    )


async def objects(transport: Transport, table: Mapping[str, int]) -> list[Child]:
    """Objects in DI's DeviceSet and below Objects, level by level; each once, literal placeholders left out."""
    roots = [transport.node(0, OBJECTS)]
    if DI in table:
        roots.insert(0, transport.node(table[DI], DEVICE_SET))
    seen: dict[Node, Child] = {}
    level = roots
    for _ in range(DEPTH):
        below = [child for children in await transport.children(level) for child in children]
        fresh = [
            c for c in below if c.node not in seen and "<" not in c.name and (c.namespace, c.name) != (0, SERVER.text)
        ]
        seen |= {child.node: child for child in fresh}
        level = [child.node for child in fresh]
        if not level or len(seen) > MOST_OBJECTS:
            break
    return list(seen.values())


async def lineage(transport: Transport, types: set[Node]) -> dict[Node, tuple[Name, ...]]:
    """Each type's own browse name and those of all it derives from, the nearest first."""
    parents: dict[Node, Node | None] = {}
    level = [type_ for type_ in types if type_ is not None]
    for _ in range(MOST_SUPERTYPES):
        above = await transport.supertypes(level) if level else []
        parents |= dict(zip(level, above, strict=True))
        level = list({parent for parent in above if parent is not None and parent not in parents})
    known = list(parents)
    names = dict(zip(known, await transport.names(known), strict=True))
    uris = transport.namespaces
    qualified = {n: Name(uris[q[0]], q[1]) for n, q in names.items() if q is not None and q[0] < len(uris)}
    return {type_: _names_up(type_, parents, qualified) for type_ in types if type_ is not None}


def _names_up(type_: Node, parents: Mapping[Node, Node | None], names: Mapping[Node, Name]) -> tuple[Name, ...]:
    found: list[Name] = []
    at: Node | None = type_
    for _ in range(MOST_SUPERTYPES):
        if at is None:
            break
        if at in names:
            found.append(names[at])
        at = parents.get(at)
    return tuple(found)
