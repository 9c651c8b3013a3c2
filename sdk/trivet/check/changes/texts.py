"""Texts for people: they never change a result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from trivet.check.changes.change import Change, differs
from trivet.interface.parsed import Path

TEXT = "TRV-B099"


def reworded(path: Path, old: Any, new: Any, *keys: str) -> Iterator[Change]:
    """One change for each of some keys, and each language of it, whose text is another."""
    for key in keys:
        before, after = getattr(old, key), getattr(new, key)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            for language in sorted({*before, *after}):
                yield from differs(TEXT, (*path, key, language), before.get(language), after.get(language))
        else:
            yield from differs(TEXT, (*path, key), before, after)
