"""Collects what a check notices, with the place of each part when the text is known."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from itertools import islice
from typing import Generic, NamedTuple, TypeVar

from trivet.errors import Finding, Message
from trivet.interface.parsed import Parsed
from trivet.interface.path import Path, placed

T = TypeVar("T")

MOST_GUESSES = 50
"""Findings of a document for which a resembling name is looked for: each look compares it with all others."""


class Near(NamedTuple):
    """A hint that names the closest of the known names; looked for only where it is shown."""

    name: str
    known: Iterable[str]

    def text(self) -> str:
        """The hint itself."""
        close = difflib.get_close_matches(self.name, islice(self.known, MOST_KNOWN), 1)
        return Message("did you mean `{name}`?", name=close[0]) if close else UNKNOWN


UNKNOWN = "correct the name, or declare it"
MOST_KNOWN = 5000


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

    def add(self, rule: str, path: Path, message: str, hint: str | Near = "", severity: str = "error") -> None:
        """One finding; the message gets the path in front."""
        where = self.source.at(path) if self.source else self.name
        said = hint if isinstance(hint, str) else hint.text() if len(self.found) < MOST_GUESSES else UNKNOWN
        self.found.append(Finding(rule, where, placed(path, message), said, severity))

    def require(self, holds: bool, rule: str, path: Path, message: str, hint: str | Near = "") -> None:
        """One finding unless something holds."""
        if not holds:
            self.add(rule, path, message, hint)


def near(name: str, known: Iterable[str]) -> Near:
    """A hint that names the closest of the known names."""
    return Near(name, known)
