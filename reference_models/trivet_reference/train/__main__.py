"""``python -m trivet_reference.train``: simulates, trains, packs and signs the reference models.

With ``--only`` one of them is trained, and the other, as it lies in the folder, is signed anew with it.
"""

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
from trivet.package.archive import read as read_package
from trivet.package.container import join, split
from trivet.package.keys import generate, public_key
from trivet.package.layout import is_meta
from trivet.package.sign import sign
from trivet_reference.cooking.model import cooking_package
from trivet_reference.train import dishwasher
from trivet_reference.train.evidence import dishwasher_evidence
from trivet_reference.train.teaching import Teacher

PACKAGES = Path(__file__).parents[1] / "packages"
COOKING_SEED = 401


def main() -> int:
    """Writes packages, signed with a key that is made here, used and thrown away."""
    parser = ArgumentParser(prog="python -m trivet_reference.train", description=__doc__)
    parser.add_argument("--to", type=Path, default=PACKAGES, help="folder for the packages and the public key")
    parser.add_argument("--machines", type=int, default=280, help="simulated dishwashers to learn from")
    parser.add_argument("--only", choices=("dishwasher", "cooking"), help="train this one and keep the other")
    arguments = parser.parse_args()
    say = clock()
    kept = [bare(path) for path in arguments.to.glob("*.trivet") if arguments.only and arguments.only not in path.name]
    # One thread: the fits are small, and threads that wait for each other cost more than they bring.
    with threadpool_limits(1):
        made = [] if arguments.only == "cooking" else [train_dishwasher(arguments.machines, say)]
        made += [] if arguments.only == "dishwasher" else [cooking_package(COOKING_SEED, say)]
    for path in write([*kept, *made], arguments.to):
        say(f"{path} {path.stat().st_size} bytes")
    return 0


def bare(path: Path) -> bytes:
    """A package without its signatures."""
    members = split(path.read_bytes())
    return join((name, bytes(content)) for name, content in members.items() if not is_meta(name))


def write(packages: list[bytes], folder: Path) -> list[Path]:
    """Signs packages with a fresh key that is not kept; replaces what lies in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.trivet"):
        old.unlink()
    key = generate()
    (folder / "train.pub").write_bytes(public_key(key).pem)
    paths = []
    for data in packages:
        manifest = read_package(data).manifest
        paths.append(folder / f"{manifest.name}-{manifest.version}.trivet")
        paths[-1].write_bytes(sign(data, key))
    return paths


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
    teacher = Teacher(parsed.document)
    learnt = dishwasher.fleets(parsed.document, machines, say)
    taught = dishwasher.train(teacher, learnt, say)
    say("packing")
    return dishwasher.package(parsed, teacher, taught, dishwasher_evidence(parsed, learnt, taught))


if __name__ == "__main__":
    sys.exit(main())
