"""Signing, trusting and verifying from the command line: keys, certificates, HSMs, timestamps, policy, developers."""

from __future__ import annotations

import base64
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import utils

import certkit as ck
import tinypackage as tiny
from trivet.cli import main
from trivet.package import archive, keys, sign

TODAY = datetime.now(UTC).replace(microsecond=0)
"""Verbs read the machine's clock, so that these certificates are around it."""

SPAN: dict[str, Any] = {"start": TODAY - timedelta(days=2), "end": TODAY + timedelta(days=2)}
ROOT = ck.authority(**SPAN)
ISSUER = ck.authority("Issuer", ROOT, **SPAN)
FIRMWARE = ck.issue(ISSUER, ck.Wish(**SPAN))
CLOCKS = ck.authority("Clocks", **SPAN)
CLOCK = ck.stamper(CLOCKS, **SPAN)
Said = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))
    Path("kettle.trivet").write_bytes(tiny.package())
    Path("root.crt").write_bytes(ROOT.pem)
    Path("clocks.crt").write_bytes(CLOCKS.pem)
    Path("chain.pem").write_bytes(FIRMWARE.pem + ISSUER.pem)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    Path("firmware.key").write_bytes(FIRMWARE.key.private_bytes(*form))
    return tmp_path


def _run(said: Said, line: str) -> tuple[int, str]:
    """A verb's exit code and what it said."""
    code = main(line.split())
    captured = said.readouterr()
    return code, captured.out + captured.err


def test_a_certificate_signs_and_its_root_admits(capsys: Said) -> None:
    assert _run(capsys, "sign kettle.trivet --key firmware.key --certificate chain.pem")[0] == 0
    code, said = _run(capsys, "verify kettle.trivet")
    assert (code, "TRV-P094" in said) == (1, True)
    assert _run(capsys, "verify kettle.trivet --trust root.crt")[0] == 0
    assert _run(capsys, "trust add root.crt")[0] == 0
    code, said = _run(capsys, "verify kettle.trivet")
    assert code == 0
    assert f"signed by CN=Firmware,O=Example (root {ROOT.print[:16]})" in said
    assert f"{FIRMWARE.print[:16]} <- {ISSUER.print[:16]} <- {ROOT.print[:16]}" in said
    code, said = _run(capsys, "trust list")
    assert (code, f"{ROOT.print}  root, CN=Root,O=Example" in said) == (0, True)


def test_a_revocation_list_is_brought_by_hand(capsys: Said) -> None:
    _run(capsys, "trust add root.crt")
    _run(capsys, "sign kettle.trivet --key firmware.key --certificate chain.pem")
    serial = FIRMWARE.certificate.serial_number
    day = timedelta(days=1)
    Path("new.crl").write_bytes(ck.revoked(ISSUER, serial, at=TODAY - day, last=TODAY - day, due=TODAY + day, number=2))
    Path("old.crl").write_bytes(ck.revoked(ISSUER, last=TODAY - 2 * day, due=TODAY + day))
    assert _run(capsys, "trust add old.crl")[0] == 0
    assert _run(capsys, "verify kettle.trivet")[0] == 0
    assert _run(capsys, "trust add new.crl")[0] == 0
    code, said = _run(capsys, "verify kettle.trivet")
    assert (code, "TRV-P095" in said) == (1, True)
    code, said = _run(capsys, "trust add old.crl")
    assert (code, "newer" in said) == (2, True)
    assert "1 certificates" in _run(capsys, "trust list")[1]


def test_a_signature_is_made_elsewhere(capsys: Said) -> None:
    public = keys.write_key("hsm", keys.generate("p384"))
    assert _run(capsys, "sign kettle.trivet --prepare message")[0] == 0
    message = Path("message").read_bytes()
    assert message == sign.message(archive.open_package("kettle.trivet"))
    facts = json.loads(Path("message.json").read_text())
    assert facts["package"] == archive.open_package("kettle.trivet").digest
    assert facts["size"] == len(message)
    assert message.endswith(base64.b64decode(facts["envelope"]["payload"]))
    private = keys.read_private_key("hsm")
    signature = keys.sign_bytes(private, message)
    r, s = utils.decode_dss_signature(signature)
    for content in (signature, r.to_bytes(48, "big") + s.to_bytes(48, "big")):
        Path("signature").write_bytes(content)
        line = f"sign kettle.trivet --attach signature --public {public} --out signed.trivet"
        assert _run(capsys, line)[0] == 0
        assert _run(capsys, f"verify signed.trivet --trust {public}")[0] == 0
    for content in (b"", b"junk", bytes(96), base64.b64encode(signature), signature[:-1]):
        Path("signature").write_bytes(content)
        code, said = _run(capsys, f"sign kettle.trivet --attach signature --public {public}")
        assert (code, "TRV-P042" in said) == (2, True)
    assert Path("kettle.trivet").read_bytes() == tiny.package()


