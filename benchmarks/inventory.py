"""A template device and an inventory of 20,000 machines, checked from a cold start."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent / "tests" / "conformance" / "lint" / "base"
MACHINES = 20_000
ROUNDS = 3
HEADER = "id,appliance.serial,site,endpoints.controller.url,parameters.rated_power,time_zone\n"


def row(number: int, wrong: bool) -> str:
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    power = "90000" if wrong and not number % 1000 else str(3000 + number % 50 * 100)
    zone = ("Europe/Berlin", "Asia/Shanghai", "America/Chicago")[number % 3]
    return f"boiler-{number},B9-{number:06},site-{number // 8},modbus+tcp://{address}:502,{power},{zone}\n"


def run(folder: str, wrong: bool) -> tuple[float, str]:
    rows = (row(number, wrong) for number in range(1, MACHINES + 1))
    (Path(folder) / "device.inventory.csv").write_text(HEADER + "".join(rows), encoding="utf-8")
    start = time.perf_counter()
    command = [sys.executable, "-m", "trivet.cli", "check", folder, "--against", ""]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return time.perf_counter() - start, done.stdout.splitlines()[-1]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in ("interface", "profile", "device"):
            shutil.copy(BASE / f"{name}.yaml", folder)
        for wrong in (False, True):
            took = [run(folder, wrong) for _ in range(ROUNDS)]
            seconds = statistics.median(one for one, _ in took)
            print(f"{MACHINES} machines, {'20 wrong lines' if wrong else 'all good'}: {seconds:.2f} s (target 10)")
            print(f"  {took[-1][1]}")


if __name__ == "__main__":
    main()
