"""Tables and profiles that are generated from the companion model's nodeset, and what hand-written ones keep of it."""

from __future__ import annotations

import json
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from kits.devices import device, endpoint
from trivet.device.binding import bind
from trivet.device.check import check_profile
from trivet.device.library import load_interface, load_profile
from trivet.errors import DocumentError
from trivet_opcua import adapter, generate
from trivet_opcua.points import DI, KITCHEN, expand

TABLES: dict[str, Any] = json.loads(resources.files("trivet_opcua").joinpath("companion.json").read_text("utf-8"))
DEVICES: dict[str, Any] = TABLES["devices"]


def test_generated_files_are_what_the_generator_gives() -> None:
    for path, text in generate.files().items():
        assert path.read_text("utf-8") == text, f"{path.name}: run `python -m trivet_opcua.generate`"


def test_all_fifteen_device_types_are_there() -> None:
    assert len(DEVICES) == 15
    assert len(TABLES["enumerations"]) == 24
    assert DEVICES["OvenDeviceType"]["parts"] == {"Chamber_<No.>": ["ChamberType", 1012]}
    assert DEVICES["FryerDeviceType"]["points"]["FryerCup_<No.>/ActualTemperature"]["unit"] == "Cel"
    assert TABLES["enumerations"]["CombiSteamerModeEnumeration"]["6"] == "HotAir"


def test_nodesets_keep_their_notice() -> None:
    for file in resources.files("trivet_opcua").joinpath("nodesets").iterdir():
        if file.name.endswith(".xml"):
            head = file.read_text("utf-8")[:2000]
            assert "OPC Foundation MIT License 1.00" in head
            assert "Permission is hereby granted, free of charge" in head


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_a_profile_says_what_the_model_says(name: str) -> None:
    fact = DEVICES[name]
    profile = load_profile(fact["profile"]).document
    assert check_profile(profile) == []
    assert profile.settings["type"] == name
    assert profile.match == {"DeviceClass": fact["device_class"]}
    for spec in profile.points.values():
        typed = adapter.point(spec, profile)
        path = "/".join(part.text for part in typed.path)
        if typed.path[-1].namespace == DI:
            continue
        assert {part.namespace for part in typed.path} == {KITCHEN}
        row = fact["points"].get(path) or fact["points"][re.sub(r"_1$", "_<No.>", path)]
        assert typed.data == row["data"]
        if row.get("unit"):
            assert typed.unit == row["unit"]
        codes = TABLES["enumerations"].get(typed.data, {})
        if spec.enumeration and codes:
            assert set(map(str, spec.enumeration)) <= {*codes, "11"}, "11 came with 1.1.0"


@pytest.mark.parametrize("name", sorted(DEVICES))
def test_a_cooking_appliance_binds_without_a_remark(name: str) -> None:
    if name in ("DishWashingMachineDeviceType", *generate.NOT_COOKING):
        return
    profile = DEVICES[name]["profile"]
    binding = bind(
        load_interface("cooking-appliance").document,
        device({"only": endpoint(profile=profile)}),
        {"only": load_profile(profile)},
    )
    assert binding.findings == ()
    assert {"chamber_temperature", "chamber_setpoint", "mode"} <= binding.fitted


def test_what_the_model_leaves_without_unit_cannot_be_bound_to_a_quantity() -> None:
    document = device({"only": endpoint(profile="opc30200-coffee-machine")})
    document = type(document)(
        **{
            **{name: getattr(document, name) for name in document.__slots__},
            "bind": {"chamber_temperature": "only.boiler_temp_steam"},
        }
    )
    with pytest.raises(DocumentError, match="no unit"):
        bind(
            load_interface("cooking-appliance").document,
            document,
            {"only": load_profile("opc30200-coffee-machine")},
        )


def test_of_two_placeholders_the_last_repeats_and_the_first_is_chosen() -> None:
    profile = load_profile("opc30200-oven").document
    typed = adapter.point(profile.points["actual_core_temperature"], profile)
    found = expand("core", typed, {"<No.>": 3})
    assert [at.path[0].text for at in found.values()] == ["Chamber_3"] * 4
    assert [at.path[1].text for at in found.values()] == [f"ActualCoreTemperature_{n}" for n in range(1, 5)]


def test_the_generator_writes_where_it_says(tmp_path: Path) -> None:
    assert {path.suffix for path in generate.files()} == {".json", ".yaml"}
    assert not any(name in str(path) for path in generate.files() for name in ("dishwashing", "combi-steamer"))
