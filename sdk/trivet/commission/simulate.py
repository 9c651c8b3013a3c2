"""A simulated plant behind real servers on loopback, and the device document that reads it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, Protocol

from trivet.commission.exhibit import showcase
from trivet.device.adapter import Adapter, Clock, Snapshot
from trivet.device.library import adapter, load_interface, load_profile
from trivet.errors import AdapterError, DeviceError, DocumentError
from trivet.interface.library import shipped
from trivet.interface.text import compose

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


def scenarios() -> dict[str, EntryPoint]:
    """The installed scenarios by name; none is imported."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def scenario(name: str) -> Scenario:
    """An installed scenario by name, or an exhibit of a profile by its id or path.

    Raises:
        DeviceError: There is none of that name.
        DocumentError: The profile is malformed.
    """
    found = scenarios()
    if name not in found and (name in shipped("profile") or name.endswith(".yaml")):
        document = load_profile(name).document
        return showcase(document, None if name == document.id else str(Path(name).resolve()))
    if name not in found:
        raise DeviceError(f"no scenario {name!r}", hint=f"one of {', '.join(sorted(found)) or 'none installed'}")
    loaded: Scenario = found[name].load()
    return loaded


@asynccontextmanager
async def served(
    chosen: Scenario,
    plant: Plant,
    path: Path,
    clock: Clock,
    *,
    bind: str = "127.0.0.1",
    port: int = 0,
    faults: Sequence[str] = (),
    raw: str = "",
) -> AsyncIterator[Path]:
    """Serves a plant through every endpoint of its scenario, and writes the device document that reads it.

    Args:
        chosen: The scenario.
        plant: The appliance that the servers show.
        path: Where the device document is written; its stem is the device's id.
        clock: The time that the plant lives in.
        bind: Address to listen on, or ``pty`` for a pseudo-terminal.
        port: First port; the next endpoint gets the next one. 0 lets the system choose.
        raw: File of what a controller answered, which its protocol shows instead of the plant.
        faults: Trouble at the wire, made by every protocol that knows it: a name from its ``faults``, and how.

    Yields:
        The path.

    Raises:
        AdapterError: A protocol cannot serve, or its library is missing, or none knows a fault.
        DocumentError: A fault has a wrong setting.
    """
    _known(faults, [adapter(load_profile(name).document.adapter) for name in chosen.endpoints.values()])
    async with AsyncExitStack() as stack:
        urls = {}
        for number, (name, profile_id) in enumerate(chosen.endpoints.items()):
            profile = load_profile(profile_id).document
            protocol = adapter(profile.adapter)
            if protocol.serve is None:
                raise AdapterError(f"adapter {profile.adapter!r} cannot serve", where=profile_id)
            where = bind if bind == "pty" else f"{bind}:{port + number if port else 0}"
            own = [fault for fault in faults if fault.partition(":")[0] in protocol.faults]
            if raw and not protocol.raw:
                raise AdapterError(f"adapter {profile.adapter!r} replays no raw words", where=profile_id)
            more: dict[str, Any] = ({"faults": own} if own else {}) | ({"raw": raw} if raw else {})
            urls[name] = await stack.enter_async_context(protocol.serve(profile, plant, where, clock, **more))
        write_document(chosen, plant, path, urls)
        yield path


def fixed_values(path: str | Path) -> dict[str, float | str]:
    """What points, signals or alarms of an exhibit show: a YAML mapping of names to numbers or states.

    Raises:
        DocumentError: It cannot be read or holds something else.
    """
    try:
        tree = compose(Path(path).read_bytes(), str(path)).tree
    except OSError as error:
        raise DocumentError(f"cannot be read ({error.strerror})", where=str(path), hint="check the path") from error
    if not isinstance(tree, Mapping) or not all(isinstance(value, (int, float, str)) for value in tree.values()):
        raise DocumentError("is no mapping of names to values", where=str(path), hint="write `tank: 62.5`")
    return {name: value if isinstance(value, str) else float(value) for name, value in tree.items()}


def _known(faults: Sequence[str], protocols: Collection[Adapter]) -> None:
    every = {name for protocol in protocols for name in protocol.faults}
    unknown = [fault for fault in faults if fault.partition(":")[0] not in every]
    if unknown:
        hint = f"use one of {', '.join(sorted(every)) or 'none: its protocols make no trouble'}"
        raise AdapterError(f"no fault {unknown[0]!r} at the wire", hint=hint)


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
