"""Runs every benchmark and keeps the figures with the commit they were taken at."""

from __future__ import annotations

import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = (
    "startup.py",
    "admission.py",
    "predict.py",
    "modbus_rate.py",
    "modbus_links.py",
    "opcua_cpu.py",
    "opcua_batches.py",
    "lint.py",
    "inventory.py",
    "plant.py",
)


def output(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
    return done.stdout + (f"failed: {done.stderr.strip().splitlines()[-1]}\n" if done.returncode else "")


def main() -> None:
    commit = output("git", "rev-parse", "--short", "HEAD").strip()
    head = f"commit {commit}, {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}\n"
    text = head + "".join(f"\n{name}\n{output(sys.executable, name)}" for name in SCRIPTS)
    print(text)
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / "bench.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
