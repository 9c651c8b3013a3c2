"""A package as files, for people and for other software's verifiers; trivet itself never reads them back.

::

    FOLDER/package/        every member, manifest.json and mimetype: what a signature covers
    FOLDER/signatures/     the bundles; beside the members, since model-signing refuses extra files
    FOLDER/attestations/
"""

from __future__ import annotations

import os
from pathlib import Path

from trivet.errors import FormatError, Message
from trivet.package import layout
from trivet.package.archive import Package
from trivet.package.container import split


def unpack(package: Package, folder: str | Path) -> Path:
    """Writes a package's content below an empty or new folder.

    Returns:
        The folder of the members.

    Raises:
        FormatError: The folder is not empty, or cannot be written.
    """
    root = Path(folder)
    try:
        _claim(root)
        for path, content in split(package.data).items():
            target = root.joinpath(*_parts(path))
            target.parent.mkdir(parents=True, exist_ok=True)
            _write(target, content)
    except OSError as error:
        message = Message("cannot be written ({strerror})", strerror=error.strerror)
        raise FormatError(message, where=str(root), hint="choose another folder", rule="TRV-P050") from error
    return root / "package"


def _claim(root: Path) -> None:
    """Makes the folder, or takes an empty one; a link or a file is not a folder."""
    if not root.is_symlink():
        root.mkdir(parents=True, exist_ok=True)
    if root.is_symlink() or any(root.iterdir()):
        raise FormatError(
            "is not an empty folder", where=str(root), hint="give a new or an empty folder", rule="TRV-P050"
        )


def _parts(path: str) -> list[str]:
    """Where an entry goes; its name was held to the strict alphabet by ``split``."""
    return path.split("/")[1:] if layout.is_meta(path) else ["package", *path.split("/")]


def _write(target: Path, content: memoryview) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(target, flags, 0o644), "wb") as stream:
        stream.write(content)
