"""W3C Web of Things: a Thing Model of an appliance; with a device document, the Thing Description of that one.

Forms come from the adapters' own points, where a protocol has terms for them, see ``forms``. All properties are
read-only.
"""

from __future__ import annotations

from typing import Any

from trivet.device.library import ResolvedDevice
from trivet.device.wiring import wiring
from trivet.export import Subject
from trivet.export.forms import plain, read_by
from trivet.export.line import text_of
from trivet.interface.columns import columns
from trivet.interface.document import Signal

Tree = dict[str, Any]
CONTEXT = [
    "https://www.w3.org/2022/wot/td/v1.1",
    {
        "modv": "https://www.w3.org/2019/wot/modbus#",
        "uav": "http://opcfoundation.org/UA/WoT-Binding/",
        "xsd": "http://www.w3.org/2001/XMLSchema#",
        "trivet": "urn:trivet:wot:",
    },
]


def files(subject: Subject) -> dict[str, bytes]:
    """The model, and the description of a device."""
    made = {f"{subject.stem}.tm.jsonld": text_of(model(subject))}
    if subject.device is not None:
        made[f"{subject.device.device.id}.td.jsonld"] = text_of(thing(subject, subject.device))
    return made


def model(subject: Subject) -> Tree:
    """The Thing Model: what any appliance of this kind may show."""
    interface = subject.interface
    made = {name: affordance(subject, name, signal) for name, signal in sorted(columns(interface).items())}
    return {
        "@context": CONTEXT,
        "@type": "tm:ThingModel",
        "id": f"urn:trivet:interface:{interface.id}:{interface.version}",
        "title": subject.label(interface.title, interface.id),
        "titles": dict(interface.title),
        "version": {"model": interface.version},
        "tm:optional": [f"/properties/{name}" for name in made],
        "properties": made,
    }


def thing(subject: Subject, resolved: ResolvedDevice) -> Tree:
    """The Thing Description: what one device shows, and where."""
    interface, device = subject.interface, resolved.device
    signals, made = columns(interface), {}
    parsed = {name: profile.document for name, profile in resolved.profiles.items()}
    for endpoint, wires in sorted(wiring(interface, device, parsed).wires.items()):
        target, recorded = resolved.targets[endpoint], resolved.adapters[endpoint].recorded
        for wire in sorted(wires, key=lambda one: one.column):
            shown = affordance(subject, wire.column, signals[wire.column])
            made[wire.column] = {**shown, "forms": [plain(target)]} if recorded else read_by(target, wire, shown)
    return {
        "@context": CONTEXT,
        "@type": "Thing",
        "id": f"urn:trivet:device:{device.id}",
        "title": device.id,
        "version": {"instance": interface.version, "model": interface.version},
        "links": [
            {"rel": "type", "href": f"./{subject.stem}.tm.jsonld", "type": "application/tm+json"},
        ],
        "securityDefinitions": {"by_endpoint": {"scheme": "auto"}},
        "security": ["by_endpoint"],
        "properties": made,
    }


def affordance(subject: Subject, name: str, signal: Signal) -> Tree:
    """One column as a property, without forms."""
    about: Tree = {
        "title": subject.label(signal.label, name),
        "titles": dict(signal.label),
        "unit": signal.unit,
        "readOnly": True,
        "observable": True,
    }
    if not signal.label:
        del about["titles"]
    if signal.enumeration:
        pairs = sorted(signal.enumeration.items(), key=lambda item: int(item[0]))
        return {**about, "type": "integer", "oneOf": [{"const": int(code), "title": state} for code, state in pairs]}
    low, high = signal.range
    return {**about, "type": "number", "minimum": low, "maximum": high}
