"""What turned out to be true about appliances: the home folder's ``events``, one file of JSON lines a device.

Files are only ever added to. What was repaired is a machine that the model has to learn
anew: its memory starts again with the first window that opens after it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from trivet import canonical
from trivet.device.document import EventRecord
from trivet.errors import DataError, TrivetError
from trivet.interface.load import load
from trivet.signals import SECOND

RESETS = frozenset({"repaired", "part", "descaled"})
"""Events after which a machine is no longer the one that was learnt."""

MOST = 8 * 1024 * 1024
"""Largest file of one device that is read [bytes]."""


class Events:
    """Events of devices; a folder of None has none and keeps none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._read: dict[str, tuple[tuple[int, int], tuple[EventRecord, ...]]] = {}

    def of(self, device: str) -> tuple[EventRecord, ...]:
        """All events of a device, in the order in which they were noted; the file is read again when it grew.

        Raises:
            DataError: The file cannot be read.
        """
        path = self.path(device)
        try:
            status = path.stat() if path else None
        except OSError:
            status = None
        if path is None or status is None:
            return ()
        stamp = (status.st_mtime_ns, status.st_size)
        if device not in self._read or self._read[device][0] != stamp:
            self._read[device] = (stamp, _parse(path))
        return self._read[device][1]

    def renewed(self, device: str, closed: int | None, opens: int) -> bool:
        """Whether a device was repaired between the last close that its memory saw and a window that opens now [ns]."""
        if closed is None:
            return False
        return any(e.event in RESETS and closed < instant(e.end or e.start) <= opens for e in self.of(device))

    def add(self, event: EventRecord) -> Path:
        """Appends an event and syncs it to the disk.

        Raises:
            DataError: It could not be written.
        """
        path = self.path(event.device)
        if path is None:
            raise DataError("there is no home folder to note it in", hint="give one with --home")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("ab") as file:
                file.write(canonical.dumps(written(event)) + b"\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise DataError(f"the event could not be noted ({error.strerror})", where=str(path)) from error
        return path

    def path(self, device: str) -> Path | None:
        """The file of a device."""
        return None if self._folder is None else self._folder / f"{safe(device)}-{canonical.digest(device)[:16]}.jsonl"


def written(event: EventRecord) -> Mapping[str, Any]:
    """An event as it is written down, without what was left out."""
    return {name: value for name, value in asdict(event).items() if value not in (None, "")}


def instant(text: str) -> int:
    """RFC 3339 text as time [ns, UTC]; exact to the microsecond."""
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * SECOND + moment.microsecond * 1000


def safe(device: str) -> str:
    """The part of a file's name that people recognise a device by; no id can make a path of it."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", device)[:80].lstrip(".") or "_"


def _parse(path: Path) -> tuple[EventRecord, ...]:
    hint = "mend or remove the line; what was noted there cannot be told from the rest of the file"
    try:
        with path.open("rb") as file:
            data = file.read(MOST + 1)
    except OSError as error:
        raise DataError(f"the events cannot be read ({error.strerror})", where=str(path)) from error
    if len(data) > MOST:
        raise DataError(f"the events are larger than {MOST} bytes", where=str(path), hint="move old ones elsewhere")
    events = []
    # What follows the last line's end is still being written.
    for number, line in enumerate(data.split(b"\n")[:-1], 1):
        try:
            events.append(load(json.loads(line), EventRecord))
        except (ValueError, RecursionError, TrivetError) as error:
            raise DataError(f"an event cannot be read ({error})", where=f"{path}:{number}", hint=hint) from error
    return tuple(events)
