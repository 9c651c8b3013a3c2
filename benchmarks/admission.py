"""Hashing and signature against making the onnxruntime session, interleaved in one process, as medians of CPU time.

Above 1 MB what vouches for a package may cost a tenth of what loading its model costs. Models are the reference
packages', forests through ``trivet.build``, and a dense network, whose session is little more than a copy: no reader
that hashes reaches a tenth of that, which the share of SHA-256 over the model alone shows. What it leaves of
admission is the CRC-32 of the archive, and about a millisecond for manifest, statement and signature.
"""

from __future__ import annotations

import statistics
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import tinypackage as tiny
from trivet import canonical
from trivet.build.forests import ensemble
from trivet.build.nodes import Graph
from trivet.package import archive, keys, sign
from trivet.package.admit import admit
from trivet.runtime.session import Session

PACKAGES = Path(__file__).resolve().parent.parent / "reference_models" / "trivet_reference" / "packages"
TARGET = 0.10
RUNS = 15


def forest(trees: int) -> bytes:
    from sklearn.ensemble import RandomForestRegressor

    random = np.random.default_rng(1)
    table = random.normal(size=(2000, 20)).astype(np.float32)
    fitted = RandomForestRegressor(trees, random_state=1).fit(table, table[:, 0] * table[:, 1])
    graph, made = Graph(), ensemble(fitted)
    return graph.model([("x", ("batch", 20))], {"y": (made.emit(graph, "x"), ("batch", made.targets))})


def dense(width: int) -> bytes:
    graph = Graph()
    weights = graph.floats(np.random.default_rng(1).normal(size=(width, width)))
    return graph.model([("x", ("batch", width))], {"y": (graph.op("MatMul", "x", weights), ("batch", width))})


def packages() -> Iterator[tuple[str, bytes, keys.PublicKey]]:
    trusted = keys.read_public_key(next(PACKAGES.glob("*.pub")))
    for path in sorted(PACKAGES.glob("*.trivet")):
        yield path.stem, path.read_bytes(), trusted
    key = keys.generate()
    for name, model in (("forest", forest(10)), ("forest", forest(60)), ("dense", dense(600)), ("dense", dense(2000))):
        yield name, sign.sign(tiny.with_model(model), key), keys.public_key(key)


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def row(name: str, data: bytes, trusted: keys.PublicKey) -> str:
    model = archive.read(data).member("model.onnx")
    works = (lambda: admit(data, (trusted,)), lambda: Session(model, ()), lambda: canonical.sha256(model))
    runs = [tuple(seconds(work) for work in (*works, lambda: zlib.crc32(model))) for _ in range(RUNS)]
    ours, session, digest, crc = (statistics.median(column) * 1e3 for column in zip(*runs, strict=True))
    ratio, alone = (statistics.median(run[n] / run[1] for run in runs) for n in (0, 2))
    facts = f"{len(model) / 1e6:6.1f} MB  admit {ours:7.2f} ms  session {session:8.2f} ms  ratio {ratio:5.3f}"
    parts = f"  SHA-256 {digest:6.2f} ms, {alone:5.3f}  CRC-32 {crc:5.2f} ms"
    return f"{name:<26}{facts}{parts}{'' if len(model) < 1e6 else verdict(ratio, alone)}"


def verdict(ratio: float, alone: float) -> str:
    """Whether the target is reached, and if not, whether any reader that hashes could."""
    reason = "" if alone <= TARGET else ", SHA-256 alone is over it"
    return f"  target {TARGET:.2f}  {'reached' if ratio <= TARGET else f'NOT reached{reason}'}"


def main() -> None:
    for name, data, trusted in packages():
        print(row(name, data, trusted))


if __name__ == "__main__":
    main()
