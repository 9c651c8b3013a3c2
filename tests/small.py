"""A small interface and manifest for tests of runtime and pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np

from trivet.interface.document import Interface
from trivet.interface.load import load
from trivet.package.manifest import InterfaceIdentity, Manifest, OutputPort, State, StateField
from trivet.window.windows import Windows

COLUMNS = ("power", "mode", "pressure")


def signal(**more: Any) -> dict[str, Any]:
    return {"unit": "W", "range": [0, 1000], "period": 1, "max_age": 10, **more}


def tree() -> dict[str, Any]:
    """The interface as a document tree; tests change copies of it."""
    return {
        "kind": "interface",
        "format": 0,
        "id": "small",
        "version": "0.9.0",
        "title": {"en": "Small"},
        "frame": 2,
        "settle": 2,
        "signals": {
            "power": signal(),
            "mode": signal(unit="1", range=[0, 3], enumeration={"0": "idle", "1": "busy"}),
            "pressure": signal(unit="bar"),
        },
        "windows": {"cycle": {"kind": "cycle", "length": 10, "max_missing": 0.2}},
        "outputs": {
            "novelty": {"kind": "novelty", "window": "cycle", "limit": 1, "needs": [["power"]]},
            "health": {
                "kind": "score",
                "window": "cycle",
                "range": [0, 1],
                "baseline": 3,
                "needs": [["power", "mode"], ["pressure"]],
            },
            "fault": {
                "kind": "classes",
                "window": "cycle",
                "range": [0, 1],
                "needs": [["power"]],
                "classes": {
                    "none": {"id": 0},
                    "unknown": {"id": 1},
                    "clog": {"id": 2, "needs": [["pressure"]], "label": {"en": "Clogged"}, "remedy": {"en": "Clean"}},
                    "leak": {"id": 3},
                },
            },
        },
        "guards": [
            {"check": "missing"},
            {"check": "novelty_above", "outputs": ["health", "fault"]},
            {"check": "not_finite"},
            {"check": "out_of_range"},
        ],
        "decisions": {
            "fault": {
                "output": "fault",
                "watch": {"raise_at": 0.5, "clear_at": 0.3},
                "act": {"raise_at": 0.8, "clear_at": 0.5},
                "confirm": 2,
                "hold": 60,
            }
        },
        "fallback": {"action": "vendor"},
        "budget": [
            {"architecture": "*", "cpu": "*", "cores": 1, "stage": "predict", "percentile": 99, "limit": 0.05},
        ],
    }


def interface(**changes: Any) -> Interface:
    return load({**tree(), **changes}, Interface)


def manifest(columns: tuple[str, ...] = COLUMNS, state: bool = True) -> Manifest:
    fields = (StateField("windows", "1", 0.0), StateField("power_mean", "W", 0.0))
    ports = (
        OutputPort("novelty", ()),
        OutputPort("health", ()),
        OutputPort("fault", ("none", "unknown", "clog", "leak")),
    )
    return Manifest(
        0,
        "small",
        "0.1.0",
        InterfaceIdentity("small", "0.9.0", "0" * 64, "0" * 64),
        "cycle",
        10,
        columns,
        ("frames", "elapsed"),
        ports,
        State(1, fields) if state else None,
        17,
        (),
        {},
        (),
        {},
    )


def windows(batch: int = 1, **changes: Any) -> Windows:
    """Whole windows in which nothing is missing."""
    columns = len(COLUMNS)
    made: dict[str, Any] = {
        "devices": [f"device-{n}" for n in range(batch)],
        "columns": COLUMNS,
        "values": np.ones((batch, 10, columns), np.float32),
        "context": np.ones((batch, 2), np.float32),
        "missing": [[0] * columns] * batch,
        "fitted": [(True,) * columns] * batch,
        "frames": [10] * batch,
        "spans": [(0, 20_000_000_000)] * batch,
        "flags": [()] * batch,
        "stale": [[0] * columns] * batch,
        "bad": [[0] * columns] * batch,
    }
    return Windows(**{**made, **changes})
