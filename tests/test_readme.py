"""The README says what is true: its commands run as they stand, its documents parse.

Its figures come out in ``test_reference_household.py``.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import pytest

from trivet.device.document import Device
from trivet.interface.parse import parse_as

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
PACKAGES = Path(str(resources.files("trivet_reference"))) / "packages"


pytestmark = pytest.mark.waits


def commands() -> list[list[str]]:
    """Every ``$`` line of the README, without its comment."""
    return [shlex.split(line[2:], comments=True) for line in README.splitlines() if line.startswith("$ ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What a reader has: a package, its maker's key, and a machine, here a simulated one."""
    place = tmp_path_factory.mktemp("readme")
    shutil.copy(next(PACKAGES.glob("*dishwasher*.trivet")), place / "dishwasher.trivet")
    shutil.copy(PACKAGES / "train.pub", place / "oem.pub")
    simulate = [str(BIN / "trivet"), "simulate", "dishwasher", "--to", str(place)]
    with subprocess.Popen(simulate, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as server:  # noqa: S603
        written = place / "simulated-dishwasher.yaml"
        for _ in range(600):
            if written.exists():
                break
            time.sleep(0.1)
        written.rename(place / "dishwasher.yaml")
        yield place
        server.send_signal(signal.SIGINT)


def test_the_commands_run_as_they_stand(folder: Path) -> None:
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "TRIVET_HOME": str(folder / "home")}
    assert {words[1] for words in commands()} == {"trust", "verify", "doctor", "read", "run", "bench"}
    for words in commands():
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        allowed = (0, 1, 2) if words[1] == "bench" else (0, 1) if words[1] == "doctor" else (0,)
        assert done.returncode in allowed, f"{words}: {done.stderr}"
        assert "Traceback" not in done.stderr
        assert done.stdout or done.stderr


def test_the_device_document_parses() -> None:
    (text,) = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert parse_as(Device, text, "README.md").document.endpoints.keys() == {"controller", "meter"}


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
