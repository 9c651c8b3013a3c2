"""Cold starts as ratios in one run: import, help, verify, load and first prediction; and the memory of verify.

Each command runs as a whole process, interleaved with its bare counterpart. What decides is the
median of the ratios of CPU time, pair by pair: wall time, shown beside it, also counts how long
other processes held the machine. numpy's linear algebra gets one thread in both, since the time that its
idle threads burn would flatter the ratio. Bytecode is compiled before the first pair that counts, as an
installation does, whatever the environment says about writing it.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ROOT / "reference_models" / "trivet_reference" / "packages"

BARE_VERIFY = """
import base64, json, sys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
signed, key = json.load(open(sys.argv[1])), serialization.load_pem_public_key(open(sys.argv[2], "rb").read())
key.verify(base64.b64decode(signed["signature"]), base64.b64decode(signed["message"]), ec.ECDSA(hashes.SHA256()))
"""

BARE_PREDICT = (
    BARE_VERIFY
    + """
import numpy, onnxruntime
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = options.inter_op_num_threads = 1
session = onnxruntime.InferenceSession(open(sys.argv[3], "rb").read(), options, providers=["CPUExecutionProvider"])
feed = {i.name: numpy.zeros([1] + i.shape[1:], numpy.float32) for i in session.get_inputs()}
session.run(None, feed)
"""
)

OUR_PREDICT = """
import sys
import numpy
from trivet.runtime.golden import windows_of
from trivet.runtime.model import Model
model = Model.load(sys.argv[1], keys=(sys.argv[2],), home=sys.argv[3])
shapes = (model.manifest.length, len(model.manifest.columns)), (len(model.manifest.context),)
model.predict(windows_of(model, *(numpy.zeros((1, *shape), numpy.float32) for shape in shapes)))
"""

# The peak of this process alone; getrusage would also count what its parent had before exec.
PEAK = """
import sys
from trivet.cli import main
code = main(sys.argv[1:])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
sys.exit(code)
"""

MOST_MEMORY = 40.0
"""Of verify [MB]."""


class Cost(NamedTuple):
    """Of one process [s]."""

    cpu: float
    wall: float


def once(command: list[str], environ: Mapping[str, str]) -> Cost:
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environ)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall)


def ratio(name: str, ours: list[str], bare: list[str], target: float, runs: int, environ: Mapping[str, str]) -> str:
    for command in (ours, bare, ours):
        once(command, environ)
    pairs = [(once(ours, environ), once(bare, environ)) for _ in range(runs)]
    cpu = statistics.median(a.cpu / b.cpu for a, b in pairs)
    wall = statistics.median(a.wall / b.wall for a, b in pairs)
    a, b = (statistics.median(cost.cpu for cost in column) for column in zip(*pairs, strict=True))
    verdict = "reached" if cpu <= target else "NOT reached"
    return (
        f"{name:<34}{a * 1e3:7.1f} ms CPU  bare {b * 1e3:7.1f} ms  ratio {cpu:5.2f}  (wall {wall:5.2f})"
        f"  target {target:.2f}  {verdict}"
    )


def peak(name: str, words: list[str], environ: Mapping[str, str]) -> str:
    """Most memory that a verb ever held."""
    command = [sys.executable, "-c", PEAK, *words]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
    memory = int(done.stdout.split()[-1]) * 1024 / 1e6
    verdict = "reached" if memory <= MOST_MEMORY else "NOT reached"
    return f"{name:<34}{memory:7.1f} MB  target {MOST_MEMORY:.0f} MB  {verdict}"


def compiled(folder: Path) -> dict[str, str]:
    """This environment, with bytecode written to a folder of its own."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder), "OPENBLAS_NUM_THREADS": "1"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    runs = parser.parse_args().runs
    python, trivet = sys.executable, str(Path(sys.executable).parent / "trivet")
    package = next(PACKAGES.glob("*dishwasher*.trivet"))
    key = next(PACKAGES.glob("*.pub"))
    with tempfile.TemporaryDirectory() as scratch:
        signed, model = bare_inputs(package, Path(scratch))
        home, environ = str(Path(scratch) / "home"), compiled(Path(scratch) / "bytecode")
        verify = ["verify", str(package), "--trust", str(key), "--home", home]
        load = [python, "-c", OUR_PREDICT, str(package), str(key), home]
        bare_load = [python, "-c", BARE_PREDICT, signed, str(key), model]
        nothing, bare_verify = [python, "-c", "pass"], [python, "-c", BARE_VERIFY, signed, str(key)]
        print(ratio("import trivet", [python, "-c", "import trivet"], nothing, 3.0, runs, environ))
        print(ratio("trivet --help", [trivet, "--help"], nothing, 5.0, runs, environ))
        print(ratio("trivet verify, cold", [trivet, *verify], bare_verify, 1.5, runs, environ))
        print(peak("trivet verify, memory", verify, environ))
        print(ratio("Model.load + first predict, cold", load, bare_load, 1.15, runs, environ))


def bare_inputs(package: Path, scratch: Path) -> tuple[str, str]:
    """What the bare scripts verify and load: the same signature over the same bytes, the same model."""
    import base64
    import json

    from trivet.package.archive import open_package
    from trivet.package.bundle import pae

    opened = open_package(package)
    bundle = json.loads(next(iter(opened.signatures.values())))
    envelope = bundle["dsseEnvelope"]
    message = pae(base64.b64decode(envelope["payload"]))
    text = {"signature": envelope["signatures"][0]["sig"], "message": base64.b64encode(message).decode()}
    (scratch / "signed.json").write_text(json.dumps(text))
    (scratch / "model.onnx").write_bytes(opened.member("model.onnx"))
    return str(scratch / "signed.json"), str(scratch / "model.onnx")


if __name__ == "__main__":
    main()
