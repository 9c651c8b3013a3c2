"""``Model.predict`` with guard and decision against a bare onnxruntime call on the same graph, interleaved."""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns

import numpy as np
import onnxruntime as ort

from trivet.runtime.admission import load_verified
from trivet.runtime.decision import Decider
from trivet.runtime.golden import golden_windows
from trivet.runtime.model import Model
from trivet.signals import Float32s
from trivet.window.windows import Windows

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "reference_models" / "trivet_reference" / "packages"


def many(window: Windows, batch: int) -> Windows:
    """One window for many devices."""
    rows = [
        [f"device-{n}" for n in range(batch)] if name == "devices" else list(getattr(window, name)) * batch
        for name in ("devices", "missing", "fitted", "frames", "spans", "flags", "stale", "bad")
    ]
    devices, missing, fitted, frames, spans, flags, stale, bad = rows
    values, context = np.repeat(window.values, batch, axis=0), np.repeat(window.context, batch, axis=0)
    return Windows(devices, window.columns, values, context, missing, fitted, frames, spans, flags, stale, bad)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000)
    rounds = parser.parse_args().rounds
    key = next(PACKAGES.glob("*.pub"))
    for path in sorted(PACKAGES.glob("*.trivet")):
        with tempfile.TemporaryDirectory() as home:
            model, package = load_verified(path, keys=(key,), unsigned=False, home=home)
        session, window = bare_session(package.member("model.onnx")), golden_windows(model, package)[0]
        for batch, target, count in ((1, 1.25, rounds), (1000, 1.15, max(rounds // 50, 20))):
            print(measure(model, session, many(window, batch), target, count))


def measure(model: Model, session: ort.InferenceSession, windows: Windows, target: float, count: int) -> str:
    state = model.initial_state(len(windows))
    decider = Decider(model.interface, tuple(model.ports))
    feed: dict[str, Float32s] = {"window": windows.values, "context": windows.context}
    if state is not None:
        feed["state"] = state
    names = [output.name for output in session.get_outputs()]
    name = f"{model.manifest.name}, {len(windows)} device(s)"
    ours, bare = lambda: decider.step(model.predict(windows, state)), lambda: session.run(names, feed)
    return compare(name, ours, bare, target, count)


def compare(name: str, ours: Callable[[], object], bare: Callable[[], object], target: float, count: int) -> str:
    times: tuple[list[int], list[int]] = ([], [])
    for _ in range(count):
        for call, into in zip((ours, bare), times, strict=True):
            start = perf_counter_ns()
            call()
            into.append(perf_counter_ns() - start)
    a, b = (statistics.median(column) for column in times)
    verdict = "reached" if a / b <= target else "NOT reached"
    return f"{name:<34}{a / 1e3:9.1f} us  bare {b / 1e3:9.1f} us  ratio {a / b:5.2f}  target {target:.2f}  {verdict}"


def bare_session(model: bytes) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


if __name__ == "__main__":
    main()
