"""An event from what somebody said, held to what the device and its interface know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trivet.device.document import EventRecord
from trivet.device.library import ResolvedDevice, load_interface
from trivet.errors import DocumentError
from trivet.interface.columns import class_names
from trivet.interface.load import load
from trivet.pipeline.events import Events


def note(events: Events, resolved: ResolvedDevice, said: Mapping[str, str | None]) -> tuple[EventRecord, Path]:
    """Notes one event.

    Args:
        events: Where it is kept.
        resolved: The device that it is about.
        said: Attributes of an ``EventRecord`` but for kind, format and device; None and empty ones are left out.

    Returns:
        The event and the file that has it.

    Raises:
        DocumentError: Something said does not fit, or the interface has no such fault.
        DataError: It could not be written.
    """
    known, subject = faults(resolved.device.interface.id), said.get("subject")
    if said.get("event") in ("fault", "repaired") and known and subject not in known:
        raise DocumentError(
            f"{subject!r} is no fault of {resolved.device.interface.id}",
            where=resolved.device.id,
            hint=f"it knows {', '.join(sorted(known))}",
        )
    told = {name: value for name, value in said.items() if value}
    tree = {**told, "kind": "event", "format": 0, "device": resolved.device.id}
    record = load(tree, EventRecord, where="event")
    return record, events.add(record)


def faults(name: str) -> frozenset[str]:
    """Fault classes of an interface; none when it is not installed here."""
    try:
        interface = load_interface(name).document
    except DocumentError:
        return frozenset()
    return class_names(interface) - {"none", "unknown"}
