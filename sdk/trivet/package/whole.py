"""A file in its place whole or not at all; without pathlib, which starts are too short for."""

from __future__ import annotations

import os

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)


def put(path: str | os.PathLike[str], data: bytes, mode: int = 0o666) -> None:
    """Writes a file beside its place, syncs it to the disk, and puts it there.

    Args:
        path: Where it goes; the folder is there.
        data: All of it.
        mode: Its permissions, less the process's mask.

    Raises:
        OSError: It could not be written; what was there before is still there.
    """
    folder, name = os.path.split(os.fspath(path))
    scratch = os.path.join(folder, f".{name[:100]}.{os.getpid()}.tmp")  # noqa: PTH118
    _drop(scratch)
    try:
        with os.fdopen(os.open(scratch, _NEW, mode), "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(scratch, path)  # noqa: PTH105
    finally:
        _drop(scratch)


def _drop(path: str) -> None:
    try:  # noqa: SIM105 - contextlib is not worth its time at a start
        os.unlink(path)  # noqa: PTH108
    except FileNotFoundError:
        pass
