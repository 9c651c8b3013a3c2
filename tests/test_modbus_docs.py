"""The guide to Modbus profiles says what is true: its documents, commands and output are those of the programme."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "modbus-profiles.md").read_text(encoding="utf-8")
BIN = Path(sys.executable).parent
PORT = "15020"


def blocks(kind: str) -> list[str]:
    """What stands between fences of a kind, in order."""
    parts = re.split(r"^```(\w*)\n", TEXT, flags=re.MULTILINE)
    return [body for fence, body in zip(parts[1::4], parts[2::4], strict=True) if fence == kind]


def examples() -> list[tuple[str, str]]:
    """Every command, with the output printed under it."""
    parts = [part for block in blocks("") for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]]
    return [(part.partition("\n")[0], part.partition("\n")[2].strip()) for part in parts]


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("profiles")
    profile, values = blocks("yaml")
    (place / "cabinet.yaml").write_text(profile)
    (place / "values.yaml").write_text(values)
    (place / "cabinet.frames.json").write_text(blocks("json")[0])
    return place


def run(command: str, folder: Path, port: str) -> str:
    environment = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "TRIVET_HOME": str(folder / "home")}
    words = shlex.split(command.replace(PORT, port))
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout.replace(port, PORT)


def test_the_commands_say_what_is_printed_under_them(folder: Path) -> None:
    port = free_port()
    served: subprocess.Popen[str] | None = None
    try:
        for command, expected in examples():
            if command.endswith("&"):
                words = [str(BIN / "trivet"), *shlex.split(command.removesuffix("&").replace(PORT, port))[1:]]
                served = subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True)  # noqa: S603
                assert served.stdout is not None
                assert "simulated" in served.stdout.readline()
                assert "device document" in served.stdout.readline()
                continue
            told = run(command, folder, port)
            if served is None:
                assert told.strip() == expected
            else:
                rows = {line.split()[0]: line.split()[1:] for line in told.splitlines() if line.strip()}
                for line in expected.splitlines():
                    name, *cells = line.split()
                    assert name in rows
                    if "good" in cells and name not in ("energy", "core_1", "core_2"):
                        assert rows[name][:3] == cells[:3], name
    finally:
        if served is not None:
            served.send_signal(signal.SIGINT)
            served.communicate(timeout=10)


def test_a_wrong_address_is_told_as_printed(folder: Path) -> None:
    path = folder / "wrong" / "cabinet.yaml"
    path.parent.mkdir()
    path.write_text(blocks("yaml")[0].replace("address: 30002", "address: 30004"))
    (path.parent / "cabinet.frames.json").write_text(blocks("json")[0])
    told = run("trivet lint cabinet.yaml", path.parent, PORT)
    assert told.splitlines()[0] in TEXT


def test_every_type_of_the_guide_exists() -> None:
    from trivet_modbus.kinds import KINDS

    named = set(re.findall(r"`((?:u?int|float|bcd|mod10k|signmag|datetime)\d+)`", TEXT))
    assert len(named) >= 15
    assert named <= set(KINDS)
