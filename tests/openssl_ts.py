"""Timestamps by OpenSSL's own authority, for golden files and for interoperation."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

OPENSSL = shutil.which("openssl")

CONFIGURATION = """
[tsa]
serial = {folder}/serial
crypto_device = builtin
signer_cert = {folder}/tsa.crt
certs = {folder}/root.crt
signer_key = {folder}/tsa.key
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1, millisecs:500
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {identifier}
"""

ROOT = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n"
TSA = (
    "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n"
    "extendedKeyUsage=critical,timeStamping\nsubjectKeyIdentifier=hash\n"
)

KINDS = {
    # key, digest of the authority, how it names its certificate
    "rsa": (("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"), "sha256", "sha256"),
    "p256": (("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"), "sha256", "sha1"),
    "p384": (("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"), "sha384", "sha512"),
}


def run(*words: str | Path) -> None:
    subprocess.run([str(OPENSSL), *map(str, words)], check=True, capture_output=True)  # noqa: S603 - a peer


def authority(folder: Path, kind: str) -> Path:
    """Makes a root and a timestamp authority below it; gives the root's certificate."""
    key, digest, identifier = KINDS[kind]
    for name, extensions, above in (("root", ROOT, ""), ("tsa", TSA, "root")):
        run("genpkey", *key, "-out", folder / f"{name}.key")
        request = ("req", "-new", "-key", folder / f"{name}.key", "-subj", f"/O=Example/CN={kind} {name}")
        run(*request, "-out", folder / f"{name}.csr")
        (folder / f"{name}.ext").write_text(extensions)
        sign: Sequence[str | Path] = ("-key", folder / "root.key")
        if above:
            sign = ("-CA", folder / "root.crt", "-CAkey", folder / "root.key", "-CAcreateserial")
        run("x509", "-req", "-in", folder / f"{name}.csr", "-extfile", folder / f"{name}.ext", "-days", "36500",
            "-sha256", *sign, "-out", folder / f"{name}.crt")  # fmt: skip
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder, digest=digest, identifier=identifier))
    return folder / "root.crt"


def answer(folder: Path, request: Path, response: Path) -> None:
    """What the authority says to a TimeStampReq."""
    run("ts", "-reply", "-config", folder / "tsa.cnf", "-section", "tsa", "-queryfile", request, "-out", response)


def query(data: Path, request: Path, digest: str) -> None:
    """A TimeStampReq by OpenSSL itself."""
    run("ts", "-query", "-data", data, f"-{digest}", "-cert", "-out", request)


def main(target: Path) -> None:
    """Writes the golden files anew: a signature's bytes, and a timestamp and a root of each kind."""
    import tempfile

    target.mkdir(exist_ok=True)
    (target / "signature.bin").write_bytes(bytes(range(70)))
    for kind, digest in (("rsa", "sha256"), ("p256", "sha512"), ("p384", "sha384")):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            shutil.copy(authority(folder, kind), target / f"{kind}.crt")
            query(target / "signature.bin", folder / "request.tsq", digest)
            answer(folder, folder / "request.tsq", target / f"{kind}.tsr")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
