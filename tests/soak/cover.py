"""Coverage-guided fuzzing of the package's readers: an input that reaches something new is kept and mutated further.

``python -m soak.cover SECONDS SEED [keep] [READER...]`` tries the readers of ``soak.readers``, all or those named, in
turn for so much CPU time. Coverage is the steps from line to line inside ``trivet.package``, ``trivet.canonical`` and
the walk over logs, seen through ``sys.settrace``. What was found before lies in ``hostile/corpus``; ``keep`` writes it
anew, cut down to the smallest inputs that together reach as far.
"""

from __future__ import annotations

import hashlib
import json
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from soak.fuzz import DICE, SlowError, mutated
from soak.readers import Target, targets
from trivet import canonical
from trivet.check import log
from trivet.errors import TrivetError
from trivet.package import archive
from trivet.pipeline import chain

TESTS = Path(__file__).resolve().parents[1]
CORPUS = TESTS / "hostile" / "corpus"
PATIENCE = 10
"""Most CPU time of an input [s]; by the clock, a busy machine would fail good ones."""

MEMORY = 1 << 30
LARGEST = 6000
"""Most bytes of an input; larger ones only take longer."""

MOST_KEPT = 50_000
"""Most bytes of one reader's corpus."""

WATCHED = (str(Path(archive.__file__).parent), canonical.__file__, log.__file__, chain.__file__)

Steps = set[tuple[str, int, int]]


def reached(target: Target, data: bytes) -> tuple[Steps, str]:
    """The steps that an input takes, and ``accepted``, ``refused`` or what went wrong."""
    steps: Steps = set()

    def enter(frame: FrameType, event: str, _: Any) -> Callable[[FrameType, str, Any], Any] | None:
        name = frame.f_code.co_filename
        if not name.startswith(WATCHED):
            return None
        last = 0

        def line(inner: FrameType, event: str, _: Any) -> Any:
            nonlocal last
            steps.add((name, last, inner.f_lineno))
            last = inner.f_lineno
            return line

        return line

    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    sys.settrace(enter)
    try:
        target.read(data)
        said = "accepted"
    except TrivetError as error:
        said = "refused" if str(error).isprintable() else f"untidy: {str(error)!r}"
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{error!r} at {where.filename}:{where.lineno}"
    finally:
        sys.settrace(None)
        signal.setitimer(signal.ITIMER_PROF, 0)
    return steps, said


class Search:
    """The inputs of one reader that each reached something new.

    Attributes:
        target: The reader.
        inputs: Seeds, what was kept before, and what was found.
        seen: All steps taken.
        counts: Verdict to number of inputs; failures are under ``failed``.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self.inputs: list[bytes] = []
        self.seen: Steps = set()
        self.counts = {"accepted": 0, "refused": 0, "failed": 0}
        folder = CORPUS / target.name
        for data in [*target.seeds, *(path.read_bytes() for path in sorted(folder.glob("*.bin")))]:
            self.take(data)

    def take(self, data: bytes) -> None:
        """Tries an input, keeps it where it reaches something new, tells where it fails."""
        steps, said = reached(self.target, data)
        if said not in self.counts:
            print(f"{self.target.name} {data.hex()}: {said}", flush=True)
            said = "failed"
        self.counts[said] += 1
        if not steps <= self.seen:
            self.seen |= steps
            self.inputs.append(data)

    def again(self) -> None:
        """A mutation of something that was kept; the newest are tried most."""
        newest = int(len(self.inputs) * DICE.random() ** 0.5)
        data = self.inputs[min(newest, len(self.inputs) - 1)]
        if DICE.random() < 0.15:
            other = DICE.choice(self.inputs)
            cut = DICE.randrange(len(data) + 1)
            data = data[:cut] + other[min(cut, len(other)) :]
        self.take(mutated(data, self.target.words)[:LARGEST])

    def kept(self) -> list[bytes]:
        """The smallest inputs that together reach what all of them reach, as far as they fit."""
        chosen, seen, size = [], set[tuple[str, int, int]](), 0
        for seed in self.target.seeds:
            seen |= reached(self.target, seed)[0]
        for data in sorted(self.inputs, key=len):
            steps = reached(self.target, data)[0]
            if not steps <= seen and size + len(data) <= MOST_KEPT:
                seen |= steps
                size += len(data)
                chosen.append(data)
        return chosen

    def write(self) -> None:
        """Replaces this reader's corpus."""
        folder = CORPUS / self.target.name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.bin"):
            old.unlink()
        for data in self.kept():
            (folder / f"{hashlib.sha256(data).hexdigest()[:16]}.bin").write_bytes(data)


def main(seconds: float, seed: str, keep: bool, names: list[str]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _slow)
    DICE.seed(seed)
    searches = [Search(target) for target in targets() if not names or target.name in names]
    before = {search.target.name: len(search.seen) for search in searches}
    while time.process_time() < seconds:
        for search in searches:
            search.again()
    if keep:
        for search in searches:
            search.write()
    told = {
        search.target.name: {**search.counts, "steps before": before[search.target.name], "steps": len(search.seen)}
        for search in searches
    }
    print(json.dumps({"readers": told, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}))


def _slow(number: int, frame: FrameType | None) -> None:
    raise SlowError(f"longer than {PATIENCE} s of CPU time")


if __name__ == "__main__":
    words = sys.argv[3:]
    main(float(sys.argv[1]), sys.argv[2], "keep" in words, [word for word in words if word != "keep"])
