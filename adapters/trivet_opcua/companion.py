"""Facts of the companion models: device types, their parts and points, enumerations; needs no OPC UA library.

``companion.json`` is generated from the nodeset of OPC 30200 version 1.0 (2019-07-12); see ``generate``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any, NamedTuple

NODESETS = ("Opc.Ua.Di.NodeSet2.xml", "Opc.Ua.CommercialKitchenEquipment.NodeSet2.xml")
DEVICE_SET = 5001
DEVICE_TYPE = 1002
HEALTH = ("normal", "failure", "check_function", "off_spec", "maintenance_required")
"""DI's DeviceHealth by number, after NAMUR NE 107."""

UNIT_NAMESPACE = "http://www.opcfoundation.org/UA/units/un/cefact"
NAMEPLATE = (
    *("Manufacturer", "Model", "SerialNumber", "HardwareRevision", "SoftwareRevision", "DeviceRevision"),
    *("DeviceClass", "ProductCode", "ManufacturerUri", "DeviceManual"),
)
"""Properties of DI's DeviceType that say what a device is."""


class DeviceType(NamedTuple):
    """A kitchen device type.

    Attributes:
        id: Number of its node.
        device_class: Text of its DeviceClass.
        profile: Id of the profile that ships for it.
        parts: Browse name of each object with a companion type, placeholders included, to type and its number.
        points: Path of each variable to its ``data``, ``rule`` and, for analog ones, ``unit``.
    """

    id: int
    device_class: str
    profile: str
    parts: Mapping[str, tuple[str, int]]
    points: Mapping[str, Mapping[str, Any]]


@lru_cache(maxsize=1)
def devices() -> Mapping[str, DeviceType]:
    """The kitchen device types by name."""
    found = {}
    for name, tree in _tables()["devices"].items():
        parts = {part: (str(type_), int(number)) for part, (type_, number) in tree["parts"].items()}
        found[name] = DeviceType(tree["id"], tree["device_class"], tree["profile"], parts, tree["points"])
    return found


def enumeration(name: str) -> Mapping[int, str]:
    """Names of an enumeration of the model by number; empty when it is none of the model's."""
    return {int(code): text for code, text in _tables()["enumerations"].get(name, {}).items()}


def nameplate(device_class: str, model: str, serial: str) -> Mapping[str, str | int]:
    """DI properties that a simulated device shows."""
    return {
        "Manufacturer": "Trivet",
        "Model": model,
        "DeviceClass": device_class,
        "SerialNumber": serial,
        "HardwareRevision": "0",
        "SoftwareRevision": "0.9.0",
        "DeviceRevision": "0",
        "DeviceManual": "",
        "RevisionCounter": 1,
    }


@lru_cache(maxsize=1)
def _tables() -> Any:
    return json.loads(resources.files("trivet_opcua").joinpath("companion.json").read_text("utf-8"))
