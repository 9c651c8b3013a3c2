"""A simulated plant behind real servers on loopback, and the device document that reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from trivet.device.adapter import Clock, Values
from trivet.device.library import adapter, load_profile
from trivet.errors import AdapterError, DeviceError

GROUP = "trivet.scenarios"


class Scenario(Protocol):
    """What a package offers under the entry point group ``trivet.scenarios``.

    Attributes:
        name: As ``trivet simulate`` names it.
        interface: Id of the interface whose signals it shows.
        endpoints: Endpoint name to the profile through which it is served.
        faults: Faults that it can have.
        appliance: Nameplate texts for a device document.
    """

    name: str
    interface: str
    endpoints: Mapping[str, str]
    faults: tuple[str, ...]
    appliance: Mapping[str, str]

    def plant(self, seed: int = 1, **choices: Any) -> Plant:
        """One appliance; see the scenario's own documentation for the choices."""
        ...


class Plant(Protocol):
    """A simulated appliance: a ``Values`` callable with its nameplate's parameters."""

    parameters: Mapping[str, float]

    __call__: Values


def scenario(name: str) -> Scenario:
    """An installed scenario by name.

    Raises:
        DeviceError: There is none of that name.
    """
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    if name not in found:
        raise DeviceError(f"no scenario {name!r}", hint=f"one of {', '.join(sorted(found)) or 'none installed'}")
    loaded: Scenario = found[name].load()
    return loaded


@asynccontextmanager
async def served(
    chosen: Scenario, plant: Plant, device: str, folder: Path, clock: Clock, version: str, port: int = 0
) -> AsyncIterator[Path]:
    """Serves a plant through every endpoint of its scenario.

    Args:
        chosen: The scenario.
        plant: The appliance that the servers show.
        device: Id for the device document.
        folder: Where the device document is written, as ``<device>.yaml``.
        clock: The time that the plant lives in.
        version: Interface version for the device document.
        port: First port; the next endpoint gets the next one. 0 lets the system choose.

    Yields:
        Path of the device document.

    Raises:
        AdapterError: A protocol cannot serve, or its library is missing.
    """
    async with AsyncExitStack() as stack:
        endpoints = {}
        for number, (name, profile_id) in enumerate(chosen.endpoints.items()):
            profile = load_profile(profile_id).document
            serve = adapter(profile.adapter).serve
            if serve is None:
                raise AdapterError(f"adapter {profile.adapter!r} cannot serve", where=profile_id)
            bind = f"127.0.0.1:{port + number if port else 0}"
            url = await stack.enter_async_context(serve(profile, plant, bind, clock))
            endpoints[name] = {"profile": profile_id, "url": url} | _settings(profile.adapter)
        path = folder / f"{device}.yaml"
        path.write_text(_document(chosen, plant, device, endpoints, version), encoding="utf-8")
        yield path


def _settings(protocol: str) -> dict[str, Any]:
    """Loopback servers of a simulator have no certificates, and the document says so."""
    return {"settings": {"security": "none"}} if protocol == "opcua" else {}


def _document(
    chosen: Scenario, plant: Plant, device: str, endpoints: Mapping[str, Any], version: str
) -> str:
    import yaml

    tree = {
        "kind": "device",
        "format": 0,
        "id": device,
        "interface": {"id": chosen.interface, "version": version},
        "appliance": {**chosen.appliance, "serial": "simulated"},
        "site": "simulated-kitchen",
        "endpoints": dict(endpoints),
        "parameters": {name: float(value) for name, value in plant.parameters.items()},
        "note": "Simulated; written by trivet.",
    }
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True)
