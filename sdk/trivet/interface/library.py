"""Documents that ship with trivet, by id; anything else by its path."""

from __future__ import annotations

import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from trivet.errors import DocumentError, Message

_FOLDERS = {"interface": "interfaces", "profile": "profiles"}
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*(\.v[0-9]+)?")
_MAJOR = re.compile(r"\.v([0-9]+)\.yaml$")


def find(kind: str, name: str, beside: Path | None = None) -> Path | Traversable:
    """The file of a document.

    Args:
        kind: ``interface`` or ``profile``; other kinds do not ship and are found by path only.
        name: An id such as ``commercial-dishwasher`` (the newest major version), an id with its major
            version, ``commercial-dishwasher.v0``, or the path of a file.
        beside: Folder that a relative path starts from, or None for the current one.

    Raises:
        DocumentError: There is no such document; the hint lists those that ship.
    """
    if not _NAME.fullmatch(name):
        path = (beside or Path()) / name
        if not path.is_file():
            raise DocumentError(Message("there is no file `{path}`", path=path), hint="check the path", rule="TRV-I019")
        return path
    documents = shipped(kind)
    found = documents.get(name) or _newest(name, documents)
    if found is None:
        known = ", ".join(sorted(documents)) or "none"
        hint = Message("give a path, or one of those that ship: {known}", known=known)
        raise DocumentError(Message("there is no {kind} `{name}`", kind=kind, name=name), hint=hint, rule="TRV-I019")
    return found


def shipped(kind: str) -> dict[str, Traversable]:
    """Id, with its major version where it has one, to the file of each document of a kind that ships."""
    folder = resources.files("trivet_schemas").joinpath(_FOLDERS.get(kind, kind))
    if not folder.is_dir():
        return {}
    return {file.name.removesuffix(".yaml"): file for file in folder.iterdir() if file.name.endswith(".yaml")}


def _newest(name: str, documents: dict[str, Traversable]) -> Traversable | None:
    versions = {
        int(match[1]): file
        for key, file in documents.items()
        if (match := _MAJOR.search(file.name)) and key.startswith(f"{name}.v")
    }
    return versions[max(versions)] if versions else None
