"""A package out of a registry or an OCI layout, bit for bit as its signers knew it; who they are is for ``verify``."""

from __future__ import annotations

from typing import Protocol

from trivet import canonical
from trivet.errors import RegistryError
from trivet.export.oci import media
from trivet.export.oci.artifact import Descriptor, assemble, attachment, listed


class Source(Protocol):
    """Where artifacts are: a registry or a folder."""

    def manifest(self, name: str) -> bytes | None:
        """A manifest by tag or ``sha256:DIGEST``, or None."""

    def referrers(self, digest: str) -> bytes | None:
        """The index of what refers to a manifest, or None."""

    def blob(self, wanted: Descriptor) -> bytes:
        """Content, its size and digest checked."""


def pull(source: Source, name: str) -> bytes:
    """The archive of a package with the signatures and attestations that are there.

    Args:
        source: A registry or a folder.
        name: Tag, or ``sha256:DIGEST`` of the manifest, which no registry can replace.

    Raises:
        RegistryError: There is no such artifact.
        PackageError: It is no package, or something else than it says.
    """
    manifest = source.manifest(name)
    if manifest is None:
        raise RegistryError("is not there", where=name, hint="check name and tag", rule="TRV-P124")
    subject = canonical.sha256(manifest)
    return assemble(manifest, source.blob, _attached(source, subject))


def _attached(source: Source, subject: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for one in listed(source.referrers(subject) or _NONE):
        manifest = source.manifest(f"sha256:{one.digest}")
        named = attachment(manifest, subject) if manifest is not None else None
        if named is not None:
            found[named[0]] = source.blob(named[1])
    return found


_NONE = b'{"manifests":[],"schemaVersion":2,"mediaType":"%s"}' % media.INDEX.encode()
