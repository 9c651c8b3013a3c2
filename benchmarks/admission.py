"""Hashing and signature against making the onnxruntime session, interleaved in one process, as medians of CPU time.

Above 1 MB what vouches for a package may cost a tenth of what loading its model costs. Models are the reference
packages', forests through ``trivet.build``, and a dense network, whose session is little more than a copy.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

import tinypackage as tiny
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
    pairs = [(seconds(lambda: admit(data, (trusted,))), seconds(lambda: Session(model, ()))) for _ in range(RUNS)]
    ours, session = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    size = len(model) / 1e6
    verdict = "" if size < 1 else f"  target {TARGET:.2f}  {'reached' if ratio <= TARGET else 'NOT reached'}"
    facts = f"{size:6.1f} MB  admit {ours * 1e3:7.2f} ms  session {session * 1e3:8.2f} ms"
    return f"{name:<26}{facts}  ratio {ratio:5.3f}{verdict}"


def main() -> None:
    for name, data, trusted in packages():
        print(row(name, data, trusted))


if __name__ == "__main__":
    main()