def test_a_signature_of_a_certificate_is_made_elsewhere(capsys: Said) -> None:
    _run(capsys, "sign kettle.trivet --prepare message")
    Path("signature").write_bytes(keys.sign_bytes(FIRMWARE.key, Path("message").read_bytes()))  # type: ignore[arg-type]
    assert _run(capsys, "sign kettle.trivet --attach signature --certificate chain.pem")[0] == 0
    assert _run(capsys, "verify kettle.trivet --trust root.crt")[0] == 0
    code, said = _run(capsys, "sign kettle.trivet --attach signature")
    assert (code, "--public" in said) == (2, True)


def test_the_bytes_to_sign_are_those_of_one_package(capsys: Said) -> None:
    _run(capsys, "sign kettle.trivet --prepare message")
    public = keys.write_key("hsm", keys.generate())
    Path("signature").write_bytes(keys.sign_bytes(keys.read_private_key("hsm"), Path("message").read_bytes()))
    Path("other.trivet").write_bytes(tiny.package(version="0.2.0"))
    code, said = _run(capsys, f"sign other.trivet --attach signature --public {public}")
    assert (code, "TRV-P042" in said) == (2, True)


def test_a_timestamp_goes_out_and_comes_back(capsys: Said) -> None:
    _run(capsys, "sign kettle.trivet --key firmware.key --certificate chain.pem")
    assert _run(capsys, "sign kettle.trivet --request-timestamp request.tsq")[0] == 0
    assert Path("request.tsq").read_bytes()[:5] == b"\x30\x39\x02\x01\x01"
    signature = ck.signature_of(Path("kettle.trivet").read_bytes())
    moment = f"{TODAY - timedelta(hours=1):%Y%m%d%H%M%S}Z"
    Path("response.tsr").write_bytes(ck.stamped(signature, ck.Stamp(CLOCK, moment)))
    assert _run(capsys, "sign kettle.trivet --attach-timestamp response.tsr")[0] == 0
    code, said = _run(capsys, "verify kettle.trivet --trust root.crt")
    assert (code, "TRV-P097" in said) == (0, True)
    assert _run(capsys, "trust add clocks.crt --for timestamp")[0] == 0
    code, said = _run(capsys, "verify kettle.trivet --trust root.crt")
    assert (code, "signed before" in said, "TRV-P097" in said) == (0, True, False)
    assert "timestamp root, CN=Clocks" in _run(capsys, "trust list")[1]
    Path("response.tsr").write_bytes(b"junk")
    assert _run(capsys, "sign kettle.trivet --attach-timestamp response.tsr")[0] == 2


def test_one_thing_at_a_time(capsys: Said) -> None:
    for line in ("sign kettle.trivet", "sign kettle.trivet --key a --new-key b", "sign --prepare x", "sign --attach x"):
        code, said = _run(capsys, line)
        assert (code, "[TRV-P101]" in said) == (2, True)


def _policy(threshold: int, **others: object) -> None:
    ids = {name: keys.read_public_key(f"{name}.pub").id for name in ("oem", "plant")}
    signers = {name: {"keys": [one]} for name, one in ids.items()}
    rule = {"interface": "kettle", "signers": ["oem", "plant"], "threshold": threshold, **others}
    tree = {"kind": "policy", "format": 0, "signers": signers, "rules": [rule]}
    Path("policy.json").write_text(json.dumps(tree))


