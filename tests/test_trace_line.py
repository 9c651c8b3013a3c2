"""``trivet trace``: from a line back to its window, appliance, package, signer and training data, or plainly not."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import kitchen
import tinypackage as tiny
from trivet import canonical
from trivet.build.provenance import extract, provenance, recording
from trivet.cli import main
from trivet.package import archive, keys, sign, store
from trivet.package.provenance import MEMBER, Material, statement
from trivet.package.revoked import Revocations, extended, sign_list

SIMULATOR = Material("kettle-plant", "5" * 64, "simulator", {"version": "2.1.0"})


def traced(package: bytes, key: keys.PrivateKey, folder: Path) -> bytes:
    """The tiny package with the provenance of a training on a simulated and a recorded extract."""
    materials = [
        extract("simulated", {}, simulated=True, seed=3),
        recording("measured", folder / "training" / "march.csv", licence="own"),
        SIMULATOR,
    ]
    predicate = provenance(
        materials, command="make train", builder="urn:example:lab", seeds={"all": 3}, tools={"numpy": "2.0"}
    )
    members = {path: bytes(content) for path, content in archive.read(package).members.items()}
    made = {path: canonical.sha256(members[path]) for path in ("model.onnx", "features.json", "interface.json")}
    members[MEMBER] = canonical.dumps(statement(predicate, made))
    return sign.sign(archive.write(tiny.tree(), members), key)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine that ran a package, beside everything that a trace can find."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))
    kitchen.furnish(tmp_path)
    (tmp_path / "training").mkdir()
    (tmp_path / "training" / "march.csv").write_text("time,power\n")
    key = keys.read_private_key(tmp_path / "maker")
    (tmp_path / "kettle.trivet").write_bytes(traced(tiny.package(), key, tmp_path))
    store.add(tmp_path / "home", tmp_path / "maker.pub")
    words = ["run", "kettle.trivet", "kettle-1.yaml", "--out", "lines.jsonl", "--forget"]
    assert main(words) == 0
    return tmp_path


def steps(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, list[dict[str, Any]]]:
    capsys.readouterr()
    assert main(["trace", *words, "--format", "json"]) == code
    found: dict[str, list[dict[str, Any]]] = {}
    for step in json.loads(capsys.readouterr().out)["steps"]:
        found.setdefault(step["name"], []).append(step)
    return found


def test_one_command_walks_from_a_prediction_to_its_training_data(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = steps(capsys, "lines.jsonl:12", "--in", ".")
    assert {step["verdict"] for group in found.values() for step in group} == {"found"}
    (line,), (device,), (package,), (signer,) = (found[name] for name in ("line", "device", "package", "signer"))
    assert line["facts"]["window"]["closed"].startswith("2026-01-01T00:00:")
    assert line["facts"]["chain"] == "fits the lines before and after it"
    assert device["facts"]["document"] == "kettle-1.yaml"
    assert found["source"][0]["facts"]["document"] == "kettle-table.yaml"
    assert package["facts"]["digest"] == archive.open_package("kettle.trivet").digest
    assert signer["facts"]["verified"] == [keys.read_public_key("maker.pub").name]
    assert found["interface"][0]["facts"]["id"] == "kettle"
    assert found["training"][0]["facts"]["seeds"] == {"all": 3}
    assert found["simulator"][0]["facts"] == {"name": "kettle-plant", "sha256": "5" * 64, "version": "2.1.0"}
    measured, simulated = found["training data"]
    assert measured["facts"]["file"].endswith("march.csv")
    assert simulated["facts"]["made by"] == "kettle-plant 2.1.0"


def test_the_same_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "lines.jsonl", "--in", "."]) == 0
    text = capsys.readouterr().out
    for part in ("line\n", "device\n", "signer\n", "training data\n", "made by        kettle-plant 2.1.0", "seed"):
        assert part in text


def test_a_line_comes_on_standard_input(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = Path("lines.jsonl").read_bytes().splitlines(keepends=True)[11]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    found = steps(capsys, "-", "--in", ".")
    assert found["line"][0]["facts"]["chain"] == "its neighbours are not known"


def test_what_is_not_found_is_said_with_where_it_was_looked_for(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = steps(capsys, "lines.jsonl:12", code=2)
    assert found["package"][0]["verdict"] == "not found"
    assert "--package FILE, --in FOLDER" in found["package"][0]["looked"][0]
    assert found["device"][0]["looked"] == ["0 documents", "no folder was named: --in FOLDER"]
    assert "training" not in found
    found = steps(capsys, "lines.jsonl:12", "--package", "kettle.trivet", code=2)
    assert found["package"][0]["verdict"] == "found"
    assert found["training data"][0]["verdict"] == "not found"
    Path("training/march.csv").write_text("edited\n")
    found = steps(capsys, "lines.jsonl:12", "--in", ".", code=2)
    assert found["training data"][0]["looked"] == ["files by SHA-256", "."]
    kitchen.write_yaml(Path("kettle-1.yaml"), kitchen.DEVICE, site="elsewhere")
    assert steps(capsys, "lines.jsonl:12", "--in", ".", code=2)["device"][0]["verdict"] == "not found"


def test_what_contradicts_the_line_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = Path("lines.jsonl").read_bytes().splitlines(keepends=True)
    Path("edited.jsonl").write_bytes(
        b"".join([*raw[:11], raw[11].replace(b'"site":"canteen"', b'"site":"kantine"'), *raw[12:]])
    )
    assert steps(capsys, "edited.jsonl:12", "--in", ".", code=1)["line"][0]["verdict"] == "DIFFERS"
    assert steps(capsys, "edited.jsonl:13", "--in", ".", code=1)["line"][0]["verdict"] == "DIFFERS"
    other = {**json.loads(raw[11]), "signer": "p256:0000000000000000", "interface": "0" * 64}
    Path("other.jsonl").write_bytes(canonical.dumps(other) + b"\n")
    found = steps(capsys, "other.jsonl:1", "--in", ".", code=1)
    assert found["signer"][0]["verdict"] == found["interface"][0]["verdict"] == "DIFFERS"


def test_a_package_that_was_revoked_since_is_said(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day = 86_400 * 1_000_000_000
    digest = archive.open_package("kettle.trivet").digest
    one = extended(Revocations("maker", 0, 0, 0, {}, {}), 18_000 * day, 40_000 * day, {digest: "burns soup"})
    Path("maker.revoked.json").write_bytes(sign_list(one, keys.read_private_key("maker")))
    assert main(["trust", "add", "maker.revoked.json"]) == 0
    (signer,) = steps(capsys, "lines.jsonl:12", "--in", ".", code=1)["signer"]
    assert "burns soup" in signer["facts"]["now"]


def test_a_package_without_provenance_is_traced_as_far_as_it_goes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("kettle.trivet").write_bytes(sign.sign(tiny.package(), keys.read_private_key("maker")))
    assert main(["run", "kettle.trivet", "kettle-1.yaml", "--out", "plain.jsonl", "--forget"]) == 0
    (training,) = steps(capsys, "plain.jsonl", "--in", ".", code=2)["training"]
    assert training["verdict"] == "not found"
    assert training["facts"]["evidence"] == ["evidence/data.json"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("nowhere.jsonl", None),
        ("lines.jsonl:9999", None),
        ("x.jsonl", b""),
        ("x.jsonl:1", b"hello\n"),
        ("x.jsonl:1", b"{}\n"),
        ("x.jsonl:1", b"[" * 100_000),
        ("x.jsonl:1", b'{"kind":"checkpoint"}\n'),
        ("x.jsonl:1", b'{"kind":"prediction","time":1}\n'),
        ("x.jsonl:1", b'{"kind":"prediction","kind":"gap"}\n'),
    ],
)
def test_what_is_no_line_of_a_run_is_refused(
    name: str, content: bytes | None, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        Path("x.jsonl").write_bytes(content)
    assert main(["trace", name, "--in", "."]) == 2
    assert capsys.readouterr().err.startswith("trivet trace: ")
