"""From a package and device documents to a run that is ready to start; all that may stop it happens here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from trivet.device.adapter import Clock
from trivet.device.binding import Binding, bind
from trivet.device.clock import RecordingClock, ScaledClock, WallClock
from trivet.device.faults import SensorWatch
from trivet.device.library import ResolvedDevice, check_compatible, load_interface, resolve
from trivet.device.source import open_device
from trivet.errors import DocumentError
from trivet.interface.digest import semantic_digest
from trivet.pipeline.judge import Judge, Member
from trivet.pipeline.lines import Provenance
from trivet.pipeline.origins import Origins, declared
from trivet.pipeline.run import Source
from trivet.pipeline.store import Store
from trivet.runtime.model import Model
from trivet.window.window import Windower


@dataclass(frozen=True, slots=True)
class Ready:
    """A run that is ready to start."""

    judge: Judge
    sources: Sequence[Source]
    clock: Clock


def assemble(
    model: Model,
    devices: Sequence[str | Path],
    *,
    store: Store,
    clock: Clock | None = None,
    speed: float | None = None,
) -> Ready:
    """Resolves, binds and connects nothing yet.

    Args:
        model: The verified model.
        devices: Device documents.
        store: Where memories are kept.
        clock: The time to live in; None chooses by the devices and ``speed``.
        speed: Seconds of the run in one real second; None is real time, or for recordings as fast as they can be read.

    Raises:
        DocumentError: A document is wrong, or does not fit the package.
        AdapterError: A protocol's library is missing.
    """
    resolved = [resolve(path) for path in devices]
    _distinct(resolved)
    for device in resolved:
        _check_interface(model, device)
    chosen = clock or choose_clock(resolved, speed)
    bindings = [bind(model.interface, device.parsed, device.profiles) for device in resolved]
    members = [_member(model, *pair, store) for pair in zip(resolved, bindings, strict=True)]
    judge = Judge(model, members, store)
    for device in resolved:
        overrides = {name: (own.watch, own.act) for name, own in device.device.decisions.items()}
        judge.decider.tighten(device.device.id, overrides)
    sources = [
        Source(device.device.id, open_device(device, binding, chosen))
        for device, binding in zip(resolved, bindings, strict=True)
    ]
    return Ready(judge, sources, chosen)


def _check_interface(model: Model, resolved: ResolvedDevice) -> None:
    """The package's own interface is executed; it must mean what the device document was written for."""
    identity, manifest = model.manifest.interface, model.manifest
    check_compatible(resolved.parsed, identity.id, identity.version)
    try:
        known = load_interface(identity.id).document
    except DocumentError:
        return
    if known.version != resolved.device.interface.version:
        return
    outputs = [port.name for port in manifest.outputs]
    try:
        meant = semantic_digest(known, manifest.columns, outputs, manifest.window, manifest.context[2:])
    except DocumentError:
        meant = ""
    if meant != identity.semantic:
        raise DocumentError(
            f"the package means something else by {identity.id} {identity.version} than the interface installed here",
            where=resolved.parsed.at(("interface",)),
            hint="compare `trivet inspect` of the package with the installed interface; one of the two was altered",
        )


def choose_clock(devices: Sequence[ResolvedDevice], speed: float | None) -> Clock:
    """The clock that fits: a recording's own, a scaled one, or the wall's.

    Raises:
        DocumentError: Recorded and live endpoints are mixed.
    """
    recorded = {adapter.recorded for d in devices for adapter in d.adapters.values()}
    if len(recorded) > 1:
        raise DocumentError(
            "recorded and live endpoints cannot share a run",
            where=", ".join(d.device.id for d in devices),
            hint="replay recordings in a run of their own",
        )
    if True in recorded:
        return RecordingClock(speed or math.inf)
    return ScaledClock(speed) if speed else WallClock()


def _distinct(devices: Sequence[ResolvedDevice]) -> None:
    ids = [device.device.id for device in devices]
    for name in ids:
        if ids.count(name) > 1:
            raise DocumentError(f"two devices are called {name!r}", where=name, hint="give each device its own id")


def _member(model: Model, resolved: ResolvedDevice, binding: Binding, store: Store) -> Member:
    device, manifest = resolved.device, model.manifest
    windower = Windower(
        device.id,
        model.interface,
        manifest.window,
        manifest.columns,
        binding.fitted,
        {name: device.parameters.get(name) for name in manifest.context[2:]},
        device.windows.get(manifest.window),
    )
    provenance = Provenance(
        model.digest,
        model.signer,
        manifest.interface.digest,
        resolved.digest,
        device.site,
        device.id,
        device.appliance.serial,
        model.development,
        Origins(declared(resolved)),
        tuple((one.id, one.expires) for one in model.lists),
    )
    watch = SensorWatch(model.interface, binding.fitted)
    return Member(device.id, provenance, windower, watch, store.load(device.id), heard=not resolved.recorded)