def test_a_policy_is_set_and_removed(capsys: Said) -> None:
    for name in ("oem", "plant"):
        keys.write_key(name, keys.generate())
        _run(capsys, f"trust add {name}.pub")
    _run(capsys, "sign kettle.trivet --key oem")
    _policy(2)
    assert _run(capsys, "verify kettle.trivet")[0] == 0
    assert "TRV-P099" in _run(capsys, "verify kettle.trivet --policy policy.json")[1]
    assert _run(capsys, "trust policy policy.json")[0] == 0
    assert _run(capsys, "verify kettle.trivet")[0] == 1
    assert "policy  policy, 1 rules" in _run(capsys, "trust list")[1]
    assert _run(capsys, "verify kettle.trivet --unsigned")[0] == 1
    _run(capsys, "sign kettle.trivet --key plant")
    code, said = _run(capsys, "verify kettle.trivet")
    assert (code, said.count("signed by p256:")) == (0, 2)
    _policy(2, device_class="hood")
    _run(capsys, "trust policy policy.json")
    assert _run(capsys, "verify kettle.trivet --device-class hood")[0] == 0
    assert _run(capsys, "verify kettle.trivet --device-class oven")[0] == 1
    Path("policy.json").write_text("{}")
    code, said = _run(capsys, "trust policy policy.json")
    assert (code, "TRV-P098" in said) == (2, True)
    assert _run(capsys, "trust remove policy")[0] == 0
    assert _run(capsys, "verify kettle.trivet --device-class oven")[0] == 0


def test_a_broken_policy_in_the_store_stops_everything(capsys: Said) -> None:
    keys.write_key("oem", keys.generate())
    _run(capsys, "sign kettle.trivet --key oem")
    _run(capsys, "trust add oem.pub")
    Path("home/trust/policy.json").write_text('{"kind": "policy"}')
    code, said = _run(capsys, "verify kettle.trivet --unsigned")
    assert (code, "TRV-P098" in said) == (2, True)


def test_a_verdict_is_written_for_programs(capsys: Said) -> None:
    keys.write_key("oem", keys.generate())
    _run(capsys, "sign kettle.trivet --key oem")
    Path("other.trivet").write_bytes(tiny.package())
    code, said = _run(capsys, "verify kettle.trivet other.trivet --trust oem.pub --format json")
    found = json.loads(said)
    assert (code, found["good"], found["files"]) == (1, False, ["kettle.trivet", "other.trivet"])
    assert [(one["rule"], one["file"]) for one in found["findings"]] == [("TRV-P040", "other.trivet")]
    _run(capsys, "sign kettle.trivet --key firmware.key --certificate chain.pem")
    code, said = _run(capsys, "verify kettle.trivet --trust oem.pub --format sarif")
    (one,) = json.loads(said)["runs"][0]["results"]
    assert (code, one["ruleId"], one["level"]) == (0, "TRV-P094", "warning")


def test_developers_are_marked(capsys: Said) -> None:
    keys.write_key("dev", keys.generate())
    _run(capsys, "sign kettle.trivet --key dev")
    assert _run(capsys, "trust add dev.pub --for development")[0] == 0
    assert ", development" in _run(capsys, "trust list")[1]
    code, said = _run(capsys, "verify kettle.trivet")
    assert (code, "TRV-P100" in said) == (1, True)
    code, said = _run(capsys, "verify kettle.trivet --allow-development")
    assert (code, "not for production" in said) == (0, True)
    assert _run(capsys, "trust add dev.pub")[0] == 0
    assert [path.suffixes for path in Path("home/trust").iterdir()] == [[".pub"]]
    assert _run(capsys, "verify kettle.trivet")[0] == 0


def test_what_is_no_root_is_not_pinned(capsys: Said) -> None:
    Path("leaf.crt").write_bytes(FIRMWARE.pem)
    Path("two.crt").write_bytes(ROOT.pem + ISSUER.pem)
    Path("junk.crl").write_bytes(b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n")
    for name in ("leaf.crt", "two.crt", "junk.crl", "firmware.key", "nothing"):
        code, said = _run(capsys, f"trust add {name}")
        assert (code, "[TRV-P" in said) == (2, True), name
    assert _run(capsys, "trust add firmware.key --for timestamp")[0] == 2
    assert not Path("home").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_store_that_cannot_be_written_is_said(capsys: Said) -> None:
    Path("home").mkdir(mode=0o500)
    assert "TRV-P047" in _run(capsys, "trust add root.crt")[1]


def test_stray_files_in_the_store_are_refused(capsys: Said) -> None:
    _run(capsys, "trust add root.crt")
    _run(capsys, "sign kettle.trivet --key firmware.key --certificate chain.pem")
    (stored,) = Path("home/trust").iterdir()
    for name in ("root.crt", f"{ROOT.print}.odd.crt", f"{'0' * 64}.crt"):
        moved = stored.rename(stored.with_name(name))
        code, said = _run(capsys, "verify kettle.trivet")
        assert (code, "TRV-P047" in said) == (2 if "odd" in name else 1, True), said
        moved.rename(stored)
    assert _run(capsys, "verify kettle.trivet")[0] == 0
