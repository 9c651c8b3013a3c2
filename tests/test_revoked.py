"""Lists of revocations: their form, how they grow, who signs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import certkit as ck
from trivet import canonical
from trivet.cli import main
from trivet.errors import SignatureError
from trivet.package import bundle, keys
from trivet.package.revoked import (
    SECOND,
    Entry,
    Revocations,
    attach_signature,
    extended,
    message,
    parse_list,
    payload,
    payload_of,
    read_list,
    sign_list,
)

NOW = 1_800_000_000 * SECOND
YEAR = 365 * 86_400 * SECOND
FIRST = Revocations("example-oem", 0, 0, 0, {}, {})
KEY = keys.generate("ed25519")
Tree = dict[str, Any]


def one(**packages: str) -> Revocations:
    return extended(FIRST, NOW, NOW + YEAR, {digest * 64: reason for digest, reason in packages.items()})


def test_a_list_is_read_as_it_was_signed() -> None:
    signers = {"c" * 64: "keyCompromise", ("d" * 64, "CN=Firmware"): "superseded"}
    made = extended(one(a="burns soup"), NOW + SECOND, NOW + YEAR, {"b" * 64: "too"}, signers)  # type: ignore[arg-type]
    signed = read_list(sign_list(made, KEY), "x")
    assert signed.revocations == made
    assert made.number == 2
    assert made.packages["a" * 64] == Entry(NOW, "burns soup")
    assert made.signers["d" * 64, "CN=Firmware"] == Entry(NOW + SECOND, "superseded")
    assert signed.bundle.key_id == keys.public_key(KEY).id
    assert keys.public_key(KEY).verifies(signed.bundle.signature, message(made))


def test_what_was_revoked_stays_as_it_was() -> None:
    again = extended(one(a="burns soup"), NOW + SECOND, NOW + YEAR, {"a" * 64: "smells"})
    assert again.packages["a" * 64] == Entry(NOW, "burns soup")


def test_a_list_is_no_package_signature_and_a_package_signature_no_list() -> None:
    data = sign_list(one(), KEY)
    with pytest.raises(SignatureError):
        bundle.read(data, "x")
    public = keys.public_key(KEY)
    other = bundle.write(bundle.Bundle(public.hint, public.id, payload(one()), b"1"))
    with pytest.raises(SignatureError) as caught:
        read_list(other, "x")
    assert caught.value.rule == "TRV-P041"


def test_a_list_is_signed_elsewhere_over_the_same_bytes() -> None:
    for algorithm in ("p256", "p384", "ed25519"):
        key = keys.generate(algorithm)
        content = payload_of(message(one()), "x")
        assert content == payload(one())
        made = attach_signature(content, keys.public_key(key), keys.sign_bytes(key, message(one())))
        assert read_list(made, "x").revocations == one()
    with pytest.raises(SignatureError, match="not one by"):
        attach_signature(content, keys.public_key(KEY), keys.sign_bytes(key, b"other"))
    for other in (b"", b"DSSEv1 2 {}", message(one())[:-1], b"x" + message(one())):
        with pytest.raises(SignatureError, match="not the bytes of a list"):
            payload_of(other, "x")


def test_a_list_carries_the_certificates_of_its_signer() -> None:
    root = ck.authority()
    firmware = ck.issue(root, ck.Wish())
    signed = read_list(sign_list(one(), firmware.key, firmware.pem), "x")  # type: ignore[arg-type]
    assert signed.bundle.certificates == (firmware.der,)
    with pytest.raises(SignatureError, match="not that of"):
        sign_list(one(), KEY, firmware.pem)


EDITS: dict[str, Callable[[Tree], Any]] = {
    "another kind": lambda t: t.update(kind="policy"),
    "another format": lambda t: t.update(format=2),
    "an unknown key": lambda t: t.update(note="x"),
    "no number": lambda t: t.pop("number"),
    "number 0": lambda t: t.update(number=0),
    "a huge number": lambda t: t.update(number=2**32),
    "a number that is text": lambda t: t.update(number="1"),
    "an id with a path": lambda t: t.update(id="../evil"),
    "a local date": lambda t: t.update(issued="2027-01-15T08:00:00+01:00"),
    "no such day": lambda t: t.update(issued="2027-02-30T08:00:00Z"),
    "expired before issued": lambda t: t.update(expires="2020-01-01T00:00:00Z"),
    "a digest cut": lambda t: t["packages"][0].update(digest="12"),
    "a package twice": lambda t: t["packages"].append(t["packages"][0]),
    "a package without reason": lambda t: t["packages"][0].pop("reason"),
    "a signer for another reason": lambda t: t["signers"].append(
        {"key": "c" * 64, "date": "2027-01-15T08:00:00Z", "reason": "mood"}
    ),
    "a signer that is nobody": lambda t: t["signers"].append({"date": "2027-01-15T08:00:00Z", "reason": "superseded"}),
    "a signer that is two": lambda t: t["signers"].append(
        {"key": "c" * 64, "root": "c" * 64, "date": "2027-01-15T08:00:00Z", "reason": "superseded"}
    ),
    "too many": lambda t: t.update(packages=t["packages"] * 2049),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_malformed_list_is_refused(edit: Callable[[Tree], Any]) -> None:
    tree = json.loads(payload(one(a="burns soup")))
    edit(tree)
    with pytest.raises(SignatureError) as caught:
        parse_list(canonical.dumps(tree), "x")
    assert caught.value.rule == "TRV-P111"


def run(*words: str) -> int:
    return main(["trust", "revoke", *words])


def test_the_verb_begins_extends_and_renews(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    public = keys.write_key("oem.key", keys.generate())
    name, held = "example-oem.revoked.json", keys.read_public_key(public)
    assert run(name, "--id", "example-oem", "--package", "a" * 64, "--reason", "burns soup", "--key", "oem.key") == 0
    assert run(name, "--signer", str(public), "--reason", "keyCompromise", "--days", "30", "--key", "oem.key") == 0
    assert "list example-oem 2, 1 packages, 1 signers" in capsys.readouterr().out
    found = read_list(Path(name).read_bytes(), name).revocations
    assert found.number == 2
    assert found.signers[held.id].reason == "keyCompromise"
    assert run(name, "--prepare", "message") == 0
    Path("signature").write_bytes(keys.sign_bytes(keys.read_private_key("oem.key"), Path("message").read_bytes()))
    assert run(name, "--attach", "signature", "--prepared", "message", "--public", str(public)) == 0
    assert read_list(Path(name).read_bytes(), name).revocations.number == 3


@pytest.mark.parametrize(
    "words",
    [
        ("new.revoked.json", "--id", "example"),
        ("new.revoked.json", "--key", "oem.key"),
        ("new.revoked.json", "--id", "example", "--key", "oem.key", "--days", "0"),
        ("new.revoked.json", "--id", "Example", "--key", "oem.key"),
        ("new.revoked.json", "--id", "example", "--key", "oem.key", "--signer", "a" * 64, "--reason", "mood"),
        ("new.revoked.json", "--id", "example", "--key", "oem.key", "--package", "nowhere.trivet"),
        ("new.revoked.json", "--attach", "oem.key"),
        ("oem.key", "--key", "oem.key"),
    ],
)
def test_the_verb_says_what_is_missing(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    keys.write_key("oem.key", keys.generate())
    assert run(*words) == 2
    assert "[TRV-P" in capsys.readouterr().err
    assert not Path("new.revoked.json").exists()
