"""A point in the words of the W3C Modbus binding (``modv``), for Thing Descriptions; pure, from documents only.

The binding's addresses are those on the wire (``zeroBasedAddressing``), its polling time counts milliseconds, and its
types are those of XML Schema. ``contentType`` says the same again for readers that decode by it: length in bytes,
sign, and ``byteSeq`` where the most significant byte is not first. What the binding has no type for (decimal codes,
bits and halves of registers, times) is its registers as one whole number, with ``trivet:encoding`` beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from trivet.device.document import Endpoint
from trivet.signals import Json
from trivet_modbus.address import Table
from trivet_modbus.route import TCP, Route, parse_route
from trivet_modbus.settings import periods

if TYPE_CHECKING:
    from trivet_modbus.points import ModbusPoint

ENTITIES: Mapping[Table, str] = {
    Table.COIL: "Coil",
    Table.DISCRETE: "DiscreteInput",
    Table.INPUT: "InputRegister",
    Table.HOLDING: "HoldingRegister",
}
TYPES: Mapping[str, str] = {
    "bool": "xsd:boolean",
    "int16": "xsd:short",
    "int32": "xsd:int",
    "int64": "xsd:long",
    "uint16": "xsd:unsignedShort",
    "uint32": "xsd:unsignedInt",
    "uint64": "xsd:unsignedLong",
    "float32": "xsd:float",
    "float64": "xsd:double",
    "string": "xsd:string",
}
"""Types that the binding can say; all others are encodings."""

SEQUENCES: Mapping[tuple[bool, bool], str] = {
    (True, True): "BIG_ENDIAN",
    (True, False): "LITTLE_ENDIAN_BYTE_SWAP",
    (False, True): "BIG_ENDIAN_BYTE_SWAP",
    (False, False): "LITTLE_ENDIAN",
}
"""Most significant byte first, most significant word first, to what ``byteSeq`` calls it."""


def form(point: ModbusPoint, endpoint: Endpoint) -> dict[str, Json]:
    """The terms of a point's form.

    Args:
        point: One that does not repeat.
        endpoint: Of the device document.

    Raises:
        DocumentError: The endpoint's URL or periods are wrong.
    """
    route, unit = parse_route(endpoint.url)
    period = periods(endpoint.settings, "").get(point.poll, point.period)
    terms: dict[str, Json] = {
        **_place(point, route, unit, endpoint.url),
        "op": ["readproperty", "observeproperty"],
        "contentType": _content(point),
        "modv:entity": ENTITIES[point.table],
        "modv:zeroBasedAddressing": True,
    }
    if period:
        terms["modv:pollingTime"] = round(1000 * period)
    if not point.table.bits:
        terms["modv:mostSignificantByte"] = point.byte_order == "big"
        terms["modv:mostSignificantWord"] = _word_first(point) is not False
    if encoding(point) is None:
        terms["modv:type"] = TYPES[point.type]
    return terms


def payload(point: ModbusPoint) -> dict[str, Json]:
    """The data schema of what a reader of the form gets."""
    told = encoding(point)
    if told is not None:
        return {"type": "integer", "trivet:encoding": told}
    kind = "integer" if "int" in point.type else "number"
    return {"type": {"bool": "boolean", "string": "string"}.get(point.type, kind)}


def encoding(point: ModbusPoint) -> dict[str, Json] | None:
    """What the binding cannot say of a point's registers, in the keys of a profile; None when it says all."""
    if point.type in TYPES and not point.half and _word_first(point) is not None:
        return None
    told: dict[str, Json] = {"type": point.type, "word_order": point.word_order, "byte_order": point.byte_order}
    if point.type.startswith("bit") or point.type.endswith("int8"):
        told["bits"] = list(point.bits)
    if point.half:
        told["half"] = point.half
    return told


def _place(point: ModbusPoint, route: Route, unit: int, url: str) -> dict[str, Json]:
    """Where it is: in the link's URL where the binding has one for it, else in terms of their own."""
    if route.scheme == TCP:
        return {"href": quote(f"{route}/{unit}/{point.address}", safe="/:[]+") + f"?quantity={point.words}"}
    numbers: dict[str, Json] = {"unitID": unit, "address": point.address, "quantity": point.words}
    return {"href": url, **{f"modv:{name}": number for name, number in numbers.items()}}


def _content(point: ModbusPoint) -> str:
    if point.table.bits:
        return "application/octet-stream"
    words = [f"length={2 * point.words}"]
    if payload(point)["type"] == "integer" and not point.type.startswith("int"):
        words.append("signed=false")
    sequence = SEQUENCES[point.byte_order == "big", _word_first(point) is not False]
    if sequence != SEQUENCES[True, True]:
        words.append(f"byteSeq={sequence}")
    return ";".join(["application/octet-stream", *words])


def _word_first(point: ModbusPoint) -> bool | None:
    """Whether the most significant word is first; None when neither that nor the least significant is."""
    if point.words == 1 or point.word_order == "big" or point.type == "string":
        return True
    if point.word_order == "little":
        return False
    if point.words == 2:
        return point.word_order == "halves"
    return None
