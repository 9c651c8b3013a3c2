"""Properties of a Thing Description as a device's points give them: forms, and data schemas of raw values; pure.

Forms are the adapters' own (``Described``): the W3C Modbus binding (``modv``) and OPC 10101 (``uav``). A form reads
what a controller sends, and a data schema has no scale. So a raw value that is not the signal's yet has no unit, and
``trivet:scale``, ``trivet:offset`` and ``trivet:unit`` say how the signal is made of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trivet.device.adapter import Described, Target
from trivet.device.conversion import Wire
from trivet.device.document import Point

Tree = dict[str, Any]
ABOUT = ("title", "titles", "readOnly", "observable")
NUMBERS = ("integer", "number")


def plain(target: Target) -> Tree:
    """All that a form can say where the adapter's points have no terms."""
    return {"href": target.endpoint.url, "op": ["readproperty"]}


def read_by(target: Target, wire: Wire, shown: Tree) -> Tree:
    """A property as one wire reads it.

    Args:
        target: The endpoint with its typed points.
        wire: From the point to the column.
        shown: The property as the interface has it.

    Raises:
        DocumentError: The endpoint's URL or settings are wrong.
    """
    name, number = _named(wire.point, target.profile.points)
    spec, described = target.profile.points[name], _described(target.points.get(name))
    if described is None:
        return {**shown, "forms": [plain(target)]}
    about = {key: shown[key] for key in ABOUT if key in shown}
    form = {"op": ["readproperty"], **described.form(target.endpoint, number)}
    return {**about, **_schema(wire, spec, dict(described.payload()), shown), "forms": [form]}


def _described(point: Any) -> Described | None:
    """An adapter's typed point, when it has the terms of a form."""
    return point if hasattr(point, "form") and hasattr(point, "payload") else None


def _schema(wire: Wire, spec: Point, payload: Tree, shown: Tree) -> Tree:
    """The data schema of the raw value, with what makes the signal of it."""
    kind = str(payload.get("type", shown["type"]))
    deciders = [name for name in (spec.scale_register, spec.selector.point if spec.selector else None) if name]
    if deciders or "trivet:encoding" in payload:
        by = {"trivet:by": deciders} if deciders else {}
        return {**payload, "type": kind, **by, "trivet:unit": shown["unit"]}
    if wire.states is not None:
        return {**payload, "type": kind, "oneOf": _states(spec, kind)}
    scale, offset = wire.scale * spec.scale, wire.scale * spec.offset + wire.offset
    limits = {}
    if kind in NUMBERS and scale:
        low, high = sorted((end - offset) / scale for end in (wire.low, wire.high))
        limits = {"minimum": low, "maximum": high}
    if (scale, offset) == (1.0, 0.0):
        return {**payload, "type": kind, "unit": shown["unit"], **limits}
    made = {"trivet:scale": scale, "trivet:offset": offset, "trivet:unit": shown["unit"]}
    return {**payload, "type": kind, **limits, **made}


def _named(name: str, points: Mapping[str, Point]) -> tuple[str, int]:
    """The profile's point that a reading's name means, and which of its instances."""
    if name in points:
        return name, 0
    stem, _, number = name.rpartition("_")
    return stem, int(number)


def _states(spec: Point, kind: str) -> list[Tree]:
    """The controller's own codes with the interface's states."""
    words = {"true": 1.0, "false": 0.0}
    made = bool if kind == "boolean" else int
    states = {made(float(words.get(code.lower(), code))): state for code, state in spec.enumeration.items()}
    return [{"const": code, "title": state} for code, state in states.items()]
