"""Storing a package in a registry: what is named before what names it, so that no half package is ever seen."""

from __future__ import annotations

from typing import Any

from trivet.errors import FormatError
from trivet.export.oci import media
from trivet.export.oci.artifact import MOST_REFERRERS, RULE, Artifact, fallback_tag, index, model, referrers
from trivet.export.oci.registry import Registry
from trivet.package.archive import Package
from trivet.package.tree import parse


def push(package: Package, registry: Registry) -> str:
    """Stores a package with its signatures and attestations.

    Args:
        package: All digests checked.
        registry: The repository; its tag is the package's version when none is named.

    Returns:
        SHA-256 of the manifest, in lower-case hexadecimal.

    Raises:
        RegistryError: The registry does not take it.
    """
    subject = model(package)
    found = referrers(package, subject)
    for artifact in (subject, *found):
        for content in artifact.blobs.values():
            registry.put_blob(content)
    registry.put_manifest(f"sha256:{subject.digest}", subject.manifest, media.MANIFEST)
    for artifact in found:
        registry.put_manifest(f"sha256:{artifact.digest}", artifact.manifest, media.MANIFEST)
    if found:
        registry.put_manifest(fallback_tag(subject.digest), _fallback(registry, subject, found), media.INDEX)
    registry.put_manifest(registry.reference.tag or package.manifest.version, subject.manifest, media.MANIFEST)
    return subject.digest


def _fallback(registry: Registry, subject: Artifact, found: tuple[Artifact, ...]) -> bytes:
    """The index under the fallback tag: ours, and what others have there already."""
    ours = [artifact.descriptor for artifact in found]
    names = {one["digest"] for one in ours}
    before = registry.manifest(fallback_tag(subject.digest))
    theirs: list[dict[str, Any]] = []
    if before is not None:
        tree = parse(before, "the index of referrers", FormatError, RULE)
        theirs = [one.object() for one in tree["manifests"].items(MOST_REFERRERS)]
    return index([one for one in theirs if one.get("digest") not in names] + ours)
