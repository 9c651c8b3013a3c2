"""How many elements a value of a graph can have: dimensions as bounds that may grow with the batch.

A bound is ``factor * batch ** degree``. Bounds that were measured or declared are exact; what is computed by
data is only known from above. Everything else follows from adding, multiplying and taking the larger one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

MOST_FACTOR = 1 << 62
"""Factors stop growing here, far beyond what is allowed."""


class Bound(NamedTuple):
    """``factor * batch ** degree``, exactly or at most; a number in a tensor of sizes may be negative."""

    factor: int
    degree: int = 0
    exact: bool = True

    def times(self, other: Bound) -> Bound:
        """The product."""
        factor = min(self.factor * other.factor, MOST_FACTOR)
        return Bound(factor, self.degree + other.degree, self.exact and other.exact)

    def plus(self, other: Bound) -> Bound:
        """The sum; exact only for equal degrees."""
        factor = min(self.factor + other.factor, MOST_FACTOR)
        exact = self.exact and other.exact and self.degree == other.degree
        return Bound(factor, max(self.degree, other.degree), exact)

    def larger(self, other: Bound) -> Bound:
        """Nothing below either of the two."""
        if self == other:
            return self
        return Bound(max(self.factor, other.factor), max(self.degree, other.degree), False)


ONE = Bound(1)
Dims = tuple[Bound, ...]


class Extent(NamedTuple):
    """The size of one value.

    Attributes:
        dims: One bound a dimension; None when their number is not known.
        total: Bound on the number of elements.
    """

    dims: Dims | None
    total: Bound

    @property
    def width(self) -> Bound | None:
        """The last dimension, or None."""
        return self.dims[-1] if self.dims else None


def extent(dims: Iterable[Bound]) -> Extent:
    """The extent of some dimensions."""
    found = tuple(dims)
    return Extent(found, product(found))


def unknown(total: Bound) -> Extent:
    """So many elements at most, in any shape."""
    return Extent(None, total._replace(exact=False))


def product(bounds: Iterable[Bound]) -> Bound:
    """The product of some bounds."""
    total = ONE
    for bound in bounds:
        total = total.times(bound)
    return total


def broadcast(values: list[Extent]) -> Extent:
    """What an element-wise operator makes of its inputs."""
    if len(values) == 1:
        return values[0]
    if any(value.dims is None for value in values):
        return unknown(product(value.total for value in values))
    rank = max(len(value.dims or ()) for value in values)
    padded = [(ONE,) * (rank - len(value.dims or ())) + (value.dims or ()) for value in values]
    dims = padded[0]
    for other in padded[1:]:
        dims = tuple(_joined(a, b) for a, b in zip(dims, other, strict=True))
    same = next((value for value in values if value.dims == dims), None)
    return same or extent(dims)


def _joined(one: Bound, other: Bound) -> Bound:
    if one == ONE:
        return other
    return one if other == ONE else one.larger(other)


def reshaped(value: Extent, sizes: Dims, keep_zero: bool) -> Extent:
    """A value in another shape: zeros stand for the old dimension, -1 for what is left."""
    old = value.dims or ()
    dims: list[Bound | None] = []
    for place, size in enumerate(sizes):
        if size.factor == 0 and not keep_zero:
            dims.append(old[place] if place < len(old) else value.total)
        else:
            dims.append(None if size.factor < 0 else size)
    rest = product(dim for dim in dims if dim is not None)
    return Extent(tuple(_left(value.total, rest) if dim is None else dim for dim in dims), value.total)


def _left(total: Bound, rest: Bound) -> Bound:
    """What a dimension of -1 becomes."""
    if not rest.exact or rest.factor < 1 or rest.degree > total.degree:
        return total._replace(exact=False)
    exact = total.exact and total.factor % rest.factor == 0
    return Bound(-(-total.factor // rest.factor), total.degree - rest.degree, exact)
