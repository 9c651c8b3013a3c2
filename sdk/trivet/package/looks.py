"""Names that people take for each other, among plain ASCII ones: by case, 0 for o, 1 or i for l, rn for m."""

from __future__ import annotations

from collections.abc import Iterable

_ALIKE = str.maketrans("01i|", "olll")

LEAST = 4
"""Shorter names, such as ``X`` and ``x``, deceive nobody."""


def look(name: str) -> str:
    """The same text for names that look alike; a short name only looks like itself."""
    return name if len(name) < LEAST else name.casefold().translate(_ALIKE).replace("rn", "m").replace("vv", "w")


def twins(names: Iterable[str]) -> tuple[str, str] | None:
    """The first two different names that look alike."""
    seen: dict[str, str] = {}
    for name in names:
        other = seen.setdefault(look(name), name)
        if other != name:
            return other, name
    return None
