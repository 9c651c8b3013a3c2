"""``trivet bench PACKAGE``: the latency gate."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from trivet.cli.options import add_trust, terms


def configure(parser: ArgumentParser) -> None:
    """Adds the verb's arguments."""
    parser.add_argument("package", help="a .trivet file")
    parser.add_argument("--samples", type=int, default=5000, metavar="N", help="timed predictions (p99 needs 662)")
    parser.add_argument("--warm-up", type=int, default=200, metavar="N", help="predictions before the first timed one")
    add_trust(parser)


def main(arguments: Namespace) -> int:
    """Prints percentiles and a verdict for each budget row; 0 pass, 1 fail, 2 undecided."""
    from time import perf_counter_ns

    from trivet.runtime import latency
    from trivet.runtime.admission import load_verified
    from trivet.runtime.golden import golden_windows
    from trivet.runtime.session import VERSION

    model, package = load_verified(arguments.package, **terms(arguments))
    machine = latency.this_machine()
    windows = golden_windows(model, package)
    measured = latency.measure(model, windows, arguments.samples, arguments.warm_up, perf_counter_ns)
    print(f"{model.manifest.name} {model.manifest.version}: one device, guard included, golden windows, one thread")
    print(f"machine    {machine.cpu}, {machine.architecture}, {machine.cores} cores, onnxruntime {VERSION}")
    print(f"samples    {measured.samples} after {arguments.warm_up} to warm up")
    for percentile, bound in measured.percentiles.items():
        text = f"{bound * 1e3:.3f} ms" if bound is not None else f"needs {latency.least_samples(percentile)} samples"
        print(f"p{percentile:<9g} {text}")
    print(f"max        {measured.worst * 1e3:.3f} ms")
    judgements = latency.judge(measured, model.manifest.budget, machine)
    for judgement in judgements:
        print(f"{judgement.verdict:<10} {row_text(judgement.row)}: {judgement.why}")
    return {"pass": 0, "fail": 1}.get(judgements[0].verdict, 2) if judgements else 2


def row_text(row: Mapping[str, Any]) -> str:
    """One budget row's class of hardware."""
    return f"{row['architecture']}, {row['cpu']}, at least {row['cores']} cores"
