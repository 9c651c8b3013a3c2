"""Where the two sides of a comparison come from: files, packages, commits."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from trivet.check.changes.package import KIND, described
from trivet.check.history import PREFIX, version_at
from trivet.check.source import Source, read_source, source_of
from trivet.errors import DocumentError, Message
from trivet.interface.parsed import Lines, Parsed
from trivet.package.archive import open_package

PACKAGE = ".trivet"
MEMBER = "interface.json"


class Described(NamedTuple):
    """What a comparison asks of a package: its name and version."""

    id: str
    version: str


def sides(old: str, new: str, *, exact: bool = False) -> tuple[Source, Source]:
    """Both sides of a comparison: two packages whole, anything else as documents.

    Args:
        old: What to compare with: a file, a package, or ``git:REF``.
        new: A file or a package.
        exact: At the commit itself, instead of where its branch and the current one parted.

    Raises:
        DocumentError: One cannot be read, or did not exist at the commit.
        PackageError: A package cannot be read.
        GraphError: The graph of a package breaks its contract.
    """
    if old.endswith(PACKAGE) and new.endswith(PACKAGE):
        return package_side(old), package_side(new)
    return old_side(old, new, exact=exact), new_side(new)


def package_side(name: str) -> Source:
    """A whole package."""
    tree = described(open_package(name))
    nowhere = Lines({}, {})
    return Source(name, KIND, "", tree, nowhere, Parsed(Described(tree["id"], tree["version"]), tree, nowhere, name))


def new_side(name: str) -> Source:
    """A document: a file, or the interface of a package.

    Raises:
        DocumentError: The file cannot be read.
        PackageError: The package cannot be read.
    """
    if name.endswith(PACKAGE):
        return source_of(bytes(open_package(name).member(MEMBER)), f"{name}/{MEMBER}")
    return read_source(name)


def old_side(name: str, new: str, *, exact: bool = False) -> Source:
    """The document to compare with: a file, a package, or ``git:REF`` for the new file at a commit.

    Args:
        name: What was asked for.
        new: The new file.
        exact: At the commit itself, instead of where its branch and the current one parted.

    Raises:
        DocumentError: It cannot be read, or did not exist at the commit.
        PackageError: The package cannot be read.
    """
    if not name.startswith(PREFIX):
        return new_side(name)
    ref = name.removeprefix(PREFIX)
    data = version_at(ref, Path(new), exact=exact)
    if data is None:
        raise DocumentError(
            Message("`{new}` did not exist at {ref}", new=new, ref=ref),
            hint="a new document breaks nothing",
            where=name,
        )
    return source_of(data, f"{name}:{new}")
