"""A simulated plant behind real servers on loopback, and the device document that reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from trivet.device.adapter import Clock, Snapshot
from trivet.device.library import adapter, load_interface, load_profile
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

    def __call__(self, now: int, /) -> Snapshot:
        """What its controller and meter show at a time [ns, UTC]."""
        ...


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
    chosen: Scenario, plant: Plant, path: Path, clock: Clock, *, bind: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Path]:
    """Serves a plant through every endpoint of its scenario, and writes the device document that reads it.

    Args:
        chosen: The scenario.
        plant: The appliance that the servers show.
        path: Where the device document is written; its stem is the device's id.
        clock: The time that the plant lives in.
        bind: Address to listen on.
        port: First port; the next endpoint gets the next one. 0 lets the system choose.

    Yields:
        The path.

    Raises:
        AdapterError: A protocol cannot serve, or its library is missing.
    """
    async with AsyncExitStack() as stack:
        urls = {}
        for number, (name, profile_id) in enumerate(chosen.endpoints.items()):
            profile = load_profile(profile_id).document
            serve = adapter(profile.adapter).serve
            if serve is None:
                raise AdapterError(f"adapter {profile.adapter!r} cannot serve", where=profile_id)
            where = f"{bind}:{port + number if port else 0}"
            urls[name] = await stack.enter_async_context(serve(profile, plant, where, clock))
        write_document(chosen, plant, path, urls)
        yield path


def write_document(chosen: Scenario, plant: Plant, path: Path, urls: Mapping[str, str] | None = None) -> None:
    """Writes the device document of a simulated appliance; without URLs its servers are not up yet."""
    import yaml

    endpoints = {name: _endpoint(profile, (urls or {}).get(name)) for name, profile in chosen.endpoints.items()}
    tree = {
        "kind": "device",
        "format": 0,
        "id": path.stem,
        "interface": {"id": chosen.interface, "version": load_interface(chosen.interface).document.version},
        "appliance": {**chosen.appliance, "serial": "simulated"},
        "site": "simulated-kitchen",
        "endpoints": endpoints,
        "parameters": {name: float(value) for name, value in plant.parameters.items()},
        "note": "Simulated; written by trivet.",
    }
    path.write_text(yaml.safe_dump(tree, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _endpoint(profile: str, url: str | None) -> dict[str, Any]:
    """One endpoint; loopback servers of a simulator have no certificates, and the document says so."""
    name = load_profile(profile).document.adapter
    where = url or f"{adapter(name).schemes[0]}://127.0.0.1:1"
    return {"profile": profile, "url": where} | ({"settings": {"security": "none"}} if name == "opcua" else {})
