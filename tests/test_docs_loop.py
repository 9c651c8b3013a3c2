"""The commands of docs/loop.md, as they stand."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from trivet.cli import main

ROOT = Path(__file__).resolve().parent.parent
LINES = [line[2:] for line in (ROOT / "docs/loop.md").read_text(encoding="utf-8").splitlines() if line.startswith("$ ")]


def test_the_commands_run_as_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path))
    codes = [main(shlex.split(line)[1:]) for line in LINES]
    assert codes == [0, 0, 0, 1]
    shown = capsys.readouterr().out
    assert "repaired booster_scale (confirmed, says Ana) 1 mm of scale" in shown
    assert "simulated" in shown
    assert "of type undercounter" in shown
