"""Golden vectors: made from sample windows, kept away from every threshold, in three layers.

``samples``: readings to a window. ``outputs``: windows, context and memory to raw
outputs; plain windows, plants that lack signals, and a run of one machine's
memory. ``prediction``: the same cases after the guard, NaN where withheld.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from trivet.build.inputs import Inputs, Runner, blanked, fitted_patterns, joined
from trivet.build.margins import NEAREST, margins
from trivet.errors import GraphError
from trivet.interface.columns import columns as columns_of
from trivet.interface.document import Interface
from trivet.runtime.golden import judged, samples, windows_of
from trivet.runtime.model import Model
from trivet.signals import SECOND, Float32s, Readings, quality
from trivet.window.window import Window, Windower, stack

TOLERANCE = 1e-5
PLAIN = 4
UNFITTED = 12
REMEMBERED = 6
LONGEST = 8000
"""Seconds that golden samples may last, so that single precision still tells milliseconds."""

BATCH = 256
"""Candidates that are judged at once."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Readings that become one window.

    Attributes:
        rows: float32 ``(n, 4)``: column number, source time from the first frame [s], value, quality 0 to 2.
        parameters: Parameters of the context that are known.
    """

    rows: Float32s
    parameters: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        readings: Sequence[Readings],
        interface: Interface,
        columns: Sequence[str],
        parameters: Mapping[str, float],
    ) -> Recorded:
        """Bound readings of one device, cut down to a package's columns; counters start from zero.

        Raises:
            GraphError: There are none, or they last too long.
        """
        found = _found(readings, {name: n for n, name in enumerate(columns)})
        step = round(interface.frame * SECOND)
        begin = found[0][0] // step * step
        rows = np.array([[column, (t - begin) / SECOND, value, q] for t, column, value, q in found])
        if rows[-1, 1] > LONGEST:
            raise GraphError(f"golden readings last longer than {LONGEST} s", where="golden")
        signals = columns_of(interface)
        for number, name in enumerate(columns):
            mine = rows[:, 0] == number
            if signals[name].counter and mine.any():
                rows[mine, 2] -= rows[mine, 2][0]
        return cls(rows.astype(np.float32), dict(parameters))


def _found(readings: Sequence[Readings], place: Mapping[str, int]) -> list[tuple[int, int, float, int]]:
    """Source time, column, value and quality of all samples of these columns, in order of time."""
    found = [
        (int(r.source[i]), place[r.names[int(r.column[i])]], float(r.values[i]), int(quality(int(r.status[i]))))
        for r in readings
        for i in range(len(r))
        if r.names[int(r.column[i])] in place
    ]
    if not found:
        raise GraphError("golden readings have none of the package's columns", where="golden")
    return sorted(found)


@dataclass(frozen=True, slots=True)
class Golden:
    """Golden vectors in the package's form.

    Attributes:
        tree: The manifest's ``golden``.
        members: Path to bytes.
    """

    tree: Mapping[str, Any]
    members: Mapping[str, bytes]


class _Members:
    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def add(self, name: str, array: Float32s) -> dict[str, Any]:
        """Files an array and gives its entry."""
        path = f"golden/{name}.f32"
        self.files[path] = np.ascontiguousarray(array, "<f4").tobytes()
        return {"path": path, "shape": list(array.shape)}


def vectors(model: Model, graph: bytes, inputs: Inputs, recorded: Sequence[Recorded], remembered: int) -> Golden:
    """Golden vectors of a model.

    Args:
        model: The runtime's model over the same graph.
        graph: The graph's bytes.
        inputs: Sample windows, with an empty memory when the model has one.
        recorded: Readings for the first layer; may be empty.
        remembered: Windows that the run of one machine's memory spans.

    Raises:
        GraphError: No sample keeps clear of the splits, or recorded readings make no window.
    """
    members = _Members()
    runner = Runner(graph, [*model.ports, *(["next_state"] if model.manifest.state else [])])
    cases = _cases(model, graph, runner, inputs, remembered)
    outputs, prediction = [], []
    for number, case in enumerate(cases):
        made = runner.run(case)
        state = members.add(f"{number}-state", case.state) if case.state is not None else None
        outputs.append(
            {
                "window": members.add(f"{number}-window", case.window),
                "context": members.add(f"{number}-context", case.context),
                "state": state,
                "expected": {name: members.add(f"{number}-{name}", array) for name, array in made.items()},
            }
        )
        said = judged(model, windows_of(model, case.window, case.context), case.state)
        expected = {name: members.add(f"{number}-said-{name}", array) for name, array in said.items()}
        prediction.append({"case": number, "expected": expected})
    first = [_samples(model, members, number, one) for number, one in enumerate(recorded)]
    tree = {"tolerance": TOLERANCE, "samples": first, "outputs": outputs, "prediction": prediction}
    return Golden(tree, members.files)


def _cases(model: Model, graph: bytes, runner: Runner, inputs: Inputs, remembered: int) -> list[Inputs]:
    run = _run(runner, inputs, remembered) if inputs.state is not None else inputs.rows(slice(0, 0))
    clear = _Clear(model, graph, runner, joined([inputs, run]))
    plain = clear(inputs.rows(slice(0, BATCH)))
    if not len(plain):
        raise GraphError(
            f"no sample window keeps {NEAREST:g} of a feature's scale from every split",
            where="golden",
            hint="give more sample windows",
        )
    columns = model.manifest.columns
    cases = [plain.rows(slice(0, 1)), plain.rows(slice(0, PLAIN))]
    lacking = [
        clear(blanked(plain.rows(slice(0, 8)), columns, pattern)).rows(slice(0, 1))
        for pattern in _some(fitted_patterns(model.interface, columns, list(model.ports)), UNFITTED)
    ]
    cases.append(joined(lacking))
    if len(run):
        kept = clear(run)
        cases.append(kept.rows(_some(range(len(kept)), REMEMBERED)))
    return [case for case in cases if len(case)]


def _some(items: Sequence[Any], most: int) -> list[Any]:
    """At most so many of them, evenly taken, the first and the last among them."""
    if not items:
        return []
    places = np.unique(np.linspace(0, len(items) - 1, min(most, len(items))).astype(int))
    return [items[place] for place in places.tolist()]


def _run(runner: Runner, inputs: Inputs, remembered: int) -> Inputs:
    """One machine's windows, each with the memory that those before it left."""
    rows = []
    state = inputs.rows([0]).state
    for number in range(remembered):
        row = inputs.rows([number % len(inputs)])
        row = Inputs(row.window, row.context, state)
        rows.append(row)
        state = runner.run(row)["next_state"]
    return joined(rows)


