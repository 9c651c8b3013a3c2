"""Profiles and devices by name or path, adapters by entry point, and all of them put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import Any

from trivet.device import recording
from trivet.device.adapter import Adapter, Target
from trivet.device.check import check_device, check_profile
from trivet.device.document import Device, Endpoint, InterfaceReference, Profile
from trivet.errors import AdapterError, DocumentError, Finding, Message
from trivet.interface.digest import document_digest
from trivet.interface.document import Interface
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet.interface.parsed import Parsed
from trivet.interface.parsed import Path as Place

GROUP = "trivet.adapters"


@dataclass(frozen=True, slots=True)
class ResolvedDevice:
    """A device document with everything that it names.

    Attributes:
        parsed: The device document with its places in the file.
        digest: Its document digest, lower-case hexadecimal.
        profiles: Endpoint name to the parsed profile.
        profile_digests: Endpoint name to the profile's document digest.
        adapters: Endpoint name to the adapter that reads it.
        targets: Endpoint name to what the adapter is asked to read, typed points included.
    """

    parsed: Parsed[Device]
    digest: str
    profiles: Mapping[str, Parsed[Profile]]
    profile_digests: Mapping[str, str]
    adapters: Mapping[str, Adapter]
    targets: Mapping[str, Target]

    @property
    def device(self) -> Device:
        """The device document."""
        return self.parsed.document

    @property
    def recorded(self) -> bool:
        """Whether all endpoints are recordings, so that a run lives in their time."""
        return all(adapter.recorded for adapter in self.adapters.values())


def load_profile(name_or_path: str, beside: Path | None = None) -> Parsed[Profile]:
    """A profile that ships with trivet, by id, or any by its path.

    Args:
        name_or_path: Such as ``eastron-sdm630`` or ``meters/mine.yaml``.
        beside: Folder that a relative path starts from, or None for the current one.

    Raises:
        DocumentError: There is none, or it is malformed.
    """
    return read(find("profile", name_or_path, beside), Profile)


def load_interface(name_or_path: str, beside: Path | None = None) -> Parsed[Interface]:
    """An interface that ships with trivet, by id, or any by its path.

    Raises:
        DocumentError: There is none, or it is malformed.
    """
    return read(find("interface", name_or_path, beside), Interface)


def load_device(path: str | Path) -> Parsed[Device]:
    """The device document in a file.

    Raises:
        DocumentError: It cannot be read or is malformed.
    """
    return read(Path(path), Device)


def adapters() -> dict[str, metadata.EntryPoint]:
    """The installed adapters by name; none is imported."""
    return {point.name: point for point in metadata.entry_points(group=GROUP)}


@lru_cache(maxsize=32)
def adapter(name: str) -> Adapter:
    """An installed adapter.

    Raises:
        AdapterError: There is none of this name, or it cannot be imported.
    """
    known = adapters()
    if name not in known:
        names = ", ".join(sorted(known)) or "none"
        raise AdapterError(
            Message("there is no adapter `{name}`", name=name),
            hint=Message("installed adapters are: {names}", names=names),
            rule="TRV-D014",
        )
    try:
        found = known[name].load()
    except ImportError as error:
        raise AdapterError(
            Message("adapter `{name}` cannot be imported ({reason})", name=name, reason=error),
            hint=Message("pip install 'trivet[{name}]'", name=name),
            rule="TRV-D014",
        ) from error
    if not isinstance(found, Adapter):
        raise AdapterError(
            Message("entry point `{name}` of {group} is no adapter", name=name, group=GROUP),
            hint="update its package",
            rule="TRV-D014",
        )
    return found


def resolve(path: str | Path) -> ResolvedDevice:
    """A device document with its profiles, adapters and typed points.

    Raises:
        DocumentError: The device, a profile or a point is wrong, or a URL is not one of the adapter's.
        AdapterError: A profile needs an adapter that is not installed.
    """
    parsed, folder = load_device(path), Path(path).parent
    _refuse(check_device(parsed))
    device = parsed.document
    profiles, readers, targets = {}, {}, {}
    for name, endpoint in device.endpoints.items():
        profiles[name] = profile = _profile(parsed, name, endpoint, folder)
        _refuse(check_profile(profile))
        readers[name] = reader = _reader(_adapter(profile), endpoint)
        _check_scheme(parsed, name, endpoint, reader)
        points = _points(profile, reader)
        targets[name] = Target(f"{device.id}/{name}", endpoint, profile.document, points, device.time_zone, str(folder))
    digests = {name: document_digest(profile.tree) for name, profile in profiles.items()}
    return ResolvedDevice(parsed, document_digest(parsed.tree), profiles, digests, readers, targets)


def check_compatible(parsed: Parsed[Device], interface: str, version: str) -> None:
    """Whether a device document fits the interface that a package was made for.

    The id and the major version must be equal and the minor version at least that of the device
    document: it may bind signals that came with its version. While the major version is 0 the minor
    must be equal, since before 1.0 each minor version may change meanings. What the package uses is
    compared by its semantic digest, elsewhere.

    Raises:
        DocumentError: It does not fit.
    """
    reference = parsed.document.interface
    problem = _mismatch(reference, interface, version)
    if problem:
        hint = "take a package for the interface of the device document, or adapt the document to the package's"
        raise DocumentError(problem, where=parsed.at(("interface",)), hint=hint, rule="TRV-D012")


def _mismatch(reference: InterfaceReference, interface: str, version: str) -> str:
    """Why an interface is not the one that a reference means, or nothing."""
    if reference.id != interface:
        return Message(
            "the device is for interface `{id}`, the package for `{interface}`", id=reference.id, interface=interface
        )
    try:
        wanted, found = _numbers(reference.version), _numbers(version)
    except ValueError:
        return Message(
            "`{version}` is not a version that can be compared with {version2}",
            version=reference.version,
            version2=version,
        )
    fits = wanted[0] == found[0] and (wanted[1] == found[1] if wanted[0] == 0 else wanted[1] <= found[1])
    return (
        ""
        if fits
        else Message(
            "the device is for version {version} of `{interface}`, the package for {package_version}",
            version=reference.version,
            interface=interface,
            package_version=version,
        )
    )


def _numbers(version: str) -> tuple[int, int]:
    major, minor = version.split(".")[:2]
    return int(major), int(minor)


def _profile(parsed: Parsed[Device], name: str, endpoint: Endpoint, folder: Path) -> Parsed[Profile]:
    try:
        return load_profile(endpoint.profile, folder)
    except DocumentError as error:
        raise _placed(error, parsed, ("endpoints", name, "profile")) from error


def _reader(reader: Adapter, endpoint: Endpoint) -> Adapter:
    """The adapter, or for a recording of what one read, the reader of recordings with this adapter's points."""
    if endpoint.url.partition(":")[0] != recording.SCHEME:
        return reader
    return Adapter(reader.name, (recording.SCHEME,), reader.point, recording.connect, reader.decode, recorded=True)


