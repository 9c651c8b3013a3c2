"""Where lines go. A sink is told lines and closed; it never talks back."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from trivet.errors import DataError
from trivet.pipeline.lines import Line, encode


class Sink(Protocol):
    """One destination of a run's lines."""

    async def write(self, lines: Sequence[Line]) -> None:
        """Delivers lines in order; raises DataError when they cannot be kept."""
        ...

    async def close(self) -> None:
        """Delivers what is still held and lets go."""
        ...


class JsonLines:
    """A file or standard output; each batch is flushed before the next is made.

    Attributes:
        written: Lines delivered so far.
    """

    def __init__(self, path: str | Path) -> None:
        """Opens the file for appending; ``-`` is standard output.

        Raises:
            DataError: The file cannot be written.
        """
        self.written = 0
        self._where = str(path)
        self._close = str(path) != "-"
        try:
            self._file: BinaryIO = Path(path).open("ab") if self._close else sys.stdout.buffer  # noqa: SIM115  closed by close()
        except OSError as error:
            raise DataError(f"cannot be written ({error.strerror})", where=self._where) from error

    async def write(self, lines: Sequence[Line]) -> None:
        """Appends and flushes."""
        try:
            self._file.write(b"".join(map(encode, lines)))
            self._file.flush()
        except OSError as error:
            raise DataError(
                f"{len(lines)} lines could not be written ({error.strerror})",
                where=self._where,
                hint="free some space; lines before these are complete",
            ) from error
        self.written += len(lines)

    async def close(self) -> None:
        """Closes a file that this sink opened."""
        if self._close:
            self._file.close()
