"""``python -m trivet_reference.evaluate WHAT``: the committed packages on data that they were not trained on."""

from __future__ import annotations

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from trivet.errors import TrivetError
from trivet.interface.document import Interface
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet_reference.evaluate.commercial import control
from trivet_reference.evaluate.fleet import fleet
from trivet_reference.evaluate.heater import heater
from trivet_reference.evaluate.household import household
from trivet_reference.evaluate.kitchen import kitchen
from trivet_reference.evaluate.nab import nab
from trivet_reference.evaluate.page import Page, write
from trivet_reference.evaluate.path import load
from trivet_reference.evaluate.pictures import heater_page, nab_page, pot_page, skab_page
from trivet_reference.evaluate.pot import pot
from trivet_reference.evaluate.resonance import resonance
from trivet_reference.evaluate.segments import segments
from trivet_reference.evaluate.skab import skab

REPORTS = Path("reports")
"""Where reports are written, below the folder one works in."""

WHAT: dict[str, Callable[[Path], str]] = {
    "household": lambda folder: household(load("*dishwasher*", folder / "home"), folder).text(),
    "fleet": lambda folder: fleet(folder / "home", REPORTS),
    "commercial": lambda folder: control(load("*dishwasher*", folder / "home"), folder).text(),
    "segments": lambda _: segments(dishwashers()),
    "heater": lambda _: reported(heater(), heater_page, "heater"),
    "skab": lambda _: reported(skab(), skab_page, "skab"),
    "nab": lambda _: reported(nab(), nab_page, "nab"),
    "kitchen": lambda folder: kitchen(load("*cooking*", folder / "home"), REPORTS),
    "pot": lambda folder: reported(pot(load("*cooking*", folder / "home"), folder), pot_page, "pot"),
    "resonance": lambda _: resonance(dishwashers(), REPORTS, tell),
}


class Told(Protocol):
    """Figures that people can read."""

    def text(self) -> str:
        """The figures for people."""
        ...


T = TypeVar("T", bound=Told)


def reported(made: T, page: Callable[[T], Page], name: str) -> str:
    """The figures for people; the report is written beside the others."""
    return made.text() + "".join(f"\nwritten: {path}" for path in write(page(made), REPORTS, name))


def tell(step: str) -> None:
    """Says on the error stream what is being done."""
    sys.stderr.write(f"{step}\n")


def dishwashers() -> Interface:
    """The dishwasher interface."""
    return read(find("interface", "commercial-dishwasher"), Interface).document


def main() -> int:
    """Prints the figures; 2 when the recorded data or a package are not there."""
    parser = ArgumentParser(prog="python -m trivet_reference.evaluate", description=__doc__)
    parser.add_argument("what", choices=WHAT)
    with tempfile.TemporaryDirectory() as folder:
        try:
            sys.stdout.write(WHAT[parser.parse_args().what](Path(folder)) + "\n")
        except TrivetError as error:
            sys.stderr.write(f"{error}\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
