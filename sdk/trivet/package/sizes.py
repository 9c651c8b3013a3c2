"""Follows the size of every value through a graph, and refuses those without bound.

A batch may be of any size, so a value may grow with it, but not faster than the
largest input; and so much for each row, and so much for all values together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from trivet.errors import GraphError, Message
from trivet.package.extent import Bound, Dims, Extent, extent, unknown
from trivet.package.shapes import Node, sized
from trivet.package.tensor import KEPT, Tensor

TOGETHER = 4
"""All values of a graph may have so many times the elements of one."""

_INTEGERS = (6, 7)
_PASSED = frozenset(("Identity", "Cast", "Squeeze", "Unsqueeze", "Reshape"))


class Sizes:
    """The extents of the values that exist so far, and the numbers in those that can become a shape.

    Attributes:
        most: Most elements of one value for each row of a batch.
        extents: Value to extent.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.extents: dict[str, Extent] = {}
        self._values: dict[str, Dims] = {}
        self._degree = 1
        self._together = 0

    def port(self, name: str, shape: Sequence[int | str]) -> None:
        """Notes an input of the graph; a dimension without number grows with the batch."""
        dims = [Bound(dim) if isinstance(dim, int) and dim else Bound(1, 1) for dim in shape]
        found = extent(dims) if shape else unknown(Bound(1, 1))
        self._degree = max(self._degree, found.total.degree)
        self._keep(name, found, f"input {name[:80]!r}")

    def constant(self, name: str, tensor: Tensor) -> None:
        """Notes a constant, whose size the file bounds."""
        self.extents[name] = extent(map(Bound, tensor.shape))
        if tensor.integers is not None and len(tensor.shape) <= 1:
            self._values[name] = tuple(map(Bound, tensor.integers))

    def width(self, name: str) -> int | None:
        """The exact last dimension of a value, or None when it is not known."""
        last = self.extents[name].width if name in self.extents else None
        return last.factor if last is not None and last.exact and last.degree == 0 else None

    def follow(
        self, operator: str, inputs: list[str], outputs: list[str], attributes: Mapping[str, Any], where: str
    ) -> None:
        """Notes what a node makes.

        Raises:
            GraphError: A size is computed from data, or beyond what a device can hold.
        """
        known = [self.extents.get(name) for name in inputs]
        node = Node(known, [self._values.get(name) for name in inputs], attributes, len(outputs))
        found = sized(operator, node)
        if found is None:
            _refuse(where, "makes a value whose size is computed from data")
        for name, made in zip(outputs, found, strict=False):
            self._keep(name, made, where)
        for name in outputs[len(found) :]:
            self._keep(name, found[0], where)
        values = _numbers(operator, node)
        if values is not None and outputs and len(values) <= KEPT:
            self._values[outputs[0]] = values

    def _keep(self, name: str, made: Extent, where: str) -> None:
        if not name:
            return
        if made.total.degree > self._degree:
            _refuse(where, "makes a value that grows faster than the batch")
        self._together += made.total.factor
        if max(made.total.factor, *(dim.factor for dim in made.dims or ()), 0) > self.most:
            _refuse(where, Message("makes a value of over {most} elements a row", most=self.most))
        if self._together > TOGETHER * self.most:
            _refuse(
                where,
                Message("makes the values of the graph over {most} elements a row together", most=TOGETHER * self.most),
            )
        self.extents[name] = made


def _numbers(operator: str, node: Node) -> Dims | None:
    """The numbers in a node's first result, where it can become a shape."""
    first = node.values[0] if node.values else None
    if operator == "Shape":
        dims, facts = node.first.dims, node.attributes
        return None if dims is None else dims[slice(facts.get("start"), facts.get("end"))]
    if operator == "Size":
        return (node.first.total,)
    if first is None:
        return None
    if operator in _PASSED:
        return None if operator == "Cast" and node.attributes.get("to") not in _INTEGERS else first
    if operator == "Concat":
        return tuple(number for part in node.values for number in part) if None not in node.values else None  # type: ignore[union-attr]
    return _chosen(operator, node, first)


def _chosen(operator: str, node: Node, first: Dims) -> Dims | None:
    """Some of the numbers of a list."""
    if operator == "Gather":
        places = node.numbers("", 1)
        if places is None or not all(-len(first) <= place < len(first) for place in places):
            return None
        return tuple(first[place] for place in places)
    if operator == "Slice":
        starts, ends, steps = node.numbers("starts", 1), node.numbers("ends", 2), node.numbers("steps", 4)
        if not starts or not ends or (steps is None and node.given(4)) or (steps or [1])[0] == 0:
            return None
        return first[starts[0] : ends[0] : (steps or [1])[0]]
    return None


def _refuse(where: str, message: str) -> NoReturn:
    raise GraphError(message, where=where, hint="export the model again with fixed sizes", rule="TRV-P072")
