"""docs/connect.md says what is true: its commands run as they stand against a simulated machine."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from trivet.interface.document import When, sums

pytestmark = pytest.mark.waits

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "connect.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
PORTS = (15060, 15061)


def free() -> int:
    """A port that is free together with the one after it."""
    for _ in range(50):
        with socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                other.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return int(port)
    pytest.skip("no two free ports side by side")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, int]]:
    folder, port = tmp_path_factory.mktemp("connect"), free()
    simulate = re.findall(r"^trivet simulate .*$", TEXT, re.MULTILINE)[0].replace(str(PORTS[0]), str(port))
    words = [str(BIN / "trivet"), *shlex.split(simulate)[1:], "--to", str(folder / "plant")]
    (folder / "plant").mkdir()
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as server:  # noqa: S603
        for _ in range(600):
            if list((folder / "plant").iterdir()):
                break
            time.sleep(0.1)
        yield folder, port
        server.send_signal(signal.SIGINT)


def test_conditions_and_code_beside_heaters_are_ones() -> None:
    (text,), (code,) = (re.findall(rf"```{kind}\n(.*?)```", TEXT, re.DOTALL) for kind in ("yaml", "python"))
    cycle = yaml.safe_load(text)["windows"]["cycle"]
    for condition in (*cycle["opens_when"], *cycle["closes_when"]):
        known = When(**{**condition, "beside": tuple(condition["beside"])})
        assert len(sums(known.beside)) == 4
    *before, call = code.strip().splitlines()
    names: dict[str, Any] = {"power": np.repeat([0.0, 880.0, 3100.0, 3980.0, 7400.0, 8280.0, 10_500.0], 40)}
    exec("\n".join([*before, f"found = {call}"]), names)  # noqa: S102 # the documentation's own words
    assert names["found"] == pytest.approx([3100, 7400], rel=0.02)


def test_the_commands_run_as_they_stand(place: tuple[Path, int]) -> None:
    folder, port = place
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "TRIVET_HOME": str(folder / "home")}
    lines = [line[2:] for line in TEXT.splitlines() if line.startswith("$ ")]
    assert len(lines) == 7
    for line in lines:
        exact = line.replace(str(PORTS[1]), str(port + 1)).replace(str(PORTS[0]), str(port))
        words = shlex.split(exact)
        done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
        assert done.returncode in ((0, 2) if "--detect" in line else (0,)), f"{line}: {done.stdout}{done.stderr}"
        assert "Traceback" not in done.stderr
        assert done.stdout
    assert {path.name for path in folder.glob("*.yaml")} == {"hood-1.yaml", "meter-1.yaml"}
    assert "opens_when" in (folder / "meter-1.yaml").read_text(encoding="utf-8")
