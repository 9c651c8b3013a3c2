"""The ports of an ONNX model as an interface: one signal a column of its first input, one output a port."""

from __future__ import annotations

from pathlib import Path

from trivet.errors import DocumentError, GraphError
from trivet.imports import OPEN, Wish
from trivet.imports.names import interface_head, interface_tail, quoted, snake
from trivet.package.archive import content_of
from trivet.package.graph import BARE, Port, walk

MOST = 256
"""Most columns that are drafted."""


def draft(path: Path, wish: Wish) -> str:
    """The draft.

    Raises:
        DocumentError: The model's first input has no fixed number of columns.
        GraphError: The file is no ONNX model that trivet would look at.
    """
    try:
        facts = walk(content_of(path), BARE)
    except GraphError as error:
        error.where = error.where or str(path)
        raise
    first = facts.inputs[0] if facts.inputs else None
    width = first.shape[-1] if first and first.shape else None
    if first is None or not isinstance(width, int) or not 0 < width <= MOST:
        message = f"the model's first input has no fixed number of columns up to {MOST}"
        raise DocumentError(message, where=str(path), hint="export it with a fixed last dimension")
    length = first.shape[1] if len(first.shape) == 3 and isinstance(first.shape[1], int) else 1
    ports = ", ".join(map(_shown, (*facts.inputs, *facts.outputs)))
    signals = [_signal(number) for number in range(1, width + 1)]
    lines = interface_head(wish.id, f"From {path.name}: {ports}")
    lines += [f"frame: {quoted(OPEN)}", f"settle: {quoted(OPEN)}", "signals:", *signals]
    taken: list[str] = []
    for port in facts.outputs:
        taken.append(snake(port.name, taken))
    return "\n".join([*lines, *interface_tail([_output(name) for name in taken], length)])


def _shown(port: Port) -> str:
    return f"{port.name} {list(port.shape)}"


def _signal(number: int) -> str:
    return (
        f"  column_{number}: {{unit: {quoted(OPEN)}, range: [{quoted(OPEN)}, {quoted(OPEN)}], period: {quoted(OPEN)},"
        f" max_age: {quoted(OPEN)}}}"
    )


def _output(name: str) -> str:
    return f"  {name}: {{kind: {quoted(OPEN)}, window: recent, unit: {quoted(OPEN)}, needs: [[column_1]]}}"
