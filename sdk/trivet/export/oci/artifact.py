"""A package as an OCI artifact, and back: one layer for each member, a referrer for each signature and attestation.

Nothing but the package decides what the manifest says, so the same package has the same
manifest digest everywhere, and a countersigned one has it too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from trivet import canonical
from trivet.errors import DigestError, FormatError, TrivetError
from trivet.export.oci import media
from trivet.package import layout
from trivet.package.archive import Package, read
from trivet.package.container import join, split
from trivet.package.forms import DIGEST
from trivet.package.tree import LARGEST, Node, parse

Tree = dict[str, Any]
RULE = "TRV-P125"
MOST_REFERRERS = 256
_PREFIX = "sha256:"
_ATTACHED = (media.SIGNATURE, media.ATTESTATION)


class Descriptor(NamedTuple):
    """Content that is somewhere else.

    Attributes:
        type: Media type.
        digest: SHA-256 in lower-case hexadecimal.
        size: Bytes.
    """

    type: str
    digest: str
    size: int


class Artifact(NamedTuple):
    """A manifest and what it names.

    Attributes:
        manifest: Its bytes.
        blobs: Digest to content: configuration and layers.
        type: Its artifact type.
    """

    manifest: bytes
    blobs: dict[str, bytes]
    type: str

    @property
    def digest(self) -> str:
        """SHA-256 of the manifest, in lower-case hexadecimal."""
        return canonical.sha256(self.manifest)

    @property
    def descriptor(self) -> Tree:
        """As an index names it."""
        return {**describe(self.manifest, media.MANIFEST), "artifactType": self.type}


def describe(content: bytes, kind: str, **annotations: str) -> Tree:
    """A descriptor as manifests hold it."""
    made: Tree = {"mediaType": kind, "digest": _PREFIX + canonical.sha256(content), "size": len(content)}
    return {**made, "annotations": annotations} if annotations else made


def model(package: Package) -> Artifact:
    """The artifact of the unsigned package."""
    members = {path: bytes(view) for path, view in split(package.data).items() if not layout.is_meta(path)}
    layers = [describe(content, _type(path), **{media.FILEPATH: path}) for path, content in members.items()]
    manifest = package.manifest
    config = canonical.dumps(
        {
            "descriptor": {"name": manifest.name, "version": manifest.version, "family": manifest.interface.id},
            "config": {
                "format": "onnx",
                "precision": "float32",
                "capabilities": {"inputTypes": ["other"], "outputTypes": ["other"]},
            },
            "modelfs": {"type": "layers", "diffIds": [layer["digest"] for layer in layers]},
        }
    )
    about = {
        media.TITLE: manifest.name,
        media.VERSION: manifest.version,
        media.PACKAGE: _PREFIX + package.digest,
    }
    tree = {"config": describe(config, media.CONFIG), "layers": layers, "annotations": about}
    return _artifact(media.MODEL, tree, [config, *members.values()])


def referrers(package: Package, subject: Artifact) -> tuple[Artifact, ...]:
    """The artifacts that refer to it: signatures, then attestations."""
    kinds = ((media.SIGNATURE, package.signatures), (media.ATTESTATION, package.attestations))
    return tuple(_referrer(kind, path, found[path], subject) for kind, found in kinds for path in sorted(found))


def index(descriptors: list[Tree]) -> bytes:
    """An index, such as a fallback tag names it."""
    return canonical.dumps({"schemaVersion": 2, "mediaType": media.INDEX, "manifests": descriptors})


def fallback_tag(digest: str) -> str:
    """The tag under which registries without the referrers API keep what refers to a manifest."""
    return f"sha256-{digest}"


def assemble(manifest: bytes, fetch: Callable[[Descriptor], bytes], attached: dict[str, bytes]) -> bytes:
    """The archive that an artifact was made of.

    Args:
        manifest: Its bytes.
        fetch: Gives the content of a layer, its size and digest checked.
        attached: Path to content of signatures and attestations.

    Raises:
        FormatError: It is no artifact of a package, or over a limit.
        DigestError: What it holds is no package, or not the one that it names.
    """
    root = _root(manifest, "the manifest")
    if root["artifactType"].value != media.MODEL:
        root["artifactType"].fail(f"must be {media.MODEL}", "name a package")
    layers = _layers(root)
    entries = {path: fetch(one) for path, one in layers.items()} | attached
    data = join((path, entries[path]) for path in sorted(entries, key=layout.place))
    try:
        package = read(data)
    except TrivetError as error:
        raise DigestError(f"holds no package ({error})", where="the artifact", hint=_AGAIN, rule=RULE) from error
    if root["annotations"][media.PACKAGE].value != _PREFIX + package.digest:
        raise DigestError("holds another package than it says", where="the artifact", hint=_AGAIN, rule=RULE)
    return data


def listed(content: bytes) -> list[Descriptor]:
    """The manifests of an index that may be signatures or attestations of packages; some tools drop their type.

    Raises:
        FormatError: It is no index.
    """
    items = _root(content, "the index of referrers")["manifests"].items(MOST_REFERRERS)
    return [descriptor(one) for one in items if (kind := one.get("artifactType")) is None or kind.value in _ATTACHED]


def attachment(manifest: bytes, subject: str) -> tuple[str, Descriptor] | None:
    """Path and content of a signature or attestation; None when another tool made it.

    Raises:
        FormatError: It is no manifest.
    """
    root = _root(manifest, "a referrer")
    layers, about, kind = root["layers"].items(MOST_REFERRERS), root.get("subject"), root.get("artifactType")
    if kind is None or kind.value not in _ATTACHED:
        return None
    if about is None or about["digest"].value != _PREFIX + subject or len(layers) != 1:
        return None
    annotations = layers[0].get("annotations")
    name = annotations.get(media.FILEPATH) if annotations else None
    if name is None or not layout.is_meta(name.text(most=256)):
        return None
    return name.text(), descriptor(layers[0], layout.MOST_META_BYTES)


def descriptor(node: Node, most: int = LARGEST) -> Descriptor:
    """A descriptor out of a manifest or index."""
    digest = node["digest"].text(most=128)
    if not digest.startswith(_PREFIX) or not DIGEST.fullmatch(digest.removeprefix(_PREFIX)):
        node["digest"].fail(f"{digest[:80]!a} is no SHA-256")
    size = node["size"].integer(0, most)
    return Descriptor(node["mediaType"].text(most=256), digest.removeprefix(_PREFIX), size)


def _root(content: bytes, where: str) -> Node:
    root = parse(content, where, FormatError, RULE)
    if root["schemaVersion"].value != 2:
        root["schemaVersion"].fail("must be 2")
    return root


def _layers(root: Node) -> dict[str, Descriptor]:
    found: dict[str, Descriptor] = {}
    for layer in root["layers"].items(layout.MOST_MEMBERS, 2):
        path = layer["annotations"][media.FILEPATH].text(most=256)
        if not layout.is_allowed(path) or layout.is_meta(path) or path in found:
            layer["annotations"].fail(f"{path[:120]!a} is there twice, or no path of a member")
        found[path] = descriptor(layer, layout.most_bytes(path))
    if sum(one.size for one in found.values()) > layout.MOST_BYTES:
        root["layers"].fail(f"have over {layout.MOST_BYTES} bytes")
    return found


def _type(path: str) -> str:
    role = layout.role(path)
    return media.OF_ROLE[role] if role else media.SETTINGS


def _referrer(kind: str, path: str, content: bytes, subject: Artifact) -> Artifact:
    empty = b"{}"
    tree = {
        "config": describe(empty, media.EMPTY),
        "layers": [describe(content, kind, **{media.FILEPATH: path})],
        "subject": describe(subject.manifest, media.MANIFEST),
    }
    return _artifact(kind, tree, [empty, content])


def _artifact(kind: str, tree: Tree, contents: list[bytes]) -> Artifact:
    whole = {"schemaVersion": 2, "mediaType": media.MANIFEST, "artifactType": kind, **tree}
    return Artifact(canonical.dumps(whole), {canonical.sha256(one): one for one in contents}, kind)


_AGAIN = "do not use it; ask the maker for the package over another channel"
