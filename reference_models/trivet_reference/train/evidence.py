"""What was known before packing: data inventory and training provenance of the reference models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy
import sklearn

from trivet.interface.document import Interface
from trivet.interface.parsed import Parsed
from trivet_reference.train.dishwasher import SEEDS
from trivet_reference.train.dishwasher_data import Fleet
from trivet_reference.train.materials import simulated, training

SIMULATED = "Simulated only. Not validated on commercial dishwashers or kitchens."


def dishwasher_evidence(parsed: Parsed[Interface], machines: int, fleets: Sequence[Fleet], rows: int) -> dict[str, Any]:
    """Evidence of the dishwasher package; the fleets are those that it was taught with, as ``SEEDS`` begins."""
    data = {
        "kind": "simulated",
        "source": "trivet_reference.plant.dishwasher",
        "machines": {"all_faults": machines, "power_only": round(0.6 * machines)},
        "seeds": SEEDS,
        "rows": rows,
        "calibration": "orders of magnitude and noise from published figures; no recorded data is in the training set",
        "personal_data": "none",
        "note": SIMULATED,
    }
    extracts = [
        simulated(name, SEEDS[name], fleet.recording, fleet.ills, fleet.machines)
        for name, fleet in zip(SEEDS, fleets, strict=False)
    ]
    return {
        "data": data,
        "training": _training("histogram gradient boosting; robust distances for novelty"),
        "provenance": training(parsed, extracts, SEEDS, {"machines": machines, "rows": rows}),
    }


def _training(method: str) -> dict[str, Any]:
    return {
        "command": "python -m trivet_reference.train",
        "method": method,
        "numpy": numpy.__version__,
        "scikit_learn": sklearn.__version__,
        "split": "by machine; evaluation machines are drawn from other seeds",
    }
