"""Writes what follows from the companion model's nodeset: ``companion.json`` and the profiles of its device types.

Run ``python -m trivet_opcua.generate`` after a new nodeset was put in ``nodesets/``; a test
compares the files with what this gives. The profiles of the dishwashing machine and of the
combi steamer are written by hand, since they name more than the model does; the same test
holds them to the tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from trivet.errors import DocumentError
from trivet.units import unece
from trivet_opcua.nodeset import Declared, NodeSet
from trivet_opcua.points import DI, INTEGERS, KITCHEN, PLACEHOLDER

FILE = "Opc.Ua.CommercialKitchenEquipment.NodeSet2.xml"
BY_HAND = ("CombiSteamerDeviceType", "DishWashingMachineDeviceType")
CLASSES: Mapping[str, str] = {
    "FryerDeviceType": "Fryer",
    "FryingPanDeviceType": "Frying Pan",
    "CombiSteamerDeviceType": "Combi Steamer",
    "OvenDeviceType": "Convection Oven, Multiple Deck Oven",
    "PressureCookingKettleDeviceType": "Pressure Cooking Kettle",
    "CookingKettleDeviceType": "Cooking Kettle",
    "MultiFunctionPanDeviceType": "Multi Function Pan",
    "PastaCookerDeviceType": "Pasta Cooker / Cook Marie",
    "CoffeeMachineDeviceType": "Coffee Machine",
    "DishWashingMachineDeviceType": "Dishwashing Machine",
    "ServeryCounterDeviceType": "Servery System",
    "CookingZoneDeviceType": "Cooking Zone",
    "FryingAndGrillingDeviceType": "Frying And Grilling Appliance",
    "MicrowaveCombiOvenDeviceType": "Microwave Combination Oven",
    "IceMachineDeviceType": "Ice Machine",
}
"""DeviceClass of each type (OPC 30200, 5.1.2); the nodeset does not have them."""

UNITS: Mapping[str, str] = {"ActualPower": "W", "ActualZoneTemperature_<No.>": "Cel"}
"""Declared here, since the model leaves EngineeringUnits empty; its siblings have these units."""

NOT_COOKING = ("CoffeeMachineDeviceType", "IceMachineDeviceType", "ServeryCounterDeviceType")
SIGNALS: Mapping[str, str] = {
    "ActualTemperature": "chamber_temperature",
    "ActualTemperatureChamber": "chamber_temperature",
    "ActualTemperatureCup": "chamber_temperature",
    "ActualChamberTemperature_<No.>": "chamber_temperature",
    "ActualGrillTemperature_<No.>": "chamber_temperature",
    "SetTemperature": "chamber_setpoint",
    "SetChamberTemperature": "chamber_setpoint",
    "SetGrillTemperature_<No.>": "chamber_setpoint",
    "ActualCoreTemperature": "core_temperature_1",
    "ActualCoreTemperature_<No.>": "core_temperature",
    "SetCoreTemperature": "core_setpoint",
    "ActualHumidity_<No.>": "humidity",
    "SetHumidity": "humidity_setpoint",
    "IsDoorOpen": "door_open",
    "IsLidOpen": "door_open",
    "TimeRemaining": "remaining_time",
    "TimeRemainingProgram": "remaining_time",
    "RemainingProcessTime": "remaining_time",
    "ActualPower": "active_power",
    "ProgramMode": "mode",
    "OperationMode": "mode",
    "OperatingMode": "mode",
    "MultiFunctionPanMode": "mode",
    "CurrentState": "mode",
}
"""Browse name to the signal of ``cooking-appliance`` that it is."""

MODES: Mapping[str, tuple[str, ...]] = {
    "off": ("Off",),
    "on": ("On",),
    "preheat": ("Preheat", "PreHeat"),
    "standby": ("StandBy", "Standby", "Idle", "PotDetection"),
    "steaming": ("Steaming",),
    "cleaning": ("Cleaning", "Filtering"),
    "preset_start": ("PresetStart", "Autostart"),
    "error": ("Error",),
    "energy_save": ("EnergySave", "PowerSaving"),
    "cool_down": ("CoolDown",),
    "working": (
        *("Working", "Process", "Power", "Baking", "Melting", "Frying", "SoftCook", "Cook", "CookSlow", "Stiring"),
        *("KeepWarming", "PressureCooking", "Pressure", "SoftCooking", "Cooking", "Grilling", "Regenerate"),
        *("DeltaTcooking", "ZoneGrilling", "ZoneCooking", "Proofing"),
    ),
}
"""State of ``cooking-appliance`` to the names that it has in the model's enumerations; others stay unknown."""

BOOLEANS: Mapping[str, Mapping[int, str]] = {"door_open": {0: "closed", 1: "open"}}
HEALTH = {0: "normal", 1: "failure", 2: "check_function", 3: "off_spec", 4: "maintenance_required"}
MOST_INSTANCES = 4
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[_\s/-]+")

HEAD = """\
# Generated from the companion model's nodeset by `python -m trivet_opcua.generate`; do not edit.
"""


def main() -> None:
    """Writes all files."""
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")


def files() -> dict[Path, str]:
    """Every generated file with its text."""
    nodeset = NodeSet(FILE)
    package = Path(str(resources.files("trivet_opcua")))
    profiles = Path(str(resources.files("trivet_schemas"))) / "profiles"
    found = {package / "companion.json": json.dumps(tables(nodeset), indent=1, ensure_ascii=False) + "\n"}
    for name in nodeset.subtypes("CommercialKitchenDeviceType"):
        if name not in BY_HAND:
            tree = profile(nodeset, name)
            text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
            found[profiles / f"{tree['id']}.yaml"] = HEAD + text
    return found


