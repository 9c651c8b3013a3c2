"""Texts for people: they never change a result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from trivet.check.changes.change import Change
from trivet.interface.parsed import Path

TEXT = "TRV-B099"


def reworded(path: Path, old: Any, new: Any, *keys: str) -> Iterator[Change]:
    """One change for each of some keys whose text is another."""
    for key in keys:
        before, after = getattr(old, key), getattr(new, key)
        if before != after:
            yield Change(TEXT, (*path, key), before, after)
