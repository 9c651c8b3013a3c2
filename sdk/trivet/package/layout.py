"""What may stand where in a package: member names, their roles, their order, and limits."""

from __future__ import annotations

import re

MIMETYPE = b"application/vnd.trivet.package"
"""Content of the first member; it stands at byte 38 of every package."""

MANIFEST = "manifest.json"
SIGNATURES = "META-INF/signatures/"
ATTESTATIONS = "META-INF/attestations/"

MOST_BYTES = 256 << 20
MOST_MEMBER_BYTES = 128 << 20
MOST_META_BYTES = 1 << 20
MOST_MEMBERS = 2048
MOST_META = 64

# Windows opens a device, not a file, for these stems, whatever follows the dot.
_STEM = r"(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9])\.)[a-z0-9][a-z0-9_.-]{0,99}"

_ROLES = {
    "interface": re.compile(r"interface\.json"),
    "model": re.compile(r"model\.onnx"),
    "features": re.compile(r"features\.json"),
    "golden": re.compile(rf"golden/{_STEM}\.f32"),
    "evidence": re.compile(rf"evidence/{_STEM}\.json"),
}

ONCE = ("interface", "model", "features")
"""Roles that exactly one member has."""

_META = re.compile(rf"{SIGNATURES}[0-9a-f]{{64}}\.sigstore\.json|{ATTESTATIONS}{_STEM}\.json")


def role(path: str) -> str | None:
    """The role that a member's path gives it, or None for a path that no member may have."""
    return next((name for name, pattern in _ROLES.items() if pattern.fullmatch(path)), None)


def is_meta(path: str) -> bool:
    """Whether a path is one of a signature or an attestation."""
    return _META.fullmatch(path) is not None


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
