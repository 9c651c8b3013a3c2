"""``trivet run`` as a user meets it: lines, refusals, and nothing in between."""

from __future__ import annotations

import json
import math
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import kitchen
import tinypackage
from trivet import canonical
from trivet.cli import main
from trivet.package import archive

SCHEMA = json.loads(resources.files("trivet_schemas").joinpath("line.schema.json").read_text())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))
    return kitchen.furnish(tmp_path, counting=True)


def run(folder: Path, *more: str, package: str = "kettle.trivet", device: str = "kettle-1.yaml") -> int:
    words = ["run", str(folder / package), str(folder / device), "--out", str(folder / "lines.jsonl"), *more]
    return main(words)


def trusted(folder: Path, *more: str, **names: str) -> int:
    return run(folder, "--trust", str(folder / "maker.pub"), *more, **names)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "lines.jsonl").read_bytes().splitlines()]


def test_a_recording_becomes_lines(folder: Path) -> None:
    assert trusted(folder) == 0
    made = [line for line in lines(folder) if line["kind"] == "prediction"]
    assert len(made) == 60
    assert [line["withheld"] for line in made[:3]] == [{"score": ["missing"]}] * 3
    first = made[3]
    assert (first["appliance"], first["site"], first["serial"]) == ("kettle-1", "canteen", "K-17")
    assert first["outputs"] == {"score": pytest.approx(0.5 * 100 + 0.25 * 51.5, rel=1e-5)}
    assert first["window"]["closed"] == "2026-01-01T00:00:03.000Z"
    assert first["package"] == archive.open_package(folder / "kettle.trivet").digest
    assert first["signer"].startswith("p256:")


def test_every_line_is_canonical_and_fits_the_schema(folder: Path) -> None:
    kitchen.write_rows(
        folder / "day.csv", [*kitchen.rows(20), *((n, 9000, 1e6) for n in range(20, 25)), *kitchen.rows(60)[40:]]
    )
    assert trusted(folder) == 0
    validator = jsonschema.Draft202012Validator(SCHEMA)
    raw = (folder / "lines.jsonl").read_bytes().splitlines()
    kinds = set()
    for line in raw:
        tree = json.loads(line)
        validator.validate(tree)
        assert canonical.dumps(tree) == line
        kinds.add(tree["kind"])
    assert {"prediction", "sensor_faults", "gap"} <= kinds


def test_values_out_of_range_are_withheld_with_a_reason_and_the_run_goes_on(folder: Path) -> None:
    wrong = [(n, p, 1e6 if 20 <= n < 30 else t) for n, p, t in kitchen.rows(60)]
    kitchen.write_rows(folder / "day.csv", wrong)
    assert trusted(folder) == 0
    withheld = [line["withheld"] for line in lines(folder) if line["kind"] == "prediction" and line["withheld"]]
    assert {"score": ["bad"]} in withheld
    assert lines(folder)[-1]["outputs"]["score"] is not None


def test_nan_and_text_in_a_recording_are_never_a_number(folder: Path) -> None:
    kitchen.write_rows(folder / "day.csv", [(n, "NaN" if n > 10 else p, t) for n, p, t in kitchen.rows(40)])
    assert trusted(folder) == 0
    last = [line for line in lines(folder) if line["kind"] == "prediction"][-1]
    assert last["outputs"] == {"score": None}
    assert not any(math.isnan(v) for line in lines(folder) for v in line.get("outputs", {}).values() if v is not None)


def test_the_memory_is_kept_between_runs(folder: Path) -> None:
    assert trusted(folder) == 0
    first = lines(folder)[-1]["state"]
    assert trusted(folder) == 0
    second = lines(folder)[-1]["state"]
    assert first != second
    assert trusted(folder, "--forget") == 0
    assert lines(folder)[-1]["state"] == first


def test_two_devices_share_a_run(folder: Path) -> None:
    kitchen.write_yaml(folder / "kettle-2.yaml", kitchen.DEVICE, id="kettle-2")
    assert trusted(folder, str(folder / "kettle-2.yaml")) == 0
    made = [line for line in lines(folder) if line["kind"] == "prediction"]
    assert {line["appliance"] for line in made} == {"kettle-1", "kettle-2"}
    assert len(made) == 2 * 60


def test_unsigned_is_explicit_and_stamped(folder: Path) -> None:
    assert run(folder, "--unsigned", package="unsigned.trivet") == 0
    assert {line["signer"] for line in lines(folder)} == {None}


REFUSALS = {
    "no signature": ({"package": "unsigned.trivet"}, "not signed"),
    "a stranger's signature": ({}, "not trusted here"),
    "no package": ({"package": "nothing.trivet"}, "nothing.trivet"),
    "no device": ({"device": "nothing.yaml"}, "nothing.yaml"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_is_wrong_before_the_first_line_is_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    names, words = REFUSALS[case]
    keep = ["--trust", str(folder / "maker.pub")] if "device" in names else []
    assert run(folder, *keep, **names) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
    assert not (folder / "lines.jsonl").exists() or not (folder / "lines.jsonl").read_bytes()


DOCUMENTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "another interface": ("device", {"interface": {"id": "oven", "version": "0.9.0"}}, "is for interface `oven`"),
    "another version": ("device", {"interface": {"id": "kettle", "version": "0.8.0"}}, "version 0.8.0"),
    "a missing profile": ("device", {"endpoints": {"t": {"profile": "none", "url": "replay:day.csv"}}}, "none"),
    "an unknown signal": ("device", {"bind": {"pressure": "table.power"}}, "pressure"),
    "an unknown point": ("device", {"bind": {"power": "table.nothing"}}, "nothing"),
    "a wrong unit": (
        "profile",
        {"points": {"power": {"at": {"column": "power_w"}, "unit": "Cel", "signal": "power"}}},
        "Cel",
    ),
}


@pytest.mark.parametrize("case", DOCUMENTS)
def test_wrong_documents_are_refused_with_their_place(
    folder: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    kind, changes, words = DOCUMENTS[case]
    if kind == "device":
        path = kitchen.write_yaml(folder / "kettle-1.yaml", kitchen.DEVICE, **changes)
    else:
        path = kitchen.write_yaml(folder / "kettle-table.yaml", kitchen.PROFILE, **changes)
    assert trusted(folder) == 2
    said = capsys.readouterr().err
    assert words in said
    assert f"{path}:" in said
    assert "Traceback" not in said


def test_duplicate_keys_are_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "kettle-1.yaml"
    path.write_text(path.read_text() + "site: elsewhere\n")
    assert trusted(folder) == 2
    assert "site" in capsys.readouterr().err


@pytest.mark.parametrize("cut", [1, 100, 1000])
def test_a_truncated_package_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], cut: int) -> None:
    path = folder / "kettle.trivet"
    path.write_bytes(path.read_bytes()[:-cut])
    assert trusted(folder) == 2
    assert str(path) in capsys.readouterr().err


def test_a_graph_that_answers_otherwise_than_when_packed_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    described, content = tinypackage.tree(), tinypackage.members()
    content["golden/0.score.f32"] = b"\0\0\0\0"
    (folder / "unsigned.trivet").write_bytes(archive.write(described, content))
    assert run(folder, "--unsigned", package="unsigned.trivet") == 2
    assert "golden vector" in capsys.readouterr().err


def test_the_second_start_is_admitted_from_its_record(folder: Path) -> None:
    assert trusted(folder) == 0
    records = list((folder / "home" / "admission").iterdir())
    assert len(records) == 1
    assert trusted(folder) == 0
    assert list((folder / "home" / "admission").iterdir()) == records
