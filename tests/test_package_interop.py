"""OpenSSF model-signing accepts unpacked packages with our signatures, and we accept its own; securesystemslib verifies
our envelopes.

The command line is taken from ``TRIVET_MODEL_SIGNING`` or the search path; it needs ``pip install model-signing
pyOpenSSL securesystemslib`` in an environment of its own, whose Python lies beside it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import certkit as ck
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


@pytest.mark.parametrize("algorithm", ["p256", "p384"])
def test_the_official_tool_accepts_our_certificates(algorithm: str, tmp_path: Path) -> None:
    root = ck.authority()
    issuer = ck.authority("Issuer", root)
    own = ck.issue(issuer, ck.Wish(key=ck.key("own", algorithm)))
    (tmp_path / "root.crt").write_bytes(root.pem)
    folder = unpack(archive.read(ck.signed(tiny.package(), own, issuer)), tmp_path / "out")
    (signature,) = (tmp_path / "out" / "signatures").iterdir()
    check = ("verify", "certificate", "--no-ignore-git-paths", "--certificate_chain", tmp_path / "root.crt")
    assert _run(*check, "--signature", signature, folder).returncode == 0
    (folder / "features.json").write_bytes(b"[1]")
    assert _run(*check, "--signature", signature, folder).returncode != 0


def test_we_accept_a_certificate_signature_of_the_official_tool(tmp_path: Path) -> None:
    """It puts the root into the bundle, which counts for nothing."""
    root = ck.authority()
    own = ck.issue(root, ck.Wish())
    public = keys.public_key(own.key)  # type: ignore[arg-type]
    (tmp_path / "root.crt").write_bytes(root.pem)
    (tmp_path / "own.crt").write_bytes(own.pem)
    (tmp_path / "own.key").write_bytes(keys.private_pem(own.key))  # type: ignore[arg-type]
    folder = unpack(archive.read(tiny.package()), tmp_path / "out")
    files = ("--private_key", tmp_path / "own.key", "--signing_certificate", tmp_path / "own.crt")
    chain = ("--certificate_chain", tmp_path / "root.crt", "--signature", tmp_path / "own.sig")
    done = _run("sign", "certificate", *files, *chain, folder)
    assert done.returncode == 0, done.stderr
    path = f"META-INF/signatures/{public.id}.sigstore.json"
    data = archive.attach(tiny.package(), path, (tmp_path / "own.sig").read_bytes())
    assert admit(data, ck.pinned(root), clock=ck.clock()).signers[0].certificate is not None
    assert not admit(data, ck.pinned(), unsigned=True, clock=ck.clock()).signers


@pytest.mark.parametrize("certified", [False, True])
@pytest.mark.parametrize("algorithm", keys.ALGORITHMS)
def test_securesystemslib_verifies_our_envelopes(algorithm: str, certified: bool, tmp_path: Path) -> None:
    own = ck.issue(ck.authority(), ck.Wish(key=ck.key("own", algorithm)))
    data = ck.signed(tiny.package(), own) if certified else sign.sign(tiny.package(), ck.key("own", algorithm))
    unpack(archive.read(data), tmp_path / "out")
    (signature,) = (tmp_path / "out" / "signatures").iterdir()
    verdicts = []
    for name, key in (("own", ck.key("own", algorithm)), ("other", keys.generate(algorithm))):
        public = tmp_path / f"{name}.pub"
        public.write_bytes(keys.public_key(key).pem)
        verdicts.append(_peer(signature, public).returncode == 0)
    assert verdicts == [True, False]


def _peer(signature: Path, public: Path) -> subprocess.CompletedProcess[str]:
    python = Path(str(TOOL)).parent / "python"
    script = Path(__file__).parent / "dsse_peer.py"
    return subprocess.run([python, script, signature, public], capture_output=True, text=True, check=False)  # noqa: S603
