"""Collects what a check notices, with the place of each part when the text is known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Generic, TypeVar

from trivet.errors import Finding
from trivet.interface.parsed import Parsed
from trivet.interface.path import Path, spell

T = TypeVar("T")


class Findings(Generic[T]):
    """Findings about one document.

    Attributes:
        document: The document that is checked.
        name: What findings say for a place when there is no text.
        source: The text it was parsed from, or None.
        found: What was noticed so far.
    """

    def __init__(self, document: T, name: str, source: Parsed[T] | None = None) -> None:
        self.document = document
        self.name = name
        self.source = source
        self.found: list[Finding] = []

    def add(self, rule: str, path: Path, message: str, hint: str = "", severity: str = "error") -> None:
        """One finding; the message gets the path in front."""
        where = self.source.at(path) if self.source else self.name
        self.found.append(Finding(rule, where, f"{spell(path)}: {message}", hint, severity))

    def require(self, holds: bool, rule: str, path: Path, message: str, hint: str = "") -> None:
        """One finding unless something holds."""
        if not holds:
            self.add(rule, path, message, hint)


def near(name: str, known: Iterable[str]) -> str:
    """A hint that names the closest of the known names."""
    close = difflib.get_close_matches(name, list(known), 1)
    return f"did you mean `{close[0]}`?" if close else "correct the name, or declare it"
