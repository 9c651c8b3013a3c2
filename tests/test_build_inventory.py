"""Inventories of training data: complete, tied to the bytes, and read by the vocabulary's own library."""

from __future__ import annotations

import json
import os
import subprocess
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trivet import canonical
from trivet.build.inventory import NEEDED, croissant
from trivet.build.provenance import Array, extract, keep
from trivet.interface.document import Interface
from trivet.interface.library import find
from trivet.interface.parse import read
from trivet_reference.train.inventory import cooking_inventory, dishwasher_inventory

ARRAYS: dict[str, Array] = {
    "values": np.arange(12, dtype=np.float32).reshape(3, 4),
    "label": np.array([0, 1, 2], np.int64),
}


def interface(name: str) -> Interface:
    return read(find("interface", name), Interface).document


def made(**more: Any) -> dict[str, Any]:
    whole = {
        "version": "0.1.0",
        "extracts": [extract("fleet", ARRAYS, simulated=True, seed=7)],
        "interface": interface("commercial-dishwasher"),
        "columns": ("tank_temperature_1", "active_power"),
        "answers": dict.fromkeys(NEEDED, "An answer."),
        "simulated": True,
        **more,
    }
    return croissant("fleet-data", "Simulated fleet.", **whole)


def test_a_kept_extract_has_the_digest_of_its_material(tmp_path: Path) -> None:
    keep(tmp_path / "fleet.bin", "fleet", ARRAYS)
    assert sha256((tmp_path / "fleet.bin").read_bytes()).hexdigest() == extract("fleet", ARRAYS).sha256


def test_columns_have_units_and_ranges_of_the_interface() -> None:
    (records,) = made()["recordSet"]
    assert records["data"][0] == {
        "columns/column": "tank_temperature_1",
        "columns/unit": "Cel",
        "columns/low": -10,
        "columns/high": 120,
        "columns/meaning": "Main tank temperature",
    }


def test_an_unanswered_question_is_refused() -> None:
    with pytest.raises(ValueError, match="does not answer dataBiases"):
        made(answers={**dict.fromkeys(NEEDED, "An answer."), "dataBiases": " "})


def test_the_inventories_of_the_reference_models_say_simulated() -> None:
    for build, name, column in (
        (dishwasher_inventory, "commercial-dishwasher", "active_power"),
        (cooking_inventory, "cooking-appliance", "chamber_temperature"),
    ):
        tree = build(interface(name), [extract("fleet", ARRAYS)], (column,))
        assert tree["rai:hasSyntheticData"] is True
        assert "Simulated only." in tree["description"]
        canonical.dumps(tree)  # fits into a package


READS = """
import json, sys
from mlcroissant import Dataset
data = Dataset(sys.argv[1])
issues = data.metadata.ctx.issues
records = list(data.records("columns"))
print(json.dumps({"errors": sorted(issues.errors), "warnings": sorted(issues.warnings), "records": len(records)}))
"""


@pytest.mark.interop
def test_mlcroissant_reads_it_without_an_error(tmp_path: Path) -> None:
    python = os.environ.get("TRIVET_CROISSANT")
    if not python:
        pytest.skip("TRIVET_CROISSANT names no Python with mlcroissant")
    inventories = [
        made(),
        dishwasher_inventory(interface("commercial-dishwasher"), [extract("fleet", ARRAYS)], ("active_power",)),
        cooking_inventory(interface("cooking-appliance"), [extract("fleet", ARRAYS)], ("chamber_temperature",)),
    ]
    keep(tmp_path / "fleet.bin", "fleet", ARRAYS)
    for number, tree in enumerate(inventories):
        path = tmp_path / f"{number}.json"
        path.write_bytes(canonical.dumps(tree))
        command = [python, "-c", READS, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
        told = json.loads(done.stdout.splitlines()[-1])
        assert told["errors"] == []
        assert told["records"] == len(tree["recordSet"][0]["data"])
