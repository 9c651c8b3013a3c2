"""What a link counted for one unit."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

KEPT = 512


@dataclass(slots=True)
class Counters:
    """Requests and what became of them, since the link was made.

    Attributes:
        requests: Frames sent, retries included.
        answers: Requests that were answered with what was asked for.
        refusals: Reason to requests that ended with it: exceptions by name, ``timeout``, ``crc``, ``unit`` ...
        sent: Bytes of requests.
        received: Bytes of answers, and of anything else that came while one was awaited.
        longest: Longest turnaround ever seen, late answers included [s].
        turnarounds: The last turnarounds of answers [s].
    """

    requests: int = 0
    answers: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    received: int = 0
    longest: float = 0.0
    turnarounds: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT))

    def answered(self, took: float) -> None:
        """Counts an answer that took so long [s]."""
        self.answers += 1
        self.turnarounds.append(took)
        if took > self.longest:
            self.longest = took

    def turnaround(self, percentile: float) -> float:
        """A percentile of the last turnarounds [s]; NaN while there are none."""
        ordered = sorted(self.turnarounds)
        if not ordered:
            return float("nan")
        return ordered[min(int(percentile / 100.0 * len(ordered)), len(ordered) - 1)]
