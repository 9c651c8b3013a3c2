"""What may stand where in a package: member names, their roles, their order, and limits."""

from __future__ import annotations

from trivet.package.forms import DIGEST, STEM

MIMETYPE = b"application/vnd.trivet.package"
"""Content of the first member; it stands at byte 38 of every package."""

MANIFEST = "manifest.json"
SIGNATURES = "META-INF/signatures/"
ATTESTATIONS = "META-INF/attestations/"
SIGNATURE = ".sigstore.json"

MOST_BYTES = 256 << 20
MOST_MEMBER_BYTES = 128 << 20
MOST_META_BYTES = 1 << 20
MOST_MEMBERS = 2048
MOST_META = 64

# Windows opens a device, not a file, for these stems, whatever follows the dot.
_DEVICES = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}

_ONCE = {"interface.json": "interface", "model.onnx": "model", "features.json": "features"}

ONCE = tuple(_ONCE.values())
"""Roles that exactly one member has."""


def role(path: str) -> str | None:
    """The role that a member's path gives it, or None for a path that no member may have."""
    if path.startswith("golden/"):
        return "golden" if _is_named(path, "golden/", ".f32") else None
    if path.startswith("evidence/"):
        return "evidence" if _is_named(path, "evidence/", ".json") else None
    return _ONCE.get(path)


def is_meta(path: str) -> bool:
    """Whether a path is one of a signature or an attestation."""
    if path.startswith(SIGNATURES):
        return path.endswith(SIGNATURE) and DIGEST.fullmatch(path[len(SIGNATURES) : -len(SIGNATURE)])
    return path.startswith(ATTESTATIONS) and _is_named(path, ATTESTATIONS, ".json")


def _is_named(path: str, folder: str, suffix: str) -> bool:
    """Whether what follows a folder is a stem that is no device's, and a suffix."""
    stem = path[len(folder) : -len(suffix)]
    return path.endswith(suffix) and STEM.fullmatch(stem) and stem.partition(".")[0] not in _DEVICES


def is_allowed(path: str) -> bool:
    """Whether a package may hold anything at this path."""
    return path in ("mimetype", MANIFEST) or role(path) is not None or is_meta(path)


def place(path: str) -> tuple[int, str]:
    """Sort key of the one order that a package has: mimetype, manifest, members, then META-INF."""
    if path == "mimetype":
        return 0, path
    if path == MANIFEST:
        return 1, path
    return (3 if is_meta(path) else 2), path


def most_bytes(path: str) -> int:
    """Size limit of what stands at a path."""
    return MOST_META_BYTES if path in ("mimetype", MANIFEST) or is_meta(path) else MOST_MEMBER_BYTES
