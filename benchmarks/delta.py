"""Size of a delta against its package, and CPU time to make and apply it: what changed decides."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

from trivet.export import delta
from trivet.package import archive

PACKAGES = Path(__file__).resolve().parent.parent / "reference_models" / "trivet_reference" / "packages"
RUNS = 5


def changed(package: archive.Package, start: int, size: int, every: int = 1) -> archive.Package:
    """The package with random bytes in its graph: ``size`` from ``start`` on, or one in ``every``."""
    rng = random.Random(1)  # noqa: S311 - reproducible, not secret
    members = {path: bytes(content) for path, content in package.members.items()}
    graph = bytearray(members["model.onnx"])
    graph[start : start + size : every] = rng.randbytes(len(graph[start : start + size : every]))
    return archive.read(
        archive.write({**package.manifest.tree, "version": "9.0.0"}, members | {"model.onnx": bytes(graph)})
    )


def cases(package: archive.Package) -> Iterator[tuple[str, archive.Package]]:
    size = len(package.members["model.onnx"])
    yield "version only", changed(package, 0, 0)
    yield "2 % of the graph in one place", changed(package, size // 2, size // 50)
    yield "every fourth byte of the graph", changed(package, 0, size, 4)


def main() -> None:
    for path in sorted(PACKAGES.glob("*.trivet")):
        old = archive.open_package(path)
        print(f"{path.stem}: {len(old.data)} bytes, graph {len(old.members['model.onnx'])}")
        for name, new in cases(old):
            makes, applies = [], []
            for _ in range(RUNS):
                start = time.process_time()
                made = delta.make(old, new)
                middle = time.process_time()
                if delta.apply(made, old) != new.data:
                    raise SystemExit("another package came out")
                makes.append(middle - start)
                applies.append(time.process_time() - middle)
            share, times = len(made) / len(new.data), (sorted(one)[RUNS // 2] * 1e3 for one in (makes, applies))
            print(
                "  {:<32}{:>9} bytes {:>6.2%}  make {:4.0f} ms, apply {:3.0f} ms".format(name, len(made), share, *times)
            )


if __name__ == "__main__":
    main()
