"""An OCI image layout: the same artifacts in a folder, for sticks and for tools such as skopeo."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from trivet import canonical
from trivet.errors import DigestError, FormatError
from trivet.export.oci import media
from trivet.export.oci.artifact import RULE, Descriptor, describe, descriptor, fallback_tag, index, model, referrers
from trivet.package.archive import Package
from trivet.package.tree import LARGEST, Node, parse


def files(package: Package) -> dict[str, bytes]:
    """The layout of one package, under its version and with what refers to it under the fallback tag."""
    subject = model(package)
    found = referrers(package, subject)
    named = {**subject.descriptor, "annotations": {media.REFERENCE: package.manifest.version}}
    blobs = [one for artifact in (subject, *found) for one in (artifact.manifest, *artifact.blobs.values())]
    top = [named]
    if found:
        attached = index([artifact.descriptor for artifact in found])
        top.append(describe(attached, media.INDEX, **{media.REFERENCE: fallback_tag(subject.digest)}))
        blobs.append(attached)
    return {
        "oci-layout": canonical.dumps({"imageLayoutVersion": media.LAYOUT}),
        **{f"blobs/sha256/{canonical.sha256(one)}": one for one in blobs},
        "index.json": index(top),
    }


class Layout:
    """A folder that holds one; another tool may have written it.

    Attributes:
        folder: The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def tags(self) -> list[str]:
        """Names of the packages in there."""
        return [name for name, _ in self._named() if name and not name.startswith("sha256-")]

    def manifest(self, name: str) -> bytes | None:
        """A manifest by tag or ``sha256:DIGEST``, or None."""
        if name.startswith("sha256:"):
            digest = name.removeprefix("sha256:")
            path = self._path(digest)
            return self._read(path, LARGEST, digest) if path.is_file() else None
        node = next((node for found, node in self._named() if found == name), None)
        return None if node is None else self.blob(descriptor(node))

    def referrers(self, digest: str) -> bytes | None:
        """The index of what refers to a manifest, or None."""
        return self.manifest(fallback_tag(digest))

    def blob(self, wanted: Descriptor) -> bytes:
        """Content, its size and digest checked."""
        return self._read(self._path(wanted.digest), wanted.size, wanted.digest)

    def _named(self) -> list[tuple[str, Node]]:
        root = parse(self._read(self.folder / "index.json", LARGEST), "index.json", FormatError, RULE)
        found = []
        for node in root["manifests"].items(4096):
            annotations = node.get("annotations")
            name = annotations.get(media.REFERENCE) if annotations else None
            found.append((name.text(most=256) if name else "", node))
        return found

    def _path(self, digest: str) -> Path:
        return self.folder / "blobs" / "sha256" / digest

    def _read(self, path: Path, most: int, digest: str = "") -> bytes:
        try:
            if path.is_symlink() or not path.is_file():
                self._refuse(path, "is not a file")
            with path.open("rb") as stream:
                content = stream.read(most + 1)
        except OSError as error:
            self._refuse(path, f"cannot be read ({error.strerror})")
        if len(content) > most or (digest and canonical.sha256(content) != digest):
            raise DigestError("is not what names it", where=str(path), hint="do not use this folder", rule=RULE)
        return content

    def _refuse(self, path: Path, message: str) -> NoReturn:
        raise FormatError(message, where=str(path), hint="give an OCI layout that holds a package", rule=RULE)
