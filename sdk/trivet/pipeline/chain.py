"""The chain through a log: each line names the SHA-256 of the line before, and checkpoints sign how far it goes.

A line's ``previous`` is the digest of the bytes of the line before it, without the newline; the first line
of a chain has null. A checkpoint is a line of its own::

    {"kind": "checkpoint", "time": ..., "previous": ..., "event": "interval", "count": 1000,
     "continues": null, "torn": null, "key": KEY ID, "signature": BASE64}

``count`` is the number of lines before it in its file, so that with ``previous`` it says all of them. It is
signed over DSSE's encoding of its canonical JSON without ``signature``, under a payload type of its own; without
a key both are null. ``continues`` names the file before, ``torn`` the half line that a killed run left behind.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import time_ns
from typing import TYPE_CHECKING, Any

from trivet import canonical
from trivet.package.bundle import pae

if TYPE_CHECKING:
    from trivet.package.keys import PrivateKey, PublicKey

KIND = "checkpoint"
PAYLOAD_TYPE = "application/vnd.trivet.checkpoint+json"
EVENTS = ("start", "interval", "resume", "rotate", "close")

LONGEST = 1 << 20
"""Most bytes of one line."""

EVERY = 1000
"""Lines from one signed checkpoint to the next."""

PAUSE = 900 * 1_000_000_000
"""Most time from one signed checkpoint to the next line's [ns]."""

Line = Mapping[str, Any]


@dataclass(slots=True)
class Chain:
    """What is to be known to write the next line of a log; without a key nothing is signed.

    Attributes:
        key: Signs checkpoints.
        key_id: Its id.
        every: Lines from one checkpoint to the next.
        clock: The time [ns, UTC].
        count: Lines in the present file.
        previous: Digest of the last of them, or of the last line of the file before.
        since: Lines after the last checkpoint.
        last: Time of the last checkpoint [ns, UTC].
    """

    key: PrivateKey | None = None
    key_id: str | None = None
    every: int = EVERY
    clock: Callable[[], int] = time_ns
    count: int = 0
    previous: str | None = None
    since: int = 0
    last: int = 0

    @classmethod
    def signed(cls, key: PrivateKey, every: int = EVERY, clock: Callable[[], int] = time_ns) -> Chain:
        """A chain whose checkpoints an operator's key signs."""
        from trivet.package.keys import public_key

        return cls(key, public_key(key).id, every, clock)

    def link(self, line: Line) -> bytes:
        """The bytes of the next line, newline included."""
        data = canonical.dumps({**line, "previous": self.previous})
        self.previous = canonical.sha256(data)
        self.count += 1
        self.since += 1
        return data + b"\n"

    def checkpoint(self, event: str, continues: Line | None = None, torn: Line | None = None) -> bytes:
        """A checkpoint as the next line."""
        now = self.clock()
        tree = {
            "kind": KIND,
            "time": _timestamp(now),
            "previous": self.previous,
            "event": event,
            "count": self.count,
            "continues": continues,
            "torn": torn,
            "key": self.key_id,
        }
        data = self.link({**tree, "signature": self._signature(tree)})
        self.since, self.last = 0, now
        return data

    def due(self) -> bool:
        """Whether a signed checkpoint should follow."""
        if self.key is None or not self.since:
            return False
        return self.since >= self.every or not 0 <= self.clock() - self.last < PAUSE

    def _signature(self, tree: Line) -> str | None:
        if self.key is None:
            return None
        from trivet.package.keys import sign_bytes

        return base64.b64encode(sign_bytes(self.key, message(tree))).decode()


def message(checkpoint: Line) -> bytes:
    """The exact bytes that a checkpoint's key signs."""
    return pae(canonical.dumps({k: v for k, v in checkpoint.items() if k != "signature"}), PAYLOAD_TYPE)


def verifies(checkpoint: Line, key: PublicKey) -> bool:
    """Whether the holder of a key signed a checkpoint."""
    signature = checkpoint.get("signature")
    if checkpoint.get("key") != key.id or not isinstance(signature, str):
        return False
    try:
        raw = base64.b64decode(signature.encode("ascii"), validate=True)
        return key.verifies(raw, message(checkpoint))
    except ValueError:
        return False


def _timestamp(time: int) -> str:
    from trivet.pipeline.lines import timestamp

    return timestamp(time)
