"""What was known before packing: data inventory and training provenance of the reference models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy
import sklearn

from trivet.interface.document import Interface
from trivet.interface.parsed import Parsed
from trivet_reference.train.card import card
from trivet_reference.train.dishwasher import LEAD, NAME, SEEDS, VERSION, Taught
from trivet_reference.train.dishwasher_features import COLUMNS
from trivet_reference.train.fitting import QUANTILES, UNKNOWN_SHARE
from trivet_reference.train.inventory import dishwasher_inventory
from trivet_reference.train.living import HORIZONS, Living
from trivet_reference.train.materials import simulated, training

SIMULATED = "Simulated only. Not validated on commercial dishwashers or kitchens."


def dishwasher_evidence(parsed: Parsed[Interface], learnt: Sequence[Living], taught: Taught) -> dict[str, Any]:
    """Evidence of the dishwasher package; the fleets are those that it was taught with, as ``SEEDS`` begins."""
    sizes = {name: len(living.fleet.machines) for name, living in zip(SEEDS, learnt, strict=False)}
    data = {
        "kind": "simulated",
        "source": "trivet_reference.plant.dishwasher",
        "machines": sizes,
        "seeds": SEEDS,
        "rows": taught.rows,
        "calibration": "orders of magnitude and noise from published figures; no recorded data is in the training set",
        "personal_data": "none",
        "note": SIMULATED,
    }
    extracts = [
        simulated(
            name, SEEDS[name], living.fleet.recording, living.stretches, *living.stretches.lives, living.fleet.machines
        )
        for name, living in zip(SEEDS, learnt, strict=False)
    ]
    trained = taught.trained
    made = {
        "data": data,
        "training": _training("histogram gradient boosting; robust distances for novelty"),
        "calibration": {
            "machines": "every fourth machine with the same fault took no part in the fits",
            "fault_temperature": round(trained.fault.temperature, 6),
            "horizons": "one sigmoid a horizon, weighted by hours of life",
            "lead_time_offsets": [round(offset, 6) for offset in trained.offsets],
            "lead_time_coverage": QUANTILES[2] - QUANTILES[0],
            "unknown": {
                "prior": UNKNOWN_SHARE,
                "weights": {name: round(value, 6) for name, value in asdict(trained.doubt).items()},
                "area_under_curve_on_faults_left_out": round(trained.unknown, 4),
            },
            "note": SIMULATED,
        },
        "croissant": dishwasher_inventory(parsed.document, extracts, COLUMNS),
        "provenance": training(parsed, extracts, SEEDS, {"machines": sizes["all_faults"], "rows": taught.rows}),
    }
    outputs = ("novelty", "health", "fault", *HORIZONS, *LEAD)
    return {**made, "card": card(parsed.document, NAME, VERSION, outputs, made)}


def _training(method: str) -> dict[str, Any]:
    return {
        "command": "python -m trivet_reference.train",
        "method": method,
        "numpy": numpy.__version__,
        "scikit_learn": sklearn.__version__,
        "split": "by machine; evaluation machines are drawn from other seeds",
    }
