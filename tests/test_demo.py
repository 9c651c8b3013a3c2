"""``trivet demo`` starts, shows and closes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.waits
BIN = Path(sys.executable).parent


def test_the_demonstration_starts_and_closes(tmp_path: Path) -> None:
    command = [str(BIN / "trivet"), "demo", "dishwasher", "--seconds", "3", "--to", str(tmp_path / "demo")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    assert "simulated" in done.stdout
    assert "written" in done.stdout
    assert "Traceback" not in done.stderr
