"""Coverage-guided fuzzing of the package's readers: an input that reaches something new is kept and mutated further.

``python -m soak.cover SECONDS SEED [keep]`` tries archives, manifests, bundles, statements and models in turn for so
much CPU time. Coverage is the steps from line to line inside ``trivet.package`` and ``trivet.canonical``, seen
through ``sys.settrace``. What was found before lies in ``hostile/corpus``; ``keep`` writes it anew, cut down to
the smallest inputs that together reach as far.
"""

from __future__ import annotations

import hashlib
import json
import re
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import tinypackage as tiny
from hostile.package_tensors import classifier, trees
from soak.fuzz import DICE, SlowError, mutated
from trivet import canonical
from trivet.errors import TrivetError
from trivet.package import archive, bundle, keys
from trivet.package.admit import admit
from trivet.package.graph import BARE, walk
from trivet.package.manifest import parse_manifest

TESTS = Path(__file__).resolve().parents[1]
CORPUS = TESTS / "hostile" / "corpus"
PACKAGES = TESTS / "conformance" / "packages"
CERTIFICATES = TESTS / "conformance" / "certificates"
PATIENCE = 10
"""Most CPU time of an input [s]; by the clock, a busy machine would fail good ones."""

MEMORY = 1 << 30
LARGEST = 6000
"""Most bytes of an input; larger ones only take longer."""

MOST_KEPT = 50_000
"""Most bytes of one reader's corpus."""

PACKAGE = archive.read(tiny.package())
TRUSTED = tuple(keys.read_public_key(path) for path in sorted(PACKAGES.glob("*.pub")))
WATCHED = (str(Path(archive.__file__).parent), canonical.__file__)

Steps = set[tuple[str, int, int]]


class Target(NamedTuple):
    """One reader: its name, what it does with bytes, good inputs, and pieces that mean something to it."""

    name: str
    read: Callable[[bytes], object]
    seeds: list[bytes]
    words: list[bytes]


def _bundle(data: bytes) -> object:
    """A bundle in a package, under the name that it claims; certificates and timestamps included."""
    named = re.search(rb'"keyid": ?"([0-9a-f]{64})"', data)
    hinted = (key.id for key in TRUSTED if key.hint.encode() in data)
    path = f"META-INF/signatures/{named[1].decode() if named else next(hinted, TRUSTED[0].id)}.sigstore.json"
    return admit(PACKAGE._replace(signatures={path: data}), TRUSTED, unsigned=True)


def _model(data: bytes) -> object:
    walk(data, BARE)
    return walk(data)


def targets() -> list[Target]:
    """All readers, with seeds out of the conformance packages."""
    good = [path for path in sorted(PACKAGES.glob("*.trivet")) if not path.stem.endswith("_fail")]
    signed = [package for path in good if (package := archive.read(path.read_bytes())).signatures]
    bundles = [content for package in signed for content in package.signatures.values()]
    certified = [p for p in CERTIFICATES.glob("*.sigstore.json") if not p.name.endswith("_fail.sigstore.json")]
    bundles += sorted((path.read_bytes() for path in certified), key=len)[:8]
    statement, text = bundle.statement(PACKAGE), canonical.dumps(PACKAGE.manifest.tree)
    models = [tiny.stateless_model(), tiny.counting_model(), trees(), classifier()]
    json_words = [*b'{ } [ ] , : " null true -1 1e9 0.5 "" [] {} \\u0000'.split(), *text.split(b'"')[1:60:2]]
    zip_words = [b"PK\1\2", b"PK\3\4", b"PK\5\6", b"\0\0", b"\x14\0", b"META-INF/", b"golden/", b".json", b"../"]
    wire_words = [bytes([field << 3 | kind]) for field in range(1, 16) for kind in (0, 2, 5)] + [b"\xff\xff\xff\x7f"]
    operators = [b"Concat", b"Reshape", b"Expand", b"Slice", b"Shape", b"Conv", b"Split", b"Tile", b"LSTM", b"Gather"]
    return [
        Target("archive", archive.read, [tiny.package(), signed[0].data], zip_words),
        Target("manifest", parse_manifest, [text, canonical.dumps(signed[0].manifest.tree)], json_words),
        Target("bundle", _bundle, bundles, [*json_words, *bundles[0].split(b'"')[1::2]]),
        Target(
            "statement",
            lambda data: bundle.check_statement(data, PACKAGE, "statement"),
            [statement],
            [*json_words, *statement.split(b'"')[1::2]],
        ),
        Target("protobuf", _model, models, [*wire_words, *operators]),
    ]


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


def main(seconds: float, seed: str, keep: bool) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _slow)
    DICE.seed(seed)
    searches = [Search(target) for target in targets()]
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
    main(float(sys.argv[1]), sys.argv[2], "keep" in sys.argv[3:])
