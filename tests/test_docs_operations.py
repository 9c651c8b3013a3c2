"""docs/operations.md says what is true: its commands run as they stand, in order."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

import kitchen
import tinypackage as tiny
from test_trace_line import traced
from trivet.cli import main
from trivet.interface.rules import rules
from trivet.package import archive, keys, sign, store

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
TITLES = re.findall(r"^## (.*)$", TEXT, re.MULTILINE)


def _commands(title: str) -> list[str]:
    section = TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return [line[2:] for line in section.splitlines() if line.startswith("$ ")]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a reader has: two packages, a device with a recording, the maker's keys, a stick."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRIVET_HOME", str(tmp_path / "home"))
    kitchen.furnish(tmp_path)
    for name in ("oem", "former"):
        keys.write_key(f"{name}.key", keys.generate())
        store.add(tmp_path / "home", f"{name}.key.pub")
    for name in ("stick", "training"):
        Path(name).mkdir()
    Path("training/march.csv").write_text("time,power\n")
    key = keys.read_private_key("oem.key")
    Path("kettle.trivet").write_bytes(traced(tiny.package(), key, tmp_path))
    Path("kettle-old.trivet").write_bytes(sign.sign(tiny.package(version="0.0.9"), key))
    return tmp_path


def test_the_commands_run_as_they_stand(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(TITLES) == 4
    for line in [line for title in TITLES for line in _commands(title)]:
        words, expected = shlex.split(line, comments=True), int(([0, *re.findall(r"# exit (\d)", line)])[-1])
        if words[0] == "trivet":
            assert main(words[1:]) == expected, f"{line}: {capsys.readouterr().err}"
        elif shutil.which(words[0]):
            subprocess.run(words, check=True, capture_output=True, env=os.environ)  # noqa: S603 - our page
        else:
            pytest.skip(f"{words[0]} is missing")
    assert "the run closed it" in capsys.readouterr().out
    assert archive.open_package("kettle.trivet").manifest.version == "0.1.0"


def test_every_rule_and_link_leads_somewhere() -> None:
    for number in re.findall(r"\(?(P1\d\d)\)?", TEXT):
        assert f"TRV-{number}" in rules()
    for target in re.findall(r"\]\(([^)#:]+)\)", TEXT):
        assert (ROOT / "docs" / target).exists(), target
