"""Mutated packages and documents for a while, in a process of bounded memory: `python -m soak.fuzz SECONDS SEED`.

Prints one line for each case that ends in anything but a value or a ``TrivetError``, or takes
longer than ``PATIENCE``; then what was tried, as JSON.
"""

from __future__ import annotations

import json
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

import tinypackage as tiny
from test_interface_documents import CASES, KINDS, findings
from trivet import canonical
from trivet.errors import TrivetError
from trivet.interface.load import load
from trivet.interface.parse import parse
from trivet.package import archive, keys, sign
from trivet.package.admit import admit
from trivet.package.graph import check_contract, walk
from trivet.runtime.model import Model

PATIENCE = 30
"""Most CPU time of a case [s]."""

MEMORY = 2 << 30
DICE = random.Random()  # noqa: S311 # repeatable mutations
KEY = keys.generate("ed25519")
TRUSTED = (keys.public_key(KEY),)
SIGNED = sign.sign(tiny.package(), KEY)
MODELS = (tiny.stateless_model(), tiny.counting_model())
MANIFEST = canonical.dumps(archive.read(tiny.package()).manifest.tree)
DOCUMENTS = [case.read_bytes() for case in CASES]
TOKENS = [*b"& * <<: ! - : { } [ ] ' \" | > ? % # , ~ 1e999 -0 null true \\u0000".split(), b"\t", b"\r", b" "]


class SlowError(Exception):
    """A case took longer than ``PATIENCE``."""


def mutated(data: bytes, tokens: Sequence[bytes] = TOKENS) -> bytes:
    """Some bytes set, cut out, doubled, moved, or replaced by what means something to a parser."""
    changed = bytearray(data)
    for _ in range(DICE.choice((1, 1, 1, 2, 4, 16))):
        start = DICE.randrange(len(changed) + 1)
        end = min(len(changed), start + DICE.choice((1, 1, 2, 4, 8, 30, 300)))
        piece = bytes(changed[start:end])
        kind = DICE.randrange(6)
        if kind == 0:
            changed[start:end] = DICE.randbytes(end - start)
        elif kind == 1 and start < len(changed):
            changed[start] ^= 1 << DICE.randrange(8)
        elif kind == 2:
            changed[start:start] = DICE.choice(tokens)
        elif kind == 3:
            changed[start:end] = DICE.choice((b"\xff", b"\0")) * (end - start)
        else:
            if kind == 4:
                del changed[start:end]
            to = DICE.randrange(len(changed) + 1)
            changed[to:to] = piece
    return bytes(changed)


def archives() -> None:
    _admitted(mutated(SIGNED))


def manifests() -> None:
    _admitted(tiny.with_manifest(mutated(MANIFEST)))


def models() -> None:
    """A graph that is admitted and walked is loaded too, golden vectors and all."""
    data = tiny.with_model(mutated(DICE.choice(MODELS)))
    _admitted(data)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "case.trivet"
        path.write_bytes(data)
        Model.load(path, unsigned=True, home=folder)


def documents() -> None:
    parsed = parse(mutated(DICE.choice(DOCUMENTS)), "case", KINDS)
    findings(parsed)
    assert load(json.loads(canonical.dumps(parsed.tree)), type(parsed.document)) == parsed.document


def _admitted(data: bytes) -> None:
    package = admit(data, TRUSTED, unsigned=True).package
    check_contract(walk(package.members["model.onnx"]), package.manifest)


def tried(case: Callable[[], None]) -> str:
    """``accepted`` or ``refused``, else what went wrong."""
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)
    try:
        case()
    except TrivetError as error:
        told = str(error)
        return "refused" if told.isprintable() else f"untidy: {told!r}"
    except BaseException as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{error!r} at {where.filename}:{where.lineno}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return "accepted"


def main(seconds: float, seed: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _slow)
    counts: dict[str, dict[str, int]] = {}
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        for case in (archives, manifests, models, documents):
            DICE.seed(f"{seed}/{number}/{case.__name__}")
            said = tried(case)
            if said not in ("accepted", "refused"):
                print(f"{case.__name__} {seed}/{number}: {said}", flush=True)
                said = "failed"
            told = counts.setdefault(case.__name__, {})
            told[said] = told.get(said, 0) + 1
        number += 1
    print(json.dumps({"counts": counts, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10}))


def _slow(number: int, frame: FrameType | None) -> None:
    raise SlowError(f"longer than {PATIENCE} s of CPU time")


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
