"""Which devices and packages of a folder a change reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from trivet.check.across import Known
from trivet.check.breaking import Comparison, breaks
from trivet.check.source import Source
from trivet.device.document import Device
from trivet.device.wiring import wiring
from trivet.errors import DocumentError, Finding, Message, PackageError
from trivet.interface.digest import semantic_digest
from trivet.interface.document import Interface
from trivet.interface.parsed import Parsed
from trivet.package.archive import open_package

MOST_NAMED = 6


def affected(comparison: Comparison, sources: Sequence[Source], packages: Sequence[Path]) -> Iterator[Finding]:
    """The devices and packages that a comparison reaches, each with what of it.

    Args:
        comparison: What changed.
        sources: Documents of the folder.
        packages: Package files of the folder.
    """
    if not any(breaks(change) for change in comparison.changes):
        return
    known = Known.of(sources)
    for source in sources:
        if source.kind == "device" and source.parsed is not None:
            reached = _device(comparison, source.parsed, known)
            if reached:
                message = Message("`{id}` {reached}", id=source.document.id, reached=reached)
                yield Finding("TRV-B095", source.parsed.at(()), message, "", "warning")
    if comparison.new.kind == "interface":
        for path in packages:
            reached = _package(comparison, path)
            if reached:
                yield Finding("TRV-B095", str(path), reached, "", "warning")


def _device(comparison: Comparison, parsed: Parsed[Device], known: Known) -> str:
    """How a change reaches a device; empty when it does not."""
    document, folder = comparison.old.document, Path(parsed.where).parent
    if comparison.new.kind == "interface":
        if parsed.document.interface.id != document.id:
            return ""
        names = _parts(comparison, "signals")
        fed = _fed(document, parsed, known, folder)
        given = [name for name in _parts(comparison, "parameters") if name in parsed.document.parameters]
        return _said([name for name in names if fed is None or name in fed] + given, comparison, names)
    if comparison.new.kind == "profile":
        file = Path(comparison.new.where).resolve()
        users = [
            name
            for name, endpoint in parsed.document.endpoints.items()
            if endpoint.profile == document.id or (folder / endpoint.profile).resolve() == file
        ]
        return Message("reads it at endpoint `{endpoint}`", endpoint=users[0]) if users else ""
    return ""


def _parts(comparison: Comparison, group: str) -> list[str]:
    """Names of the members of a group that a change breaks."""
    names = [
        str(change.path[1])
        for change in comparison.changes
        if change.path[0] == group and len(change.path) > 1 and breaks(change)
    ]
    return list(dict.fromkeys(names))


def _said(reached: list[str], comparison: Comparison, names: list[str]) -> str:
    elsewhere = [str(change.path[0]) for change in comparison.changes if breaks(change)]
    others = [place for place in dict.fromkeys(elsewhere) if place not in ("signals", "parameters")]
    if reached:
        shown, more = ", ".join(f"`{name}`" for name in reached[:MOST_NAMED]), len(reached) - MOST_NAMED
        listed = Message("{names} and {count} more", names=shown, count=more) if more > 0 else shown
        return Message("relies on {signals}", signals=listed)
    if others:
        return Message("is judged by changed {names}", names=", ".join(others[:MOST_NAMED]))
    return "" if names else Message("names it")


def _fed(interface: Interface, parsed: Parsed[Device], known: Known, folder: Path) -> set[str] | None:
    """Signals that a device feeds; None when its profiles cannot be had."""
    profiles = {name: known.profile(endpoint.profile, folder) for name, endpoint in parsed.document.endpoints.items()}
    found = {name: profile for name, profile in profiles.items() if isinstance(profile, Parsed)}
    if len(found) < len(profiles):
        return None
    wires = wiring(interface, parsed, found).wires
    columns = {wire.column for group in wires.values() for wire in group}
    return columns | {column.rpartition("_")[0] for column in columns}


def _package(comparison: Comparison, path: Path) -> str:
    """Whether a package means something else by the new interface than it was made for."""
    try:
        manifest = open_package(path).manifest
    except PackageError:
        return ""
    if manifest.interface.id != comparison.old.document.id:
        return ""
    outputs = [port.name for port in manifest.outputs]
    try:
        meant = semantic_digest(
            comparison.new.document, manifest.columns, outputs, manifest.window, manifest.context[2:]
        )
    except DocumentError as error:
        return Message("`{name}` does not fit any more: {reason}", name=manifest.name, reason=Message.of(error.message))
    if meant != manifest.interface.semantic:
        return Message(
            "`{name}` {version} means something else by what it uses: build it anew",
            name=manifest.name,
            version=manifest.version,
        )
    return ""
