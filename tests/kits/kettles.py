"""Three kettles behind one OPC UA server, and a package that judges them: for tests of whole runs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import kitchen
from kits.opcua import DISHWASHER, Stage, shipped
from trivet.device.adapter import Clock
from trivet.device.clock import WallClock
from trivet_opcua.server import serve

PROFILE: dict[str, Any] = {
    **kitchen.PROFILE,
    "id": "kettle-opcua",
    "adapter": "opcua",
    "settings": {
        "namespace": "http://opcfoundation.org/UA/CommercialKitchenEquipment/",
        "type": "DishWashingMachineDeviceType",
    },
    "points": {
        "power": {"at": {"path": "Parameters/ActualHygieneValue", "data": "UInt16"}, "unit": "W", "signal": "power"},
        "temperature": {
            "at": {"path": "Parameters/ActualFinalRinseTemperature_1", "data": "UInt16"},
            "unit": "Cel",
            "signal": "temperature",
        },
    },
}


def furnish(folder: Path) -> Path:
    """A package, its signer's key and the profile."""
    kitchen.furnish(folder, counting=True)
    kitchen.write_yaml(folder / "kettle-opcua.yaml", PROFILE)
    return folder


def device(folder: Path, name: str, url: str, **endpoint: Any) -> Path:
    """A device document of one kettle."""
    whole = {"profile": "kettle-opcua.yaml", "url": url, "settings": {"security": "none"}, **endpoint}
    return kitchen.write_yaml(folder / f"{name}.yaml", kitchen.DEVICE, id=name, endpoints={"controller": whole})


@asynccontextmanager
async def served(clock: Clock | None = None, bind: str = "127.0.0.1:0") -> AsyncIterator[str]:
    """One machine of the companion model with what the profile asks for."""
    plant = Stage({"hygiene_value": 100.0, "rinse_temperature": 50.0})
    async with serve(shipped(DISHWASHER), plant, bind, clock or WallClock()) as url:
        yield url
