"""Places inside a document: keys and list indices from its root."""

from __future__ import annotations

from typing import Any

Json = Any

Path = tuple[str | int, ...]
"""Such as ``("signals", "door_open", "unit")``."""


def spell(path: Path) -> str:
    """A path as people write it: ``signals.door_open.unit``, ``guards.0.check``."""
    return ".".join(map(str, path))
