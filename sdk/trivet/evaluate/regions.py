"""Operating regions: cases sorted by what kind of plant they come from."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from trivet.evaluate.report import Cell

Values = Sequence[float] | Sequence[str]
Attributes = Mapping[str, Values]
"""Attribute to one value a case."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One attribute of plants, in parts.

    Attributes:
        name: Of the attribute, such as ``inlet``.
        unit: UCUM code of its numbers; empty for kinds.
        edges: Where one part ends and the next begins, rising; empty for kinds, of which each is a part.
    """

    name: str
    unit: str = ""
    edges: tuple[float, ...] = ()

    def part(self, value: float | str) -> str:
        """The part that a value lies in, in words; what is not known is a part of its own."""
        if not self.edges or isinstance(value, str):
            return str(value)
        if math.isnan(value):
            return "unknown"
        above = sum(value >= edge for edge in self.edges)
        unit = f" {self.unit}" if self.unit else ""
        if above == 0:
            return f"below {self.edges[0]:g}{unit}"
        if above == len(self.edges):
            return f"from {self.edges[-1]:g}{unit}"
        return f"{self.edges[above - 1]:g} to {self.edges[above]:g}{unit}"


def cells(
    axes: Sequence[Axis], judged: Attributes, wrong: Sequence[bool], trained: Attributes, population: Attributes
) -> tuple[Cell, ...]:
    """Every region of one axis and of two that the judged cases, the taught ones or the population have.

    Args:
        axes: By which cases are told apart.
        judged: Attributes of the judged cases.
        wrong: Which of them were judged wrongly.
        trained: Attributes of the taught cases.
        population: Attributes of plants as they are drawn where the model is to work.
    """
    made = []
    for chosen in [*combinations(axes, 1), *combinations(axes, 2)]:
        names = tuple(axis.name for axis in chosen)
        here = list(_regions(chosen, judged))
        counts, taught, there = Counter(here), Counter(_regions(chosen, trained)), Counter(_regions(chosen, population))
        errors = Counter(region for region, missed in zip(here, wrong, strict=True) if missed)
        total = max(there.total(), 1)
        for region in sorted({*counts, *taught, *there}):
            named = dict(zip(names, region, strict=True))
            made.append(
                Cell(
                    region=named,
                    cases=counts[region],
                    wrong=errors[region],
                    trained=taught[region],
                    share=there[region] / total,
                )
            )
    return tuple(made)


def _regions(axes: Sequence[Axis], attributes: Attributes) -> Iterator[tuple[str, ...]]:
    columns = [[axis.part(value) for value in attributes[axis.name]] for axis in axes]
    return zip(*columns, strict=True)
