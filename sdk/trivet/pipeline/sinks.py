"""Where lines go. A sink is told lines and closed; it never talks back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from trivet.errors import DataError
from trivet.pipeline.chain import Chain
from trivet.pipeline.lines import Line
from trivet.pipeline.log import follow, is_plain, lock, resume, rotated, sync


class Sink(Protocol):
    """One destination of a run's lines."""

    async def write(self, lines: Sequence[Line]) -> None:
        """Delivers lines in order; raises DataError when they cannot be kept."""
        ...

    async def close(self) -> None:
        """Delivers what is still held and lets go."""
        ...


class JsonLines:
    """A file or standard output as one chain of lines; each batch is flushed before the next is made.

    A file that is there is continued from its last whole line; see ``chain`` and ``log``.

    Attributes:
        written: Lines of the run delivered so far, checkpoints not counted.
    """

    def __init__(self, path: str | Path, chain: Chain | None = None, rotate: int | None = None) -> None:
        """Opens the file for appending; ``-`` is standard output.

        Args:
            path: The log.
            chain: With the operator's key, or None for lines that are chained only.
            rotate: Size from which on a new file is begun [bytes], or None.

        Raises:
            DataError: The file cannot be written or continued, or another run writes it.
        """
        self.written = 0
        self._where = str(path)
        self._path = None if str(path) == "-" else Path(path)
        self._chain = chain or Chain()
        self._rotate = rotate
        self._good = True
        self._file = self._opened()
        self._plain = self._path is not None and is_plain(self._file)
        try:
            self._begin()
        except DataError:
            if self._path is not None:
                self._file.close()
            raise

    async def write(self, lines: Sequence[Line]) -> None:
        """Appends and flushes; a checkpoint follows where one is due."""
        self._append([self._chain.link(line) for line in lines], len(lines))
        self.written += len(lines)
        if self._chain.due():
            self._append([self._chain.checkpoint("interval")], signed=True)
        if self._plain and self._rotate is not None and self._file.tell() >= self._rotate:
            self._turn()

    async def close(self) -> None:
        """Signs what was written and closes a file that this sink opened."""
        if self._good and self._chain.key is not None:
            self._append([self._chain.checkpoint("close")], signed=True)
        if self._path is not None:
            self._file.close()

    def _opened(self) -> BinaryIO:
        if self._path is None:
            return sys.stdout.buffer
        try:
            return self._path.open("ab")
        except OSError as error:
            raise DataError(f"cannot be written ({error.strerror})", where=self._where) from error

    def _begin(self) -> None:
        if self._plain and self._path is not None:
            lock(self._file, self._where)
            self._append([resume(self._path, self._file, self._chain)], signed=True)
        elif self._chain.key is not None:
            self._append([self._chain.checkpoint("start")])

    def _turn(self) -> None:
        """Closes a file that is full and begins the next one."""
        assert self._path is not None  # noqa: S101 - a plain file has a path
        self._append([self._chain.checkpoint("rotate")], signed=True)
        self._file.close()
        before = rotated(self._path)
        self._file = self._opened()
        lock(self._file, self._where)
        self._append([follow(before, self._chain)], signed=True)

    def _append(self, lines: Sequence[bytes], count: int = 0, *, signed: bool = False) -> None:
        """Writes lines; after a failure nobody knows what is in the file, and the next run finds out."""
        try:
            self._file.write(b"".join(lines))
            if signed and self._plain:
                sync(self._file)
            self._file.flush()
        except OSError as error:
            self._good = False
            raise DataError(
                f"{count} lines could not be written ({error.strerror})",
                where=self._where,
                hint="free some space; lines before these are complete",
            ) from error
