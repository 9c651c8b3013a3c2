"""Whether a variable's states are those that its profile maps: enumerations are told apart by data type.

Seven of the kitchen model's enumerations are the type of a variable called ProgramMode; a number of another one would
be read as a state that the machine is not in.
"""

from __future__ import annotations

from collections.abc import Mapping

from trivet_opcua.browse import lineage
from trivet_opcua.points import BASE, Name, OpcPoint
from trivet_opcua.transport import Node, Transport

SUFFIX = "Enumeration"
ENUMERATION = Name(BASE, SUFFIX)


async def foreign(transport: Transport, points: Mapping[str, OpcPoint], nodes: Mapping[str, Node]) -> dict[str, str]:
    """Points that are of another enumeration than their profile's, with its name.

    A plain number, or Enumeration itself, is no other one: then the profile's word stands. Nothing is asked where no
    point has an enumeration.
    """
    asked = [name for name in nodes if points[name].data.endswith(SUFFIX)]
    types = dict(zip(asked, await transport.types([nodes[name] for name in asked]), strict=True)) if asked else {}
    above = await lineage(transport, {type_ for type_ in types.values() if type_ is not None}) if types else {}
    return {
        name: names[0].text
        for name, type_ in types.items()
        if ENUMERATION in (names := above.get(type_, ()))[1:] and not _meant(points[name]) & set(names)
    }


def _meant(point: OpcPoint) -> set[Name]:
    """The data type that the profile names, in the namespace of the variable, or of its device."""
    spaces = {point.path[-1].namespace} if point.path else set()
    spaces |= {point.type.namespace} if point.type is not None else set()
    spaces |= {point.node[0]} if point.node is not None else set()
    return {Name(space, point.data) for space in spaces}
