"""``trivet plan --package`` over a simulated oven behind its own servers on loopback."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from conftest import HERE
from trivet.cli import main
from trivet.commission.simulate import served
from trivet.device.clock import ScaledClock
from trivet_reference.evaluate.path import PACKAGES
from trivet_reference.scenarios import oven

SPEED = 90.0
SCHEMA = json.loads((HERE.parent / "schemas" / "trivet_schemas" / "advice.schema.json").read_text())


async def test_a_live_oven_is_judged_and_planned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clock = ScaledClock(SPEED)
    modbus: Any = replace(oven, endpoints={"controller": "trivet-oven-modbus"})
    async with served(modbus, oven.plant(seed=3, warm_cycles=1), tmp_path / "oven-1.yaml", clock) as document:
        site = {
            "kind": "site",
            "format": 0,
            "id": "canteen",
            "title": {"en": "Canteen"},
            "time_zone": "Europe/Berlin",
            "opening": [{"start": "00:00", "end": "23:59"}],
            "members": {"oven": {"device": document.name}},
        }
        (tmp_path / "canteen.yaml").write_text(yaml.safe_dump(site))
        (package,) = PACKAGES.glob("trivet-cooking-*.trivet")
        words = ["plan", str(tmp_path / "canteen.yaml"), "--package", str(package), "--format", "json"]
        words += ["--trust", str(PACKAGES / "train.pub"), "--home", str(tmp_path / "home")]
        code = await asyncio.to_thread(main, [*words, "--for", "420", "--speed", f"{SPEED:g}", "--hours", "2"])
    said = capsys.readouterr()
    assert code == 0, said.err
    made = [json.loads(line) for line in said.out.splitlines()]
    assert {one["appliance"] for one in made} == {"oven"}
    assert sum(one["minutes"] for one in made) == 120.0
    for one in made:
        jsonschema.validate(one, SCHEMA)
        assert one["predictions"]["signers"][0].startswith("p256:")
