"""The memory of models between runs: one small file for each device and state layout.

A file is written beside the old one, synced, and put in its place, so that a
kill at any moment leaves either the old memory or the new one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from trivet import canonical
from trivet.errors import DataError
from trivet.package.whole import put
from trivet.pipeline.events import Events, safe
from trivet.runtime.decision import Standing
from trivet.runtime.model import Model
from trivet.signals import Float32s


class Memory(NamedTuple):
    """What is kept about one device.

    Attributes:
        state: float32 ``(s,)``, or None when the model has no memory.
        closed: Close of the last window [ns, UTC], or None.
        standings: Decision rule to where it stands.
    """

    state: Float32s | None
    closed: int | None
    standings: Mapping[str, Standing]


class Store:
    """Memories in the home folder's ``state``; a folder of None keeps nothing on disk.

    Args:
        folder: Where they are.
        model: The model that remembers.
        events: What people noted about devices; a repaired device is learnt anew.
    """

    def __init__(self, folder: Path | None, model: Model, events: Events | None = None) -> None:
        self._folder = folder
        self._model = model
        self._events = events or Events(None)
        self._layout = _layout(model)

    def load(self, device: str) -> Memory:
        """The device's memory, or the initial one when there is none of this layout.

        Raises:
            DataError: The file, or that of the device's events, is there and cannot be used.
        """
        path = self._path(device)
        self._events.of(device)
        if path is None or not path.exists():
            return self.initial()
        try:
            return self._read(json.loads(path.read_bytes()))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"the memory of {device!r} cannot be read ({error})",
                where=str(path),
                hint="restore it from a backup, or remove it to let the baseline be learnt again",
            ) from error

    def initial(self) -> Memory:
        """The memory of a device that was never seen."""
        initial = self._model.initial_state(1)
        return Memory(None if initial is None else initial[0], None, {})

    def renewed(self, device: str, memory: Memory, opens: int) -> bool:
        """Whether the device was repaired since its memory last saw it, before a window that opens then [ns, UTC].

        Raises:
            DataError: What was noted about it cannot be read.
        """
        return self._events.renewed(device, memory.closed, opens)

    def save(self, device: str, memory: Memory) -> None:
        """Puts a memory in the place of the old one, whole or not at all.

        Raises:
            DataError: It could not be written; the old one is untouched.
        """
        path = self._path(device)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            put(path, canonical.dumps(self._written(memory)))
        except OSError as error:
            raise DataError(
                f"the memory of {device!r} could not be saved ({error.strerror})", where=str(path)
            ) from error

    def _path(self, device: str) -> Path | None:
        if self._folder is None:
            return None
        return self._folder / f"{safe(device)}-{canonical.digest([device, self._layout])[:16]}.json"

    def _written(self, memory: Memory) -> dict[str, Any]:
        return {
            "layout": self._layout,
            "state": None if memory.state is None else [float(x) for x in memory.state],
            "closed": None if memory.closed is None else str(memory.closed),
            "standings": {name: [*_standing(s)] for name, s in memory.standings.items()},
        }

    def _read(self, tree: Mapping[str, Any]) -> Memory:
        if tree["layout"] != self._layout:
            raise ValueError("it has another layout")
        state = None if tree["state"] is None else np.array(tree["state"], np.float32)
        closed = None if tree["closed"] is None else int(tree["closed"])
        standings = {
            name: Standing(s, subject, int(since), rising, rising_subject, count)
            for name, (s, subject, since, rising, rising_subject, count) in tree["standings"].items()
        }
        return Memory(state, closed, standings)


def state_digest(state: Float32s) -> str:
    """SHA-256 over the state as little-endian float32, in lower-case hexadecimal."""
    return canonical.sha256(np.ascontiguousarray(state, "<f4").tobytes())


def _standing(s: Standing) -> tuple[Any, ...]:
    return s.state, s.subject, str(s.since), s.rising, s.rising_subject, s.confirmed


def _layout(model: Model) -> dict[str, Any]:
    """What must be equal for a memory to be usable; not the package digest, so that an update keeps it."""
    state = model.manifest.state
    fields = [[field.name, field.unit] for field in state.fields] if state else []
    return {"package": model.manifest.name, "layout": state.layout if state else 0, "fields": fields}
