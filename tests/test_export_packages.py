"""Packages in other tools' forms: the same bytes twice, nothing typed twice, no name that gets out of its quotes."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

import tinypackage as tiny
from trivet import canonical
from trivet.build.provenance import provenance
from trivet.cli import main
from trivet.errors import DocumentError, FormatError, GraphError
from trivet.export import PACKAGES, export
from trivet.export.aasx.elements import id_short
from trivet.export.folder import write_files
from trivet.export.parcel import Parcel, parcel_of
from trivet.package import archive, keys, sign
from trivet.package.provenance import Material, statement

MOMENT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REFERENCE = sorted((Path(str(resources.files("trivet_reference"))) / "packages").glob("*.trivet"))
HOSTILE = (
    "</script><!-- ",
    '" } output { name: "x" \\',
    "\x00\x1f\u202e\n\r",
    "- [x]: !!python/object {a: b}",
    "]]>&lt;",
)


def parcel(data: bytes | None = None, supplier: str = "") -> Parcel:
    return parcel_of(archive.read(tiny.package() if data is None else data), MOMENT, supplier)


@cache
def reference(path: Path) -> Parcel:
    return parcel_of(archive.open_package(path), MOMENT, "Example")


def described(text: str, **evidence: Any) -> bytes:
    """The tiny package with a text wherever its maker may write one."""
    interface = {**tiny.INTERFACE, "title": {"en": text}}
    tree, members = tiny.tree(), tiny.members()
    tree["interface"]["digest"] = canonical.digest(interface)
    members["interface.json"] = canonical.dumps(interface)
    told = {"kind": "simulated", "note": text, "source": text, "rows": 7, "seeds": {text or "a": 1}, **evidence}
    members["evidence/data.json"] = canonical.dumps(told)
    members["evidence/training.json"] = canonical.dumps({"method": text, "split": text})
    members["evidence/evaluation.json"] = canonical.dumps({"f1": 0.5, "by": [{"fault": text, "recall": 0.25}]})
    return archive.write(tree, members)


@pytest.mark.parametrize("form", PACKAGES)
@pytest.mark.parametrize("path", REFERENCE, ids=lambda path: path.stem)
def test_equal_packages_give_equal_bytes(path: Path, form: str) -> None:
    made = export(reference(path), form)
    assert made == export(reference(path), form)
    assert all(re.fullmatch(r"([A-Za-z0-9._-]+/)*[A-Za-z0-9._-]+", name) for name in made)


@pytest.mark.parametrize("form", ["cyclonedx", "spdx", "aasx", "mlflow", "triton"])
def test_what_the_manifest_says_is_said(form: str) -> None:
    before, after = (export(parcel(tiny.package(version=version)), form) for version in ("0.1.0", "0.2.0"))
    assert set(before.values()) != set(after.values())
    texts = b"".join(export(parcel(described("a note", rows=4242)), form).values())
    assert parcel(described("a note", rows=4242)).package.digest.encode() in texts


def traced() -> bytes:
    """The tiny package with provenance: a simulated and a measured extract, the simulator, the code."""
    members = tiny.members()
    materials = [
        Material("twice <&>", "1" * 64, "extract", {"simulated": True, "rows": 5}),
        Material("kitchen", "2" * 64, "extract", {}),
        Material("plant", "3" * 64, "simulator", {"version": "1.2.0"}),
        Material("train", "4" * 64, "code", {}),
    ]
    predicate = provenance(materials, command="train", builder="urn:example:training", seeds={"all": 7})
    made = {path: canonical.sha256(members[path]) for path in ("model.onnx", "features.json", "interface.json")}
    members["evidence/provenance.json"] = canonical.dumps(statement(predicate, made))
    return archive.write(tiny.tree(), members)


@pytest.mark.parametrize("form", ["cyclonedx", "spdx", "aasx"])
def test_training_data_is_named_by_its_digests(form: str) -> None:
    texts = b"".join(export(parcel(traced()), form).values()).decode("utf-8", "replace")
    assert all(digit * 64 in texts for digit in "1234")


def test_a_bom_leads_from_the_model_to_the_simulator() -> None:
    graph = json.loads(next(iter(export(parcel(traced()), "spdx").values())))["@graph"]
    kinds = {one["relationshipType"]: one for one in graph if one["type"] == "Relationship"}
    assert sorted(kinds) == ["contains", "generates", "trainedOn", "usesTool"]
    named = {one["spdxId"]: one.get("name") for one in graph if "spdxId" in one}
    assert [named[one] for one in kinds["trainedOn"]["to"]] == ["training data", "kitchen", "twice <&>"]
    assert (named[kinds["generates"]["from"]], named[kinds["generates"]["to"][0]]) == ("plant", "twice <&>")
    assert {one["spdxId"] for one in graph if "spdxId" in one} == {*graph[-1]["element"], graph[-1]["spdxId"]}


@pytest.mark.parametrize("form", ["cyclonedx", "spdx", "aasx"])
def test_what_the_evidence_says_is_said(form: str) -> None:
    texts = b"".join(export(parcel(described("a note", rows=4242)), form).values()).decode("utf-8", "replace")
    assert all(word in texts for word in ("4242", "a note", "recall"))


def test_the_model_leaves_as_it_is() -> None:
    given = parcel()
    for form, name in (("triton", "kettle-watch/1/model.onnx"), ("mlflow", "kettle-watch-0.1.0/model.onnx")):
        assert export(given, form)[name] == given.package.member("model.onnx")


def test_a_signed_package_lies_whole_in_the_shell() -> None:
    data = sign.sign(tiny.package(), keys.generate())
    (container,) = export(parcel(data), "aasx").values()
    with zipfile.ZipFile(io.BytesIO(container)) as opened:
        assert opened.testzip() is None
        assert opened.read("aasx/files/kettle-watch-0.1.0.trivet") == data
        for name in opened.namelist():
            if name.endswith((".rels", ".xml")):
                ElementTree.fromstring(opened.read(name))  # noqa: S314 # our own text


def test_metadata_is_the_protocols() -> None:
    (text,) = export(parcel(tiny_counting()), "oip").values()
    assert json.loads(text) == {
        "name": "kettle-count",
        "versions": ["0.1.0"],
        "platform": "onnx_onnxv1",
        "inputs": [
            {"name": "window", "datatype": "FP32", "shape": [-1, 4, 2]},
            {"name": "context", "datatype": "FP32", "shape": [-1, 2]},
            {"name": "state", "datatype": "FP32", "shape": [-1, 1]},
        ],
        "outputs": [
            {"name": "score", "datatype": "FP32", "shape": [-1, 1]},
            {"name": "next_state", "datatype": "FP32", "shape": [-1, 1]},
        ],
    }


def tiny_counting() -> bytes:
    return archive.write(*tiny.counting())


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("form", PACKAGES)
def test_no_text_gets_out(form: str, text: str) -> None:
    harmless = export(parcel(described("plain")), form)
    made = export(parcel(described(text), supplier=text), form)
    if form == "oci":  # named by digests
        assert all(re.fullmatch(r"[a-z0-9./-]+", name) for name in made)
        return
    assert made.keys() == harmless.keys()
    for name, content in made.items():
        if name.endswith(".json"):
            json.loads(content)
        elif name.endswith(("MLmodel", ".yaml")):
            yaml.safe_load(content)
        elif name.endswith(".pbtxt"):
            assert content.count(b"\n") == harmless[name].count(b"\n")
        elif name.endswith(".aasx"):
            json.loads(zipfile.ZipFile(io.BytesIO(content)).read("aasx/data.json"))


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_any_text_makes_an_id_short(text: str) -> None:
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,127}", id_short(text))


def test_a_graph_that_is_refused_here_is_handed_to_nobody() -> None:
    with pytest.raises(GraphError):
        parcel(tiny.with_model(b"\x08\x08"))


def test_formats_are_of_one_kind() -> None:
    with pytest.raises(DocumentError, match="no format 'typescript' of a package"):
        export(parcel(), "typescript")


def test_files_stay_below_their_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "away").symlink_to(tmp_path)
    (tmp_path / "out" / "file").symlink_to(tmp_path / "mine")
    (tmp_path / "mine").write_bytes(b"mine")
    for name in ("../evil", "/evil", "a//b", "away/evil", "a/../../evil", "a\\b", ""):
        with pytest.raises(FormatError):
            write_files(tmp_path / "out", {name: b"x"})
    write_files(tmp_path / "out", {"file": b"theirs"})
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert (tmp_path / "out" / "file").read_bytes() == b"theirs"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "out"]


def test_the_verb_writes_files_or_shows_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "kettle.trivet"
    file.write_bytes(tiny.package())
    assert main(["export", str(file), "--to", "oip"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "kettle-watch"
    assert main(["export", str(file), "--to", "triton", "--out", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "kettle-watch" / "config.pbtxt").is_file()
    assert main(["export", str(file), "--to", "c"]) == 2
    assert main(["export", str(file), "--to", "spdx", "--at", "yesterday"]) == 2
    assert "is no time" in capsys.readouterr().err


def test_the_time_is_what_was_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "kettle.trivet"
    file.write_bytes(tiny.package())
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(int((MOMENT + timedelta(days=1)).timestamp())))
    assert main(["export", str(file), "--to", "cyclonedx", "--at", "2026-01-02T03:04:05Z"]) == 0
    assert json.loads(capsys.readouterr().out)["metadata"]["timestamp"] == "2026-01-02T03:04:05Z"
    assert main(["export", str(file), "--to", "cyclonedx"]) == 0
    assert json.loads(capsys.readouterr().out)["metadata"]["timestamp"] == "2026-01-03T03:04:05Z"
