"""What every graph must pass before it is packed, whoever made it.

- its rows do not know the batch that they travel in, bit for bit;
- no output, and no class, is a number when none of its sets of needs is known;
- its memory stays finite whatever is unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from trivet.build.inputs import Inputs, Runner, blanked, fitted_patterns, joined, spread
from trivet.build.needs import needs_by_column, unmet
from trivet.errors import GraphError
from trivet.interface.document import Interface
from trivet.package.manifest import Manifest

BATCHES = (1, 2, 7, 64)
"""Batch sizes that must give the bits of the whole batch."""

ROWS = 130
"""Rows of the whole batch: more than two of the largest size."""

MEMORY = "next_state"


def check_batches(runner: Runner, inputs: Inputs) -> int:
    """Refuses a graph in which a row's bits depend on its batch.

    Returns:
        Number of rows that were compared.

    Raises:
        GraphError: They do.
    """
    whole = inputs.rows(np.resize(np.arange(len(inputs)), max(ROWS, len(inputs))))
    expected = runner.run(whole)
    for size in BATCHES:
        made = runner.run(whole, size)
        for name in runner.outputs:
            differing = np.flatnonzero((_bits(made[name]) != _bits(expected[name])).any(axis=1))
            if len(differing):
                raise GraphError(
                    f"{len(differing)} of {len(whole)} rows of {name} differ between a batch of {size} "
                    f"and one of {len(whole)}",
                    where="model.onnx",
                    hint="write sums over time as MatMul with a constant row; no ReduceSum or ReduceMean",
                    rule="TRV-P080",
                )
    return len(whole)


def check_unknown(runner: Runner, inputs: Inputs, interface: Interface, manifest: Manifest) -> int:
    """Refuses a graph that says a number where none of a column's sets of needs is known.

    Returns:
        Number of patterns of fitted columns that were tried.

    Raises:
        GraphError: It does, or its memory is not finite.
    """
    columns = manifest.columns
    ports = {port.name: port.classes for port in manifest.outputs}
    rows = spread(inputs, 8)
    patterns = fitted_patterns(interface, columns, list(ports))
    made = runner.run(joined([blanked(rows, columns, pattern) for pattern in patterns]))
    if MEMORY in made and not np.isfinite(made[MEMORY]).all():
        raise GraphError("the next state is not finite when columns are unknown", where="model.onnx", rule="TRV-P081")
    for number, pattern in enumerate(patterns):
        part = {name: made[name][number * len(rows) : (number + 1) * len(rows)] for name in ports}
        unknown = np.asarray(np.isnan(blanked(rows, columns, pattern).window).all(axis=1)).tolist()
        for row in range(len(rows)):
            fitted = {name: not lost for name, lost in zip(columns, unknown[row], strict=True)}
            _check_row(interface, ports, fitted, {name: part[name][row].tolist() for name in ports})
    return len(patterns)


def _check_row(
    interface: Interface,
    ports: Mapping[str, tuple[str, ...]],
    fitted: Mapping[str, bool],
    said: Mapping[str, Sequence[float]],
) -> None:
    for name, classes in ports.items():
        silent = unmet(fitted, needs_by_column(interface, name, classes))
        for column, (must_be_silent, value) in enumerate(zip(silent, said[name], strict=True)):
            if must_be_silent and not np.isnan(value):
                known = ", ".join(sorted(c for c, flag in fitted.items() if flag)) or "nothing"
                place = f"{name}.{classes[column]}" if classes else name
                raise GraphError(
                    f"{place} is {value:.3g} where {known} is known and none of its sets of needs is",
                    where="model.onnx",
                    hint="give NaN there, or correct the needs in the interface",
                    rule="TRV-P082",
                )


def _bits(array: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint32]]:
    """NaN equals NaN, and zero does not equal minus zero."""
    return np.ascontiguousarray(array).view(np.uint32)
