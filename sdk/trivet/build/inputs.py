"""Rows for a model: what the gates and golden vectors are fed with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trivet.errors import GraphError
from trivet.interface.document import Interface
from trivet.runtime.session import Session
from trivet.signals import Float32s, Ints


@dataclass(frozen=True, slots=True)
class Inputs:
    """A batch of a model's inputs.

    Attributes:
        window: float32 ``(batch, length, columns)``; NaN is not known.
        context: float32 ``(batch, k)``.
        state: float32 ``(batch, s)``, or None for a model without memory.
    """

    window: Float32s
    context: Float32s
    state: Float32s | None = None

    def __len__(self) -> int:
        return len(self.window)

    def rows(self, index: slice | Sequence[int] | Ints) -> Inputs:
        """Some rows, in the order given."""
        chosen = index if isinstance(index, slice) else np.asarray(index, np.int64)
        state = None if self.state is None else np.ascontiguousarray(self.state[chosen])
        return Inputs(np.ascontiguousarray(self.window[chosen]), np.ascontiguousarray(self.context[chosen]), state)

    def feed(self) -> dict[str, Float32s]:
        """The tensors by name."""
        named = {"window": self.window, "context": self.context}
        return named if self.state is None else {**named, "state": self.state}

    def with_state(self, fields: int) -> Inputs:
        """The same rows at an empty memory of so many fields; 0 is a model without memory."""
        if self.state is not None or not fields:
            return self
        return Inputs(self.window, self.context, np.zeros((len(self), fields), np.float32))


def joined(parts: Sequence[Inputs]) -> Inputs:
    """Batches below one another."""
    states = [part.state for part in parts if part.state is not None]
    return Inputs(
        np.concatenate([part.window for part in parts]),
        np.concatenate([part.context for part in parts]),
        np.concatenate(states) if states else None,
    )


class Runner:
    """A model under test.

    Attributes:
        outputs: Names of the outputs that it gives.
    """

    def __init__(self, model: bytes, outputs: Sequence[str]) -> None:
        self.outputs = tuple(outputs)
        self._session = Session(model, outputs)

    def run(self, inputs: Inputs, batch: int | None = None) -> dict[str, Float32s]:
        """All outputs, computed in batches of a size, or all at once.

        Raises:
            GraphError: There are no rows, or onnxruntime could not run the graph on them.
        """
        if not len(inputs):
            raise GraphError("there is no window to try the model with", hint="give sample windows")
        size = batch or max(len(inputs), 1)
        parts = [
            self._session.run(inputs.rows(slice(start, start + size)).feed()) for start in range(0, len(inputs), size)
        ]
        return {name: np.concatenate([part[n] for part in parts]) for n, name in enumerate(self.outputs)}


def blanked(inputs: Inputs, columns: Sequence[str], known: frozenset[str]) -> Inputs:
    """The same rows at a plant that has fitted these columns only."""
    keep: NDArray[np.bool_] = np.array([name in known for name in columns])
    window = np.where(keep[None, None, :], inputs.window, np.float32(np.nan)).astype(np.float32)
    return Inputs(window, inputs.context, inputs.state)


def fitted_patterns(interface: Interface, columns: Sequence[str], outputs: Sequence[str]) -> list[frozenset[str]]:
    """What plants may have: all, nothing, all but one, one alone, tiers, sets of needs, and those short of one."""
    everything = frozenset(columns)
    patterns = [everything, frozenset()]
    patterns += [everything - {name} for name in columns] + [frozenset({name}) for name in columns]
    tiers = [frozenset(names) & everything for names in interface.tiers.values()]
    patterns += [*tiers, *(everything - tier for tier in tiers)]
    for output in outputs:
        for name in (None, *interface.classes(output)):
            for group in interface.needs(output, name):
                needed = frozenset(group) & everything
                patterns += [needed, *(needed - {column} for column in needed)]
    return list(dict.fromkeys(patterns))


def spread(inputs: Inputs, most: int) -> Inputs:
    """At most so many rows, evenly taken."""
    return inputs.rows(np.unique(np.linspace(0, len(inputs) - 1, min(most, len(inputs))).astype(np.int64)))
