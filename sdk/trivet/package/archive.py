"""The package: one manifest, the members that it names, and what was said about it later."""

# Every start of a model waits for this module, and pathlib takes longer to import than all of it.
# ruff: noqa: PTH116, PTH123

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from trivet import canonical
from trivet.errors import DigestError, FormatError, Message
from trivet.package import container, layout
from trivet.package.manifest import Manifest, parse_manifest

if TYPE_CHECKING:
    from pathlib import Path

_AGAIN = "ask the maker for the package again"


class Package(NamedTuple):
    """A package whose every digest was checked; nothing is said about who made it.

    Attributes:
        manifest: The contract.
        members: Path to content of every member that the manifest names; views of ``data``.
        signatures: Path to content of the signature bundles.
        attestations: Path to content of what was measured on the package.
        digest: The package digest: SHA-256 of ``manifest.json``, in lower-case hexadecimal.
        data: The whole archive.
    """

    manifest: Manifest
    members: Mapping[str, memoryview]
    signatures: Mapping[str, bytes]
    attestations: Mapping[str, bytes]
    digest: str
    data: bytes

    def member(self, path: str) -> bytes:
        """A copy of one member."""
        return bytes(self.members[path])

    @property
    def resources(self) -> dict[str, str]:
        """Path to SHA-256 of everything outside ``META-INF``, sorted by path: what a signature covers."""
        found = {member.path: member.sha256 for member in self.manifest.members}
        found |= {layout.MANIFEST: self.digest, "mimetype": canonical.sha256(layout.MIMETYPE)}
        return dict(sorted(found.items()))


def write(manifest: Mapping[str, Any], members: Mapping[str, bytes]) -> bytes:
    """The unsigned archive; the same arguments give the same bytes anywhere and any day.

    Args:
        manifest: The manifest's tree; its ``members`` are filled in here.
        members: Path to content. The path gives the role.

    Raises:
        FormatError: The package would not be one that ``read`` accepts.
    """
    described = [_describe(path, bytes(members[path])) for path in sorted(members)]
    try:
        text = canonical.dumps({**manifest, "members": described})
    except (ValueError, RecursionError) as error:
        raise FormatError(
            Message("the manifest is not JSON ({reason})", reason=error), where=layout.MANIFEST, rule="TRV-P021"
        ) from error
    parse_manifest(text)
    data = container.join(
        [("mimetype", layout.MIMETYPE), (layout.MANIFEST, text), *((p, bytes(members[p])) for p in sorted(members))]
    )
    container.split(data)
    return data


def read(data: bytes) -> Package:
    """The package in the bytes of a file, with all digests checked.

    Raises:
        FormatError: The bytes are not a package, or over a limit.
        DigestError: A member is missing, undeclared, or not the one that the manifest names.
    """
    entries = container.split(data)
    if entries["mimetype"] != layout.MIMETYPE:
        raise FormatError(
            Message("does not say {expected!r}", expected=layout.MIMETYPE.decode()),
            where="mimetype",
            hint="give a package",
            rule="TRV-P009",
        )
    text = bytes(entries[layout.MANIFEST])
    manifest = parse_manifest(text)
    members = {path: view for path, view in entries.items() if layout.role(path) is not None}
    _check_members(manifest, members)
    return Package(
        manifest=manifest,
        members=members,
        signatures=_under(layout.SIGNATURES, entries),
        attestations=_under(layout.ATTESTATIONS, entries),
        digest=canonical.sha256(text),
        data=data,
    )


def open_package(path: str | Path) -> Package:
    """The package in a file; see ``read``.

    Raises:
        PackageError: As ``read``, naming the file.
    """
    try:
        return read(content_of(path))
    except (FormatError, DigestError) as error:
        error.where = f"{path}: {error.where}" if error.where else str(path)
        raise


def attach(data: bytes, path: str, content: bytes) -> bytes:
    """A package with a signature or attestation added, or replaced when it has one of that name.

    Args:
        data: A package.
        path: Below ``META-INF/signatures/`` or ``META-INF/attestations/``.
        content: At most 1 MiB.

    Raises:
        FormatError: Such a path or content may not be there.
    """
    if not layout.is_meta(path):
        raise FormatError("is no name for a signature or attestation", where=f"{path[:120]!a}", rule="TRV-P007")
    read(data)
    entries = {name: bytes(view) for name, view in container.split(data).items()} | {path: content}
    grown = container.join((name, entries[name]) for name in sorted(entries, key=layout.place))
    container.split(grown)
    return grown


def file_name(manifest: Manifest) -> str:
    """The name that a package's file should have."""
    return f"{manifest.name}-{manifest.version}.trivet"


def _describe(path: str, content: bytes) -> dict[str, Any]:
    role = layout.role(path)
    if role is None:
        raise FormatError(
            "is no path that a member may have",
            where=f"{path[:120]!a}",
            hint="use interface.json, model.onnx, features.json, golden/NAME.f32 or evidence/NAME.json in lower case",
            rule="TRV-P007",
        )
    return {"path": path, "size": len(content), "sha256": canonical.sha256(content), "role": role}


def _check_members(manifest: Manifest, members: Mapping[str, memoryview]) -> None:
    declared = {member.path for member in manifest.members}
    if undeclared := sorted(set(members) - declared):
        raise DigestError("is not named in the manifest", where=undeclared[0], hint=_AGAIN, rule="TRV-P030")
    for member in manifest.members:
        view = members.get(member.path)
        if view is None:
            raise DigestError("is missing", where=member.path, hint=_AGAIN, rule="TRV-P031")
        if len(view) != member.size:
            message = Message(
                "has {count} bytes where the manifest says {expected}", count=len(view), expected=member.size
            )
            raise DigestError(message, where=member.path, hint=_AGAIN, rule="TRV-P032")
        if canonical.sha256(view) != member.sha256:
            other = "is not the one that the manifest names (SHA-256 differs)"
            raise DigestError(other, where=member.path, hint=_AGAIN, rule="TRV-P033")


def _under(folder: str, entries: Mapping[str, memoryview]) -> dict[str, bytes]:
    return {path: bytes(view) for path, view in entries.items() if path.startswith(folder)}


def content_of(path: str | Path) -> bytes:
    """Bytes of a regular file within the limit; a pipe or a device is never opened.

    Raises:
        FormatError: It is none, or cannot be read.
    """
    try:
        facts = os.stat(path)
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > layout.MOST_BYTES:
            message = Message("is not a file of at most {most} bytes", most=layout.MOST_BYTES)
            raise FormatError(message, hint="give the path of a .trivet or .onnx file", rule="TRV-P001")
        with open(path, "rb") as stream:
            return stream.read(facts.st_size)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the path holds a NUL"
        raise FormatError(
            Message("cannot be read ({reason})", reason=reason), hint="check the path", rule="TRV-P001"
        ) from error
