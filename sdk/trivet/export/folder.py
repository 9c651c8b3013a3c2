"""Files that are there whole or not at all, below one folder and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from trivet.errors import FormatError
from trivet.package.whole import put


def write_files(folder: str | Path, files: Mapping[str, bytes]) -> list[Path]:
    """Writes files below a folder, in the order given; what is there under their names is replaced.

    Args:
        folder: Is made when it is not there.
        files: Relative name, with ``/`` between folders, to content.

    Returns:
        The paths.

    Raises:
        FormatError: A name leads out of the folder, over a link too, or something cannot be written.
    """
    root = Path(folder)
    return [write_file(_inside(root, name), content) for name, content in files.items()]


def write_file(target: Path, content: bytes) -> Path:
    """Writes one file whole or not at all: on its disk before it gets its name.

    Raises:
        FormatError: It cannot be written; what was there before is still there.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        put(target, content, 0o644)
    except OSError as error:
        message = f"cannot be written ({error.strerror})"
        hint = "make room, or choose another folder"
        raise FormatError(message, where=str(target), hint=hint, rule="TRV-P050") from error
    return target


def _inside(root: Path, name: str) -> Path:
    """The path of a name; every folder on the way is one, not a link to one."""
    parts = name.split("/")
    if any(part in ("", ".", "..") or "\\" in part or "\0" in part for part in parts):
        raise FormatError("is no name of a file", where=f"{name[:120]!a}", hint="choose another", rule="TRV-P050")
    place = root
    for part in parts[:-1]:
        place /= part
        if place.is_symlink():
            message = "is a link, and may lead out of the folder"
            raise FormatError(message, where=str(place), hint="give an empty folder", rule="TRV-P050")
    return place / parts[-1]
