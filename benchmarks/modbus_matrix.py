"""The fault matrix, ours and of other libraries, in one run: how many values were wrong.

A fault strikes every 30th request. ``--peers PYTHON`` names a Python with pymodbus, minimalmodbus and umodbus;
without it only pymodbus is compared. Writes ``results/modbus_matrix.txt``. The server is the simulator's, the
registers and ours are those of ``tests/kits/matrix.py``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import platform
import subprocess
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tests"))

from modbus_peer import TRANSPORTS as SPOKEN  # noqa: E402

from kits.matrix import (  # noqa: E402
    DELAY,
    EVERY,
    FAULTS,
    MEANINGLESS,
    RETRIES,
    TIMEOUT,
    TRANSPORTS,
    TURNAROUND,
    WORST_TURNAROUND,
    Cell,
    Tally,
    cell,
    cells,
    served,
)

SHORT = {"modbus+tcp": "TCP", "modbus+rtuovertcp": "RTU over TCP", "modbus+rtu": "serial"}
LIMIT = 900.0


async def peer(python: str, library: str, one: Cell, reads: int) -> Tally | None:
    """One field, read by a library in a process of its own; None when it does not come to an end."""
    async with served(one.scheme, one.fault) as url:
        words = (python, str(HERE / "modbus_peer.py"), library, url, str(one.retries), str(reads), str(TIMEOUT))
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)
        try:
            async with asyncio.timeout(LIMIT):
                text, _ = await process.communicate()
        except TimeoutError:
            process.kill()
            await process.wait()
            return None
    if not text.strip():
        return None
    counted = json.loads(text.splitlines()[-1])
    tally = Tally(right=counted["right"], wrong=counted["wrong"])
    tally.errors["error"] = counted["errors"]
    return tally


def row(fault: str, scheme: str, tallies: dict[tuple[str, Cell], Tally | None], libraries: list[str]) -> str:
    fields = []
    for library in libraries:
        for retries in RETRIES:
            key = (library, Cell(fault, scheme, retries))
            if (fault, scheme) in MEANINGLESS or key not in tallies:
                fields.append("n/a")
                continue
            tally = tallies[key]
            fields.append("hung" if tally is None else f"{tally.wrong} / {tally.errors.total()}")
    return f"{fault:18} {SHORT[scheme]:13}" + "".join(f"{one:>18}" for one in fields)


async def measure(python: str, libraries: list[str], reads: int, peer_reads: int, at_once: int) -> str:
    turn = asyncio.Semaphore(at_once)
    tallies: dict[tuple[str, Cell], Tally | None] = {}

    async def field(library: str, one: Cell) -> None:
        async with turn:
            done = await (cell(one, reads) if library == "trivet" else peer(python, library, one, peer_reads))
        tallies[library, one] = done
        print(library, one, done, file=sys.stderr, flush=True)

    spoken = {"trivet": TRANSPORTS, **SPOKEN}
    # the units' states are told in lines of their own
    logging.getLogger("trivet_modbus").setLevel(logging.CRITICAL)
    every = [(library, one) for library in libraries for one in cells() if one.scheme in spoken[library]]
    await asyncio.gather(*(field(*each) for each in every))
    head = "".join(f"{f'{library} r{retries}':>18}" for library in libraries for retries in RETRIES)
    lines = [f"{'':32}{head}"]
    lines += [row(fault, scheme, tallies, libraries) for fault in FAULTS for scheme in TRANSPORTS]
    ours = [tally for (library, _), tally in tallies.items() if library == "trivet" and tally is not None]
    total, wrong = sum(tally.reads for tally in ours), sum(tally.wrong for tally in ours)
    lines += ["", f"trivet: {wrong} wrong of {total} reads in {len(ours)} fields"]
    for library in libraries[1:]:
        theirs = [tally for (name, _), tally in tallies.items() if name == library and tally is not None]
        total, wrong = sum(tally.reads for tally in theirs), sum(tally.wrong for tally in theirs)
        lines.append(f"{library}: {wrong} wrong of {total} reads in {len(theirs)} fields")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peers", default="", metavar="PYTHON")
    parser.add_argument("--reads", type=int, default=10_000)
    parser.add_argument("--peer-reads", type=int, default=1_000)
    parser.add_argument("--at-once", type=int, default=8)
    given = parser.parse_args()
    libraries = ["trivet", "pymodbus", *(["minimalmodbus", "umodbus"] if given.peers else [])]
    python = given.peers or sys.executable
    table = asyncio.run(measure(python, libraries, given.reads, given.peer_reads, given.at_once))
    words = ("git", "rev-parse", "--short", "HEAD")
    commit = subprocess.run(words, capture_output=True, text=True, check=False, cwd=HERE).stdout.strip()
    text = (
        f"commit {commit}, {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {platform.machine()}, "
        f"pymodbus {version('pymodbus')}\n\n"
        f"values that were wrong without an error / reads that ended in an error; r0, r3: retries\n"
        f"trivet: {given.reads} reads a field, the others {given.peer_reads}; a fault in every {EVERY}th request\n"
        f"answers after {TURNAROUND:g} s, timeout {TIMEOUT:g} s, delays {DELAY:g} s, "
        f"declared worst turnaround {WORST_TURNAROUND:g} s; loopback\n"
        f"n/a: means nothing on this transport, or the library does not speak it\n\n{table}\n"
    )
    print(text)
    (HERE / "results" / "modbus_matrix.txt").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
