"""What documents that are checked together say of each other."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from trivet.check.across import Known, check_device_across, check_profile_across
from trivet.check.events import check_events
from trivet.check.inventory import check_inventory
from trivet.check.plants import check_event, check_site
from trivet.check.source import Source
from trivet.errors import Finding
from trivet.interface.columns import class_names
from trivet.interface.findings import Findings


def together(sources: Sequence[Source], broken: Collection[str]) -> Iterator[Finding]:
    """Findings across documents.

    Args:
        sources: What was read.
        broken: Names of files that contradict themselves; nothing is said of them and others.
    """
    known = Known.of(sources, broken)
    for source in sources:
        if source.where not in broken:
            yield from _across(source, known)


def _across(source: Source, known: Known) -> Iterator[Finding]:
    """What is wrong with one document in the company of the others."""
    if source.kind == "inventory":
        yield from check_inventory(source, known)
    if source.kind == "events":
        yield from check_events(source, _classes(known))
    if source.parsed is None:
        return
    if source.kind == "profile":
        yield from check_profile_across(source.parsed, known)
    elif source.kind == "device":
        yield from check_device_across(source.parsed, known)
    elif source.kind == "site":
        notes = Findings(source.document, source.document.id, source.parsed)
        check_site(notes, Path(source.where).parent, known.sources)
        yield from notes.found
    elif source.kind == "event":
        notes = Findings(source.document, source.document.device, source.parsed)
        check_event(notes, _classes(known))
        yield from notes.found


def _classes(known: Known) -> dict[str, frozenset[str]]:
    """Device id to the fault classes of its interface."""
    classes = {}
    for source in known.sources.values():
        if source.kind == "device" and source.parsed is not None:
            interface = known.interface(source.document.interface.id)
            classes[source.document.id] = class_names(interface.document) if interface else frozenset()
    return classes
