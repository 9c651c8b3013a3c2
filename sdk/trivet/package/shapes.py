"""How large each operator's results can be: one rule a family of operators, and a table of them.

A rule takes the extents of the inputs and gives those of the outputs, from above. Sizes that come out of
tensors must be constants or measured with ``Shape``; a rule that needs one and has none gives None.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from trivet.package.extent import ONE, Bound, Dims, Extent, broadcast, extent, product, reshaped, unknown


class Node(NamedTuple):
    """What a rule sees of a node.

    Attributes:
        inputs: Extents; None for an input that is left out.
        values: The numbers in each input, where they are few and known; else None.
        attributes: By name.
        outputs: Number of outputs.
    """

    inputs: list[Extent | None]
    values: list[Dims | None]
    attributes: Mapping[str, Any]
    outputs: int

    @property
    def first(self) -> Extent:
        """The first input."""
        return self.extent(0)

    def extent(self, place: int) -> Extent:
        """An input; one that is not there counts as one element."""
        return (self.inputs[place] if place < len(self.inputs) else None) or extent(())

    def numbers(self, name: str, place: int) -> list[int] | None:
        """Constant integers from an attribute, or from an input in newer operator sets; None when absent."""
        if name in self.attributes:
            given = self.attributes[name]
            return [given] if isinstance(given, int) else list(given)
        found = self.values[place] if place < len(self.values) else None
        if found is None or any(bound.degree or not bound.exact for bound in found):
            return None
        return [bound.factor for bound in found]

    def given(self, place: int) -> bool:
        """Whether an input is there."""
        return place < len(self.inputs) and self.inputs[place] is not None


Rule = Callable[[Node], list[Extent] | None]


def _same(node: Node) -> list[Extent]:
    return [node.first] * max(node.outputs, 1)


def _elementwise(node: Node) -> list[Extent]:
    return [broadcast([value for value in node.inputs if value is not None] or [node.first])]


def _matmul(node: Node) -> list[Extent]:
    a, b = node.extent(0), node.extent(1)
    if not a.dims or not b.dims:
        return [unknown(a.total.times(b.total))]
    rows = a.dims[-2:-1]
    columns = b.dims[-1:] if len(b.dims) > 1 else ()
    outer = broadcast([extent(a.dims[:-2]), extent(b.dims[:-2])]).dims or ()
    return [extent((*outer, *rows, *columns))]


def _gemm(node: Node) -> list[Extent]:
    a, b = node.extent(0), node.extent(1)
    if not (a.dims and b.dims and len(a.dims) == len(b.dims) == 2):
        return [unknown(a.total.times(b.total))]
    row = a.dims[1 if node.attributes.get("transA") else 0]
    return [extent((row, b.dims[0 if node.attributes.get("transB") else 1]))]


def _reduce(node: Node) -> list[Extent]:
    value, axes = node.first, node.numbers("axes", 1)
    if value.dims is None or (axes is None and node.given(1)):
        return [unknown(value.total)]
    keep = node.attributes.get("keepdims", 1)
    if not axes:
        if node.attributes.get("noop_with_empty_axes"):
            return [value]
        axes = list(range(len(value.dims)))
    return [_without(value.dims, axes, bool(keep))]


def _arg(node: Node) -> list[Extent]:
    if node.first.dims is None:
        return [unknown(node.first.total)]
    return [_without(node.first.dims, [node.attributes.get("axis", 0)], bool(node.attributes.get("keepdims", 1)))]


def _without(dims: Dims, axes: list[int], keep: bool) -> Extent:
    gone = {axis % len(dims) for axis in axes} if dims else set()
    return extent(ONE if n in gone else dim for n, dim in enumerate(dims) if keep or n not in gone)


def _global(node: Node) -> list[Extent]:
    dims = node.first.dims
    return [unknown(node.first.total) if dims is None else extent((*dims[:2], *(ONE for _ in dims[2:])))]


def _concat(node: Node) -> list[Extent]:
    parts = [value for value in node.inputs if value is not None] or [node.first]
    total = parts[0].total
    for part in parts[1:]:
        total = total.plus(part.total)
    ranks = {len(part.dims) if part.dims is not None else None for part in parts}
    if None in ranks or len(ranks) != 1 or not parts[0].dims:
        return [unknown(total)]
    axis = node.attributes.get("axis", 0) % len(parts[0].dims)
    columns = list(zip(*(part.dims or () for part in parts), strict=True))
    dims = [_sum(column) if n == axis else _largest(column) for n, column in enumerate(columns)]
    return [Extent(tuple(dims), total)]


def _sum(bounds: Dims) -> Bound:
    total = bounds[0]
    for bound in bounds[1:]:
        total = total.plus(bound)
    return total


def _largest(bounds: Dims) -> Bound:
    best = bounds[0]
    for bound in bounds[1:]:
        best = best.larger(bound)
    return best


def _split(node: Node) -> list[Extent]:
    value = node.first
    if not value.dims:
        return [unknown(value.total)] * node.outputs
    axis = node.attributes.get("axis", 0) % len(value.dims)
    sizes = node.numbers("split", 1)
    if sizes is not None and len(sizes) == node.outputs:
        return [_resized(value, axis, Bound(abs(size))) for size in sizes]
    dim = value.dims[axis]
    count = max(node.outputs, 1)
    piece = Bound(-(-dim.factor // count), dim.degree, dim.exact and dim.factor % count == 0)
    return [_resized(value, axis, dim._replace(exact=False) if node.given(1) else piece)] * node.outputs


def _resized(value: Extent, axis: int, dim: Bound) -> Extent:
    dims = value.dims or ()
    return extent((*dims[:axis], dim, *dims[axis + 1 :]))


def _slice(node: Node) -> list[Extent]:
    value = node.first
    if not value.dims:
        return [value]
    starts, ends = node.numbers("starts", 1), node.numbers("ends", 2)
    axes, steps = node.numbers("axes", 3), node.numbers("steps", 4)
    if starts is None or ends is None or (axes is None and node.given(3)) or (steps is None and node.given(4)):
        return [Extent(tuple(dim._replace(exact=False) for dim in value.dims), value.total)]
    made = value
    for n, (start, end) in enumerate(zip(starts, ends, strict=False)):
        axis = (axes[n] if axes and n < len(axes) else n) % len(value.dims)
        made = _resized(made, axis, _sliced(value.dims[axis], start, end, steps[n] if steps and n < len(steps) else 1))
    return [made]


def _sliced(dim: Bound, start: int, end: int, step: int) -> Bound:
    if dim.degree or not dim.exact or step == 0:
        return dim if (start, step) == (0, 1) and end >= 1 << 31 else dim._replace(exact=False)
    return Bound(len(range(*slice(start, end, step).indices(dim.factor))))


def _gather(node: Node) -> list[Extent]:
    data, index = node.extent(0), node.extent(1)
    if not data.dims or index.dims is None:
        return [unknown(data.total.times(index.total))]
    axis = node.attributes.get("axis", 0) % len(data.dims)
    return [extent((*data.dims[:axis], *index.dims, *data.dims[axis + 1 :]))]


def _features(node: Node) -> list[Extent]:
    data, index = node.extent(0), node.extent(1)
    if not data.dims:
        return [unknown(data.total.times(index.total))]
    return [extent((*(data.dims[:-1] or (ONE,)), index.total))]


def _second(node: Node) -> list[Extent]:
    return [node.extent(1)]


def _reshape(node: Node) -> list[Extent]:
    sizes = node.values[1] if len(node.values) > 1 else None
    if sizes is None:
        return [unknown(node.first.total)]
    return [reshaped(node.first, sizes, bool(node.attributes.get("allowzero")))]


def _flatten(node: Node) -> list[Extent]:
    value = node.first
    if value.dims is None:
        return [unknown(value.total)]
    axis = node.attributes.get("axis", 1)
    axis = axis + len(value.dims) if axis < 0 else axis
    return [Extent((product(value.dims[:axis]), product(value.dims[axis:])), value.total)]


def _squeeze(node: Node) -> list[Extent]:
    value, axes = node.first, node.numbers("axes", 1)
    if value.dims is None or (axes is None and node.given(1)):
        return [unknown(value.total)]
    if axes is None:
        return [Extent(tuple(dim for dim in value.dims if dim != ONE), value.total)]
    return [Extent(_without(value.dims, axes, False).dims, value.total)]


def _unsqueeze(node: Node) -> list[Extent]:
    value, axes = node.first, node.numbers("axes", 1)
    if value.dims is None or axes is None or len(axes) > len(value.dims) + 8:
        return [unknown(value.total)]
    rank, rest = len(value.dims) + len(axes), iter(value.dims)
    places = {axis % rank for axis in axes}
    return [Extent(tuple(ONE if n in places else next(rest, ONE) for n in range(rank)), value.total)]


def _transpose(node: Node) -> list[Extent]:
    value = node.first
    if value.dims is None:
        return [value]
    order = node.attributes.get("perm") or range(len(value.dims))[::-1]
    if sorted(order) != list(range(len(value.dims))):
        return [unknown(value.total)]
    return [Extent(tuple(value.dims[n] for n in order), value.total)]


def _expand(node: Node) -> list[Extent] | None:
    sizes = node.values[1] if len(node.values) == 2 else None
    return None if sizes is None else [broadcast([node.first, extent(map(_positive, sizes))])]


def _filled(node: Node) -> list[Extent] | None:
    sizes = node.values[0] if node.values else None
    return None if sizes is None else [extent(map(_positive, sizes))]


def _tile(node: Node) -> list[Extent] | None:
    sizes = node.values[1] if len(node.values) == 2 else None
    if sizes is None or node.first.dims is None or len(sizes) != len(node.first.dims):
        return None
    return [extent(dim.times(_positive(size)) for dim, size in zip(node.first.dims, sizes, strict=True))]


def _positive(size: Bound) -> Bound:
    return size._replace(factor=abs(size.factor))


def _pad(node: Node) -> list[Extent] | None:
    value, pads = node.first, node.numbers("pads", 1)
    if value.dims is None or pads is None or len(pads) != 2 * len(value.dims) or node.given(3):
        return None
    count = len(value.dims)
    more = (Bound(max(pads[n], 0) + max(pads[n + count], 0)) for n in range(count))
    return [extent(dim.plus(extra) if extra.factor else dim for dim, extra in zip(value.dims, more, strict=True))]


def _topk(node: Node) -> list[Extent]:
    count = node.numbers("k", 1)
    if not node.first.dims or not count:
        return [unknown(node.first.total)] * 2
    axis = node.attributes.get("axis", -1) % len(node.first.dims)
    return [_resized(node.first, axis, Bound(abs(count[0])))] * 2


def _shape(node: Node) -> list[Extent]:
    return [extent((Bound(len(node.first.dims)),))] if node.first.dims is not None else [unknown(Bound(64))]


def _rows(node: Node) -> Bound:
    dims = node.first.dims
    if dims is None:
        return node.first.total._replace(exact=False)
    return dims[0] if len(dims) > 1 else ONE


def _regressor(node: Node) -> list[Extent]:
    count = node.attributes.get("n_targets", node.attributes.get("targets", 1))
    return [extent((_rows(node), Bound(max(count, 1))))]


def _classifier(node: Node) -> list[Extent]:
    labels = node.attributes.get("classlabels_int64s", node.attributes.get("classlabels_ints", ()))
    return [extent((_rows(node),)), extent((_rows(node), Bound(max(len(labels), 2))))]


def _convolution(node: Node) -> list[Extent]:
    value, kernel = node.extent(0), node.extent(1)
    if not value.dims or not kernel.dims or len(value.dims) != len(kernel.dims):
        return [unknown(value.total.times(kernel.total))]
    return [extent((value.dims[0], kernel.dims[0], *_moved(node, value.dims[2:])))]


def _pooled(node: Node) -> list[Extent]:
    dims = node.first.dims
    return [unknown(node.first.total) if dims is None else extent((*dims[:2], *_moved(node, dims[2:])))]


def _moved(node: Node, dims: Dims) -> Dims:
    """Positions of a kernel along each dimension; kernels of one and steps of one bound the rest from above."""
    pads = [abs(pad) for pad in node.attributes.get("pads", ())] or [0] * (2 * len(dims))
    steps = [max(step, 1) for step in node.attributes.get("strides", ())] or [1] * len(dims)
    more = 1 if node.attributes.get("ceil_mode") else 0
    both = [a + b + more * s for a, b, s in zip(pads[: len(dims)], pads[len(dims) :], steps, strict=False)]
    return tuple(
        Bound(-(-(dim.factor + pad) // step) if dim.degree == 0 else dim.factor + pad, dim.degree, False)
        for dim, pad, step in zip(dims, both, steps, strict=False)
    )


def _recurrent(node: Node) -> list[Extent]:
    """``X`` is (length, batch, inputs); ``Y`` (length, directions, batch, hidden), then last states."""
    hidden = Bound(abs(node.attributes.get("hidden_size", 1)))
    sides = Bound(2 if node.attributes.get("direction") == b"bidirectional" else 1)
    steps = product((node.first.dims or (node.first.total,))[:2])
    total = steps.times(hidden).times(sides)
    if not node.first.dims or len(node.first.dims) != 3 or node.attributes.get("layout"):
        return [unknown(total)] * 3
    length, batch, _ = node.first.dims
    last = extent((sides, batch, hidden))
    return [extent((length, sides, batch, hidden)), last, last]


def _table() -> dict[str, Rule]:
    rules: dict[str, Rule] = {
        "MatMul": _matmul, "Gemm": _gemm, "Concat": _concat, "Split": _split, "Slice": _slice, "Gather": _gather,
        "GatherElements": _second, "Reshape": _reshape, "Flatten": _flatten, "Squeeze": _squeeze,
        "Unsqueeze": _unsqueeze, "Transpose": _transpose, "Expand": _expand, "ConstantOfShape": _filled,
        "Tile": _tile, "Pad": _pad, "TopK": _topk, "Shape": _shape, "ArgMax": _arg, "ArgMin": _arg,
        "Conv": _convolution, "MaxPool": _pooled, "AveragePool": _pooled, "GlobalAveragePool": _global,
        "GlobalMaxPool": _global,
        "LSTM": _recurrent, "GRU": _recurrent, "RNN": _recurrent, "Size": lambda _: [extent(())],
        "ArrayFeatureExtractor": _features, "TreeEnsembleRegressor": _regressor, "LinearRegressor": _regressor,
        "TreeEnsembleClassifier": _classifier, "LinearClassifier": _classifier,
    }  # fmt: skip
    for word in ("Max", "Min", "Sum", "Mean", "Prod", "SumSquare", "L1", "L2", "LogSum", "LogSumExp"):
        rules[f"Reduce{word}"] = _reduce
    same = """
        BatchNormalization Binarizer CumSum Elu Erf Imputer LabelEncoder LayerNormalization LogSoftmax Normalizer
        Scaler Softmax
    """
    return rules | dict.fromkeys(same.split(), _same)


RULES: Mapping[str, Rule] = _table()
"""Operator to rule; all others are element-wise, the results of their inputs' broadcast."""


def sized(operator: str, node: Node) -> list[Extent] | None:
    """The extents of a node's outputs, or None when their size is computed from data."""
    return RULES.get(operator, _elementwise)(node)
