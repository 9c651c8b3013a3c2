"""Facts of the companion models, for servers: type names, node ids, nameplates; needs no OPC UA library.

From the NodeSet2 files of OPC 30200 version 1.0 (2019-07-12) and of DI version 1.04.0 (2022-11-03).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from trivet_opcua.points import DI, KITCHEN, Name


class DeviceType(NamedTuple):
    """A kitchen device type: its node id, its DeviceClass, and the type of its parameter object."""

    id: int
    device_class: str
    parameters: str
    parameters_id: int


SUPERTYPES: Mapping[Name, tuple[int, Name | None]] = {
    Name(DI, "TopologyElementType"): (1001, None),
    Name(DI, "ComponentType"): (15063, Name(DI, "TopologyElementType")),
    Name(DI, "DeviceType"): (1002, Name(DI, "ComponentType")),
    Name(KITCHEN, "CommercialKitchenDeviceType"): (1005, Name(DI, "DeviceType")),
    Name(KITCHEN, "KitchenDeviceParameterType"): (1004, None),
}
"""Type to its numeric id and what it derives from; None is BaseObjectType."""

DEVICES: Mapping[str, DeviceType] = {
    "DishWashingMachineDeviceType": DeviceType(
        1026, "Dishwashing Machine", "DishWashingMachineProgramParameterType", 1025
    ),
    "CombiSteamerDeviceType": DeviceType(1011, "Combi Steamer", "CombiSteamerParameterType", 1010),
}

DEVICE_SET = 5001
UNIT_NAMESPACE = "http://www.opcfoundation.org/UA/units/un/cefact"


def nameplate(device_class: str, model: str) -> Mapping[str, str | int]:
    """DI properties that a simulated device shows."""
    return {
        "Manufacturer": "Trivet",
        "Model": model,
        "DeviceClass": device_class,
        "SerialNumber": "SIM-1",
        "HardwareRevision": "0",
        "SoftwareRevision": "0.9.0",
        "DeviceRevision": "0",
        "DeviceManual": "",
        "RevisionCounter": 1,
    }
