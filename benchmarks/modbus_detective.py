"""How often the order detective is right, undecided, or wrong, on made-up controllers.

Each case is a moving signal of a shipped interface's kind in one type and order among other registers, asked
for at its address or one beside it, seen in 15 polls over 30 s. "First": the first reading of the
table has the true type and orders, or decodes all words seen as they do. "Wrong": type, orders or
address are called decided and are not so.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from kits.riddles import Riddle, hinted, riddle, right, wrong
from trivet_modbus.detective import TRIED, investigate

CASES = 500


def outcome(case: Riddle) -> tuple[bool, str]:
    """Whether the truth is ranked first, and what is said."""
    verdict = investigate(case.times, case.words, case.expected)
    if wrong(case, verdict):
        return right(case, verdict), "wrong"
    if not verdict.layout:
        return right(case, verdict), "undecided"
    return right(case, verdict), "decided" if verdict.address else "decided but for the address"


def row(name: str, cases: list[Riddle]) -> str:
    found = [outcome(case) for case in cases]
    said = Counter(words for _, words in found)
    first = sum(right for right, _ in found)
    rest = ", ".join(f"{count} {words}" for words, count in said.most_common())
    return f"{name}: first {first}/{len(cases)} ({first / len(cases):.1%}); {rest}; {said['wrong']} wrong"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=CASES)
    parser.add_argument("--first", type=int, default=0, help="seed of the first case")
    arguments = parser.parse_args()
    cases = [riddle(seed) for seed in range(arguments.first, arguments.first + arguments.cases)]
    print(f"modbus_detective: {len(TRIED)} types, all orders, addresses of -1, 0 and +1 (simulated registers)")
    print(row("from words alone", cases))
    print(row("with one look at the display", [hinted(case) for case in cases]))


if __name__ == "__main__":
    main()
