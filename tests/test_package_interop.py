"""OpenSSF model-signing accepts unpacked packages with our signatures, and we accept its own.

Its command line is taken from ``TRIVET_MODEL_SIGNING`` or the search path; it needs
``pip install model-signing pyOpenSSL`` in an environment of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import tinypackage as tiny
from trivet.package import archive, keys, sign
from trivet.package.admit import admit
from trivet.package.unpack import unpack

TOOL = os.environ.get("TRIVET_MODEL_SIGNING") or shutil.which("model_signing")

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(TOOL is None, reason="model_signing is not installed; set TRIVET_MODEL_SIGNING"),
]


def _run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the tool under test
        [str(TOOL), *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("algorithm", ["p256", "p384"])
def test_the_official_tool_accepts_our_signature(algorithm: str, tmp_path: Path) -> None:
    public = keys.write_key(tmp_path / "oem", keys.generate(algorithm))
    package = archive.read(sign.sign(tiny.package(), keys.read_private_key(tmp_path / "oem")))
    folder = unpack(package, tmp_path / "out")
    (signature,) = (tmp_path / "out" / "signatures").iterdir()
    check = ("verify", "key", "--no-ignore-git-paths", "--public_key", public, "--signature", signature, folder)
    assert _run(*check).returncode == 0
    (folder / "model.onnx").write_bytes(b"other")
    assert _run(*check).returncode != 0


@pytest.mark.parametrize("algorithm", ["p256", "p384"])
def test_we_accept_a_signature_of_the_official_tool(algorithm: str, tmp_path: Path) -> None:
    public = keys.read_public_key(keys.write_key(tmp_path / "oem", keys.generate(algorithm)))
    folder = unpack(archive.read(tiny.package()), tmp_path / "out")
    done = _run("sign", "key", "--private_key", tmp_path / "oem", "--signature", tmp_path / "oem.sig", folder)
    assert done.returncode == 0, done.stderr
    path = f"META-INF/signatures/{public.id}.sigstore.json"
    data = archive.attach(tiny.package(), path, (tmp_path / "oem.sig").read_bytes())
    assert admit(data, [public]).key_id == public.id