def tables(nodeset: NodeSet) -> dict[str, Any]:
    """Names, types, units, rules and enumerations of the whole model."""
    devices = {
        name: {
            "id": number,
            "device_class": CLASSES[name],
            "profile": profile_id(name),
            "parts": {part: [type_, nodeset.number(type_)] for part, type_ in nodeset.parts(name).items()},
            "points": {each.path: _row(each) for each in nodeset.declared(name)},
        }
        for name, number in nodeset.subtypes("CommercialKitchenDeviceType").items()
    }
    enumerations = {name: {str(code): text for code, text in e.items()} for name, e in nodeset.enumerations().items()}
    return {"model": {"uri": KITCHEN, "version": nodeset.version, "date": nodeset.date}} | {
        "devices": devices,
        "enumerations": dict(sorted(enumerations.items())),
    }


def profile(nodeset: NodeSet, name: str) -> dict[str, Any]:
    """The profile of one device type as the tree of its document."""
    words = _snake(name.removesuffix("DeviceType")).replace("_", " ")
    declared = nodeset.declared(name)
    wanted = [each for each in declared if _number_like(each.data) and "<RecipeName>" not in each.path]
    codes = nodeset.enumerations()
    points = {
        _point_name(each): _point(each, codes.get(each.data, {}), name not in NOT_COOKING)
        for each in sorted(wanted, key=lambda each: (each.property, each.path))
    }
    health = {"at": {"path": "di:DeviceHealth", "data": "DeviceHealthEnumeration"}, "poll": "slow"}
    return {
        "kind": "profile",
        "format": 0,
        "id": profile_id(name),
        "version": "0.9.0",
        "title": {"en": f"{words.capitalize()} after OPC 30200"},
        "note": _note(declared),
        "adapter": "opcua",
        "source": {
            "document": f"OPC 30200 Commercial Kitchen Equipment, NodeSet2 version {nodeset.version}",
            "date": nodeset.date,
            "confidence": "manual",
        },
        "match": {"DeviceClass": CLASSES[name]},
        "settings": {"namespace": KITCHEN, "type": name, "namespaces": {"di": DI}},
        "points": points | {"device_health": health | {"enumeration": HEALTH}},
    }


def profile_id(name: str) -> str:
    """Id of the profile of a device type."""
    words = _snake(name.removesuffix("DeviceType")).replace("_", "-")
    return f"opc30200-{words.replace('dish-washing', 'dishwashing')}"


def _row(each: Declared) -> dict[str, Any]:
    row: dict[str, Any] = {"data": each.data, "rule": each.rule}
    if each.analog:
        row["unit"] = _ucum(each)
    return row


def _note(declared: list[Declared]) -> str:
    text = "The companion model has no energy. Join a meter or vendor nodes through a second endpoint."
    containers = sorted({path for each in declared if PLACEHOLDER in (path := each.path.partition("/")[0])})
    if containers and any("/" in each.path for each in declared):
        text += f" Of several {containers[0]}, `instances` of the endpoint names one; the first unless it does."
    return text


def _point(each: Declared, codes: Mapping[int, str], cooking: bool) -> dict[str, Any]:
    browse = each.path.rpartition("/")[2]
    signal = SIGNALS.get(browse) if cooking else None
    repeated = PLACEHOLDER in browse and (signal is None or signal == "core_temperature")
    path = each.path if repeated or PLACEHOLDER not in browse else each.path[: -len(PLACEHOLDER)] + "1"
    point: dict[str, Any] = {"at": {"path": path, "data": each.data}}
    unit = UNITS.get(browse) or _ucum(each)
    if unit or not (codes or each.data == "Boolean" or each.analog):
        point["unit"] = unit or "1"
    if signal:
        point["signal"] = signal
    poll = _poll(browse, each.property)
    if poll != "normal":
        point["poll"] = poll
    if repeated:
        point["repeat"] = {"max": MOST_INSTANCES}
    states = _states(_named(each, codes), signal)
    return point | ({"enumeration": states} if states else {}) | _remark(each, unit)


def _remark(each: Declared, unit: str | None) -> dict[str, str]:
    if not each.analog or _ucum(each):
        return {}
    if unit:
        return {"note": "The model leaves its unit open; this one is declared here."}
    return {"note": "The model leaves its unit open; declare it before you bind it."}


def _states(codes: Mapping[int, str], signal: str | None) -> dict[int, str]:
    if signal == "mode":
        known = {name: state for state, names in MODES.items() for name in names}
        return {code: known[name] for code, name in codes.items() if name in known}
    return dict(BOOLEANS.get(signal or "", {})) or {code: _snake(name) for code, name in codes.items()}


def _named(each: Declared, codes: Mapping[int, str]) -> Mapping[int, str]:
    return {0: "no", 1: "yes"} if each.data == "Boolean" else codes


def _poll(browse: str, of_device: bool) -> str:
    if of_device or browse.startswith(("IsWith", "Nominal")):
        return "static"
    return "slow" if browse.startswith(("Set", "Total", "GrinderRuntime", "Type", "ProgramId")) else "normal"


def _point_name(each: Declared) -> str:
    return _snake(each.path.rpartition("/")[2].removesuffix(f"_{PLACEHOLDER}"))


def _number_like(data: str) -> bool:
    return data in INTEGERS | {"Boolean", "Float", "Double"} or data.endswith("Enumeration")


def _ucum(each: Declared) -> str | None:
    try:
        return None if each.unit is None else unece(each.unit)
    except DocumentError:
        return None


def _snake(name: str) -> str:
    return "_".join(word.lower() for word in _WORD.split(name) if word)


if __name__ == "__main__":
    main()
