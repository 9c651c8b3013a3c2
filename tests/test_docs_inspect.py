"""docs/inspect.md says what is true: its commands run as they stand."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

import tinypackage as tiny
from trivet.cli import main

TEXT = (Path(__file__).resolve().parent.parent / "docs" / "inspect.md").read_text(encoding="utf-8")
COMMANDS = [shlex.split(line[2:])[1:] for line in TEXT.splitlines() if line.startswith("$ trivet ")]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_runs_as_it_stands(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("kettle.trivet").write_bytes(tiny.package())
    Path("model.onnx").write_bytes(tiny.stateless_model())
    assert main(words) == 0
    assert capsys.readouterr().out
