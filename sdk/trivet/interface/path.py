"""Places inside a document: keys and list indices from its root."""

from __future__ import annotations

from typing import Any

from trivet.errors import Message

Json = Any

Path = tuple[str | int, ...]
"""Such as ``("signals", "door_open", "unit")``."""


def spell(path: Path) -> str:
    """A path as people write it: ``signals.door_open.unit``, ``guards.0.check``."""
    return ".".join(map(str, path))


def placed(path: Path, message: str) -> str:
    """A message with the part of the document that it is about in front, if that is not the whole."""
    return Message("{place}: {said}", place=spell(path), said=Message.of(message)) if path else message
