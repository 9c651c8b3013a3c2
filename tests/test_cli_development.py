"""What ``trivet run`` does with a developer's package, and with a policy about classes of devices."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import kitchen
from trivet.cli import main
from trivet.package import keys, store

SCHEMA = json.loads(resources.files("trivet_schemas").joinpath("line.schema.json").read_text())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))
    return kitchen.furnish(tmp_path)


def _run(folder: Path, *more: str) -> int:
    words = [str(folder / "kettle.trivet"), str(folder / "kettle-1.yaml"), "--out", str(folder / "lines.jsonl")]
    return main(["run", *words, *more])


def _lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "lines.jsonl").read_bytes().splitlines()]


def test_a_developers_package_runs_only_where_allowed_and_every_line_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store.add(folder / "home", folder / "maker.pub", "development")
    assert _run(folder) == 2
    assert "TRV-P100" in capsys.readouterr().err
    assert not (folder / "lines.jsonl").exists()
    assert _run(folder, "--allow-development") == 0
    assert "a developer (--allow-development)" in capsys.readouterr().err
    assert len(_lines(folder)) > 10
    for line in _lines(folder):
        assert line["development"] is True
        jsonschema.Draft202012Validator(SCHEMA).validate(line)


def test_no_line_of_a_released_package_says_so(folder: Path) -> None:
    store.add(folder / "home", folder / "maker.pub")
    assert _run(folder, "--allow-development") == 0
    assert not any("development" in line for line in _lines(folder))


@pytest.mark.parametrize(("type_", "code"), [("kettle", 0), ("boiler", 2), ("", 0)])
def test_a_policy_looks_at_the_type_on_the_nameplate(folder: Path, type_: str, code: int) -> None:
    store.add(folder / "home", folder / "maker.pub")
    maker = keys.read_public_key(folder / "maker.pub").id
    rule = {"interface": "kettle", "device_class": "kettle", "signers": ["oem"], "threshold": 1}
    tree = {"kind": "policy", "format": 0, "signers": {"oem": {"keys": [maker]}}, "rules": [rule]}
    (folder / "policy.json").write_text(json.dumps(tree))
    kitchen.write_yaml(folder / "kettle-1.yaml", kitchen.DEVICE, appliance={"type": type_})
    assert _run(folder, "--policy", str(folder / "policy.json")) == code
