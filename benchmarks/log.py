"""What chaining, signing and verifying the lines of a run cost, by CPU time: `python benchmarks/log.py`."""

from __future__ import annotations

import hashlib
import json
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from trivet import canonical
from trivet.check.log import verify_log
from trivet.package import keys
from trivet.pipeline.chain import Chain

LINES = 3_000
ROUNDS = 3
LINE = {
    "kind": "prediction",
    "time": "2026-01-01T00:00:00.000Z",
    **dict.fromkeys(("package", "interface", "device"), "1" * 64),
    "outputs": {"fault": {f"fault_{n}": n / 20 for n in range(20)}, "health": 0.98, "novelty": 0.4},
    "previous": None,
}


def cpu(work: Callable[[], object]) -> float:
    """CPU time of one call [s]."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    key = keys.generate()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.jsonl"
        chain = Chain.signed(key)
        with path.open("wb") as file:
            for _ in range(LINES):
                file.write(chain.link(LINE))
                file.write(chain.checkpoint("interval") if chain.due() else b"")
        raw = path.read_bytes().splitlines()
        plain, linked, bare, whole = [], [], [], []
        for _ in range(ROUNDS):
            fresh = Chain()
            plain.append(cpu(lambda: [canonical.dumps(LINE) for _ in range(LINES)]))
            linked.append(cpu(lambda fresh=fresh: [fresh.link(LINE) for _ in range(LINES)]))  # type: ignore[misc]
            bare.append(cpu(lambda: [(json.loads(line), hashlib.sha256(line).digest()) for line in raw]))
            whole.append(cpu(lambda: verify_log([path], keys.public_key(key))))
        tracemalloc.start()
        report = verify_log([path], keys.public_key(key))
        most = tracemalloc.get_traced_memory()[1]
        size = path.stat().st_size
    each = [statistics.median(times) / LINES * 1e6 for times in (plain, linked, bare, whole)]
    print(f"{LINES} lines of {size / LINES:.0f} bytes, medians of {ROUNDS}, CPU time")
    print(f"encode {each[0]:.1f} us a line; encode and chain {each[1]:.1f} us ({each[1] / each[0]:.2f}x)")
    print(f"json.loads and SHA-256 {each[2]:.1f} us a line; verify {each[3]:.1f} us ({each[3] / each[2]:.2f}x)")
    print(f"verify: {report.signed} signatures, good {report.good}, at most {most / 1e6:.2f} MB beyond the start")


if __name__ == "__main__":
    main()
