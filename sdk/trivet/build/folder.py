"""A package from a folder: ``pack.yaml`` beside a maker's own ONNX file. No scikit-learn is needed.

::

    kind: pack
    format: 0
    name: my-oven
    version: 1.0.0
    interface: cooking-appliance        # an id that ships, or a path
    window: recent
    model: model.onnx
    samples: samples.npz                # arrays ``window`` and ``context``, some hundreds of rows
    recorded: [cycle.csv]               # columns: column, seconds, value, quality; may be left out
    columns: [chamber_temperature, chamber_setpoint]
    context: [frames, elapsed, rated_power]
    outputs: [{name: novelty}, {name: time_to_ready, classes: ['off', setback, hold, preheat]}]
    evidence: {data: data.json, training: training.json}
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np

from trivet.build.features import FORMAT
from trivet.build.golden import Recorded
from trivet.build.inputs import Inputs
from trivet.build.seal import Draft, seal
from trivet.errors import DocumentError
from trivet.interface.document import STRICT, BudgetRow, Interface
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet.package.layout import MOST_MEMBER_BYTES
from trivet.package.manifest import OutputPort, State, StateField


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputEntry:
    """One output tensor, and its classes in tensor order where it has any."""

    __pydantic_config__ = STRICT

    name: str
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StateEntry:
    """One float32 of the model's memory."""

    __pydantic_config__ = STRICT

    name: str
    unit: str = "1"
    initial: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StateLayout:
    """The model's memory; a field ``windows`` counts accepted windows."""

    __pydantic_config__ = STRICT

    layout: int
    fields: tuple[StateEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackDocument:
    """What a package is made of, as a maker writes it; paths start from the document's folder.

    Attributes:
        kind: Always ``pack``.
        format: Number of the document format.
        interface: Id of an interface that ships, or a path.
        model: ONNX file.
        samples: NumPy archive with ``window`` and ``context``, float32.
        columns: In tensor order.
        context: In tensor order: ``frames``, ``elapsed``, then parameters.
        outputs: In the manifest's order.
        evidence: Name to JSON file.
        recorded: CSV files of readings that become one window each.
        parameters: Parameters of the recorded appliance.
    """

    __pydantic_config__ = STRICT

    kind: Literal["pack"]
    format: Literal[0]
    name: str
    version: str
    interface: str
    window: str
    model: str
    samples: str
    columns: tuple[str, ...]
    context: tuple[str, ...]
    outputs: tuple[OutputEntry, ...]
    evidence: Mapping[str, str]
    recorded: tuple[str, ...] = ()
    parameters: Mapping[str, float] = field(default_factory=dict)
    state: StateLayout | None = None
    budget: tuple[BudgetRow, ...] = ()


def pack_folder(path: Path) -> bytes:
    """The unsigned package that a ``pack.yaml`` describes.

    Raises:
        DocumentError: The document, or a file that it names, is malformed or does not fit the interface.
        GraphError: The graph breaks its contract or a gate.
    """
    document = read(path, PackDocument).document
    folder = path.parent
    interface = read(find("interface", document.interface, folder), Interface)
    recorded = [_recorded(folder / name, document) for name in document.recorded]
    draft = Draft(
        name=document.name,
        version=document.version,
        interface=interface.tree,
        window=document.window,
        columns=document.columns,
        context=document.context,
        outputs=tuple(OutputPort(output.name, output.classes) for output in document.outputs),
        state=_state(document.state),
        model=_bytes(folder / document.model),
        features=_no_features(document, interface.document),
        samples=_samples(folder / document.samples),
        recorded=recorded,
        evidence={name: _json(folder / file) for name, file in document.evidence.items()},
        budget=[asdict(row) for row in document.budget] or None,
    )
    return seal(draft)


def _state(state: StateLayout | None) -> State | None:
    if state is None:
        return None
    return State(state.layout, tuple(StateField(entry.name, entry.unit, entry.initial) for entry in state.fields))


def _no_features(document: PackDocument, interface: Interface) -> dict[str, Any]:
    """The feature list of a graph whose features nobody wrote down."""
    window = interface.windows.get(document.window)
    return {
        "format": FORMAT,
        "frame": interface.frame,
        "length": window.length if window else 0,
        "columns": list(document.columns),
        "context": list(document.context),
        "features": [],
    }


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_MEMBER_BYTES + 1)
    except OSError as error:
        raise DocumentError(f"cannot be read ({error.strerror})", where=str(path), hint="check the path") from error
    if len(data) > MOST_MEMBER_BYTES:
        raise DocumentError(f"is over {MOST_MEMBER_BYTES} bytes", where=str(path))
    return data


def _json(path: Path) -> Any:
    try:
        return json.loads(_bytes(path))
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"is not JSON ({error})", where=str(path)) from error


def _samples(path: Path) -> Inputs:
    try:
        with np.load(path, allow_pickle=False) as archive:
            window, context = (np.asarray(archive[name], np.float32) for name in ("window", "context"))
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise DocumentError(
            "is no NumPy archive of `window` and `context`", where=str(path), hint="write it with numpy.savez"
        ) from error
    if window.ndim != 3 or context.ndim != 2 or len(window) != len(context) or not len(window):
        raise DocumentError(f"has shapes {window.shape} and {context.shape}", where=str(path))
    return Inputs(window, context)


def _recorded(path: Path, document: PackDocument) -> Recorded:
    place = {name: n for n, name in enumerate(document.columns)}
    try:
        lines = list(csv.DictReader(_bytes(path).decode("utf-8").splitlines()))
        rows = [
            (place[line["column"]], float(line["seconds"]), float(line["value"]), int(line["quality"]))
            for line in lines
        ]
    except (KeyError, ValueError, TypeError) as error:
        raise DocumentError(
            f"is no table of column, seconds, value, quality ({error})", where=str(path), hint="see trivet.build.folder"
        ) from error
    if not rows or not all(quality in (0, 1, 2) for *_, quality in rows):
        raise DocumentError("has no rows, or a quality that is not 0, 1 or 2", where=str(path))
    return Recorded(np.array(rows, np.float32), document.parameters)
