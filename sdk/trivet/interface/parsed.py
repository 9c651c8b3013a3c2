"""A document together with where each part of it stands in its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from trivet.interface.path import Json, Path

__all__ = ["Json", "Lines", "Parsed", "Path", "Position"]

T_co = TypeVar("T_co", covariant=True)


class Position(NamedTuple):
    """A place in a text; both count from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the parts of one text stand.

    Attributes:
        nodes: Path to the place of the value; of a block its key.
        keys: Path to the place of the key.
    """

    nodes: Mapping[Path, Position]
    keys: Mapping[Path, Position]

    def at(self, path: Path, *, key: bool = False) -> Position:
        """The place of a value, or of its key; of the nearest part above it when it is not in the text."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.nodes:
            path = path[:-1]
        return self.nodes.get(path, Position(1, 1))


@dataclass(frozen=True, slots=True)
class Parsed(Generic[T_co]):
    """What ``parse`` gives.

    Attributes:
        document: The frozen document.
        tree: The JSON tree as written, no defaults filled in; digests are over it.
        lines: Where its parts stand.
        where: File name, for messages.
    """

    document: T_co
    tree: Json
    lines: Lines
    where: str

    def at(self, path: Path, *, key: bool = False) -> str:
        """``file:line:column`` of a part of the document."""
        line, column = self.lines.at(path, key=key)
        return f"{self.where}:{line}:{column}"
