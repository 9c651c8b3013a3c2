"""What ``trivet run`` and ``trivet trust`` do with lists of revocations and older packages."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import certkit as ck
import kitchen
import tinypackage as tiny
from trivet.cli import main
from trivet.package import archive, keys, sign, store
from trivet.package.revoked import SECOND, Revocations, extended, read_list, sign_list
from trivet.package.seen import load_seen
from trivet.pipeline.lines import Provenance

SCHEMA = json.loads(resources.files("trivet_schemas").joinpath("line.schema.json").read_text())
DAY = 86_400 * SECOND
PAST = 1_600_000_000 * SECOND
LIFE: dict[str, Any] = {"start": datetime(2020, 1, 1, tzinfo=UTC), "end": datetime(2100, 1, 1, tzinfo=UTC)}
"""Of certificates: the verbs ask the machine for the time."""

EMPTY = Revocations("example-oem", 0, 0, 0, {}, {})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))
    kitchen.furnish(tmp_path)
    store.add(tmp_path / "home", tmp_path / "maker.pub")
    keys.write_key(tmp_path / "oem.key", keys.generate())
    store.add(tmp_path / "home", tmp_path / "oem.key.pub")
    (tmp_path / "stick").mkdir()
    return tmp_path


def _stick(folder: Path, revocations: Revocations) -> None:
    key = keys.read_private_key(folder / "oem.key")
    (folder / "stick" / "example-oem.revoked.json").write_bytes(sign_list(revocations, key))


def _run(folder: Path, package: str = "kettle.trivet", *more: str) -> int:
    words = [str(folder / package), str(folder / "kettle-1.yaml"), "--out", str(folder / "lines.jsonl"), "--forget"]
    return main(["run", *words, *more])


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "lines.jsonl").read_bytes().splitlines()]


def test_an_expired_list_marks_every_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _stick(folder, extended(EMPTY, PAST, PAST + 30 * DAY))
    assert main(["trust", "update", str(folder / "stick")]) == 0
    assert "PAST ITS DATE" in capsys.readouterr().out
    assert _run(folder) == 0
    assert "list of revocations example-oem 1 is past its date" in capsys.readouterr().err
    assert len(_lines(folder)) > 10
    for line in _lines(folder):
        assert line["expired_lists"] == ["example-oem"]
        jsonschema.Draft202012Validator(SCHEMA).validate(line)


def test_lines_are_marked_from_the_moment_on_at_which_a_list_expires() -> None:
    told = Provenance("0" * 64, None, "1" * 64, "2" * 64, "", "kettle-1", "", lists=(("a", 5), ("b", 9)))
    assert [told.line("gap", time).get("expired_lists") for time in (4, 5, 9)] == [None, ["a"], ["a", "b"]]


def test_a_revoked_package_does_not_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    digest = archive.open_package(folder / "kettle.trivet").digest
    _stick(folder, extended(EMPTY, PAST, PAST + 9000 * DAY, {digest: "burns soup"}))
    assert main(["trust", "add", str(folder / "stick" / "example-oem.revoked.json")]) == 0
    assert _run(folder) == 2
    assert "TRV-P112" in capsys.readouterr().err
    assert not (folder / "lines.jsonl").exists()
    assert main(["verify", str(folder / "kettle.trivet")]) == 1
    assert "burns soup" in capsys.readouterr().out
    _stick(folder, extended(EMPTY, PAST, PAST + 8000 * DAY))
    assert main(["trust", "update", str(folder / "stick")]) == 1
    assert "TRV-P114" in capsys.readouterr().out


def test_a_certificate_is_revoked_by_its_root_and_its_subject(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The root as a file or by its id, the subject as ``verify`` prints it; others of that root still count."""
    root = ck.authority(**LIFE)
    firmware, quality = (ck.issue(root, ck.Wish(name, **LIFE)) for name in ("Firmware", "Quality"))
    (folder / "root.crt").write_bytes(root.pem)
    store.add(folder / "home", folder / "root.crt")
    for name, held in (("firmware", firmware), ("quality", quality)):
        (folder / f"{name}.trivet").write_bytes(ck.signed(tiny.package(), held))
        assert main(["verify", str(folder / f"{name}.trivet")]) == 0
    subject = "CN=Firmware,O=Example"
    assert f"{subject} (root {root.print[:16]})" in capsys.readouterr().out
    for given in (str(folder / "root.crt"), root.print):
        file = folder / f"{given[-8:]}.revoked.json"
        words = ["--id", "example-oem", "--certificate-of", given, subject, "--reason", "privilegeWithdrawn"]
        assert main(["trust", "revoke", str(file), *words, "--key", str(folder / "oem.key")]) == 0
        assert {*read_list(file.read_bytes(), file.name).revocations.signers} == {(root.print, subject)}
    assert main(["trust", "add", str(file)]) == 0
    capsys.readouterr()
    assert main(["verify", str(folder / "firmware.trivet")]) == 1
    assert "TRV-P113" in capsys.readouterr().out
    assert main(["verify", str(folder / "quality.trivet")]) == 0


def test_a_certificate_without_a_root_revokes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = folder / "example.revoked.json"
    for given in (str(folder / "oem.key.pub"), str(folder / "nowhere.crt"), "ab" * 31):
        words = ["--id", "example-oem", "--certificate-of", given, "CN=Firmware", "--key", str(folder / "oem.key")]
        assert main(["trust", "revoke", str(file), *words]) == 2
        assert "[TRV-P" in capsys.readouterr().err
    assert not file.exists()


def test_the_version_that_ran_is_remembered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = archive.open_package(folder / "kettle.trivet")
    members = {path: bytes(content) for path, content in package.members.items()}
    older = archive.write({**package.manifest.tree, "version": "0.0.1"}, members)
    (folder / "older.trivet").write_bytes(sign.sign(older, keys.read_private_key(folder / "oem.key")))
    assert _run(folder, "older.trivet") == 0
    assert _run(folder) == 0
    assert load_seen(str(folder / "home" / "revocation")).packages[package.manifest.name].digest == package.digest
    assert _run(folder, "older.trivet") == 2
    assert "TRV-P116" in capsys.readouterr().err
    assert _run(folder, "older.trivet", "--allow-rollback") == 0
    assert _run(folder, "older.trivet") == 2
    assert main(["trust", "list"]) == 0
