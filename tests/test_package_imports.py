"""Verifying needs the standard library and cryptography, and little of both."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent

VERIFY = """
import sys
from trivet.package.admit import admit
from trivet.package.archive import open_package
from trivet.package.trust import load_trust
from pathlib import Path
folder = Path(sys.argv[1])
trust = load_trust(folder / "nowhere", [folder / "oem.pub"])
assert admit(open_package(folder / "p256.trivet"), trust).signer
print(" ".join(sorted({name.partition(".")[0] for name in sys.modules})))
print(" ".join(sorted(name for name in sys.modules if name.startswith(("trivet.", "cryptography.")))))
# The peak of this program alone; getrusage would also count what its parent had before exec.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""

HEAVY = {
    "numpy", "pydantic", "yaml", "onnx", "onnxruntime", "asyncio", "zipfile", "google", "sklearn", "socket",
    "multiprocessing", "concurrent", "email", "http", "tempfile", "unittest",
}  # fmt: skip


CERTIFICATES = {
    "cryptography.x509", "trivet.package.certificates", "trivet.package.credentials", "trivet.package.path",
    "trivet.package.revocation", "trivet.package.timestamp", "trivet.package.der", "trivet.package.policy",
    "trivet.package.store",
}  # fmt: skip
"""For packages that carry certificates or timestamps, and machines that have a policy."""


def test_verifying_imports_nothing_heavy() -> None:
    folder = HERE / "conformance" / "packages"
    done = subprocess.run(  # noqa: S603 - our own script
        [sys.executable, "-c", VERIFY, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": os.defpath},
    )
    modules, own, memory = done.stdout.splitlines()
    assert not HEAVY & set(modules.split())
    assert not CERTIFICATES & set(own.split())
    assert int(memory) < 40_000, "KiB"