class _Clear:
    """Keeps the rows that stay clear of every split, and of the novelty limit."""

    def __init__(self, model: Model, graph: bytes, runner: Runner, scale_from: Inputs) -> None:
        outputs = model.interface.outputs
        self._novelty = next((n for n in model.ports if outputs[n].kind == "novelty"), "")
        self._limit = outputs[self._novelty].limit if self._novelty else None
        self._graph = graph
        self._runner = runner
        self._scale_from = scale_from

    def __call__(self, rows: Inputs) -> Inputs:
        clear = margins(self._graph, rows, self._scale_from) >= NEAREST
        if self._limit is not None:
            value = self._runner.run(rows)[self._novelty][:, 0]
            clear &= np.isnan(value) | (np.abs(value - self._limit) > 10 * NEAREST * self._limit)
        return rows.rows(np.flatnonzero(clear))


def _samples(model: Model, members: _Members, number: int, recorded: Recorded) -> dict[str, Any]:
    """One case of the first layer, made as the runtime checks it."""
    manifest = model.manifest
    readings, fitted, last = samples(model, recorded.rows)
    parameters = {name: recorded.parameters.get(name) for name in manifest.context[2:]}
    windower = Windower("golden", model.interface, manifest.window, manifest.columns, fitted, parameters)
    windower.feed(readings)
    found = [made for made in windower.advance(last) if isinstance(made, Window)]
    if not found:
        raise GraphError("golden readings made no window", where="golden", hint="record a whole cycle and its end")
    made = stack(found[:1])
    return {
        "samples": members.add(f"samples-{number}", recorded.rows),
        "window": members.add(f"samples-{number}-window", made.values[0]),
        "context": members.add(f"samples-{number}-context", made.context[0]),
        "parameters": {name: value for name, value in parameters.items() if value is not None},
    }
