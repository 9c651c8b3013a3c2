"""docs/signing.md says what is true: its commands run as they stand, in order, those of other tools in interop."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

import certkit as ck
import openssl_ts
from trivet.cli import main
from trivet.package import archive, keys, sign
from trivet.package.policy import parse_policy

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "signing.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PACKAGE = next((Path(str(resources.files("trivet_reference"))) / "packages").glob("*dishwasher*.trivet"))


def _section(title: str) -> str:
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def _commands(title: str) -> list[str]:
    return [line[2:] for line in _section(title).splitlines() if line.startswith("$ ")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a reader has: a package, a certificate with its issuer, a developer's key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", f"{BIN}:{os.environ['PATH']}")
    today = datetime.now(UTC).replace(microsecond=0)
    start, end = today - timedelta(days=2), today + timedelta(days=2)
    root = ck.authority(start=start, end=end)
    issuer = ck.authority("Issuer", root, start=start, end=end)
    firmware = ck.issue(issuer, ck.Wish(start=start, end=end))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    Path("firmware.key").write_bytes(firmware.key.private_bytes(*form))
    Path("chain.pem").write_bytes(firmware.pem + issuer.pem)
    Path("root.crt").write_bytes(root.pem)
    Path("issuer.crl").write_bytes(ck.revoked(issuer, last=start, due=end))
    package = archive.read(PACKAGE.read_bytes())
    members = {path: bytes(content) for path, content in package.members.items()}
    unsigned = archive.write(package.manifest.tree, members)
    developer = keys.generate()
    Path("developer.pub").write_bytes(keys.public_key(developer).pem)
    Path("unsigned.trivet").write_bytes(unsigned)
    Path("developed.trivet").write_bytes(sign.sign(unsigned, developer))
    shutil.copy("unsigned.trivet", "dishwasher.trivet")
    return tmp_path


def _run(title: str) -> None:
    for line in _commands(title):
        words = shlex.split(line, comments=True)
        assert words[0] == "trivet", line
        assert main(words[1:]) == 0, line


def _shell(title: str, **texts: str) -> None:
    for line in _commands(title):
        for old, new in texts.items():
            line = line.replace(old, new)
        done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)  # noqa: S602 - our page
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


def test_keys_certificates_and_unpacking(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run("A key")
    _run("A certificate")
    _run("Other people's tools")
    assert "signed by" in capsys.readouterr().out


def test_the_policy_is_one_and_holds(folder: Path) -> None:
    _run("A certificate")
    assert main(["sign", "--new-key", "plant.key"]) == 0
    ids = {"ROOT": ck_print("root.crt"), "PLANT": keys.read_public_key("plant.key.pub").id}
    (text,) = re.findall(r"```json\n(.*?)```", _section("More than one signer, and a policy"), re.DOTALL)
    for word, one in ids.items():
        text = text.replace(f'"{word}"', f'"{one}"')
    assert len(parse_policy(json.dumps(json.loads(text)).encode(), "x").rules) == 2
    Path("policy.json").write_text(text)
    for line in _commands("More than one signer, and a policy"):
        words = shlex.split(line.replace("--new-key", "--key"))
        assert main(words[1:]) == 0, line


def ck_print(path: str) -> str:
    from trivet.package import certificates

    return certificates.fingerprint(certificates.parse_pem(Path(path).read_bytes(), path)[0])


def test_developers(folder: Path) -> None:
    shutil.copy("developed.trivet", "dishwasher.trivet")
    _run("Developers")


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target


@pytest.mark.interop
@pytest.mark.skipif(not (MODULE.exists() and shutil.which("pkcs11-tool")), reason="softhsm2 or opensc is missing")
def test_a_key_in_an_hsm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "tokens").mkdir()
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    monkeypatch.setenv("PKCS11", str(MODULE))
    initialise = "softhsm2-util --init-token --free --label oem --pin 1234 --so-pin 5678"
    subprocess.run(shlex.split(initialise), check=True, capture_output=True)  # noqa: S603 - a peer
    _shell("A key in an HSM")


@pytest.mark.interop
@pytest.mark.skipif(openssl_ts.OPENSSL is None, reason="openssl is missing")
@pytest.mark.parametrize("kind", openssl_ts.KINDS)
def test_a_timestamp(kind: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _run("A key")
    _run("A certificate")
    openssl_ts.authority(folder, kind)
    shutil.copy("root.crt", "tsa-root.crt")
    _shell("A timestamp", KEYID=keys.read_public_key("oem.key.pub").id[:8])
    assert main(["verify", "dishwasher.trivet"]) == 0
    assert "says a trusted timestamp" in capsys.readouterr().out
