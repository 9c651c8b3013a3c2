"""``python -m trivet_reference.train``: simulates, trains, packs and signs both reference models."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path

from threadpoolctl import threadpool_limits

from trivet.interface.document import Interface
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet.package.keys import generate, public_key
from trivet.package.sign import sign
from trivet_reference.train import dishwasher
from trivet_reference.train.evidence import dishwasher_evidence

PACKAGES = Path(__file__).parents[1] / "packages"


def main() -> int:
    """Writes packages, signed with a key that is made here, used once and thrown away."""
    parser = ArgumentParser(prog="python -m trivet_reference.train", description=__doc__)
    parser.add_argument("--to", type=Path, default=PACKAGES, help="folder for the packages and the public key")
    parser.add_argument("--machines", type=int, default=700, help="simulated dishwashers to learn from")
    arguments = parser.parse_args()
    arguments.to.mkdir(parents=True, exist_ok=True)
    key = generate()
    # One thread: the fits are small, and threads that wait for each other cost more than they bring.
    with threadpool_limits(1):
        made = {"trivet-dishwasher": train_dishwasher(arguments.machines, clock())}
    for name, data in made.items():
        path = arguments.to / f"{name}-{dishwasher.VERSION}.trivet"
        path.write_bytes(sign(data, key))
        sys.stdout.write(f"{path} {len(data)} bytes\n")
    (arguments.to / "train.pub").write_bytes(public_key(key).pem)
    return 0


def clock() -> Callable[[str], None]:
    """Says things with the seconds since now."""
    begin = time.monotonic()

    def say(text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - begin:5.0f} s  {text}\n")
        sys.stdout.flush()

    return say


def train_dishwasher(machines: int, say: Callable[[str], None]) -> bytes:
    """The dishwasher package, unsigned."""
    parsed = read(find("interface", "commercial-dishwasher"), Interface)
    teacher = dishwasher.Teacher(parsed.document)
    trained = dishwasher.train(teacher, dishwasher.fleets(parsed.document, machines, say), say)
    say("packing")
    return dishwasher.package(parsed, teacher, trained, dishwasher_evidence(machines, trained.rows))


if __name__ == "__main__":
    sys.exit(main())
