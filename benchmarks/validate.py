"""`trivet validate` on a million rows of 30 signals against pandera on the same file: CPU time and peak memory.

Both are whole processes, interleaved; medians. pandera and pandas are no dependencies:
give an interpreter that has them with ``--peer``. The table is made by a process of its
own, since a child's peak counts what its parent held when it was started.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

INTERFACE, SIGNALS = "commercial-dishwasher", 30

PEER = """
import json, sys, warnings
warnings.simplefilter("ignore")
import pandas as pd
import pandera.pandas as pa
ranges = json.load(open(sys.argv[2]))
checks = {name: pa.Column(float, pa.Check.in_range(*span), nullable=True) for name, span in ranges.items()}
schema = pa.DataFrameSchema({"time": pa.Column("datetime64[ns, UTC]"), **checks})
schema.validate(pd.read_parquet(sys.argv[1]), lazy=True)
"""


class Cost(NamedTuple):
    """Of one process."""

    cpu: float
    megabytes: float


def once(command: list[str]) -> Cost:
    """CPU time [s] and peak memory [MB] of one command."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{command[0]} failed")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def write(path: Path, rows: int) -> dict[str, tuple[float, float]]:
    """A table of healthy values at 1 Hz, a thousandth unknown; gives the ranges."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.parquet as pq

    from trivet.device.library import load_interface
    from trivet.interface.columns import columns

    rng = np.random.default_rng(0)
    signals = columns(load_interface(INTERFACE).document)
    chosen = {name: signal.range for name, signal in signals.items() if not signal.enumeration}
    ranges = dict(list(chosen.items())[:SIGNALS])
    times = 1_700_000_000_000_000_000 + np.arange(rows) * 10**9
    table = {"time": pa.array(times, pa.timestamp("ns", tz="UTC"))}
    for name, (low, high) in ranges.items():
        values = (low + high) / 2 + rng.normal(0, 1, rows) * min(1, (high - low) / 50)
        values[rng.random(rows) < 0.001] = np.nan
        table[name] = pa.array(values, from_pandas=True)
    pq.write_table(pa.table(table), path)
    return ranges


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", help="Python interpreter with pandera and pandas")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.write:
        print(json.dumps(write(arguments.write, arguments.rows)))
        return
    with tempfile.TemporaryDirectory() as folder:
        data, spans = Path(folder) / "data.parquet", Path(folder) / "ranges.json"
        make = [sys.executable, __file__, "--rows", str(arguments.rows), "--write", str(data)]
        spans.write_text(subprocess.run(make, check=True, capture_output=True, text=True).stdout)
        ours = [str(Path(sys.executable).parent / "trivet"), "validate", INTERFACE, str(data)]
        theirs = [arguments.peer, "-c", PEER, str(data), str(spans)] if arguments.peer else None
        pairs = [(once(ours), once(theirs) if theirs else None) for _ in range(arguments.runs)]
    mine = Cost(*(statistics.median(column) for column in zip(*(a for a, _ in pairs), strict=True)))
    shape = f"({arguments.rows:,} rows, {SIGNALS} signals)"
    print(f"trivet validate   {mine.cpu:5.2f} s CPU  {mine.megabytes:6.0f} MB  {shape}")
    if theirs:
        peer = Cost(*(statistics.median(column) for column in zip(*(b for _, b in pairs if b), strict=True)))
        cpu, memory = mine.cpu / peer.cpu, mine.megabytes / peer.megabytes
        print(f"pandera           {peer.cpu:5.2f} s CPU  {peer.megabytes:6.0f} MB")
        print(f"CPU ratio {cpu:.2f}  target 1.00  {'reached' if cpu <= 1 else 'NOT reached'}")
        print(f"memory ratio {memory:.2f}  target 0.33  {'reached' if memory <= 1 / 3 else 'NOT reached'}")


if __name__ == "__main__":
    main()
