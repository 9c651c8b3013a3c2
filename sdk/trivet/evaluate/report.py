"""Reports by operating region: how often a model was wrong where, and what it had been taught there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from trivet import canonical
from trivet.errors import DataError, DocumentError
from trivet.interface.load import load

MOST = 16 * 1024 * 1024
"""Largest report that is read [bytes]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One operating region.

    Attributes:
        region: Axis to the part of it, as people read them, such as ``{"inlet": "below 12 Cel"}``.
        cases: Judged cases; a case is one machine with one fault, or in health.
        wrong: How many of them were judged wrongly.
        trained: Cases of the region that the model was taught.
        share: Share of the region in the population that the model is for.
    """

    region: Mapping[str, str]
    cases: int
    wrong: int
    trained: int
    share: float

    @property
    def name(self) -> str:
        """The region in a few words."""
        return ", ".join(f"{axis} {part}" for axis, part in self.region.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """How the same evaluation went for a model that was taught less."""

    trained: int
    cases: int
    wrong: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """An evaluation by regions.

    Attributes:
        kind: Always ``report``.
        format: Number of the document format.
        subject: Package or model that was judged.
        question: What a case asks, such as ``fault named within 5 cycles``.
        simulated: Whether the machines were simulated.
        cases: All judged cases.
        wrong: Those judged wrongly.
        trained: All cases that the model was taught.
        cells: Regions of one axis, and of two.
        lessons: The same for models that were taught less; the more, the better gains are foretold.
    """

    kind: Literal["report"]
    format: Literal[0]
    subject: str
    question: str
    simulated: bool
    cases: int
    wrong: int
    trained: int
    cells: tuple[Cell, ...]
    lessons: tuple[Lesson, ...] = ()

    def __post_init__(self) -> None:
        counted: list[Cell | Lesson | Report] = [*self.cells, *self.lessons, self]
        if not all(0 <= one.wrong <= one.cases and one.trained >= 0 for one in counted):
            raise ValueError("no more cases can be wrong than were judged, and none less than 0")
        if not all(0.0 <= cell.share <= 1.0 for cell in self.cells):
            raise ValueError("a share lies between 0 and 1")


def dumps(report: Report) -> bytes:
    """A report as canonical JSON."""
    tree: dict[str, Any] = asdict(report)
    return canonical.dumps(tree)


def read(path: str | Path) -> Report:
    """The report in a file.

    Raises:
        DataError: The file cannot be read.
        DocumentError: It is no report.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(MOST + 1)
    except OSError as error:
        raise DataError(f"the report cannot be read ({error.strerror})", where=str(path)) from error
    if len(data) > MOST:
        raise DataError(f"the report is larger than {MOST} bytes", where=str(path))
    try:
        return load(json.loads(data), Report, where=str(path))
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"it is no JSON ({error})", where=str(path), hint="evaluations write it") from error
