"""Cold starts as ratios in one run: import, help, verify, load and first prediction.

Each command runs as a whole process, interleaved with its bare counterpart; medians are compared.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

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
from trivet.runtime.admission import load_verified
from trivet.runtime.golden import golden_windows
model, package = load_verified(sys.argv[1], keys=(sys.argv[2],), unsigned=False, home=sys.argv[3])
model.predict(golden_windows(model, package)[0])
"""


def once(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def ratio(name: str, ours: list[str], bare: list[str], target: float, runs: int) -> str:
    once(ours), once(bare)
    pairs = [(once(ours), once(bare)) for _ in range(runs)]
    a, b = (statistics.median(column) for column in zip(*pairs, strict=True))
    verdict = "reached" if a / b <= target else "NOT reached"
    return f"{name:<34}{a * 1e3:8.1f} ms  bare {b * 1e3:7.1f} ms  ratio {a / b:5.2f}  target {target:.2f}  {verdict}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21)
    runs = parser.parse_args().runs
    python, trivet = sys.executable, str(Path(sys.executable).parent / "trivet")
    package = next(PACKAGES.glob("*dishwasher*.trivet"))
    key = next(PACKAGES.glob("*.pub"))
    with tempfile.TemporaryDirectory() as scratch:
        signed, model = bare_inputs(package, Path(scratch))
        home = str(Path(scratch) / "home")
        print(ratio("import trivet", [python, "-c", "import trivet"], [python, "-c", "pass"], 3.0, runs))
        print(ratio("trivet --help", [trivet, "--help"], [python, "-c", "pass"], 5.0, runs))
        verify = [trivet, "verify", str(package), "--trust", str(key), "--home", home]
        print(ratio("trivet verify, cold", verify, [python, "-c", BARE_VERIFY, signed, str(key)], 1.5, runs))
        ours = [python, "-c", OUR_PREDICT, str(package), str(key), home]
        bare = [python, "-c", BARE_PREDICT, signed, str(key), model]
        print(ratio("Model.load + first predict, cold", ours, bare, 1.15, runs))


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
