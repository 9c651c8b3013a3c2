"""What a folder holds: documents, packages, inventories, golden frames; bounded, nothing hidden is looked at."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from trivet.check.source import KINDS, Source, read_source
from trivet.errors import DocumentError, Message

MOST_FILES = 100_000
SKIPPED = frozenset({"node_modules", "__pycache__", "build", "dist"})
BEGINNING = 65536
"""Bytes of a YAML file in which it must say its kind."""

_KIND = re.compile(rb"^(?:\xef\xbb\xbf)?kind:[ \t]*['\"]?(" + "|".join(KINDS).encode() + rb")\b", re.MULTILINE)


def files_in(folder: Path) -> list[Path]:
    """All plain files below a folder, in order; hidden folders, links and build results left out.

    Raises:
        DocumentError: It is no folder, or holds too many files.
    """
    if not folder.is_dir():
        raise DocumentError(
            Message("there is no folder `{folder}`", folder=folder), hint="check the path", rule="TRV-I019"
        )
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in SKIPPED)
        here = Path(place)
        found += (here / name for name in sorted(names) if not name.startswith("."))
        if len(found) > MOST_FILES:
            raise DocumentError(
                Message("holds more than {most} files", most=MOST_FILES),
                where=str(folder),
                hint="name a smaller folder",
            )
    return found


def documents_in(folder: Path) -> list[Source]:
    """The documents below a folder: YAML files that say one of the kinds at the beginning of a line."""
    return documents_of(files_in(folder))


def documents_of(files: list[Path]) -> list[Source]:
    """Those of some files that are documents."""
    return [read_source(path) for path in _documents(files)]


def packages_in(folder: Path) -> list[Path]:
    """The package files below a folder."""
    return [path for path in files_in(folder) if path.suffix == ".trivet" and path.is_file()]


def _documents(files: list[Path]) -> Iterator[Path]:
    for path in files:
        if path.suffix in (".yaml", ".yml") and path.is_file():
            with path.open("rb") as stream:
                if _KIND.search(stream.read(BEGINNING)):
                    yield path
