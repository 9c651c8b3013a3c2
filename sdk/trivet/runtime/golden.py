"""Golden vectors: does the package still answer as when it was packed?

Three layers: samples to window, window to raw outputs, outputs to prediction.
Numbers are compared at ``max(tolerance, tolerance * |expected|)``; NaN equals NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from trivet.errors import FormatError, GraphError, Message
from trivet.interface.columns import columns
from trivet.package.archive import Package
from trivet.runtime.model import Model
from trivet.runtime.predictions import Value
from trivet.window.windows import Window, Windows, stack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from trivet.signals import Float32s, Readings

    Flags = NDArray[np.bool_]

START = 1_700_000_000_000_000_000
"""Where the frame grid of golden samples begins [ns, UTC]; any multiple of all frame steps would do."""


def check_all(model: Model, package: Package) -> None:
    """Runs every golden vector.

    Raises:
        GraphError: One is not reproduced on this machine.
        FormatError: The vectors do not fit the manifest.
    """
    golden = package.manifest.golden
    for case in golden.get("samples", ()):
        _check_samples(model, package, case)
    for number in range(len(golden.get("outputs", ()))):
        _check_outputs(model, package, number)
    for case in golden.get("prediction", ()):
        _check_prediction(model, package, case)


def check_one(model: Model, package: Package) -> None:
    """Runs the first window-to-outputs vector; the smoke test of every start."""
    if package.manifest.golden.get("outputs"):
        _check_outputs(model, package, 0)


def array(package: Package, entry: Mapping[str, Any]) -> Float32s:
    """A golden member as float32 in its declared shape.

    Raises:
        FormatError: It is absent or not of that shape.
    """
    path, shape = entry["path"], tuple(entry["shape"])
    data = package.members.get(path)
    if data is None or len(data) != 4 * int(np.prod(shape)):
        raise FormatError(
            Message("golden member {path} is not of shape {shape}", path=path, shape=shape),
            where="manifest.json",
            rule="TRV-R017",
        )
    return np.frombuffer(data, "<f4").reshape(shape).astype(np.float32)


def windows_of(model: Model, values: Float32s, context: Float32s) -> Windows:
    """Golden windows as ``Windows``: columns with a known value are fitted, and nothing is missing."""
    known = np.logical_not(np.isnan(values).all(axis=1))
    fitted = [tuple(bool(flag) for flag in row) for row in known]
    batch, zeros = len(values), [0] * values.shape[2]
    return Windows(
        devices=["golden"] * batch,
        columns=model.manifest.columns,
        values=values,
        context=context,
        missing=[zeros] * batch,
        fitted=fitted,
        frames=[values.shape[1]] * batch,
        spans=[(START, START)] * batch,
        flags=[()] * batch,
        stale=[zeros] * batch,
        bad=[zeros] * batch,
    )


def golden_windows(model: Model, package: Package) -> list[Windows]:
    """Every golden window as a batch of one, for latency runs."""
    cases = [_case(model, package, case)[0] for case in package.manifest.golden["outputs"]]
    return [
        windows_of(model, w.values[row : row + 1], w.context[row : row + 1]) for w in cases for row in range(len(w))
    ]


def judged(model: Model, windows: Windows, state: Float32s | None) -> dict[str, Float32s]:
    """Predictions as arrays ``(batch, n)`` with NaN where withheld: the third layer's form."""
    predictions = model.predict(windows, state)
    rows = [p.values for p in predictions]
    return {
        name: np.array([_flat(row[name], len(ports)) for row in rows], np.float32)
        for name, ports in model.ports.items()
    }


def alike(made: Float32s, expected: Float32s, tolerance: float) -> Flags:
    """Which numbers are equal, not known in both, or no further apart than the format allows."""
    with np.errstate(invalid="ignore"):
        near = np.abs(made - expected) <= tolerance * np.maximum(np.abs(expected), 1)
    alike: Flags = (near & np.isfinite(expected)) | (made == expected) | (np.isnan(made) & np.isnan(expected))
    return alike


def _flat(value: Value, classes: int) -> list[float]:
    numbers = list(value.values()) if isinstance(value, dict) else [value] * max(classes, 1)
    return [float("nan") if n is None else float(n) for n in numbers]


def _check_samples(model: Model, package: Package, case: Mapping[str, Any]) -> None:
    from trivet.window.window import Windower

    readings, fitted, last = samples(model, array(package, case["samples"]))
    manifest = model.manifest
    parameters = {name: case.get("parameters", {}).get(name) for name in manifest.context[2:]}
    windower = Windower("golden", model.interface, manifest.window, manifest.columns, fitted, parameters)
    windower.feed(readings)
    found = [made for made in windower.advance(last) if isinstance(made, Window)]
    if not found:
        raise GraphError("golden samples gave no window", where=case["samples"]["path"])
    made = stack(found[:1])
    _compare(package, case["window"], made.values[0])
    _compare(package, case["context"], made.context[0])


def samples(model: Model, rows: Float32s) -> tuple[Readings, frozenset[str], int]:
    """Golden samples as readings, the columns that they fit, and the moment to close all frames.

    Args:
        model: Whose columns and frame step count.
        rows: ``(n, 4)``: column number, source time from the start [s], value, quality.
    """
    from trivet.signals import SECOND, Readings, Status

    names = model.manifest.columns
    qualities = np.array([Status.GOOD, Status.UNCERTAIN, Status.BAD], np.uint32)
    seconds = np.round(rows[:, 1].astype(np.float64) * 1000).astype(np.int64) * (SECOND // 1000) + START
    column = rows[:, 0].astype(np.int64)
    readings = Readings(
        names, column, rows[:, 2].astype(np.float64), qualities[rows[:, 3].astype(int)], seconds, seconds, "golden"
    )
    interface = model.interface
    oldest = max(columns(interface)[name].max_age for name in names)
    end = int(seconds.max()) + int((interface.settle + 2 * interface.frame + oldest) * SECOND)
    return readings, frozenset(names[n] for n in set(column.tolist())), end


def _check_outputs(model: Model, package: Package, number: int) -> None:
    case = package.manifest.golden["outputs"][number]
    windows, state = _case(model, package, case)
    raw = model.raw(windows, state)
    for name, entry in case["expected"].items():
        if name not in raw:
            raise FormatError(
                Message("golden case {number} names an unknown output {name!r}", number=number, name=name),
                where="manifest.json",
            )
        _compare(package, entry, raw[name])


def _check_prediction(model: Model, package: Package, case: Mapping[str, Any]) -> None:
    windows, state = _case(model, package, package.manifest.golden["outputs"][int(case["case"])])
    made = judged(model, windows, state)
    for name, entry in case["expected"].items():
        _compare(package, entry, made[name])


def _case(model: Model, package: Package, case: Mapping[str, Any]) -> tuple[Windows, Float32s | None]:
    state = case.get("state")
    windows = windows_of(model, array(package, case["window"]), array(package, case["context"]))
    return windows, array(package, state) if state else None


def _compare(package: Package, entry: Mapping[str, Any], made: Float32s) -> None:
    expected = array(package, entry)
    tolerance = float(package.manifest.golden.get("tolerance", 1e-5))
    if expected.shape != made.shape or not alike(made, expected, tolerance).all():
        raise GraphError(
            "a golden vector is not reproduced on this machine",
            where=entry["path"],
            hint="do not use this package here; report the onnxruntime version and CPU to its maker",
            rule="TRV-R010",
        )
