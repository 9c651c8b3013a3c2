"""Linting a 500-signal interface against PyYAML's C loader, in one process and from a cold start; ratios in one run."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from trivet.check.lint import lint_sources
from trivet.check.source import source_of

ROUNDS = 15
ENVIRON = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""With bytecode in place, as an installation has it."""

SIGNALS = 500
HEAD = """kind: interface
format: 0
id: large-appliance
version: 1.0.0
title: {en: Large appliance}
frame: 1
settle: 2
fallback: {action: none, text: {en: Nobody knows}}
budget:
  - {architecture: '*', cpu: '*', cores: 1, stage: predict, percentile: 99, limit: 0.05}
windows:
  minute: {kind: sliding, length: 60, every: 10}
outputs:
  novelty: {kind: novelty, window: minute, limit: 1, range: [0, 1000], needs: [[part_1_temperature]]}
signals:
"""
ROW = """  part_{number}_temperature:
    label: {{en: Temperature of part {number}, de: Temperatur von Teil {number}}}
    unit: Cel
    range: [-20, 120]
    period: 1
    max_age: 30
    resolution: 0.5
    max_rate: 5
    resample: mean
"""


def document(wrong: bool = False) -> str:
    """An interface of 500 signals, every tenth with a unit that is none."""
    rows = [ROW.format(number=number) for number in range(1, SIGNALS + 1)]
    if wrong:
        rows = [row.replace("Cel", "degC") if not index % 10 else row for index, row in enumerate(rows)]
    return HEAD + "".join(rows)


def timed(call: object, *arguments: object) -> float:
    start = time.perf_counter()
    call(*arguments)  # type: ignore[operator]
    return time.perf_counter() - start


def cold(*words: str) -> tuple[float, float, float]:
    """Seconds until the first line of a fresh process, until its end, and of CPU."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    with subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, env=ENVIRON) as process:
        if process.stdout is None:
            raise RuntimeError("no pipe")
        process.stdout.readline()
        first = time.perf_counter() - start
        process.stdout.read()
    whole, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return first, whole, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    good, wrong = document(), document(wrong=True)
    data = good.encode()
    loads, lints, ratios = [], [], []
    for _ in range(ROUNDS):
        loads.append(timed(yaml.load, good, yaml.CSafeLoader))
        lints.append(timed(lambda: lint_sources([source_of(data, "large.yaml")])))
        ratios.append(lints[-1] / loads[-1])
    load, took = statistics.median(loads) * 1e3, statistics.median(lints) * 1e3
    print(f"a {SIGNALS}-signal interface of {len(data) // 1024} KiB, medians of {ROUNDS} interleaved rounds")
    print(f"  PyYAML's C loader        {load:7.1f} ms")
    print(f"  read and lint            {took:7.1f} ms, {statistics.median(ratios):.2f}x")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "large.yaml"
        file.write_text(wrong, encoding="utf-8")
        verb = ("-m", "trivet.cli", "lint", str(file))
        bare = ("-c", "import sys, yaml; yaml.load(open(sys.argv[1]), yaml.CSafeLoader); print()", str(file))
        cold(*verb)
        pairs = [(cold(*verb), cold(*bare)) for _ in range(ROUNDS)]
    first = statistics.median(verb[0] for verb, _ in pairs) * 1e3
    whole = statistics.median(verb[1] for verb, _ in pairs) * 1e3
    plain = statistics.median(bare[1] for _, bare in pairs) * 1e3
    busy = statistics.median(verb[2] for verb, _ in pairs) * 1e3
    idle = statistics.median(bare[2] for _, bare in pairs) * 1e3
    print("the same with 50 wrong units, from a cold start")
    print(f"  a bare script that loads {plain:7.1f} ms")
    print(f"  first finding on screen  {first:7.1f} ms (target 250)")
    print(f"  lint to its end          {whole:7.1f} ms (target {3 * load + 100:.0f}: 3x the loader and 100 ms)")
    print(
        f"  CPU                      {busy:7.1f} ms, the bare script {idle:.1f} ms; other processes do not count here"
    )


if __name__ == "__main__":
    main()