def _adapter(profile: Parsed[Profile]) -> Adapter:
    try:
        return adapter(profile.document.adapter)
    except AdapterError as error:
        place = profile.at(("adapter",))
        raise AdapterError(error.message, where=place, hint=error.hint, rule=error.rule) from error


def _points(profile: Parsed[Profile], reader: Adapter) -> dict[str, Any]:
    """The adapter's typed points; an error names the line of the point, or of the settings."""
    points = {}
    for name, point in profile.document.points.items():
        try:
            points[name] = reader.point(point, profile.document)
        except DocumentError as error:
            settings = error.where.startswith(f"{profile.document.id}/settings")
            place = profile.at(("settings",) if settings else ("points", name))
            raise DocumentError(error.message, where=place, hint=error.hint, rule=error.rule) from error
    return points


def _check_scheme(parsed: Parsed[Device], name: str, endpoint: Endpoint, reader: Adapter) -> None:
    scheme = endpoint.url.partition(":")[0]
    if scheme not in reader.schemes:
        raise DocumentError(
            Message("`{url}` is not a URL for adapter `{name}`", url=endpoint.url, name=reader.name),
            where=parsed.at(("endpoints", name, "url")),
            hint=Message("begin it with {names}", names=" or ".join(f"{known}:" for known in reader.schemes)),
            rule="TRV-D014",
        )


def _refuse(findings: Sequence[Finding]) -> None:
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise DocumentError.of(errors)


def _placed(error: DocumentError, parsed: Parsed[Device], path: Place) -> DocumentError:
    """An error that has no place of its own, with that of the line that caused it."""
    if error.where:
        return error
    return DocumentError(error.message, where=parsed.at(path), hint=error.hint, rule=error.rule)
