"""A log on disk: where its chain stands, what a killed run left, and the files before it."""

from __future__ import annotations

import contextlib
import os
import re
import stat
from pathlib import Path
from typing import BinaryIO, NamedTuple

from trivet import canonical
from trivet.errors import DataError
from trivet.pipeline.chain import LONGEST, Chain

BLOCK = 1 << 20


class Tail(NamedTuple):
    """The end of a log.

    Attributes:
        lines: Whole lines.
        last: Digest of the last one, or None.
        whole: Bytes of the whole lines.
        torn: What follows them: half a line that a killed run left.
    """

    lines: int
    last: str | None
    whole: int
    torn: bytes


def tail(path: Path) -> Tail:
    """The end of a log, read in one pass of constant memory.

    Raises:
        DataError: It cannot be read, or its last lines are longer than any of a run.
    """
    count, start, whole, position = 0, 0, 0, 0
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                at = -1
                while (at := block.find(b"\n", at + 1)) >= 0:
                    count, start, whole = count + 1, whole, position + at + 1
                position += len(block)
            if max(whole - start, position - whole) > LONGEST + 1:
                raise DataError(f"has a line of over {LONGEST} bytes", where=str(path), hint="choose another file")
            file.seek(start)
            last = file.read(whole - start)
            torn = file.read(position - whole)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})", where=str(path)) from error
    return Tail(count, canonical.sha256(last[:-1]) if count else None, whole, torn)


def resume(path: Path, file: BinaryIO, chain: Chain) -> bytes:
    """Lets a chain go on where a file, or the files before it, ended; half a line is cut off and accounted for.

    Args:
        path: The log.
        file: The same, open for appending.
        chain: Is set to the end.

    Returns:
        The checkpoint to begin with, or nothing.

    Raises:
        DataError: The log cannot be read, or not be cut.
    """
    end = tail(path)
    if end.torn:
        try:
            file.truncate(end.whole)
        except OSError as error:
            raise DataError(f"cannot be cut to whole lines ({error.strerror})", where=str(path)) from error
    if end.lines:
        chain.count, chain.previous = end.lines, end.last
    elif before := earlier(path):
        return follow(before[-1], chain)
    torn = {"bytes": len(end.torn), "sha256": canonical.sha256(end.torn)} if end.torn else None
    if torn or (end.lines and chain.key):
        return chain.checkpoint("resume", torn=torn)
    return chain.checkpoint("start") if chain.key else b""


def follow(before: Path, chain: Chain) -> bytes:
    """The first line of a file that follows another one."""
    end = tail(before)
    chain.count, chain.previous = 0, end.last
    return chain.checkpoint("start", continues={"file": before.name, "count": end.lines})


def rotated(path: Path) -> Path:
    """Moves a log that is full out of the way, under the next number.

    Raises:
        DataError: It cannot be moved.
    """
    numbers = [int(one.suffix[1:]) for one in earlier(path)]
    target = path.with_name(f"{path.name}.{max(numbers, default=0) + 1:06d}")
    try:
        path.rename(target)
    except OSError as error:
        raise DataError(f"cannot be moved ({error.strerror})", where=str(path), hint="check the folder") from error
    return target


def earlier(path: Path) -> list[Path]:
    """The files before a log, in order."""
    named = re.compile(re.escape(path.name) + r"\.[0-9]{6}")
    return sorted(one for one in path.parent.glob("*") if named.fullmatch(one.name))


def is_plain(file: BinaryIO) -> bool:
    """Whether a file can be resumed and rotated; a pipe or a terminal cannot."""
    return stat.S_ISREG(os.fstat(file.fileno()).st_mode)


def lock(file: BinaryIO, where: str) -> None:
    """Keeps other runs from writing the same log, where the platform can.

    Raises:
        DataError: Another run writes it.
    """
    with contextlib.suppress(ImportError):
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            message = "is being written by another run, and one chain has one writer"
            raise DataError(message, where=where, hint="choose another file with --out") from error


def sync(file: BinaryIO) -> None:
    """Brings what was written to the disk: a signed checkpoint says nothing that a power cut can undo."""
    file.flush()
    os.fsync(file.fileno())
