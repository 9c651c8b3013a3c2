"""Devices, profiles and adapters by name and path; whether device and package fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from kits.devices import device, parsed
from trivet import canonical
from trivet.device.adapter import Adapter
from trivet.device.document import InterfaceReference
from trivet.device.library import (
    adapter,
    adapters,
    check_compatible,
    load_device,
    load_interface,
    load_profile,
    resolve,
)
from trivet.errors import AdapterError, DocumentError

DEVICE = """kind: device
format: 0
id: washer
interface: {id: commercial-dishwasher, version: 0.9.0}
time_zone: Europe/Berlin
endpoints:
  plug: {profile: PROFILE, url: 'URL'}
"""
PROFILE = """kind: profile
format: 0
id: mine
version: 0.1.0
title: {en: Mine}
adapter: ADAPTER
source: {document: made up, date: '2026-01-01', confidence: own}
settings:
  time: {column: t, format: FORMAT}
points:
  power:
    at: {KEY: p}
    unit: W
"""


def write(folder: Path, profile: str = "mine.yaml", url: str = "replay:day.csv", **changes: str) -> Path:
    own = PROFILE
    for key, value in {"ADAPTER": "replay", "FORMAT": "iso", "KEY": "column", **changes}.items():
        own = own.replace(key, value)
    (folder / "mine.yaml").write_text(own)
    path = folder / "washer.yaml"
    path.write_text(DEVICE.replace("PROFILE", profile).replace("URL", url))
    return path


def test_a_device_is_put_together_from_what_it_names(tmp_path: Path) -> None:
    resolved = resolve(write(tmp_path))
    target = resolved.targets["plug"]
    assert resolved.device.id == "washer"
    assert resolved.recorded
    assert target.name == "washer/plug"
    assert (target.folder, target.time_zone) == (str(tmp_path), "Europe/Berlin")
    assert set(target.points) == {"power"}
    assert resolved.digest == canonical.digest(resolved.parsed.tree)
    assert resolved.profile_digests["plug"] == canonical.digest(resolved.profiles["plug"].tree)


def test_profiles_and_interfaces_that_ship_are_found_by_id() -> None:
    assert load_profile("tracebase-power").document.hold == 60
    assert load_interface("commercial-dishwasher").document.frame == 2


def test_a_profile_that_is_nowhere_is_blamed_on_its_line(tmp_path: Path) -> None:
    with pytest.raises(DocumentError) as caught:
        resolve(write(tmp_path, profile="missing"))
    assert caught.value.where == f"{tmp_path}/washer.yaml:7:19"
    assert "tracebase-power" in caught.value.hint


@pytest.mark.parametrize(
    ("changes", "rule", "where"),
    [
        ({"url": "modbus+tcp://192.0.2.7:502"}, "TRV-D014", "washer.yaml:7:"),
        ({"KEY": "register"}, "", "mine.yaml:11:"),
        ({"FORMAT": "swatch"}, "", "mine.yaml:8:"),
    ],
)
def test_a_wrong_document_is_refused_with_its_place(
    tmp_path: Path, changes: dict[str, str], rule: str, where: str
) -> None:
    with pytest.raises(DocumentError) as caught:
        resolve(write(tmp_path, **changes))
    assert caught.value.rule == rule
    assert caught.value.where.startswith(f"{tmp_path}/{where}")
    assert caught.value.hint


def test_an_unknown_time_zone_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    path.write_text(path.read_text().replace("Europe/Berlin", "Europe/Atlantis"))
    with pytest.raises(DocumentError, match="Atlantis"):
        resolve(path)


def test_an_adapter_that_is_not_installed_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(AdapterError) as caught:
        resolve(write(tmp_path, ADAPTER="profinet"))
    assert caught.value.where == f"{tmp_path}/mine.yaml:6:10"
    assert "replay" in caught.value.hint


def test_adapters_come_from_entry_points() -> None:
    assert {"modbus", "opcua", "replay"} <= set(adapters())
    assert isinstance(adapter("replay"), Adapter)


def test_a_device_that_is_nowhere_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="cannot be read"):
        load_device(tmp_path / "nothing.yaml")


@pytest.mark.parametrize(
    ("written", "packaged", "fits"),
    [
        ("0.9.0", "0.9.4", True),
        ("0.9.4", "0.9.0", True),
        ("0.9.0", "0.10.0", False),
        ("1.0.0", "1.3.0", True),
        ("1.3.0", "1.2.9", False),
        ("1.0.0", "2.0.0", False),
        ("1", "1.0.0", False),
        ("one.two.three", "1.0.0", False),
    ],
)
def test_versions_that_fit_each_other(written: str, packaged: str, fits: bool) -> None:
    document = parsed(device())
    object.__setattr__(document.document, "interface", InterfaceReference(id="bench", version=written))
    if fits:
        check_compatible(document, "bench", packaged)
        return
    with pytest.raises(DocumentError) as caught:
        check_compatible(document, "bench", packaged)
    assert caught.value.rule == "TRV-D012"
    assert written in str(caught.value)


def test_another_interface_does_not_fit() -> None:
    with pytest.raises(DocumentError, match="oven"):
        check_compatible(parsed(device()), "oven", "0.9.0")
