"""Every hostile package, a process each, through the whole of ``Model.load``: verdict, rule, time and memory.

``python -m hostile.measure [RESULT]`` in the folder of the tests prints a line a family and those of the cases
that went wrong, and writes them to a file. What a case may not do: be accepted, break another rule, end in
anything but a ``TrivetError``, die, take over ``SLOW`` seconds or over ``LARGE`` bytes.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import NamedTuple

from hostile.package_cases import Case, Keys
from hostile.package_limits import FAMILIES
from trivet.package import keys

SLOW = 10.0
LARGE = 1 << 30
PATIENCE = 60.0
TESTS = Path(__file__).resolve().parents[1]

LOAD = """
import sys
from trivet.errors import TrivetError
from trivet.runtime.model import Model
try:
    Model.load(sys.argv[1], keys=tuple(sys.argv[4:]), unsigned=sys.argv[3] == "unsigned", home=sys.argv[2])
    print("accepted")
except TrivetError as error:
    text = str(error)
    print(error.rule if text.isprintable() and text.isascii() and len(text) < 600 else "untidy")
"""


class Outcome(NamedTuple):
    """What became of one case.

    Attributes:
        case: The case.
        verdict: Its rule, ``accepted``, ``untidy``, ``died`` or ``hung``.
        seconds: By the wall clock, the start of Python included.
        memory: Most of any of its processes [bytes].
    """

    case: Case
    verdict: str
    seconds: float
    memory: int

    @property
    def wrong(self) -> bool:
        """Whether it did what it may not do."""
        return self.verdict != self.case.rule or self.seconds > SLOW or self.memory > LARGE


def outcome(case: Case, stored: Keys, folder: Path, trusted: list[str]) -> Outcome:
    """Runs one case in a process of its own."""
    package = folder / "case.trivet"
    package.write_bytes(case.build(stored))
    home = folder / case.name
    words = [sys.executable, "-c", LOAD, str(package), str(home), "unsigned" if case.unsigned else "signed", *trusted]
    start = time.monotonic()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder)  # noqa: S603
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    assert process.stdout is not None
    with process.stdout as told:
        said = told.read().decode().strip()
    _, status, used = os.wait4(process.pid, 0)
    timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - start
    verdict = said if process.returncode == 0 else "hung" if seconds > PATIENCE else "died"
    return Outcome(case, verdict, seconds, used.ru_maxrss * 1024)


def measured() -> dict[str, list[Outcome]]:
    """All cases by family."""
    stored = Keys(*(keys.generate() for _ in Keys._fields))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        trusted = []
        for number, key in enumerate(stored.trusted):
            path = folder / f"{number}.pub"
            path.write_bytes(key.pem)
            trusted.append(str(path))
        return {name: [outcome(case, stored, folder, trusted) for case in family] for name, family in FAMILIES.items()}


def report(found: dict[str, list[Outcome]]) -> list[str]:
    """A line a family, a sum, and a line for each case that went wrong."""
    rows = [f"{'family':<18}{'cases':>6}{'refused':>9}{'slowest [s]':>13}{'largest [MB]':>14}"]
    for name, outcomes in [*found.items(), ("all", [one for family in found.values() for one in family])]:
        right = sum(not one.wrong for one in outcomes)
        slowest, largest = max(one.seconds for one in outcomes), max(one.memory for one in outcomes) / 1e6
        rows.append(f"{name:<18}{len(outcomes):>6}{right:>9}{slowest:>13.2f}{largest:>14.0f}")
    wrong = [one for family in found.values() for one in family if one.wrong]
    return rows + [
        f"WRONG {one.case.name}: {one.verdict} for {one.case.rule}, {one.seconds:.1f} s, {one.memory / 1e6:.0f} MB"
        for one in wrong
    ]


def main() -> None:
    rows = report(measured())
    print("\n".join(rows))
    if len(sys.argv) > 1:
        words = ("git", "rev-parse", "--short", "HEAD")
        commit = subprocess.run(words, capture_output=True, text=True, check=False, cwd=TESTS).stdout.strip()  # noqa: S603 # fixed words
        head = f"commit {commit}, Python {platform.python_version()}, {platform.machine()}: each case in a process"
        Path(sys.argv[1]).write_text("\n".join([head, "", *rows, ""]), encoding="utf-8")
    sys.exit(any(row.startswith("WRONG") for row in rows))


if __name__ == "__main__":
    main()
