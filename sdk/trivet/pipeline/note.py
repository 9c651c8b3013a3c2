"""An event from what somebody said, held to what the device and its interface know."""

from __future__ import annotations

from pathlib import Path

from trivet.device.document import EventRecord
from trivet.device.library import ResolvedDevice, load_interface
from trivet.errors import DocumentError
from trivet.interface.load import load
from trivet.pipeline.events import Events


def note(
    events: Events,
    resolved: ResolvedDevice,
    *,
    event: str,
    subject: str,
    start: str,
    end: str | None,
    by: str,
    certainty: str,
    text: str,
) -> tuple[EventRecord, Path]:
    """Notes one event.

    Args:
        events: Where it is kept.
        resolved: The device that it is about.
        event: ``fault``, ``repaired``, ``part``, ``cleaned`` or ``descaled``.
        subject: Fault class as the interface names it, or part; may be empty for the last two.
        start: Since when, as RFC 3339 text with an offset; ``end`` likewise, or None.
        end: Until when.
        by: Who says so.
        certainty: How sure they are.
        text: Anything else.

    Returns:
        The event and the file that has it.

    Raises:
        DocumentError: A time is none, or the interface has no such fault.
        DataError: It could not be written.
    """
    known = faults(resolved.device.interface.id)
    if event in ("fault", "repaired") and known and subject not in known:
        raise DocumentError(
            f"{subject!r} is no fault of {resolved.device.interface.id}",
            where=resolved.device.id,
            hint=f"it knows {', '.join(sorted(known))}",
        )
    tree = {
        "kind": "event",
        "format": 0,
        "device": resolved.device.id,
        "event": event,
        "start": start,
        "end": end,
        "subject": subject,
        "by": by,
        "certainty": certainty,
        "note": text,
    }
    record = load({name: value for name, value in tree.items() if value not in (None, "")}, EventRecord, where="event")
    return record, events.add(record)


def faults(name: str) -> frozenset[str]:
    """Fault classes of every output of an interface that names faults; none when it is not installed here."""
    try:
        interface = load_interface(name).document
    except DocumentError:
        return frozenset()
    outputs = [name for name, output in interface.outputs.items() if output.kind == "classes"]
    return frozenset(known for name in outputs for known in interface.classes(name)) - {"none", "unknown"}
